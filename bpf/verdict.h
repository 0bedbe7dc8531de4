/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verdict.h - the whole way of a packet, the same at every hook: find its
 * instance, read its headers, ask the rules, look for its connection, count.
 */
#ifndef BPF_VERDICT_H
#define BPF_VERDICT_H

#include "count.h"
#include "exempt.h"
#include "fragment.h"
#include "guard.h"
#include "related.h"

static __always_inline const struct sg_binding *binding_find(__u32 ifindex)
{
	if (ifindex < SG_NEAR_IFINDEXES)
		return bpf_map_lookup_elem(&sg_bindings, &ifindex);
	return bpf_map_lookup_elem(&sg_bindings_far, &ifindex);
}

/* A segment of a connection that may have run before the programs came (abi.h). */
static __always_inline bool may_go_on(const struct packet *pkt)
{
	const struct sg_settings *settings = settings_get();

	return settings && pkt->headers->protocol == IPPROTO_TCP && tcp_goes_on(pkt->headers) &&
	       (__s32)(pkt->starts_until - clock_now(settings)) > 0;
}

/* The rules, and the connections that the rules accepted. */
static __always_inline enum sg_reason judge_by_rules(const struct packet *pkt)
{
	enum sg_reason reason = classify(pkt->policy, pkt->headers, pkt->direction);
	struct flow *flow = &pkt->scratch->flow;
	bool quoted;

	if (reason != SG_REASON_RULE_ACCEPT && reason != SG_REASON_RULE_DENY &&
	    reason != SG_REASON_NO_RULE)
		return reason;
	flow_fill(pkt, pkt->headers, pkt->direction == SG_EGRESS, flow);
	if (reason == SG_REASON_RULE_ACCEPT) {
		if (flow->is_plain || flow->is_answer || reply_is_accepted(flow))
			return reason;
		return sg_connection_open();
	}
	quoted = is_icmp_error(pkt->headers);
	if (quoted) {
		enum sg_reason end = related(pkt, reason);

		if (end != SG_UNDECIDED)
			return end;
	} else if (is_icmp(pkt->headers) && !flow->is_answer) {
		return reason;
	}
	reason = sg_connection_reply(reason, quoted);
	return pkt->starts_until && may_go_on(pkt) ? SG_REASON_REPLY : reason;
}

/* An IP packet whose headers are read and whose source is right. */
static __always_inline enum sg_reason judge_ip(const struct packet *pkt)
{
	enum sg_reason reason;

	if (pkt->headers->fragment_at)
		return fragment_judge(pkt);
	reason = exempt(pkt->headers, pkt->direction, pkt->options);
	if (reason == SG_UNDECIDED)
		reason = judge_by_rules(pkt);
	if (pkt->headers->is_first_fragment && SG_REASON_ACCEPTS(reason))
		fragment_remember(pkt);
	return reason;
}

static __always_inline enum sg_reason judge(struct packet *pkt, __u32 ifindex, bool received)
{
	const struct sg_binding *binding = binding_find(ifindex);
	enum sg_reason reason;

	if (!binding)
		return SG_REASON_NO_INSTANCE;
	pkt->policy = *(const volatile __u64 *)&binding->policy;
	if (!pkt->policy)
		return SG_REASON_NO_INSTANCE;
	pkt->owner = binding->owner;
	pkt->slot = SG_OWNER_SLOT(pkt->owner);
	pkt->options = binding->options;
	pkt->starts_until = binding->starts_until;
	pkt->window = binding->window;
	pkt->share = binding->share;
	pkt->direction = received == !!(pkt->options & SG_OPTION_GUEST) ? SG_EGRESS : SG_INGRESS;
	reason = parse_link(pkt, received, binding);
	if (reason == SG_UNDECIDED)
		reason = parse_network(&pkt->frame, pkt->frame.length, pkt->headers);
	if (reason != SG_UNDECIDED && !SG_REASON_ACCEPTS(reason))
		return reason;
	if (pkt->direction == SG_EGRESS && binding->guard &&
	    !guard_permits(binding->guard, pkt, reason))
		return SG_REASON_SPOOFED;
	return reason == SG_UNDECIDED ? judge_ip(pkt) : reason;
}

/* Judge and count: the one exit of every program. */
static __always_inline enum sg_verdict verdict(SG_CONTEXT *ctx, __u32 ifindex, bool received)
{
	struct sg_scratch *scratch = scratch_get();
	struct packet pkt = {};
	enum sg_reason reason;

	/* it is an array's first entry, and so always there */
	if (!scratch)
		return SG_DROP;
	pkt.scratch = scratch;
	pkt.headers = &scratch->headers;
	*pkt.headers = (struct headers){};
	frame_read(ctx, &pkt.frame);
	reason = judge(&pkt, ifindex, received);
	count(&pkt, reason);
	return SG_REASON_ACCEPTS(reason) ? SG_ACCEPT : SG_DROP;
}

#endif
