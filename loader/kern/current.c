// SPDX-License-Identifier: GPL-2.0-only
/*
 * current.c - what a process that lives long holds open, beside what others
 * have made of it meanwhile.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

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

/* Whether the directory of links that is open is the one that has this name. */
static bool links_dir_is_current(const struct kern *kern)
{
	char path[KERN_PATH_MAX];
	struct stat open_dir, named;
	struct error ignored;

	if (kern->links_dir < 0 || kern_path(kern, path, "links", "", &ignored))
		return false;
	return !fstat(kern->links_dir, &open_dir) && !stat(path, &named) &&
	       open_dir.st_dev == named.st_dev && open_dir.st_ino == named.st_ino;
}

bool kern_is_current(const struct kern *kern, bool all)
{
	bool is_current = map_is_current(kern, MAP_META);

	for (int i = 0; is_current && all && i < MAP_COUNT; i++)
		is_current = map_is_current(kern, i);
	return is_current && (!all || links_dir_is_current(kern));
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
		if (kern->programs[i] < 0 && !(errno == ENOENT && program_is_optional(i)))
			return kern_error(err, errno, "cannot open program \"%s\"", path);
	}
	kern->programs_opened = opened;
	return 0;
}

void kern_open_links(struct kern *kern)
{
	char path[KERN_PATH_MAX];
	struct error ignored;

	cleanup_close(&kern->links_dir);
	kern->links_dir = -1;
	if (!kern_path(kern, path, "links", "", &ignored))
		kern->links_dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	kern->tcx_ids[PATH_RX] = pinned_program(kern, PROGRAM_TC_RX);
	kern->tcx_ids[PATH_TX] = pinned_program(kern, PROGRAM_TC_TX);
}

int kern_renew_programs(struct kern *kern, struct error *err)
{
	int r;

	if (kern->programs_opened == kern->meta->programs)
		return 0;
	r = kern_open_programs(kern, err);
	if (!r)
		kern_open_links(kern);
	return r;
}
