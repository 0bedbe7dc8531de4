// SPDX-License-Identifier: GPL-2.0-only
/*
 * current.c - what a process that lives long holds open, beside what others
 * have made of it meanwhile.
 */
#include <bpf/bpf.h>
#include <errno.h>

#include "kern/internal.h"
#include "util/cleanup.h"

/* A number that the kernel gives to no other map; 0 when it cannot be told. */
static uint32_t map_id(int map)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(map, &info, &size) ? 0 : info.id;
}

static bool map_is_current(const struct kern *kern, enum kern_map which)
{
	char path[KERN_PATH_MAX];
	AUTO_CLOSE int pinned = -1;
	struct error ignored;
	uint32_t id;

	if (kern_path(kern, path, "maps", kern_map_names[which], &ignored))
		return false;
	pinned = bpf_obj_get(path);
	id = pinned >= 0 ? map_id(pinned) : 0;
	return id && id == map_id(kern->maps[which]);
}

bool kern_is_current(const struct kern *kern, bool all)
{
	bool is_current = map_is_current(kern, MAP_META);

	for (int i = 0; is_current && all && i < MAP_COUNT; i++)
		is_current = map_is_current(kern, i);
	return is_current;
}

int kern_open_programs(struct kern *kern, struct error *err)
{
	uint64_t opened = kern->meta->programs;
	char path[KERN_PATH_MAX];
	int r;

	for (int i = 0; i < PROGRAM_COUNT; i++) {
		r = kern_path(kern, path, "progs", kern_program_names[i], err);
		if (r)
			return r;
		cleanup_close(&kern->programs[i]);
		kern->programs[i] = bpf_obj_get(path);
		if (kern->programs[i] < 0)
			return kern_error(err, errno, "cannot open program \"%s\"", path);
	}
	kern->programs_opened = opened;
	return 0;
}

int kern_renew_programs(struct kern *kern, struct error *err)
{
	if (kern->programs_opened == kern->meta->programs)
		return 0;
	return kern_open_programs(kern, err);
}
