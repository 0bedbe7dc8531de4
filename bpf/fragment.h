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

static __always_inline void fragment_key(const struct packet *pkt, struct sg_fragment_key *key)
{
	const struct headers *headers = pkt->headers;

	*key = (struct sg_fragment_key){
		.source = {headers->source[0], headers->source[1]},
		.destination = {headers->destination[0], headers->destination[1]},
		.owner = pkt->owner,
		.id = headers->fragment_id,
		.protocol = headers->fragment_protocol,
		.family = headers->family,
		.direction = pkt->direction,
	};
}

/* A later fragment. */
static __always_inline enum sg_reason fragment_judge(const struct packet *pkt)
{
	const struct sg_settings *settings = settings_get();
	const struct sg_fragment *first;
	struct sg_fragment_key key;

	fragment_key(pkt, &key);
	first = bpf_map_lookup_elem(&sg_fragments, &key);
	if (!settings || !first || first->policy != pkt->policy)
		return SG_REASON_FRAGMENT_UNKNOWN;
	if (clock_now(settings) - first->seen > settings->fragment_timeout)
		return SG_REASON_FRAGMENT_UNKNOWN;
	if (pkt->headers->fragment_at < first->end)
		return SG_REASON_FRAGMENT_TINY;
	return SG_REASON_FRAGMENT;
}

/* An accepted first fragment. If it cannot be remembered, the rest is dropped. */
static __always_inline void fragment_remember(const struct packet *pkt)
{
	const struct sg_settings *settings = settings_get();
	struct sg_fragment_key key;
	struct sg_fragment first = {
		.policy = pkt->policy,
		.end = pkt->headers->fragment_end,
	};

	if (!settings)
		return;
	first.seen = clock_now(settings);
	fragment_key(pkt, &key);
	bpf_map_update_elem(&sg_fragments, &key, &first, BPF_ANY);
}

#endif
