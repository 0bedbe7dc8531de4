// SPDX-License-Identifier: GPL-2.0-only
/*
 * peers_programs.c - put programs into the kernel, until standard input ends.
 *
 *   peers_programs DIR                    those that peers_traffic sends and counts with, in DIR of
 *                                         a bpffs
 *   peers_programs DEV drop|pass|tc-pass  that program on DEV: an XDP program, or one of TC for
 *                                         what DEV sends
 *
 * Says "ready" when it is done.
 *
 * All who send and count do it with the same programs. The kernel has a direct
 * jump for each of 48 XDP programs (BPF_DISPATCHER_MAX), all others it calls
 * through a pointer, which makes each packet dearer: with programs of its own for
 * each, those that come first would be cheaper than the rest. The jumps are
 * written anew, and everybody waits for it, when a program comes that is
 * attached nowhere, as one is that is run with live frames only. So those are
 * attached here, to an interface on which nothing happens.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peers_programs.skel.h"

/* BPF_TCX_EGRESS; older UAPI headers lack it. */
#define ATTACH_TCX_EGRESS ((enum bpf_attach_type)47)

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "peers_programs: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* As long as this process lives. */
static void attach(const struct bpf_program *program, const char *dev, enum bpf_attach_type where,
		   unsigned int flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	unsigned int ifindex = if_nametoindex(dev);

	if (!ifindex ||
	    bpf_link_create(bpf_program__fd(program), (int)ifindex, where, &options) < 0)
		fail(dev);
}

static void pin(int fd, const char *directory, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (bpf_obj_pin(fd, path))
		fail(path);
}

/* In a network namespace of its own, which has nothing but a loopback interface. */
static void attach_apart(const struct bpf_program *program)
{
	if (unshare(CLONE_NEWNET) || open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) < 0)
		fail("cannot make a network namespace");
	attach(program, "lo", BPF_XDP, XDP_FLAGS_SKB_MODE);
}

static void share(const struct sg_peers_programs *kernel, const char *directory)
{
	attach_apart(kernel->progs.send);
	attach_apart(kernel->progs.make);
	pin(bpf_program__fd(kernel->progs.send), directory, "send");
	pin(bpf_program__fd(kernel->progs.make), directory, "make");
	pin(bpf_program__fd(kernel->progs.count), directory, "count");
	pin(bpf_map__fd(kernel->maps.flows), directory, "flows");
	pin(bpf_map__fd(kernel->maps.counted), directory, "counted");
}

static bool is_for_dev(const char *which)
{
	return strcmp(which, "drop") == 0 || strcmp(which, "pass") == 0 ||
	       strcmp(which, "tc-pass") == 0;
}

static void put_on(const struct sg_peers_programs *kernel, const char *dev, const char *which)
{
	if (strcmp(which, "tc-pass") == 0)
		attach(kernel->progs.tc_pass, dev, ATTACH_TCX_EGRESS, 0);
	else
		attach(strcmp(which, "drop") == 0 ? kernel->progs.drop : kernel->progs.pass, dev,
		       BPF_XDP, XDP_FLAGS_DRV_MODE);
}

int main(int argc, char **argv)
{
	struct sg_peers_programs *kernel;
	char byte;

	if (argc != 2 && (argc != 3 || !is_for_dev(argv[2]))) {
		fputs("usage: peers_programs DIR | DEV drop|pass|tc-pass\n", stderr);
		return 2;
	}
	kernel = sg_peers_programs__open_and_load();
	if (!kernel)
		fail("cannot load the programs");
	if (argc == 2)
		share(kernel, argv[1]);
	else
		put_on(kernel, argv[1], argv[2]);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
