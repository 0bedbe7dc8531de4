// SPDX-License-Identifier: GPL-2.0-only
/*
 * program.c - load the BPF objects that this binary carries and pin them.
 *
 * Maps that are pinned already are used as they are; so this may be cut short
 * at any point and run again.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kern/internal.h"
#include "model/code.h"
#include "tc.skel.h"
#include "util/array.h"
#include "xdp.skel.h"

const char *const kern_map_names[MAP_COUNT] = {
	[MAP_BINDINGS] = "sg_bindings",
	[MAP_REST] = "sg_rest",
	[MAP_BINDINGS_FAR] = "sg_bindings_far",
	[MAP_HEAP] = "sg_heap",
	[MAP_COUNTERS] = "sg_counters",
	[MAP_META] = "sg_meta",
	[MAP_CONNECTIONS] = "sg_connections",
	[MAP_TAGS] = "sg_tags",
	[MAP_CONNECTIONS6] = "sg_connections6",
	[MAP_SHARES] = "sg_shares",
	[MAP_SETTINGS] = "sg_settings",
	[MAP_STEADY] = "sg_steady",
	[MAP_HINTS] = "sg_hints",
	[MAP_REMOTES] = "sg_remotes",
	[MAP_REMOTE_MARKS] = "sg_remote_marks",
};

const char *const kern_program_names[PROGRAM_COUNT] = {
	[PROGRAM_TC_RX] = "sg_tc_rx",	[PROGRAM_TC_TX] = "sg_tc_tx",
	[PROGRAM_XDP_RX] = "sg_xdp_rx", [PROGRAM_XDP_GENERIC] = "sg_xdp_generic",
	[PROGRAM_CLOCK] = "sg_clock",
};

/* What libbpf says of a failed load, kept for the message: the last line that is not empty. */
static __thread char last_words[512];

static int remember(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[sizeof(last_words)];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	if (line[0])
		strcpy(last_words, line);
	return 0;
}

/* FNV-1a, of words instead of bytes, whose high halves it would never move down. */
static uint64_t hash_bytes(uint64_t hash, const unsigned char *bytes, size_t size)
{
	uint64_t word;

	for (size_t at = 0; at < size; at += sizeof(word)) {
		word = 0;
		memcpy(&word, bytes + at, size - at < sizeof(word) ? size - at : sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ULL;
		hash ^= hash >> 32;
	}
	return hash;
}

uint64_t programs_hash(void)
{
	uint64_t hash = 0xcbf29ce484222325ULL;
	size_t tc_size, xdp_size;
	const unsigned char *tc = sg_tc__elf_bytes(&tc_size);
	const unsigned char *xdp = sg_xdp__elf_bytes(&xdp_size);

	return hash_bytes(hash_bytes(hash, tc, tc_size), xdp, xdp_size);
}

static uint32_t remote_words(const struct kern *kern)
{
	return kern_bucket_count(kern) * SG_BUCKET_REMOTES / SG_REMOTE_MARKS;
}

/* The sizes that were asked for, or that pinned maps have. */
static void set_size(const struct kern *kern, struct bpf_map *map)
{
	static const struct {
		enum kern_map map;
		uint32_t (*count)(const struct kern *kern);
		size_t bytes; /* of each, all of which are one value; 0: each is an entry */
	} sizes[] = {
		{MAP_CONNECTIONS, kern_bucket_count, 0},
		{MAP_CONNECTIONS6, kern_bucket_count, 0},
		{MAP_TAGS, kern_bucket_count, 0},
		{MAP_STEADY, kern_bucket_count, sizeof(struct sg_steady)},
		{MAP_HINTS, kern_bucket_count, sizeof(struct sg_hints)},
		{MAP_REMOTES, kern_bucket_count, SG_BUCKET_REMOTES * sizeof(sg_remote)},
		{MAP_REMOTE_MARKS, remote_words, sizeof(__u64)},
		{MAP_BINDINGS_FAR, kern_slot_count, 0},
		{MAP_SHARES, kern_slot_count, 0},
		{MAP_COUNTERS, kern_counter_count, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint32_t count = sizes[i].count(kern);

		if (strcmp(bpf_map__name(map), kern_map_names[sizes[i].map]) != 0)
			continue;
		if (sizes[i].bytes)
			bpf_map__set_value_size(map, count * sizes[i].bytes);
		else
			bpf_map__set_max_entries(map, count);
	}
}

/* Each map of the object gets the path where it is, or will be, pinned. */
static int set_pin_paths(const struct kern *kern, struct bpf_object *object, struct error *err)
{
	struct bpf_map *map;
	char path[KERN_PATH_MAX];
	int r;

	bpf_object__for_each_map(map, object)
	{
		if (bpf_map__is_internal(map))
			continue;
		r = kern_path(kern, path, "maps", bpf_map__name(map), err);
		if (r)
			return r;
		set_size(kern, map);
		r = bpf_map__set_pin_path(map, path);
		if (r)
			return kern_error(err, -r, "cannot pin map \"%s\"", bpf_map__name(map));
	}
	return 0;
}

int object_load(const struct kern *kern, struct bpf_object *object, struct error *err)
{
	int r = set_pin_paths(kern, object, err);

	if (r)
		return r;
	last_words[0] = '\0';
	r = bpf_object__load(object);
	if (r)
		return kern_error(err, -r, "the kernel refused the programs of %s (%s)",
				  bpf_object__name(object), last_words);
	return 0;
}

/*
 * Pin a program under its name, in place of one that is there: the new pin is
 * renamed over the old one, so there is one at every moment.
 */
static int pin_program(struct kern *kern, enum kern_program which, struct bpf_program *program,
		       struct error *err)
{
	char path[KERN_PATH_MAX], fresh[KERN_PATH_MAX];
	const char *name = kern_program_names[which];
	int r;

	r = kern_path(kern, path, "progs", name, err);
	if (!r)
		r = kern_path(kern, fresh, "progs", "fresh", err);
	if (r)
		return r;
	unlink(fresh);
	if (bpf_obj_pin(bpf_program__fd(program), fresh) || rename(fresh, path))
		return kern_error(err, errno, "cannot pin program \"%s\"", path);
	kern->programs[which] = bpf_obj_get(path);
	if (kern->programs[which] < 0)
		return kern_error(err, errno, "cannot open program \"%s\"", path);
	return 0;
}

static int load_tc(struct kern *kern, struct error *err)
{
	int r = map_values_prepare(err);
	struct sg_tc *skeleton;

	if (r)
		return r;
	skeleton = sg_tc__open();
	if (!skeleton)
		return kern_error(err, errno, "cannot open the TC programs");
	skeleton->rodata->sg_counter_layout = kern_counter_layout(kern);
	skeleton->rodata->sg_bucket_mask = kern_bucket_count(kern) - 1;
	r = object_load(kern, skeleton->obj, err);
	if (!r)
		r = pin_program(kern, PROGRAM_TC_RX, skeleton->progs.sg_tc_rx, err);
	if (!r)
		r = pin_program(kern, PROGRAM_TC_TX, skeleton->progs.sg_tc_tx, err);
	if (!r)
		r = pin_program(kern, PROGRAM_CLOCK, skeleton->progs.sg_clock, err);
	sg_tc__destroy(skeleton);
	return r;
}

static int load_xdp(struct kern *kern, enum kern_program which, bool with_frags, struct error *err)
{
	int r = map_values_prepare(err);
	struct sg_xdp *skeleton;

	if (r)
		return r;
	skeleton = sg_xdp__open();
	if (!skeleton)
		return kern_error(err, errno, "cannot open the XDP program");
	skeleton->rodata->sg_counter_layout = kern_counter_layout(kern);
	skeleton->rodata->sg_bucket_mask = kern_bucket_count(kern) - 1;
	skeleton->rodata->sg_has_frags = with_frags;
	if (with_frags)
		bpf_program__set_flags(skeleton->progs.sg_xdp_rx, BPF_F_XDP_HAS_FRAGS);
	r = object_load(kern, skeleton->obj, err);
	if (!r)
		r = pin_program(kern, which, skeleton->progs.sg_xdp_rx, err);
	sg_xdp__destroy(skeleton);
	return r;
}

/*
 * In generic mode the kernel copies a packet for a program that takes pieces
 * (Linux 6.9), and the copy has lost the length of its link header: each TC
 * program after it, ours and others', would then read the packet from a wrong
 * place. Without, it makes the packet one piece.
 */
static int load_xdp_for(struct kern *kern, enum kern_program which, struct error *err)
{
	struct kern_features features;

	kern_features(&features);
	return load_xdp(kern, which, which == PROGRAM_XDP_RX && features.xdp_frags, err);
}

static bool is_pinned(const struct kern *kern, enum kern_program which)
{
	char path[KERN_PATH_MAX];
	struct error ignored;

	return !kern_path(kern, path, "progs", kern_program_names[which], &ignored) &&
	       !access(path, F_OK);
}

int programs_load(struct kern *kern, struct error *err)
{
	libbpf_print_fn_t printer = libbpf_set_print(remember);
	int r = load_tc(kern, err);

	for (int which = 0; !r && which < PROGRAM_COUNT; which++) {
		if (program_is_optional(which) && is_pinned(kern, which))
			r = load_xdp_for(kern, which, err);
	}
	libbpf_set_print(printer);
	return r;
}

int program_need(struct kern *kern, enum kern_program which, struct error *err)
{
	libbpf_print_fn_t printer;
	char path[KERN_PATH_MAX];
	int r;

	if (kern->programs[which] >= 0)
		return 0;
	r = kern_path(kern, path, "progs", kern_program_names[which], err);
	if (r)
		return r;
	/* another process may have needed it meanwhile */
	kern->programs[which] = bpf_obj_get(path);
	if (kern->programs[which] >= 0)
		return 0;
	printer = libbpf_set_print(remember);
	r = load_xdp_for(kern, which, err);
	libbpf_set_print(printer);
	return r;
}
