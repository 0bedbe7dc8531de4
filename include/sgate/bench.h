/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bench.h - what the programs that measure share with the loader. Nothing of
 * it is ever pinned for use, so it is no part of the versioned layout.
 */
#ifndef SGATE_BENCH_H
#define SGATE_BENCH_H

#include <linux/types.h>

/* Bytes of every frame; the first fragment of an IPv6 packet needs 86. */
#define SG_BENCH_FRAME_BYTES 88

/* Packets of a ring: the most that one scene needs. */
#define SG_BENCH_PACKETS (1U << 17)

/* Addresses that the reference programs know. */
#define SG_BENCH_KNOWN 1024
#define SG_BENCH_SOURCES 32768

/*
 * Sizes are multiples of eight bytes, as the elements of arrays are.
 *
 * What differs from one packet of a run to the next, as it is on the wire; all
 * else is in the frame already. Few bytes, so that the caches are full of what
 * the programs need and not of what they are sent.
 */
struct sg_bench_packet4 {
	__be32 remote;
	__be16 remote_port;
	__be16 local_port;
};

struct sg_bench_packet6 {
	__be32 remote[4];
	__be16 remote_port;
	__be16 local_port;
	__u32 reserved;
};

/* Which packets of the ring are sent, one after the other and again; of one CPU. */
struct sg_bench_state {
	__u32 first;
	__u32 end;
	__u32 next;
	__u8 is_ipv6;
	__u8 is_sent;  /* by the instance: the remote end is the destination */
	__u8 address;  /* where in the frame the remote end's is; at most 63 */
	__u8 ports;    /* where the source's is; at most 63 */
	__u32 ifindex; /* of the first of the instances that the packets are of */
	__u32 instances;
	__u64 runs;
};

_Static_assert(sizeof(struct sg_bench_packet4) == 8, "no padding");
_Static_assert(sizeof(struct sg_bench_packet6) == 24, "no padding");
_Static_assert(sizeof(struct sg_bench_state) == 32, "no padding");

#endif
