// SPDX-License-Identifier: GPL-2.0-only
/*
 * map_value.c - programs have the address of a map's value in their instructions.
 *
 * The kernel takes the value of an array of one as the operand of a load (Linux
 * 5.2), as it does for what a program keeps in global variables. libbpf writes
 * maps alone there: so, once it has, each reference to such a map is made one to
 * its value (MAP_VALUE in bpf/maps.h).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kern/internal.h"

static bool is_array_of_one(int map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(map, &info, &size) && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.max_entries == 1;
}

static int refer_to_values(struct bpf_program *program, struct bpf_prog_load_opts *options,
			   long cookie)
{
	size_t count = bpf_program__insn_cnt(program);
	struct bpf_insn *instructions = calloc(count, sizeof(*instructions));
	int r;

	(void)options;
	(void)cookie;
	if (!instructions)
		return -ENOMEM;
	memcpy(instructions, bpf_program__insns(program), count * sizeof(*instructions));
	for (size_t i = 0; i < count; i++) {
		struct bpf_insn *at = &instructions[i];

		if (at->code == (BPF_LD | BPF_IMM | BPF_DW) && at->src_reg == BPF_PSEUDO_MAP_FD &&
		    is_array_of_one(at->imm))
			at->src_reg = BPF_PSEUDO_MAP_VALUE;
	}
	r = bpf_program__set_insns(program, instructions, count);
	free(instructions);
	return r;
}

static int registered; /* -errno: what libbpf said */

static void handle(const char *section, enum bpf_prog_type type, enum bpf_attach_type attach)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = refer_to_values);
	int r = libbpf_register_prog_handler(section, type, attach, &options);

	if (r < 0)
		registered = r;
}

static void register_handlers(void)
{
	handle("tc", BPF_PROG_TYPE_SCHED_CLS, 0);
	handle("xdp", BPF_PROG_TYPE_XDP, BPF_XDP);
}

int map_values_prepare(struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, register_handlers);
	return registered ? kern_error(err, -registered, "cannot prepare to load programs") : 0;
}
