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

/* Frames of the ring: 100,000 connections, both ways. */
#define SG_BENCH_FRAMES (1U << 18)

/* Addresses that the reference programs know. */
#define SG_BENCH_KNOWN 1024
#define SG_BENCH_SOURCES 32768

struct sg_bench_frame {
	__u8 bytes[SG_BENCH_FRAME_BYTES];
	__u32 ifindex; /* whose binding judges it, where the program is asked to */
	__u32 reserved;
};

/* Which frames of the ring are sent, one after the other and again; of one CPU. */
struct sg_bench_state {
	__u32 first;
	__u32 end;
	__u32 next;
	__u32 reserved;
	__u64 runs;
};

_Static_assert(sizeof(struct sg_bench_frame) == 96, "no padding");
_Static_assert(sizeof(struct sg_bench_state) == 24, "no padding");

#endif
