/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict.h - the whole way of a packet, the same at every hook: find its
 * instance, read its headers, ask the rules, count.
 */
#ifndef BPF_VERDICT_H
#define BPF_VERDICT_H

#include "classify.h"
#include "count.h"
#include "exempt.h"
#include "maps.h"
#include "parse.h"

static __always_inline const struct sg_binding *binding_find(__u32 ifindex)
{
	if (ifindex < SG_NEAR_IFINDEXES)
		return bpf_map_lookup_elem(&sg_bindings, &ifindex);
	return bpf_map_lookup_elem(&sg_bindings_far, &ifindex);
}

static __always_inline enum sg_reason judge(struct packet *pkt)
{
	const struct sg_binding *binding = binding_find(pkt->ifindex);
	enum sg_reason reason;
	__u64 policy;

	if (!binding)
		return SG_REASON_NO_INSTANCE;
	policy = *(const volatile __u64 *)&binding->policy;
	if (!policy)
		return SG_REASON_NO_INSTANCE;
	pkt->slot = binding->slot;
	pkt->options = binding->options;
	pkt->direction =
		pkt->received == !!(pkt->options & SG_OPTION_GUEST) ? SG_EGRESS : SG_INGRESS;
	reason = packet_parse(pkt, binding);
	if (reason != SG_UNDECIDED)
		return reason;
	reason = exempt(pkt);
	if (reason != SG_UNDECIDED)
		return reason;
	return classify(pkt, policy);
}

/* Judge and count: the one exit of every program. */
static __always_inline enum sg_verdict verdict(struct packet *pkt)
{
	enum sg_reason reason = judge(pkt);

	count(pkt, reason);
	return SG_ACCEPT_REASONS >> reason & 1 ? SG_ACCEPT : SG_DROP;
}

#endif
