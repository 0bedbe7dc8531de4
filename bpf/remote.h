/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * remote.h - whether there is any connection with a remote service (sg_remote
 * in include/sgate/connection.h).
 */
#ifndef BPF_REMOTE_H
#define BPF_REMOTE_H

#include "clock.h"
#include "flow.h"
#include "lock.h"

static __always_inline __u32 flow_remote(const struct flow *flow, __u8 family)
{
	__u64 high = family == SG_IPV6 ? flow->remote[0] : 0;

	return sg_remote_hash(settings_get(), high, flow->remote[1], flow->ports);
}

static __always_inline sg_remote *remote_entries(__u32 hash)
{
	return (sg_remote *)MAP_VALUE(sg_remotes) + SG_REMOTE_INDEX(hash, sg_bucket_mask);
}

/* The word with the mark of a service with this hash. */
static __always_inline __u64 *remote_marks(__u32 hash)
{
	return (__u64 *)MAP_VALUE(sg_remote_marks) +
	       SG_REMOTE_INDEX(hash, sg_bucket_mask) / SG_REMOTE_MARKS;
}

static __always_inline __u64 remote_mark(__u32 hash)
{
	return 1ULL << (hash % SG_REMOTE_MARKS);
}

/* An entry of a service with this hash more; false: there cannot be one, and none is counted. */
__noinline int sg_remote_add(__u32 hash)
{
	struct sg_lock *lock = lock_get(hash / SG_REMOTE_MARKS);

	if (!lock)
		return false;
	bpf_spin_lock(&lock->lock);
	/* who counts one less has no lock */
	__sync_fetch_and_add(remote_entries(hash), 1);
	*remote_marks(hash) |= remote_mark(hash);
	bpf_spin_unlock(&lock->lock);
	return true;
}

static __always_inline void remote_drop(__u32 hash)
{
	__sync_fetch_and_add(remote_entries(hash), -1);
}

/* Whether the flow may have an entry, by its remote service alone, as far as marks tell. */
static __always_inline bool remote_is_marked(struct flow *flow, __u8 family)
{
	__u32 hash = flow_remote(flow, family);

	flow->service = hash;
	return *(const volatile __u64 *)remote_marks(hash) >> (hash % SG_REMOTE_MARKS) & 1;
}

/* Nothing is counted of what has a mark: take it away, unless that has changed. */
__noinline int sg_remote_unmark(__u32 hash)
{
	struct sg_lock *lock = lock_get(hash / SG_REMOTE_MARKS);

	if (!lock)
		return 0;
	bpf_spin_lock(&lock->lock);
	if (!*(const volatile sg_remote *)remote_entries(hash))
		*remote_marks(hash) &= ~remote_mark(hash);
	bpf_spin_unlock(&lock->lock);
	return 0;
}

/* The same of one that has a mark, by its entries. */
static __always_inline bool remote_has_entries(const struct flow *flow)
{
	if (*(const volatile sg_remote *)remote_entries(flow->service))
		return true;
	sg_remote_unmark(flow->service);
	return false;
}

#endif
