/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * connection.h - replies: what passes although the rules of its own direction
 * reject it, and what must be remembered so that it can.
 *
 * Nothing is remembered where the rules accept the reply anyway.
 */
#ifndef BPF_CONNECTION_H
#define BPF_CONNECTION_H

#include "classify.h"
#include "table.h"

/* Whether the rules accept what answers an accepted packet. */
static __always_inline bool reply_is_accepted(const struct flow *flow)
{
	__u32 root = SG_POLICY_ROOT(flow->policy), reply = flow->is_egress ? SG_INGRESS : SG_EGRESS;
	const struct sg_layers *layers =
		layers_of(heap_get(), root, SG_LAYERS_INDEX(flow->is_egress, flow->family));

	if (!layers)
		return false;
	if (layers->flags & SG_LAYERS_REPLIES_ACCEPTED)
		return true;
	return decision_reason(sg_decide(
		       root, SG_LAYERS_INDEX(reply, flow->family), flow->remote[0], flow->remote[1],
		       SG_PORT_KEY(flow->protocol, flow_reply_low16(flow, !flow->is_egress)))) ==
	       SG_REASON_RULE_ACCEPT;
}

/* Whether the rules of now accept the first packet of the connection. */
static __always_inline bool opening_is_accepted(const struct flow *flow, bool opened_by_egress)
{
	__u32 direction = opened_by_egress ? SG_EGRESS : SG_INGRESS;

	return decision_reason(sg_decide(
		       SG_POLICY_ROOT(flow->policy), SG_LAYERS_INDEX(direction, flow->family),
		       flow->remote[0], flow->remote[1],
		       SG_PORT_KEY(flow->protocol, flow_opening_low16(flow, opened_by_egress)))) ==
	       SG_REASON_RULE_ACCEPT;
}

/* A packet of a connection passes: what that makes of it, or, once a second, when it was. */
static __always_inline void connection_note(const struct sg_settings *settings,
					    const struct known *known, const struct place *place,
					    const struct flow *flow, const struct update *update)
{
	if (update->restart || update->progress.phase != known->at.phase ||
	    update->progress.flags != known->at.flags || known->generation != update->generation ||
	    update->now - known->seen >= settings->second)
		table_update(settings, known, place, flow, update);
}

/* Any packet of such a connection, with what it makes of it. SG_UNDECIDED: ask the rules. */
static __always_inline enum sg_reason connection_judged(struct sg_scratch *scratch)
{
	const struct sg_settings *settings = settings_get();
	const struct flow *flow = &scratch->flow;
	struct place *place = &scratch->place;
	struct update update = {.generation = SG_POLICY_GENERATION(flow->policy)};
	struct known known;
	bool is_reply;

	flow_place(settings, flow, flow->family, place);
	table_find(place, flow, &known);
	if (!known.spot.entry)
		return SG_REASON_NO_RULE;
	update.now = clock_now(settings);
	if (known.generation != update.generation ||
	    is_past(settings, known.at.phase, known.seen, update.now))
		return SG_UNDECIDED;
	is_reply = !!(known.at.flags & SG_CONNECTION_EGRESS) != flow->is_egress;
	if (is_reply ? !phase_allows_reply(known.at.phase, flow)
		     : phase_is_over(known.at.phase, flow))
		return SG_UNDECIDED;
	update.progress = phase_next(known.at, flow, is_reply);
	connection_note(settings, &known, place, flow, &update);
	return is_reply ? SG_REASON_REPLY : SG_REASON_RULE_ACCEPT;
}

/*
 * A packet that the rules accept and whose replies they do not: it makes the
 * connection's entry, or keeps it alive.
 */
static __always_inline enum sg_reason connection_open(struct sg_scratch *scratch)
{
	const struct sg_settings *settings = settings_get();
	const struct flow *flow = &scratch->flow;
	struct place *place = &scratch->place;
	struct update update = {.generation = SG_POLICY_GENERATION(flow->policy)};
	enum sg_reason reason;
	struct known known;

	update.now = clock_now(settings);
	update.progress.phase = phase_new(flow);
	update.progress.flags = flow->is_egress ? SG_CONNECTION_EGRESS : 0;
	flow_place(settings, flow, flow->family, place);
	table_find(place, flow, &known);
	update.restart = !known.spot.entry ||
			 !!(known.at.flags & SG_CONNECTION_EGRESS) != flow->is_egress ||
			 is_past(settings, known.at.phase, known.seen, update.now);
	/* the end of a connection that is not known opens none */
	if (update.restart && flow->protocol == IPPROTO_TCP && flow->tcp_flags & TCP_RST)
		return SG_REASON_RULE_ACCEPT;
	if (!known.spot.entry) {
		reason = table_make(settings, place, flow, &update);
		return reason == SG_UNDECIDED ? SG_REASON_RULE_ACCEPT : reason;
	}
	update.restart |= phase_is_over(known.at.phase, flow);
	if (!update.restart)
		update.progress = phase_next(known.at, flow, false);
	connection_note(settings, &known, place, flow, &update);
	return SG_REASON_RULE_ACCEPT;
}

/*
 * A packet that the rules reject: `rejected` for that reason, or a reply. With
 * `quoted` it is not the packet itself but what an ICMP error quotes: then
 * nothing is learned of the connection but that it exists. SG_UNDECIDED: its
 * first packet was accepted by an older policy, and it is not known
 * (is_accepted) whether the policy of now accepts it.
 */
static __always_inline enum sg_reason
connection_reply(struct sg_scratch *scratch, enum sg_reason rejected, bool quoted, bool is_accepted)
{
	const struct sg_settings *settings = settings_get();
	const struct flow *flow = &scratch->flow;
	struct place *place = &scratch->place;
	struct update update = {.generation = SG_POLICY_GENERATION(flow->policy)};
	struct known known;
	bool opened_by_egress;

	update.now = clock_now(settings);
	flow_place(settings, flow, flow->family, place);
	table_find(place, flow, &known);
	if (!known.spot.entry || is_past(settings, known.at.phase, known.seen, update.now))
		return rejected;
	opened_by_egress = known.at.flags & SG_CONNECTION_EGRESS;
	if (opened_by_egress == flow->is_egress)
		return rejected;
	if (!quoted && !phase_allows_reply(known.at.phase, flow))
		return rejected;
	if (known.generation != update.generation && !is_accepted)
		return SG_UNDECIDED;
	if (quoted)
		return SG_REASON_RELATED;
	update.progress = phase_next(known.at, flow, true);
	connection_note(settings, &known, place, flow, &update);
	return SG_REASON_REPLY;
}

/*
 * The same for the flow in sg_scratch, as functions of their own: the verifier
 * checks them once, and packets that need no state do not touch their code.
 */
__noinline int sg_connection_open(void)
{
	struct sg_scratch *scratch = scratch_get();

	return scratch ? connection_open(scratch) : SG_REASON_TABLE_FULL;
}

__noinline int sg_connection_judged(void)
{
	struct sg_scratch *scratch = scratch_get();

	return scratch ? connection_judged(scratch) : SG_UNDECIDED;
}

__noinline int sg_connection_reply(__u32 rejected, __u32 quoted, __u32 is_accepted)
{
	struct sg_scratch *scratch = scratch_get();

	return scratch ? connection_reply(scratch, rejected, quoted, is_accepted) : rejected;
}

/*
 * Whether the instance has entries that a rejected packet could be a reply of.
 * They are counted before they are made, and until they are gone. A SYN is one
 * only in a handshake that both sides began.
 */
static __always_inline bool share_may_hold_reply(const struct flow *flow)
{
	const struct sg_share *share = share_get(flow->owner);
	__u32 entries;

	if (!share)
		return false;
	entries = share->count[SG_BUDGET_HALF_OPEN];
	if (flow->protocol != IPPROTO_TCP || !tcp_is_first(flow->tcp_flags))
		entries |= share->count[SG_BUDGET_REPLIED] | share->count[SG_BUDGET_UNREPLIED];
	return entries;
}

/* Whether there may be a connection that a rejected packet belongs to, whose service has a mark. */
static __always_inline bool connection_may_exist(const struct flow *flow)
{
	struct place place;

	if (!remote_has_entries(flow) || !share_may_hold_reply(flow))
		return false;
	flow_place(settings_get(), flow, flow->family, &place);
	return table_may_hold(&place);
}

/* Whether it is a reply, with the first packet judged again where the policy is another now. */
static __always_inline enum sg_reason reply(const struct flow *flow, enum sg_reason rejected,
					    bool quoted)
{
	enum sg_reason reason = sg_connection_reply(rejected, quoted, false);

	if (reason != SG_UNDECIDED)
		return reason;
	if (!opening_is_accepted(flow, !flow->is_egress))
		return rejected;
	return sg_connection_reply(rejected, quoted, true);
}

#endif
