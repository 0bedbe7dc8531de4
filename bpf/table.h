/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - what is written to the connection table: find room for an entry,
 * make one, alter one (include/sgate/connection.h).
 *
 * Searches for room go over the sixteen entries of a flow's two buckets and are
 * functions of integers alone, so that the verifier checks each once. What
 * they find is only a hint: whoever writes looks again under the lock.
 */
#ifndef BPF_TABLE_H
#define BPF_TABLE_H

#include "share.h"
#include "steady.h"

/* A position is the index of an entry in a bucket; in the second one with this bit. */
#define SECOND_BUCKET SG_BUCKET_ENTRIES
#define POSITIONS (2 * SG_BUCKET_ENTRIES)
#define NO_POSITION POSITIONS
/* With it, somebody is there that can go. */
#define OCCUPIED (2 * NO_POSITION)

/*
 * Buckets that are looked through for expired entries when a share or a budget
 * is full. A full budget of 500 is one entry in four buckets of a default
 * window: with eight, one connection in twelve found none at first.
 */
#define SWEEP_BUCKETS 32

#define SCORE_FREE 0xffffffffU
#define SCORE_EXPIRED 0xfffffffeU

/* How well an entry's place suits a new one of `owner`; 0: not at all. */
static __always_inline __u32 room_score(const struct sg_settings *settings,
					const struct sg_connection *entry, __u32 tag, __u32 owner,
					__u32 now, __u32 budget)
{
	bool own = entry->owner == owner;

	if (budget && (!tag || !own || SG_PHASE_BUDGET(entry->phase) != budget))
		return 0;
	if (!tag)
		return SCORE_FREE;
	if (is_expired(settings, entry, now))
		return SCORE_EXPIRED;
	if (own && SG_PHASE_IS_UNREPLIED(entry->phase & 15))
		return 1 + ((now - entry->seen) & 0x7fffffff);
	return 0;
}

/* A budget, and the position that is looked at first. */
#define ROOM(budget, position) ((budget) | (position) << 8)

/*
 * Where a new entry of `owner` can go: a free place, else an expired entry,
 * else the owner's oldest unreplied one. With a budget, for one that is full,
 * only entries that count against it; 0 is any.
 */
__noinline __u32 sg_find_room(__u32 first, __u32 second, __u32 owner, __u32 now, __u32 room)
{
	const struct sg_settings *settings = settings_get();
	__u32 position = NO_POSITION, best = 0, budget = room & 0xff;

	NO_UNROLL
	for (__u32 i = 0; i < POSITIONS; i++) {
		__u32 at = i ^ (room >> 8 & (SG_BUCKET_ENTRIES - 1)), tag, score;
		__u32 bucket = at & SECOND_BUCKET ? second : first;
		const struct sg_tags *tags = tags_get(bucket);
		const struct sg_connection *entry;

		if (!tags)
			return NO_POSITION;
		tag = tags->tag[at & (SG_BUCKET_ENTRIES - 1)];
		entry = spot_get(bucket, at, tag & SG_TAG_IPV6).entry;
		if (!entry)
			return NO_POSITION;
		score = room_score(settings, entry, tag, owner, now, budget);
		if (score <= best)
			continue;
		best = score;
		position = at;
	}
	return best == SCORE_FREE || !best ? position : position | OCCUPIED;
}

/* sg_remote_hash of the entry with the tag and the ports, of the two at its place. Without branches. */
static __always_inline __u32 spots_remote(const struct sg_settings *settings,
					  const struct spot *ipv4, const struct spot *ipv6,
					  __u32 tag, __u32 ports)
{
	__u64 is_ipv6 = 0 - (__u64)(tag & SG_TAG_IPV6), high, low;

	SG_OPAQUE(is_ipv6);
	high = ipv6->entry6->remote[0] & is_ipv6;
	low = (ipv6->entry6->remote[1] & is_ipv6) | (ipv4->entry->remote & ~is_ipv6);
	return sg_remote_hash(settings, high, low, ports);
}

/* What became of an entry. */
enum evicted {
	EVICTED_NOT, /* its place was free, or it stays */
	EVICTED_EXPIRED,
	EVICTED_UNREPLIED,
};

/*
 * Free an entry's place, if its time is over or if it is an unreplied one of
 * `owner` (0: of nobody). enum evicted.
 */
__noinline int sg_evict(__u32 bucket, __u32 index, __u32 owner, __u32 now)
{
	const struct sg_settings *settings = settings_get();
	struct spot ipv4 = spot4_get(bucket, index), ipv6 = spot6_get(bucket, index);
	struct sg_tags *tags = tags_get(bucket);
	struct sg_lock *lock = lock_get(bucket);
	enum evicted evicted = EVICTED_NOT;
	struct sg_connection *entry;
	enum sg_budget budget;
	__u32 tag, remote, *at;

	if (!tags || !lock || !ipv4.entry || !ipv6.entry)
		return EVICTED_NOT;
	at = &tags->tag[index & (SG_BUCKET_ENTRIES - 1)];
	bpf_spin_lock(&lock->lock);
	tag = *at;
	entry = tag & SG_TAG_IPV6 ? ipv6.entry : ipv4.entry;
	budget = SG_PHASE_BUDGET(entry->phase);
	if (is_expired(settings, entry, now))
		evicted = EVICTED_EXPIRED;
	else if (entry->owner == owner && budget != SG_BUDGET_REPLIED)
		evicted = EVICTED_UNREPLIED;
	owner = entry->owner;
	/* the loader, which has no lock, may be faster */
	if (evicted && tag && __sync_val_compare_and_swap(at, tag, 0) == tag)
		/* whoever has found it meanwhile must not alter it */
		entry->owner = 0;
	else
		evicted = EVICTED_NOT;
	remote = spots_remote(settings, &ipv4, &ipv6, tag, entry->ports);
	bpf_spin_unlock(&lock->lock);
	if (!evicted)
		return EVICTED_NOT;
	remote_drop(remote);
	sg_share_move(owner, budget, SG_BUDGET_OUTSIDE);
	return evicted;
}

/* Free a bucket's expired entries. */
__noinline int sg_sweep(__u32 index, __u32 now)
{
	const struct sg_settings *settings = settings_get();
	const struct sg_tags *tags = tags_get(index);

	if (!tags)
		return 0;
	NO_UNROLL
	for (int i = 0; i < SG_BUCKET_ENTRIES; i++) {
		__u32 tag = tags->tag[i];
		const struct sg_connection *entry = spot_get(index, i, tag & SG_TAG_IPV6).entry;

		if (tag && entry && is_expired(settings, entry, now))
			sg_evict(index, i, 0, now);
	}
	return 0;
}

/* What to write into an entry. */
struct update {
	struct progress progress;
	__u32 generation;
	__u32 now;
	bool restart; /* it is a new connection */
};

/* Without branches: under a lock, and for the verifier. */
static __always_inline bool tag_is_taken(const struct sg_tags *first, const struct sg_tags *second,
					 __u32 tag)
{
	__u64 taken = 0;

	SG_UNROLL
	for (int i = 0; i < SG_BUCKET_ENTRIES; i++) {
		/* a difference of 0 less 1 is negative */
		__u64 a = (__u64)(first->tag[i] ^ tag) - 1, b = (__u64)(second->tag[i] ^ tag) - 1;

		SG_OPAQUE(a);
		SG_OPAQUE(b);
		taken |= a | b;
	}
	return taken >> 63;
}

/*
 * Alter the flow's entry, found without the lock. Nothing happens when it is
 * another's meanwhile: then the connection's next packet makes a new one.
 */
static __always_inline void table_update(const struct sg_settings *settings,
					 const struct known *known, const struct place *place,
					 const struct flow *flow, const struct update *update)
{
	struct sg_connection *entry = known->spot.entry;
	__u64 *steady = steady_at(known->bucket, known->index);
	struct sg_lock *lock = lock_get(place->first);
	enum sg_budget from = SG_BUDGET_OUTSIDE, to = SG_BUDGET_OUTSIDE;
	__u8 phase = update->progress.phase, flags = update->progress.flags;
	__u64 second, base;

	if (!lock)
		return;
	/* what goes into it is read once more: there are not registers enough to keep it */
	asm volatile("" ::: "memory");
	flow_hash(settings->secret + 2, flow, flow->family, 1, &second);
	base = steady_base(settings, place, second, update->generation);
	bpf_spin_lock(&lock->lock);
	if (spot_is(&known->spot, flow)) {
		from = SG_PHASE_BUDGET(entry->phase);
		if (update->restart) {
			entry->created = update->now;
		} else {
			/* another CPU may have gone further, or seen the other side's FIN */
			if (entry->phase > phase)
				phase = entry->phase;
			flags |= entry->flags;
		}
		to = SG_PHASE_BUDGET(phase);
		entry->seen = update->now;
		/* a phase with a short time must not be seen with an old time stamp */
		IN_ORDER();
		entry->phase = phase;
		entry->flags = flags;
		entry->generation = update->generation;
		steady_write(steady, base, entry);
	}
	bpf_spin_unlock(&lock->lock);
	if (from != to)
		sg_share_move(flow->owner, from, to);
}

/* Whose it is. */
static __always_inline void entry_fill(const struct spot *spot, const struct flow *flow)
{
	struct sg_connection *entry = spot->entry;
	struct sg_connection6 *entry6 = spot->entry6;

	entry->owner = flow->owner;
	entry->generation = SG_POLICY_GENERATION(flow->policy);
	entry->ports = flow->ports;
	entry->protocol = flow->protocol;
	entry->local = flow->local[1];
	entry->remote = flow->remote[1];
	if (!entry6)
		return;
	entry6->local[0] = flow->local[0];
	entry6->local[1] = flow->local[1];
	entry6->remote[0] = flow->remote[0];
	entry6->remote[1] = flow->remote[1];
}

/*
 * Write the entry of the flow in sg_scratch to a free position; only the phase and
 * the flags of its progress are the caller's. 0: the place was taken meanwhile, or
 * the flow has an entry by now.
 */
__noinline int sg_table_write(__u32 at, __u32 phase, __u32 flags, __u32 now)
{
	struct sg_scratch *scratch = scratch_get();
	struct sg_tags *first, *second, *tags;
	__u32 index = at & (SG_BUCKET_ENTRIES - 1), bucket;
	const struct place *place;
	struct sg_hints *hints;
	struct sg_lock *lock;
	struct spot spot;
	bool made;

	if (!scratch)
		return 0;
	place = &scratch->place;
	bucket = at & SECOND_BUCKET ? place->second : place->first;
	first = tags_get(place->first);
	second = tags_get(place->second);
	tags = at & SECOND_BUCKET ? second : first;
	lock = lock_get(bucket);
	hints = hints_get(bucket);
	spot = spot_get(bucket, index, place->tag & SG_TAG_IPV6);
	if (!first || !second || !lock || !tags || !spot.entry)
		return 0;
	bpf_spin_lock(&lock->lock);
	made = !tags->tag[index] && !tag_is_taken(first, second, place->tag);
	if (made) {
		spot.entry->version++;
		IN_ORDER();
		hints->hint[index] = SG_HINT(place->tag);
		tags->tag[index] = place->tag;
		spot.entry->phase = phase;
		spot.entry->flags = flags;
		spot.entry->seen = now;
		spot.entry->created = now;
		entry_fill(&spot, &scratch->flow);
		IN_ORDER();
		spot.entry->version++;
	}
	bpf_spin_unlock(&lock->lock);
	return made;
}

/* Look through a few buckets of the instance's window for expired entries, of its halves in turns. */
static __always_inline void sweep_window(const struct sg_settings *settings, struct sg_share *share,
					 __u32 window, __u32 now)
{
	__u32 half = settings->window_mask >> 1;

	for (int i = 0; i < SWEEP_BUCKETS; i++) {
		__u32 turn = share->sweep++, at = turn >> 1 & half;

		if (turn & 1)
			at |= settings->window_mask ^ half;
		sg_sweep((window + at) & settings->bucket_mask, now);
	}
}

/*
 * Make an entry for the flow, in a free place or in that of one that can go.
 * SG_UNDECIDED: done, or another CPU was faster.
 */
static __always_inline enum sg_reason table_make(const struct sg_settings *settings,
						 const struct place *place, const struct flow *flow,
						 const struct update *update)
{
	struct sg_share *share = share_get(flow->owner);
	const struct sg_rest *rest = rest_find(flow->ifindex);
	enum sg_budget budget = SG_PHASE_BUDGET(update->progress.phase);
	__u32 at, remote, preferred = SG_TAG_POSITION(place->tag);
	bool taken, made;

	if (!share || !rest)
		return SG_REASON_SHARE_FULL;
	/* thrown away in this moment: the next packet finds the new epoch */
	if (share->epoch != SG_OWNER_EPOCH(flow->owner))
		return SG_UNDECIDED;
	taken = share_take(share, rest->share, budget);
	at = sg_find_room(place->first, place->second, flow->owner, update->now,
			  ROOM(taken ? 0 : budget, preferred));
	if (!taken && at == NO_POSITION) {
		sweep_window(settings, share, flow_window(flow), update->now);
		taken = share_take(share, rest->share, budget);
		if (taken)
			at = sg_find_room(place->first, place->second, flow->owner, update->now,
					  ROOM(0, preferred));
	}
	if (at & OCCUPIED) {
		if (sg_evict(at & SECOND_BUCKET ? place->second : place->first, at, flow->owner,
			     update->now) == EVICTED_UNREPLIED)
			share_note(share, false);
		/* what went has given its part of the share back */
		if (!taken)
			taken = share_take(share, rest->share, budget);
	}
	if (at == NO_POSITION || !taken) {
		if (taken)
			sg_share_move(flow->owner, budget, SG_BUDGET_OUTSIDE);
		share_note(share, true);
		return taken ? SG_REASON_TABLE_FULL : SG_REASON_SHARE_FULL;
	}
	remote = flow_remote(flow, flow->family);
	made = sg_remote_add(remote);
	if (made &&
	    !sg_table_write(at, update->progress.phase, update->progress.flags, update->now)) {
		remote_drop(remote);
		made = false;
	}
	if (!made)
		sg_share_move(flow->owner, budget, SG_BUDGET_OUTSIDE);
	return SG_UNDECIDED;
}

#endif
