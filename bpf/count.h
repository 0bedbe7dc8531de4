/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * count.h - packets and bytes by instance, direction and reason, as on the
 * wire.
 *
 * A CPU adds to its own part of the map alone, with plain additions. Programs
 * at TC and XDP run with softirqs off, or in one, so none begins on a CPU while
 * another is in the middle there, and no packet is lost to the count. Whoever
 * reads meanwhile sees a counter before or after a packet; its two words may
 * differ by that one.
 */
#ifndef BPF_COUNT_H
#define BPF_COUNT_H

#include "maps.h"
#include "packet.h"

/* That of the map, which is pinned when the loader puts it here. */
const volatile struct sg_counter_layout sg_counter_layout;

/*
 * A frame of `length` bytes, of which `payload` are before its payload (0: not
 * known), that the kernel keeps in one for so many segments.
 */
static __always_inline void count(__u32 slot, __u32 direction, enum sg_reason reason, __u32 length,
				  __u32 payload, __u32 segments)
{
	__u32 row = SG_COUNTER_ROW(direction, reason);
	__u32 index = SG_COUNTER_INDEX(sg_counter_layout, bpf_get_smp_processor_id(), row, slot);
	struct sg_counter *counter = bpf_map_lookup_elem(&sg_counters, &index);

	if (!counter)
		return;
	counter->packets += segments;
	/* each segment after the first has headers of its own */
	counter->bytes += length + (__u64)(segments - 1) * payload;
}

#endif
