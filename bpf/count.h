/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * count.h - packets and bytes by instance, direction and reason, as on the
 * wire.
 */
#ifndef BPF_COUNT_H
#define BPF_COUNT_H

#include "maps.h"
#include "packet.h"

/*
 * Segments of a GSO packet. A guest's need not come with their number; then
 * it follows from the payload.
 */
static __always_inline __u32 wire_segments(const struct frame *frame, __u32 headers)
{
	if (!frame->segment_size)
		return 1;
	if (frame->segments)
		return frame->segments;
	if (frame->length <= headers)
		return 1;
	return (frame->length - headers + frame->segment_size - 1) / frame->segment_size;
}

static __always_inline void count(const struct packet *pkt, enum sg_reason reason)
{
	struct sg_counters *counters = bpf_map_lookup_elem(&sg_counters, &pkt->slot);
	struct sg_counter *counter;
	__u32 segments;

	if (!counters || reason >= SG_MAX_REASONS)
		return;
	segments = wire_segments(&pkt->frame, pkt->headers->payload);
	counter = &counters->by[pkt->direction == SG_EGRESS][reason];
	counter->packets += segments;
	/* each segment after the first has headers of its own */
	counter->bytes += pkt->frame.length + (__u64)(segments - 1) * pkt->headers->payload;
}

#endif
