/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * remote.h - whether there is any connection with a remote address (struct
 * sg_remotes in include/sgate/connection.h).
 */
#ifndef BPF_REMOTE_H
#define BPF_REMOTE_H

#include "clock.h"
#include "flow.h"

static __always_inline sg_remote *remote_entries(__u32 hash)
{
	return (sg_remote *)MAP_VALUE(sg_remotes) + SG_REMOTE_INDEX(hash, sg_bucket_mask);
}

/* An entry with an address of this hash more, or (-1) less. */
__noinline int sg_remote_count(__u32 hash, __u32 change)
{
	__sync_fetch_and_add(remote_entries(hash), change);
	return 0;
}

static __always_inline __u32 flow_remote(const struct sg_settings *settings,
					 const struct flow *flow)
{
	return SG_REMOTE_HASH(settings, flow->remote[0], flow->remote[1]);
}

/* Whether the flow may have an entry, by its remote address alone. */
static __always_inline bool remote_may_be_known(const struct sg_settings *settings,
						const struct flow *flow, __u8 family)
{
	__u64 high = family == SG_IPV6 ? flow->remote[0] : 0;
	__u32 hash = SG_REMOTE_HASH(settings, high, flow->remote[1]);

	return *(const volatile sg_remote *)remote_entries(hash);
}

#endif
