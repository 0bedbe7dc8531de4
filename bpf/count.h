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
static __always_inline __u32 wire_segments(const struct packet *pkt)
{
	__u32 payload;

	if (!pkt->segment_size)
		return 1;
	if (pkt->segments)
		return pkt->segments;
	if (pkt->length <= pkt->headers_end)
		return 1;
	payload = pkt->length - pkt->headers_end;
	return (payload + pkt->segment_size - 1) / pkt->segment_size;
}

static __always_inline void count(const struct packet *pkt, enum sg_reason reason)
{
	struct sg_counters *counters = bpf_map_lookup_elem(&sg_counters, &pkt->slot);
	struct sg_counter *counter;
	__u32 segments;

	if (!counters || reason >= SG_MAX_REASONS)
		return;
	segments = wire_segments(pkt);
	counter = &counters->by[pkt->direction == SG_EGRESS][reason];
	counter->packets += segments;
	/* each segment after the first has headers of its own */
	counter->bytes += pkt->length + (__u64)(segments - 1) * pkt->headers_end;
}

#endif
