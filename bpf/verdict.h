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
#include "plain.h"
#include "related.h"

static __always_inline const struct sg_binding *binding_find(__u32 ifindex)
{
	const struct sg_far *far;

	if (ifindex < SG_NEAR_IFINDEXES)
		return bpf_map_lookup_elem(&sg_bindings, &ifindex);
	far = bpf_map_lookup_elem(&sg_bindings_far, &ifindex);
	return far ? &far->binding : NULL;
}

/* A segment of a connection that may have run before the programs came (abi.h). */
static __always_inline bool may_go_on(const struct packet *pkt)
{
	const struct sg_settings *settings = settings_get();
	const struct headers *headers = &pkt->scratch->headers;

	return headers->protocol == IPPROTO_TCP && tcp_goes_on(headers->tcp_flags) &&
	       (__s32)(pkt->starts_until - clock_now(settings)) > 0;
}

/* The rules, and the connections that the rules accepted. */
static __always_inline enum sg_reason judge_by_rules(const struct packet *pkt)
{
	const struct headers *headers = &pkt->scratch->headers;
	struct flow *flow = &pkt->scratch->flow;
	enum sg_reason reason = classify(flow->policy, headers, pkt->direction);
	bool quoted;

	if (reason != SG_REASON_RULE_ACCEPT && reason != SG_REASON_RULE_DENY &&
	    reason != SG_REASON_NO_RULE)
		return reason;
	flow_fill(headers, pkt->direction == SG_EGRESS, flow);
	if (reason == SG_REASON_RULE_ACCEPT) {
		if (flow->keeps_no_state || flow->is_answer || reply_is_accepted(flow))
			return reason;
		return sg_connection_open();
	}
	quoted = is_icmp_error(headers);
	if (quoted) {
		enum sg_reason end = related(pkt, reason);

		if (end != SG_UNDECIDED)
			return end;
	} else if (is_icmp(headers) && !flow->is_answer) {
		return reason;
	}
	reason = reply(flow, reason, quoted);
	return pkt->starts_until && may_go_on(pkt) ? SG_REASON_REPLY : reason;
}

/* An IP packet whose headers are read and whose source is right. */
static __always_inline enum sg_reason judge_ip(const struct packet *pkt)
{
	const struct headers *headers = &pkt->scratch->headers;
	enum sg_reason reason;

	if (headers->fragment_at)
		return sg_fragment_judge(pkt->direction);
	reason = exempt(headers, pkt->direction, pkt->options);
	if (reason == SG_UNDECIDED)
		reason = judge_by_rules(pkt);
	if (headers->is_first_fragment && SG_REASON_ACCEPTS(reason))
		sg_fragment_remember(pkt->direction);
	return reason;
}

_Static_assert(SG_OPTION_GUEST == SG_EGRESS && !SG_INGRESS, "what a guest's interface receives");

static __always_inline __u32 direction_of(__u32 options, bool received)
{
	return (options ^ !received) & SG_OPTION_GUEST;
}

/*
 * Read the frame into sg_scratch. A function of its own, so that its stack is
 * given back before anything else is asked.
 */
__noinline int sg_parse(SG_CONTEXT *ctx, __u32 ifindex, __u32 received)
{
	const struct sg_binding *binding = binding_find(ifindex);
	const struct sg_rest *rest = rest_find(ifindex);
	struct sg_scratch *scratch = scratch_get();
	enum sg_reason reason;
	struct frame frame;

	if (!scratch)
		return SG_REASON_NO_INSTANCE;
	scratch->headers = (struct headers){};
	frame_read(ctx, &frame);
	scratch->length = frame.length;
	if (!binding || !rest)
		return SG_REASON_NO_INSTANCE;
	reason = parse_link(&frame, received, binding->options, rest, &scratch->headers);
	if (reason == SG_UNDECIDED)
		reason = parse_network(&frame, frame.length, &scratch->headers);
	return reason;
}

static __always_inline enum sg_reason judge(struct packet *pkt, const struct sg_rest *rest,
					    enum sg_reason parsed)
{
	const struct headers *headers = &pkt->scratch->headers;

	if (parsed != SG_UNDECIDED && !SG_REASON_ACCEPTS(parsed))
		return parsed;
	if (pkt->direction == SG_EGRESS && rest->guard &&
	    (!sg_guard_permits_source(pkt->ctx, rest->guard, pkt->options, parsed) ||
	     !guard_permits_payload(pkt->ctx, rest->guard, headers, parsed)))
		return SG_REASON_SPOOFED;
	return parsed == SG_UNDECIDED ? judge_ip(pkt) : parsed;
}

/* The whole way of any packet: judge and count. */
__noinline int sg_judge(SG_CONTEXT *ctx, __u32 ifindex, __u32 received)
{
	enum sg_reason parsed = sg_parse(ctx, ifindex, received), reason = SG_REASON_NO_INSTANCE;
	const struct sg_binding *binding = binding_find(ifindex);
	const struct sg_rest *rest = rest_find(ifindex);
	struct sg_scratch *scratch = scratch_get();
	struct packet pkt = {.ctx = ctx, .scratch = scratch};

	/* it is an array's first entry, and so always there */
	if (!scratch)
		return SG_REASON_NO_INSTANCE;
	scratch->slot = 0;
	if (binding && rest && flow_begin(&scratch->flow, ifindex, binding)) {
		scratch->slot = SG_OWNER_SLOT(scratch->flow.owner);
		pkt.options = binding->options;
		pkt.starts_until = rest->starts_until;
		pkt.direction = direction_of(pkt.options, received);
		reason = judge(&pkt, rest, parsed);
	}
	count(scratch->slot, pkt.direction, reason, scratch->length, scratch->headers.payload,
	      frame_segments(ctx, scratch->length, scratch->headers.payload));
	return reason;
}

/* SG_PORT_KEY and, above it, which rules are asked. */
#define LAST_KEY(flow, family, key) ((key) | SG_LAYERS_INDEX((flow)->is_egress, family) << 24)

/* What the rules say of a flow: searched for, unless the packets before were like it. */
static __always_inline __u32 decide_flow(struct sg_last *last, const union sg_node *heap,
					 const struct sg_layers *layers, const struct flow *flow,
					 __u8 family, __u32 key, __u64 prefixes)
{
	__u32 root = SG_POLICY_ROOT(flow->policy);
	__u64 high = flow->remote[0], low = flow->remote[1];

	/* many flows do not pay for what is below, only the second packet of a train does */
	if (last->asked != low) {
		last->asked = low;
		return decide(heap, root, layers, family, high, low, key, prefixes);
	}
	if (!((last->policy ^ flow->policy) | (last->remote[0] ^ high) | (last->remote[1] ^ low) |
	      (last->key ^ LAST_KEY(flow, family, key))))
		return last->decision;
	last->policy = flow->policy;
	last->remote[0] = high;
	last->remote[1] = low;
	last->key = LAST_KEY(flow, family, key);
	last->decision = sg_decide(root, SG_LAYERS_INDEX(flow->is_egress, family), high, low, key);
	return last->decision;
}

static __always_inline bool replies_are_accepted(const struct sg_layers *layers)
{
	return *(const volatile __u32 *)&layers->flags & SG_LAYERS_REPLIES_ACCEPTED;
}

/* Whether it is known of a packet that the rules reject that it has no entry, before its flow is filled. */
static __always_inline bool has_no_entry(struct sg_scratch *scratch, const struct sg_layers *layers,
					 __u8 family)
{
	return *(volatile __u32 *)&scratch->judged == SG_REASON_NO_RULE ||
	       (replies_are_accepted(layers) && !remote_is_marked(&scratch->flow, family));
}

/* One that may have an entry. */
static __always_inline enum sg_reason
judge_rejected(const struct flow *flow, const struct sg_layers *layers, enum sg_reason reason)
{
	if (replies_are_accepted(layers) && !connection_may_exist(flow))
		return reason;
	return reply(flow, reason, false);
}

/*
 * The rules, and the connections where those matter. SG_UNDECIDED: sg_judge has
 * to. What is known before the rules are asked is read again after: kept in
 * registers, the verifier would follow the searches once for each value.
 */
static __always_inline enum sg_reason judge_plain(struct sg_scratch *scratch,
						  const struct plain *plain, __u8 family)
{
	struct flow *flow = &scratch->flow;
	__u32 root, which = SG_LAYERS_INDEX(plain->sent & SG_EGRESS, family);
	const struct sg_layers *layers;
	const union sg_node *heap;
	enum sg_reason reason;
	__u64 prefixes;

	if (flow->policy >> which & SG_POLICY_STATEFUL(0)) {
		reason = SG_REASON_NO_RULE;
		if (scratch->steady_run >= STEADY_RUN || remote_is_marked(flow, family)) {
			plain_fill(plain, family);
			reason = steady_reason(scratch, family);
			if (reason == SG_UNDECIDED)
				reason = sg_connection_judged();
			if (reason == SG_REASON_RULE_ACCEPT || reason == SG_REASON_REPLY)
				return reason;
		}
		scratch->judged = reason;
		scratch->steady_run = 0;
	} else {
		scratch->judged = SG_UNDECIDED;
	}
	heap = heap_get();
	root = SG_POLICY_ROOT(flow->policy);
	layers = layers_of(heap, root, which);
	if (!layers)
		return SG_REASON_POLICY_UNREADABLE;
	if (filter_excludes(heap, root, layers, family, flow->remote[0], flow->remote[1],
			    plain->key, &prefixes)) {
		if (has_no_entry(scratch, layers, family))
			return SG_REASON_NO_RULE;
		plain_fill(plain, family);
		return judge_rejected(flow, layers, SG_REASON_NO_RULE);
	}
	plain_fill(plain, family);
	reason = decision_reason(
		decide_flow(&scratch->last, heap, layers, flow, family, plain->key, prefixes));
	if (reason == SG_REASON_RULE_ACCEPT) {
		if (replies_are_accepted(layers) || reply_is_accepted(flow))
			return reason;
		return sg_connection_open();
	}
	if (reason != SG_REASON_RULE_DENY && reason != SG_REASON_NO_RULE)
		return reason;
	return has_no_entry(scratch, layers, family) ? reason
						     : judge_rejected(flow, layers, reason);
}

/* Whether the source is the instance's own, as far as that is known. */
static __always_inline enum sg_reason guard_plain(const struct flow *flow, SG_CONTEXT *ctx)
{
	const void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	const struct sg_rest *rest = rest_find(flow->ifindex);

	/* an address that is none yet; a guard that is just being taken away */
	if (!(flow->local[0] | flow->local[1]) || data + ETH_HLEN > data_end || !rest ||
	    !rest->guard)
		return SG_UNDECIDED;
	if (sg_guard_permits_plain(rest->guard, mac_read(data + ETH_ALEN), flow->family,
				   flow->local[0], flow->local[1]))
		return SG_REASON_RULE_ACCEPT;
	return SG_REASON_SPOOFED;
}

/* The short way of a packet of one family: judge and count, or leave it to sg_judge. */
static __always_inline enum sg_reason quick(SG_CONTEXT *ctx, const struct sg_binding *binding,
					    struct sg_scratch *scratch, __u8 family, bool received)
{
	struct flow *flow = &scratch->flow;
	struct plain plain = {
		.data_end = (void *)(long)ctx->data_end,
		.flow = flow,
		.ip = (void *)(long)ctx->data + ETH_HLEN,
		.length = frame_linear_length(ctx),
	};
	__u64 is_egress = direction_of(binding->options, received);
	enum sg_reason reason;

	flow->is_egress = is_egress;
	/* a number of 64 bits from here on, or its sign is extended */
	SG_OPAQUE(is_egress);
	plain.sent = -is_egress;
	SG_OPAQUE(plain.sent);
	if (SG_MAY_BE_SEGMENTS && !frame_known_segments(ctx, &flow->segments))
		return SG_UNDECIDED;
	if (!plain_read(&plain, family))
		return SG_UNDECIDED;
	scratch->length = plain.length;
	if (SG_MAY_BE_SEGMENTS)
		scratch->headers.payload = plain.payload;
	if (binding->options & SG_OPTION_GUARDED & (__u32)plain.sent)
		goto guarded;
permitted:
	/* what may pass without a rule */
	if (is_dhcp(family, plain.protocol, flow->ports))
		return SG_UNDECIDED;
	reason = judge_plain(scratch, &plain, family);
	if (reason == SG_UNDECIDED)
		return reason;
judged:
	count(SG_OWNER_SLOT(flow->owner), flow->is_egress, reason, scratch->length,
	      SG_MAY_BE_SEGMENTS ? scratch->headers.payload : 0,
	      SG_MAY_BE_SEGMENTS ? flow->segments : 1);
	return reason;
guarded:
	/* here, so that those without a guard need not jump over it */
	plain_fill(&plain, family);
	reason = guard_plain(flow, ctx);
	if (reason == SG_REASON_RULE_ACCEPT)
		goto permitted;
	if (reason == SG_REASON_SPOOFED)
		goto judged;
	return SG_UNDECIDED;
}

/*
 * Most packets need not be read in full. Each family has a way of its own, on
 * which nothing is asked that depends on it: between two packets the kernel does
 * so much that the processor has forgotten our branches, so each that is taken
 * costs.
 */
static __always_inline enum sg_reason judge_quickly(SG_CONTEXT *ctx, __u32 ifindex, bool received)
{
	const struct sg_binding *binding = bpf_map_lookup_elem(&sg_bindings, &ifindex);
	struct sg_scratch *scratch = scratch_get();
	const void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
	__be16 type;

	if (!binding || !scratch || !flow_begin(&scratch->flow, ifindex, binding) ||
	    binding->options & (SG_OPTION_STARTING | SG_OPTION_NO_LINK_HEADER) ||
	    data + ETH_HLEN > data_end || (received && frame_may_hide_link(ctx)))
		return SG_UNDECIDED;
	type = *(const __be16 *)(data + offsetof(struct ethhdr, h_proto));
	if (type == bpf_htons(ETH_P_IP))
		return quick(ctx, binding, scratch, SG_IPV4, received);
	if (type == bpf_htons(ETH_P_IPV6))
		return quick(ctx, binding, scratch, SG_IPV6, received);
	return SG_UNDECIDED;
}

_Static_assert(SG_ACCEPT == 1 && SG_DROP == 0, "a verdict is a bit");

static __always_inline enum sg_verdict verdict(SG_CONTEXT *ctx, __u32 ifindex, bool received)
{
	enum sg_reason reason = judge_quickly(ctx, ifindex, received);

	if (reason == SG_UNDECIDED)
		reason = sg_judge(ctx, ifindex, received);
	return SG_REASON_ACCEPTS(reason);
}

#endif
