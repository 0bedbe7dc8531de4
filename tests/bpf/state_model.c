// SPDX-License-Identifier: GPL-2.0-only
/*
 * state_model.c - the way of a frame: what it is, whose it is, what the rules
 * say of it, and what is known of its connection.
 */
#include <stdbool.h>
#include <string.h>

#include "bpf/state_model.h"

uint32_t model_now(const struct state_model *model)
{
	return model->settings->clock_offset + model->clock_base;
}

static bool is_neighbor_or_mld(const struct facts *facts)
{
	if (facts->family != SG_IPV6 || facts->protocol != 58)
		return false;
	switch (facts->low16 / 256) {
	case 130: /* multicast listener query */
	case 131: /* report */
	case 132: /* done */
	case 133: /* router solicitation */
	case 134: /* router advertisement */
	case 135: /* neighbour solicitation */
	case 136: /* neighbour advertisement */
	case 143: /* multicast listener report, version 2 */
		return true;
	default:
		return false;
	}
}

bool model_is_dhcp(const struct facts *facts, enum sg_direction direction)
{
	uint32_t from = facts->source_port, to = facts->low16;

	if (facts->protocol != 17)
		return false;
	if (facts->family == SG_IPV4)
		return direction == SG_EGRESS ? from == 68 && to == 67 : from == 67 && to == 68;
	return direction == SG_EGRESS ? from == 546 && to == 547 : from == 547 && to == 546;
}

enum sg_reason model_exempt(const struct state_model *model, const struct facts *facts,
			    enum sg_direction direction)
{
	if (model->options & SG_OPTION_STRICT)
		return GO_ON;
	if (is_neighbor_or_mld(facts))
		return SG_REASON_NEIGHBOR;
	return model_is_dhcp(facts, direction) ? SG_REASON_DHCP : GO_ON;
}

enum sg_reason model_rules(const struct state_model *model, const struct packet_key *key)
{
	struct slow_verdict verdict;

	if (model->policy->without_groups)
		return model->policy->pass ? SG_REASON_NO_GROUP_PASS : SG_REASON_NO_GROUP;
	verdict = slow_match(model->policy, key);
	if (!verdict.matched)
		return SG_REASON_NO_RULE;
	return verdict.accepted ? SG_REASON_RULE_ACCEPT : SG_REASON_RULE_DENY;
}

struct packet_key model_key(const struct facts *facts, enum sg_direction direction)
{
	struct packet_key key = {
		.direction = direction,
		.family = facts->family,
		.protocol = facts->protocol,
		.low16 = facts->low16,
	};

	memcpy(key.remote, direction == SG_INGRESS ? facts->source : facts->destination, 16);
	return key;
}

/* What is neither IPv4 nor IPv6. */
static enum sg_reason judge_other(const struct state_model *model, uint32_t type)
{
	if (type == 0x0806)
		return SG_REASON_ARP;
	for (int i = 0; i < 8; i++) {
		if (model->allowed[i] && model->allowed[i] == type)
			return SG_REASON_ETHERTYPE_ALLOWED;
	}
	return SG_REASON_ETHERTYPE;
}

static enum sg_reason judge_ip(struct state_model *model, const struct facts *facts,
			       enum sg_direction direction)
{
	struct packet_key key = model_key(facts, direction);
	enum sg_reason reason;

	if (facts->fragment_start)
		return model_later_fragment(model, facts, direction);
	reason = model_exempt(model, facts, direction);
	if (reason == GO_ON)
		reason = model_connection(model, facts, direction, model_rules(model, &key));
	if (facts->more_follow && SG_ACCEPT_REASONS >> reason & 1)
		model_first_fragment(model, facts, direction);
	return reason;
}

enum sg_reason state_model_judge(struct state_model *model, enum sg_direction direction,
				 const uint8_t *frame_bytes, uint32_t length)
{
	struct bytes frame = {frame_bytes, length};
	bool guarded = model->guard && direction == SG_EGRESS;
	uint32_t type = 0, network = 0;
	struct facts facts = {0};
	enum sg_reason reason = facts_link(frame, &type, &network);
	bool is_ip = type == 0x0800 || type == 0x86dd;

	if (reason != GO_ON)
		return reason;
	if (is_ip)
		reason = facts_read(frame, network, type == 0x0800 ? SG_IPV4 : SG_IPV6, false,
				    &facts);
	else
		reason = judge_other(model, type);
	if (reason != GO_ON && !(SG_ACCEPT_REASONS >> reason & 1))
		return reason;
	if (guarded && !model_is_own(model->guard, frame, type, network, &facts))
		return SG_REASON_SPOOFED;
	return is_ip ? judge_ip(model, &facts, direction) : reason;
}

void state_model_flush(struct state_model *model)
{
	model->connection_count = 0;
	model->fragment_count = 0;
}
