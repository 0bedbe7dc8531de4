/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * find.h - look a flow up in the connection table (include/sgate/connection.h).
 *
 * No lock is held, so what is found is only a hint: whoever writes looks again
 * under the lock.
 */
#ifndef BPF_FIND_H
#define BPF_FIND_H

#include "clock.h"
#include "phase.h"

/* An entry's place, by family: it is used for one of them at a time. */
struct spot {
	struct sg_connection *entry;   /* NULL: none */
	struct sg_connection6 *entry6; /* the same, if it is one of IPv6 */
};

static __always_inline struct spot spot4_get(__u32 bucket, __u32 index)
{
	struct sg_bucket *entries = bpf_map_lookup_elem(&sg_connections, &bucket);

	if (!entries)
		return (struct spot){};
	/* not before the comparison, for the verifier */
	SG_OPAQUE(entries);
	return (struct spot){.entry = &entries->entry[index & (SG_BUCKET_ENTRIES - 1)]};
}

static __always_inline struct spot spot6_get(__u32 bucket, __u32 index)
{
	struct sg_bucket6 *entries = bpf_map_lookup_elem(&sg_connections6, &bucket);
	struct sg_connection6 *entry;

	if (!entries)
		return (struct spot){};
	SG_OPAQUE(entries);
	entry = &entries->entry[index & (SG_BUCKET_ENTRIES - 1)];
	return (struct spot){.entry = &entry->common, .entry6 = entry};
}

static __always_inline struct spot spot_get(__u32 bucket, __u32 index, bool is_ipv6)
{
	return is_ipv6 ? spot6_get(bucket, index) : spot4_get(bucket, index);
}

static __always_inline struct sg_tags *tags_get(__u32 index)
{
	return bpf_map_lookup_elem(&sg_tags, &index);
}

/* The tags of a bucket, two a word. */
#define TAG_WORDS (SG_BUCKET_ENTRIES / 2)
#define TAG_ONES 0x0000000100000001ULL
#define TAG_HIGHS 0x8000000080000000ULL

/*
 * Where a bucket has the tag: bits i and i + 32 for the two halves of word i.
 * Two tags at a time: in a word less one each, where the word's half is zero,
 * its highest bit turns from 0 to 1 (Mycroft, 1987). By a borrow a high half can
 * seem zero too, but only beside a low half that is; so those count first.
 */
static __always_inline __u64 tags_match(const struct sg_tags *tags, __u32 tag)
{
	const __u64 *words = (const __u64 *)tags->tag;
	__u64 wanted = (__u64)tag << 32 | tag, found = 0;

	SG_UNROLL
	for (int i = 0; i < TAG_WORDS; i++) {
		__u64 x = words[i] ^ wanted;

		found |= ((x - TAG_ONES) & ~x & TAG_HIGHS) >> (31 - i);
	}
	return found;
}

/* The index of the entry with this tag, or SG_BUCKET_ENTRIES. */
static __always_inline __u32 tags_find(const struct sg_tags *tags, __u32 tag)
{
	__u64 found = tags_match(tags, tag);
	__u32 low, odd;

	if (!found)
		return SG_BUCKET_ENTRIES;
	odd = !(__u32)found;
	low = odd ? found >> 32 : found;
	low &= -low;
	/* 1, 2, 4, 8 to 0, 1, 2, 3 */
	return ((low >> 1) - (low >> 3)) * 2 + odd;
}

/* Of each part without branches, of which the verifier would follow every way. */
static __always_inline bool spot_is(const struct spot *spot, const struct flow *flow)
{
	const struct sg_connection *entry = spot->entry;
	const struct sg_connection6 *entry6 = spot->entry6;
	__u64 difference = (entry->owner ^ flow->owner) | (entry->ports ^ flow->ports) |
			   (entry->protocol ^ flow->protocol) |
			   ((entry->flags ^ flow->opener) & flow->opener_known);

	difference |= entry->local ^ (__u32)flow->local[1];
	difference |= entry->remote ^ (__u32)flow->remote[1];
	if (entry6) {
		difference |= entry6->remote[1] ^ flow->remote[1];
		difference |= entry6->local[1] ^ flow->local[1];
		difference |= entry6->remote[0] ^ flow->remote[0];
		difference |= entry6->local[0] ^ flow->local[0];
	}
	SG_OPAQUE(difference);
	return !difference;
}

/* What is written before this is written before what is written behind it; reads likewise. */
#define IN_ORDER() asm volatile("" ::: "memory")

/* An entry and what it said. */
struct known {
	struct spot spot; /* none: the flow has no entry */
	__u32 bucket;
	__u32 index; /* in the bucket */
	struct progress at;
	__u32 seen;
	__u32 generation;
};

/* Look whether the entry at the spot is the flow's. */
static __always_inline bool spot_read(const struct spot *spot, const struct flow *flow,
				      struct known *known)
{
	struct sg_connection *entry = spot->entry;
	__u8 version = *(volatile __u8 *)&entry->version;

	IN_ORDER();
	if (!spot_is(spot, flow))
		return false;
	known->at.phase = entry->phase;
	known->at.flags = entry->flags;
	known->generation = entry->generation;
	IN_ORDER();
	/* after the phase: see table_update */
	known->seen = entry->seen;
	IN_ORDER();
	if ((version & 1) | (*(volatile __u8 *)&entry->version ^ version))
		return false;
	known->spot = *spot;
	return true;
}

/* The flow's entry. No bucket holds a tag twice: see tag_is_taken. */
static __always_inline void table_find(const struct place *place, const struct flow *flow,
				       struct known *known)
{
	known->spot = (struct spot){};
	NO_UNROLL
	for (int half = 0; half < 2; half++) {
		__u32 index = half ? place->second : place->first, position;
		const struct sg_tags *tags = tags_get(index);
		struct spot spot;

		if (!tags)
			return;
		position = tags_find(tags, place->tag);
		if (position >= SG_BUCKET_ENTRIES)
			continue;
		known->bucket = index;
		known->index = position;
		spot = spot_get(index, position, flow->family == SG_IPV6);
		if (!spot.entry || spot_read(&spot, flow, known))
			return;
	}
}

static __always_inline struct sg_hints *hints_get(__u32 index)
{
	return (struct sg_hints *)MAP_VALUE(sg_hints) + (index & sg_bucket_mask);
}

#define HINT_ONES 0x0101010101010101ULL
#define HINT_HIGHS 0x8080808080808080ULL

/* Not 0: a bucket has the hint, all of whose bytes are in `wanted`. */
static __always_inline __u64 hints_match(const struct sg_hints *hints, __u64 wanted)
{
	__u64 x = *(const volatile __u64 *)hints ^ wanted;

	return (x - HINT_ONES) & ~x & HINT_HIGHS;
}

/* Whether the flow may have an entry: for most that have none, it is known that they do not. */
static __always_inline bool table_may_hold(const struct place *place)
{
	const struct sg_hints *first = hints_get(place->first), *second = hints_get(place->second);
	__u64 wanted = SG_HINT(place->tag) * HINT_ONES;

	return hints_match(first, wanted) | hints_match(second, wanted);
}

#endif
