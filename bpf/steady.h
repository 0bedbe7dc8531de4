/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steady.h - recognise a packet in the middle of a connection by one cache
 * line, without its entry (struct sg_steady in include/sgate/connection.h).
 */
#ifndef BPF_STEADY_H
#define BPF_STEADY_H

#include "find.h"

/* What goes with the entry at an index of a bucket. */
static __always_inline struct sg_steady *steady_at(__u32 bucket, __u32 index)
{
	struct sg_steady_bucket *words = bpf_map_lookup_elem(&sg_steady, &bucket);

	if (!words)
		return NULL;
	SG_OPAQUE(words);
	return &words->entry[index & (SG_BUCKET_ENTRIES - 1)];
}

/*
 * An entry is what it is from now on: whether packets that turn nothing need
 * not look at it. Under the bucket's lock.
 */
static __always_inline void steady_write(const struct sg_settings *settings,
					 struct sg_steady *steady, const struct place *place,
					 const struct sg_connection *entry)
{
	__u8 fins = entry->flags & (SG_CONNECTION_OPENER_FIN | SG_CONNECTION_REPLIER_FIN);
	bool is_steady = (entry->phase == SG_PHASE_TCP_ESTABLISHED ||
			  entry->phase == SG_PHASE_UDP_REPLIED) &&
			 !fins;

	*(volatile __u64 *)&steady->signature = 0;
	IN_ORDER();
	steady->until = entry->seen + settings->second;
	steady->generation = entry->generation;
	IN_ORDER();
	if (is_steady)
		*(volatile __u64 *)&steady->signature =
			place->signature | (entry->flags & SG_CONNECTION_EGRESS);
}

/* 1 if a number below 2^63 is 0, else 0. */
static __always_inline __u64 is_zero(__u64 number)
{
	SG_OPAQUE(number);
	return (number - 1) >> 63;
}

/* The signature of a flow's steady entry, if it says that the packet may pass, else 0. */
static __always_inline __u64 steady_signature(const struct sg_settings *settings,
					      const struct sg_steady *steady,
					      const struct flow *flow, const struct place *place)
{
	__u64 signature = *(const volatile __u64 *)&steady->signature;
	__u64 difference = (signature ^ place->signature) >> 1;
	__u32 left = steady->until - clock_now(settings);

	difference |= steady->generation ^ SG_POLICY_GENERATION(flow->policy);
	difference |= flow->turns;
	IN_ORDER();
	difference |= *(const volatile __u64 *)&steady->signature ^ signature;
	SG_OPAQUE(difference);
	return difference || left - 1 >= settings->second ? 0 : signature;
}

/*
 * A plain packet in the middle of a connection: it was opened in one direction,
 * whose packets the rules accept and whose replies they reject, so the rules
 * need not be asked again. SG_REASON_NO_RULE: it has no entry; SG_UNDECIDED: all
 * else.
 *
 * Most entries are in the line that their tag names, and which of its four it is
 * is found without a branch. That the one branch is foreseen is what matters:
 * then memory is not waited for.
 */
static __always_inline enum sg_reason steady_reason(const struct flow *flow, __u8 family)
{
	const struct sg_settings *settings = settings_get();
	const struct sg_steady *line, *steady;
	const struct sg_tags *first, *second;
	__u64 signature, at = 0;
	__u32 bucket, index;
	struct place place;

	if (!settings)
		return SG_UNDECIDED;
	flow_place(settings, flow, family, &place);
	line = steady_at(place.first, SG_TAG_POSITION(place.tag) & ~(SG_STEADY_LINE - 1));
	first = tags_get(place.first);
	second = tags_get(place.second);
	if (!line || !first || !second)
		return SG_UNDECIDED;
	SG_UNROLL
	for (__u64 i = 1; i < SG_STEADY_LINE; i++)
		at += i * is_zero((line[i].signature ^ place.signature) >> 1);
	steady = &line[at & (SG_STEADY_LINE - 1)];
	signature = steady_signature(settings, steady, flow, &place);
	if (!signature)
		goto elsewhere;
found:
	return (signature & SG_CONNECTION_EGRESS) == flow->is_egress ? SG_REASON_RULE_ACCEPT
								     : SG_REASON_REPLY;
elsewhere:
	bucket = place.first;
	index = tags_find(first, place.tag);
	if (index >= SG_BUCKET_ENTRIES) {
		bucket = place.second;
		index = tags_find(second, place.tag);
		if (index >= SG_BUCKET_ENTRIES)
			return SG_REASON_NO_RULE;
	}
	steady = steady_at(bucket, index);
	signature = steady ? steady_signature(settings, steady, flow, &place) : 0;
	if (signature)
		goto found;
	return SG_UNDECIDED;
}

_Static_assert(SG_CONNECTION_EGRESS == SG_EGRESS, "see steady_reason");

#endif
