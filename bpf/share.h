/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * share.h - how much of the connection table an instance has. Each function
 * takes the share's own lock, and none is called with a bucket's lock held.
 */
#ifndef BPF_SHARE_H
#define BPF_SHARE_H

#include "maps.h"
#include "packet.h"

static __always_inline struct sg_share *share_get(__u32 owner)
{
	__u32 slot = SG_OWNER_SLOT(owner);

	return bpf_map_lookup_elem(&sg_shares, &slot);
}

/* Count one more entry, if there is room for it. */
static __always_inline bool share_take(struct sg_share *share, __u32 limit, enum sg_budget budget)
{
	__u32 entries;
	bool taken;

	bpf_spin_lock(&share->lock);
	entries = share->count[SG_BUDGET_REPLIED] + share->count[SG_BUDGET_HALF_OPEN] +
		  share->count[SG_BUDGET_UNREPLIED];
	taken = entries < limit && share->count[budget & 3] < SG_UNREPLIED_LIMIT(limit);
	if (taken)
		share->count[budget & 3]++;
	bpf_spin_unlock(&share->lock);
	return taken;
}

/*
 * An owner's entry counts as `to` and no longer as `from`, both enum
 * sg_budget, unless the owner's state was thrown away meanwhile, and its
 * counts with it.
 */
__noinline int sg_share_move(__u32 owner, __u32 from, __u32 to)
{
	struct sg_share *share = share_get(owner);

	if (!share)
		return 0;
	bpf_spin_lock(&share->lock);
	if (SG_OWNER(SG_OWNER_SLOT(owner), share->epoch) == owner) {
		share->count[from & 3]--;
		share->count[to & 3]++;
	}
	bpf_spin_unlock(&share->lock);
	return 0;
}

/* For the operator: a connection was refused, or an unreplied one had to make room. */
static __always_inline void share_note(struct sg_share *share, bool refused)
{
	bpf_spin_lock(&share->lock);
	if (refused)
		share->refused++;
	else
		share->replaced++;
	bpf_spin_unlock(&share->lock);
}

#endif
