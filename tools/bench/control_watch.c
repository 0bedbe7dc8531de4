// SPDX-License-Identifier: GPL-2.0-only
/*
 * control_watch.c - tell when a change of policy is in force.
 *
 *   control_watch PROGRAM PORT accept|drop IFINDEX...
 *
 * Runs the pinned TC program of sent packets by BPF_PROG_TEST_RUN on a TCP
 * packet from 10.0.0.1 to this port, as if each of the interfaces sent it, over and over
 * until the verdict is the one asked for on all of them. Before, it must be the other one on
 * all of them: then it prints "ready", and at the end the times (CLOCK_MONOTONIC, in
 * ns) of the first changed verdict and of the last, and how long it took to look once more at
 * all interfaces, which is how late it may have noticed. It stays in the network namespace
 * that it was started in. Ends in vain after 60 s.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/monotonic.h"

#define PATIENCE_NS 60000000000LL
#define PORT_AT 36

/* Ethernet, IPv4, TCP with SYN. */
static uint8_t frame[60] = {
	[0] = 2,   [5] = 1,   [6] = 2,	   [11] = 2,	[12] = 0x08, [14] = 0x45,
	[17] = 46, [22] = 64, [23] = 6,	   [26] = 10,	[29] = 1,    [30] = 192,
	[32] = 2,  [33] = 1,  [34] = 0x9c, [46] = 0x50, [47] = 0x02, [48] = 0xff,
};

/* 1: accepted, 0: dropped, -errno. */
static int verdict(int program, uint32_t ifindex)
{
	struct __sk_buff context = {.ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));

	if (bpf_prog_test_run_opts(program, &options))
		return -errno;
	return (int)options.retval == TC_ACT_UNSPEC;
}

/* Look at all interfaces; 0 when each has this verdict. */
static int check_all(int program, char **ifindexes, int wanted)
{
	for (; *ifindexes; ifindexes++) {
		int got = verdict(program, strtoul(*ifindexes, NULL, 10));

		if (got == wanted)
			continue;
		fprintf(stderr, "control_watch: interface index %s: %s\n", *ifindexes,
			got < 0 ? strerror(-got)
			: got	? "accepted"
				: "dropped");
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int64_t started, first = 0, last = 0, checked;
	int program, wanted;
	uint16_t port;

	if (argc < 5) {
		fprintf(stderr, "usage: control_watch PROGRAM PORT accept|drop IFINDEX...\n");
		return 2;
	}
	program = bpf_obj_get(argv[1]);
	if (program < 0) {
		fprintf(stderr, "control_watch: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	port = htons(strtoul(argv[2], NULL, 10));
	memcpy(&frame[PORT_AT], &port, sizeof(port));
	wanted = !strcmp(argv[3], "accept");
	if (check_all(program, argv + 4, !wanted))
		return 1;
	puts("ready");
	fflush(stdout);
	started = (int64_t)monotonic_ns();
	for (char **ifindex = argv + 4; *ifindex;) {
		if (verdict(program, strtoul(*ifindex, NULL, 10)) == wanted) {
			last = (int64_t)monotonic_ns();
			if (!first)
				first = last;
			ifindex++;
		} else if ((int64_t)monotonic_ns() - started > PATIENCE_NS) {
			fprintf(stderr, "control_watch: nothing changed\n");
			return 1;
		}
	}
	checked = (int64_t)monotonic_ns();
	if (check_all(program, argv + 4, wanted))
		return 1;
	printf("%lld %lld %lld\n", (long long)first, (long long)last,
	       (long long)((int64_t)monotonic_ns() - checked));
	return 0;
}
