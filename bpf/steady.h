/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steady.h - recognise a packet in the middle of a connection by one word,
 * without its entry (struct sg_steady in include/sgate/connection.h).
 */
#ifndef BPF_STEADY_H
#define BPF_STEADY_H

#include "find.h"
#include "remote.h"

/*
 * The word of a flow at the time 0, if the instance receives the first packet: its
 * place's hash and that of the second lane stand for the whole flow.
 */
static __always_inline __u64 steady_base(const struct sg_settings *settings,
					 const struct place *place, __u64 second, __u32 generation)
{
	return (place->hash + second * settings->multiplier[1] +
		generation * settings->multiplier[2]) &
	       ~1ULL;
}

/* The words of a bucket from an index on; the caller reads no more than there are. */
static __always_inline __u64 *steady_at(__u32 bucket, __u32 index)
{
	struct sg_steady *steady = MAP_VALUE(sg_steady);

	return &steady[bucket & sg_bucket_mask].word[index & (SG_BUCKET_ENTRIES - 1)];
}

/*
 * An entry is what it is from now on: whether packets that turn nothing need not
 * look at it. Under the bucket's lock.
 */
static __always_inline void steady_write(__u64 *at, __u64 base, const struct sg_connection *entry)
{
	__u8 fins = entry->flags & (SG_CONNECTION_OPENER_FIN | SG_CONNECTION_REPLIER_FIN);
	bool is_steady = (entry->phase == SG_PHASE_TCP_ESTABLISHED ||
			  entry->phase == SG_PHASE_UDP_REPLIED) &&
			 !fins;
	__u64 word = SG_STEADY_WORD(base, entry->seen, entry->flags & SG_CONNECTION_EGRESS);

	*(volatile __u64 *)at = is_steady ? word : 0;
}

/*
 * Not below 2: the word is the flow's, for one of `times` times behind that of the
 * word `before`; bit 0 is its direction then. Without a branch, which would be taken
 * for one word in four.
 */
static __always_inline __u64 steady_match(const __u64 *at, __u64 before, __u32 times)
{
	__u64 beyond = *(const volatile __u64 *)at - before;
	__s64 less = (beyond >> 1) - times - 1;

	SG_OPAQUE(less);
	return beyond & less >> 63;
}

/* The same of half of a bucket's words, from one on; only one is the flow's. */
static __always_inline __u64 steady_find(const __u64 *words, __u64 before, __u32 times)
{
	__u64 found = 0;

	SG_UNROLL
	for (int i = 0; i < SG_STEADY_HALF; i++)
		found |= steady_match(&words[i], before, times);
	return found;
}

/*
 * After so many packets in the middle of connections one more is expected, and
 * the hints, which rule out most others, are not asked first.
 */
#define STEADY_RUN 4

/* Index of the first word of the half that most entries with the flow's tag are in. */
static __always_inline __u32 preferred_half(const struct place *place)
{
	return SG_TAG_POSITION((__u32) * (const volatile __u64 *)&place->hash) & SG_STEADY_HALF;
}

/*
 * A plain packet in the middle of a connection: it was opened in one direction,
 * whose packets the rules accept and whose replies they reject, so the rules
 * need not be asked again. SG_REASON_NO_RULE: it has no entry; SG_UNDECIDED: all
 * else.
 *
 * Most entries are in the half of their bucket that their tag names, and its
 * words are compared without a branch. That the one branch is foreseen is what
 * matters: then memory is not waited for.
 */
static __always_inline enum sg_reason steady_reason(struct sg_scratch *scratch, __u8 family)
{
	const struct sg_settings *settings = settings_get();
	const struct flow *flow = &scratch->flow;
	struct place *place = &scratch->place;
	const struct sg_tags *first, *second;
	__u32 index, times;
	__u64 before, found, hash[2];
	const __u64 *words;

	flow_hash(settings->secret, flow, family, 2, hash);
	place_begin(settings, flow, hash[0], place);
	if (scratch->steady_run < STEADY_RUN) {
		place_end(settings, flow, family, place);
		if (!remote_has_entries(flow) || !table_may_hold(place))
			return SG_REASON_NO_RULE;
	}
	words = steady_at(place->first, preferred_half(place));
	times = settings->second;
	/* memory is asked for now, and needed later */
	asm volatile("" : : "r"(*(const volatile __u64 *)words));
	before = SG_STEADY_WORD(
		steady_base(settings, place, hash[1], SG_POLICY_GENERATION(flow->policy)),
		clock_now(settings) - times, 0);
	found = steady_find(words, before, times);
	if (found < 2)
		goto elsewhere;
found:
	scratch->steady_run++;
	if (flow->turns)
		return SG_UNDECIDED;
	return (found & 1) == flow->is_egress ? SG_REASON_RULE_ACCEPT : SG_REASON_REPLY;
elsewhere:
	place_end(settings, flow, family, place);
	words = steady_at(place->first, preferred_half(place) ^ SG_STEADY_HALF);
	found = steady_find(words, before, times);
	if (found > 1)
		goto found;
	first = tags_get(place->first);
	second = tags_get(place->second);
	if (!first || !second || tags_match(first, place->tag))
		return SG_UNDECIDED;
	index = tags_find(second, place->tag);
	if (index >= SG_BUCKET_ENTRIES)
		return SG_REASON_NO_RULE;
	words = steady_at(place->second, index);
	found = steady_match(words, before, times);
	if (found > 1)
		goto found;
	return SG_UNDECIDED;
}

_Static_assert(SG_CONNECTION_EGRESS == 1 && SG_EGRESS == 1, "the lowest bit of a word");

#endif
