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

/*
 * Count one more entry, which is unreplied as every new one, if there is room
 * for it. Half of a share is for those that were answered.
 */
static __always_inline bool share_take(struct sg_share *share, __u32 limit)
{
	bool taken;

	bpf_spin_lock(&share->lock);
	taken = share->entries < limit && share->unreplied < (limit + 1) / 2;
	if (taken) {
		share->entries++;
		share->unreplied++;
	}
	bpf_spin_unlock(&share->lock);
	return taken;
}

/*
 * Change what an owner's entries count, unless its state was thrown away, and
 * the counts with it, since the entry was made.
 */
__noinline int sg_share_add(__u32 owner, __s32 entries, __s32 unreplied)
{
	struct sg_share *share = share_get(owner);

	if (!share)
		return 0;
	bpf_spin_lock(&share->lock);
	if (SG_OWNER(SG_OWNER_SLOT(owner), share->epoch) == owner) {
		share->entries += entries;
		share->unreplied += unreplied;
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
