/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * remote.h - whether there is any connection with a remote address (struct
 * sg_remotes in include/sgate/connection.h).
 */
#ifndef BPF_REMOTE_H
#define BPF_REMOTE_H

#include "clock.h"
#include "flow.h"

static __always_inline __u32 *remote_entries(__u32 index)
{
	__u32 key = index >> 1;
	struct sg_remotes *remotes = bpf_map_lookup_elem(&sg_remotes, &key);

	return remotes ? &remotes->entries[index & 1] : NULL;
}

/* An entry with an address of this index more, or (-1) less. */
__noinline int sg_remote_count(__u32 index, __u32 change)
{
	__u32 *entries = remote_entries(index);

	if (entries)
		__sync_fetch_and_add(entries, change);
	return 0;
}

static __always_inline __u32 flow_remote(const struct sg_settings *settings,
					 const struct flow *flow)
{
	return SG_REMOTE_INDEX(settings, flow->remote[0], flow->remote[1]);
}

/* Whether the flow may have an entry, by its remote address alone. */
static __always_inline bool remote_may_be_known(const struct sg_settings *settings,
						const struct flow *flow, __u8 family)
{
	__u64 high = family == SG_IPV6 ? flow->remote[0] : 0;
	const __u32 *entries = remote_entries(SG_REMOTE_INDEX(settings, high, flow->remote[1]));

	return entries && *(const volatile __u32 *)entries;
}

#endif
