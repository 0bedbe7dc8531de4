/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * count.h - packets and bytes by instance, direction and reason, as on the
 * wire.
 */
#ifndef BPF_COUNT_H
#define BPF_COUNT_H

#include "maps.h"
#include "packet.h"

/* A frame of `length` bytes, of which `payload` are before its payload (0: not known). */
static __always_inline void count(SG_CONTEXT *ctx, __u32 slot, __u32 direction,
				  enum sg_reason reason, __u32 length, __u32 payload)
{
	struct sg_counters *counters = bpf_map_lookup_elem(&sg_counters, &slot);
	__u32 segments, index = direction * SG_MAX_REASONS + reason;
	struct sg_counter *counter;

	if (!counters)
		return;
	segments = frame_segments(ctx, length, payload);
	/* what is masked is what is used, also for the compiler */
	SG_OPAQUE(index);
	counter = &counters->by[0][index & (2 * SG_MAX_REASONS - 1)];
	counter->packets += segments;
	/* each segment after the first has headers of its own */
	counter->bytes += length + (__u64)(segments - 1) * payload;
}

#endif
