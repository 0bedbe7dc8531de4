/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fragment.h - later fragments share the verdict of the first one.
 *
 * Only accepted first fragments are remembered, under the policy that accepted
 * them; whatever follows no remembered one is dropped. A later fragment that
 * overlaps the first could put other ports in the place of those that were
 * judged, and is dropped too.
 */
#ifndef BPF_FRAGMENT_H
#define BPF_FRAGMENT_H

#include "clock.h"
#include "packet.h"

static __always_inline void fragment_key(const struct headers *headers, __u32 owner,
					 __u32 direction, struct sg_fragment_key *key)
{

	*key = (struct sg_fragment_key){
		.source = {headers->source[0], headers->source[1]},
		.destination = {headers->destination[0], headers->destination[1]},
		.owner = owner,
		.id = headers->fragment_id,
		.protocol = headers->fragment_protocol,
		.family = headers->family,
		.direction = direction,
	};
}

/* A later fragment, which sg_scratch tells of. */
__noinline int sg_fragment_judge(__u32 direction)
{
	const struct sg_scratch *scratch = scratch_get();
	const struct sg_settings *settings = settings_get();
	const struct sg_fragment *first;
	struct sg_fragment_key key;

	if (!scratch)
		return SG_REASON_FRAGMENT_UNKNOWN;
	fragment_key(&scratch->headers, scratch->flow.owner, direction, &key);
	first = bpf_map_lookup_elem(&sg_fragments, &key);
	if (!first || first->policy != scratch->flow.policy)
		return SG_REASON_FRAGMENT_UNKNOWN;
	if (clock_now(settings) - first->seen > settings->fragment_timeout)
		return SG_REASON_FRAGMENT_UNKNOWN;
	if (scratch->headers.fragment_at < first->end)
		return SG_REASON_FRAGMENT_TINY;
	return SG_REASON_FRAGMENT;
}

/* An accepted first fragment, likewise. If it cannot be remembered, the rest is dropped. */
__noinline int sg_fragment_remember(__u32 direction)
{
	const struct sg_scratch *scratch = scratch_get();
	const struct sg_settings *settings = settings_get();
	struct sg_fragment first = {};
	struct sg_fragment_key key;

	if (!scratch)
		return 0;
	first.policy = scratch->flow.policy;
	first.end = scratch->headers.fragment_end;
	first.seen = clock_now(settings);
	fragment_key(&scratch->headers, scratch->flow.owner, direction, &key);
	bpf_map_update_elem(&sg_fragments, &key, &first, BPF_ANY);
	return 0;
}

#endif
