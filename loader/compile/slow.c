// SPDX-License-Identifier: GPL-2.0-only
/*
 * slow.c - the matcher that is too simple to be wrong: every rule is looked at
 * and the best one kept. Tests compare everything else with it, so it shares
 * nothing with the compiler.
 */
#include "compile/compile.h"

static bool bits_match(const uint8_t *a, const uint8_t *b, int bits)
{
	for (int i = 0; i < bits; i++) {
		uint8_t mask = 0x80 >> (i % 8);

		if ((a[i / 8] & mask) != (b[i / 8] & mask))
			return false;
	}
	return true;
}

static bool remote_matches(const struct policy_rule *rule, const struct packet_key *packet)
{
	if (rule->rule->remote.kind == REMOTE_ANY)
		return true;
	for (size_t i = 0; i < rule->remote_count; i++) {
		const struct prefix *prefix = &rule->remotes[i];

		if (prefix->family == packet->family &&
		    bits_match(prefix->bytes, packet->remote, prefix->length))
			return true;
	}
	return false;
}

static bool protocol_matches(uint16_t protocol, const struct packet_key *packet)
{
	switch (protocol) {
	case PROTOCOL_ALL:
		return true;
	case PROTOCOL_ICMP:
		return packet->family == SG_IPV4 && packet->protocol == 1;
	case PROTOCOL_ICMPV6:
		return packet->family == SG_IPV6 && packet->protocol == 58;
	default:
		return packet->protocol == protocol;
	}
}

static bool ports_match(const struct port_set *ports, uint16_t low16)
{
	for (int i = 0; i < ports->count; i++) {
		if (ports->ranges[i].first <= low16 && low16 <= ports->ranges[i].last)
			return true;
	}
	return !ports->count;
}

static bool is_stronger(const struct rule *a, const struct rule *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	if (a->policy != b->policy)
		return a->policy == RULE_DENY;
	return a->id < b->id;
}

struct slow_verdict slow_match(const struct policy *policy, const struct packet_key *packet)
{
	const struct rule *best = NULL;

	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = policy->rules[i].rule;

		if (rule->direction != packet->direction ||
		    !protocol_matches(rule->protocol, packet) ||
		    !ports_match(&rule->ports, packet->low16) ||
		    !remote_matches(&policy->rules[i], packet))
			continue;
		if (!best || is_stronger(rule, best))
			best = rule;
	}
	if (!best)
		return (struct slow_verdict){0};
	return (struct slow_verdict){
		.matched = true,
		.accepted = best->policy == RULE_ACCEPT,
		.rule_id = best->id,
	};
}
