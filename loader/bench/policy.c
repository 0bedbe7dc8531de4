// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy.c - seeded rule sets.
 *
 * The shares in the public mix are round numbers near to what is seen in
 * published filter sets: about half of the rules name a host, most name one
 * service, a tenth denies.
 */
#include "bench/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "util/array.h"

#define NEST_DEPTH 24
#define TRIES 100000

const char *bench_mix_text(enum bench_mix mix)
{
	static const char *const texts[] = {
		[MIX_PUBLIC] = "public",
		[MIX_ANY] = "any",
		[MIX_NESTED] = "nested",
		[MIX_DISTINCT] = "distinct",
	};

	return texts[mix];
}

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
}

/* An address with this many bits set at random behind those of `base`. */
static void fill_bits(struct random *random, uint8_t *bytes, uint32_t from, uint32_t to)
{
	for (uint32_t bit = from; bit < to; bit++) {
		uint8_t mask = 0x80 >> bit % 8;

		bytes[bit / 8] &= (uint8_t)~mask;
		if (random_next(random) >> 63)
			bytes[bit / 8] |= mask;
	}
}

/* One of some networks that the rules' remotes cluster in. */
static void network_base(const struct bench_policy_spec *spec, uint32_t cluster, uint8_t *bytes)
{
	struct random random = random_seeded(spec->seed + cluster + 1);

	memset(bytes, 0, 16);
	if (spec->family == SG_IPV4) {
		fill_bits(&random, bytes, 0, 16);
		bytes[0] = 1 + bytes[0] % 126;
	} else {
		fill_bits(&random, bytes, 0, 48);
		bytes[0] = 0x20 | (bytes[0] & 1);
	}
}

static void set_prefix(struct rule *rule, enum sg_family family, uint32_t length,
		       const uint8_t *bytes)
{
	struct prefix *prefix = &rule->remote.prefix;

	rule->remote.kind = REMOTE_PREFIX;
	prefix->family = family;
	prefix->length = length;
	memset(prefix->bytes, 0, sizeof(prefix->bytes));
	for (uint32_t bit = 0; bit < length; bit++)
		prefix->bytes[bit / 8] |= bytes[bit / 8] & (0x80 >> bit % 8);
}

static void random_prefix(const struct bench_policy_spec *spec, struct random *random,
			  uint32_t clusters, uint32_t length, struct rule *rule)
{
	bool is_ipv4 = spec->family == SG_IPV4;
	uint8_t bytes[16];

	network_base(spec, random_below(random, clusters), bytes);
	fill_bits(random, bytes, is_ipv4 ? 16 : 48, is_ipv4 ? 32 : 128);
	set_prefix(rule, spec->family, length, bytes);
}

static void one_port(struct rule *rule, uint16_t first, uint16_t last)
{
	rule->ports.ranges[rule->ports.count++] = (struct port_range){first, last};
}

static void public_ports(struct random *random, struct rule *rule)
{
	static const uint16_t services[] = {22,	  25,	53,   80,   110,  123,	143,  179,
					    389,  443,	445,  465,  514,  587,	636,  993,
					    1433, 1521, 2049, 3306, 3389, 5432, 5672, 6379,
					    8080, 8443, 9000, 9092, 9200, 11211};
	uint32_t kind = random_below(random, 100);
	uint32_t count = kind < 65 ? 1 : 2 + random_below(random, 3);
	uint16_t first;

	if (kind >= 90 && rule->remote.kind == REMOTE_PREFIX)
		return; /* all ports */
	if (kind >= 75) {
		first = 1024 + random_below(random, 27000);
		one_port(rule, first, first + random_below(random, 1000));
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		first = services[random_below(random, ARRAY_SIZE(services))];
		one_port(rule, first, first);
	}
}

static void public_rule(const struct bench_policy_spec *spec, struct random *random,
			uint32_t clusters, struct rule *rule)
{
	static const uint8_t lengths[2][5] = {{32, 28, 24, 20, 16}, {128, 64, 56, 52, 48}};
	uint32_t kind = random_below(random, 100);
	uint32_t which = kind < 50 ? 0 : kind < 60 ? 1 : kind < 84 ? 2 : kind < 92 ? 3 : 4;
	uint32_t protocol = random_below(random, 100);

	if (kind < 97)
		random_prefix(spec, random, clusters, lengths[spec->family][which], rule);
	rule->protocol = protocol < 70 ? PROTOCOL_TCP : PROTOCOL_UDP;
	if (protocol >= 95)
		rule->protocol = spec->family == SG_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	else
		public_ports(random, rule);
	if (random_below(random, 10) == 0)
		rule->policy = RULE_DENY;
	if (random_below(random, 2) == 0)
		rule->priority = 1 + random_below(random, 98);
}

static void ordinary_rule(const struct bench_policy_spec *spec, struct random *random,
			  uint32_t index, struct rule *rule)
{
	uint32_t clusters = 1 + spec->rules / 16;
	uint16_t port = 1 + index % 29000;
	uint8_t bytes[16];
	struct random chain;

	switch (spec->mix) {
	case MIX_PUBLIC:
		public_rule(spec, random, clusters, rule);
		return;
	case MIX_ANY:
		one_port(rule, port, port);
		return;
	case MIX_NESTED:
		chain = random_seeded(spec->seed + index / NEST_DEPTH);
		random_prefix(spec, &chain, clusters, spec->family == SG_IPV4 ? 32 : 128, rule);
		memcpy(bytes, rule->remote.prefix.bytes, sizeof(bytes));
		set_prefix(rule, spec->family,
			   spec->family == SG_IPV4 ? 9 + index % NEST_DEPTH
						   : 36 + 4 * (index % NEST_DEPTH),
			   bytes);
		break;
	case MIX_DISTINCT:
		random_prefix(spec, random, clusters, spec->family == SG_IPV4 ? 32 : 128, rule);
		break;
	}
	port = 1 + random_below(random, 29000);
	one_port(rule, port, port);
}

/* Ids as the groups' rules have them: those of the first group come first. */
static int64_t rule_id(const struct bench_policy_spec *spec, uint32_t index)
{
	uint32_t first_group = (spec->rules + 1) / 2;

	if (spec->groups == 1)
		return index + 1;
	return 1 + index / 2 + (index % 2 ? first_group : 0);
}

static int add_rule(const struct bench_policy_spec *spec, struct random *random, uint32_t index,
		    struct rules *rules, struct error *err)
{
	static const uint8_t nowhere[16];
	struct rule rule = {.id = rule_id(spec, index),
			    .direction = SG_INGRESS,
			    .policy = RULE_ACCEPT,
			    .priority = 1,
			    .protocol = PROTOCOL_TCP};
	int r;

	if (index == 0) {
		rule.direction = SG_EGRESS;
		rule.protocol = spec->is_open ? PROTOCOL_ALL : PROTOCOL_UDP;
		if (!spec->is_open)
			one_port(&rule, 53, 53);
	} else if (index + 1 == spec->rules) {
		rule.priority = PRIORITY_MAX;
		one_port(&rule, BENCH_LAST_PORT, BENCH_FREE_PORT - 1);
		set_prefix(&rule, spec->family, 0, nowhere);
	} else {
		ordinary_rule(spec, random, index, &rule);
	}
	r = rule_check(&rule, err);
	if (r)
		return r;
	return rules_add(rules, &rule) ? no_memory(err) : 0;
}

static int resolve(struct bench_policy *policy, struct error *err)
{
	policy->resolved = calloc(policy->rules.count, sizeof(*policy->resolved));
	if (!policy->resolved)
		return no_memory(err);
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];

		policy->resolved[i].rule = rule;
		if (rule->remote.kind == REMOTE_PREFIX) {
			policy->resolved[i].remotes = &rule->remote.prefix;
			policy->resolved[i].remote_count = 1;
		}
	}
	policy->policy = (struct policy){.rules = policy->resolved, .count = policy->rules.count};
	return 0;
}

int bench_policy_make(const struct bench_policy_spec *spec, struct bench_policy *policy_out,
		      struct error *err)
{
	struct random random = random_seeded(spec->seed);
	struct bench_policy policy = {.spec = *spec};
	int r = 0;

	for (uint32_t i = 0; !r && i < spec->rules; i++)
		r = add_rule(spec, &random, i, &policy.rules, err);
	policy.last_id = (uint32_t)rule_id(spec, spec->rules - 1);
	if (!r)
		r = resolve(&policy, err);
	if (!r)
		r = compile(&policy.policy, SG_HEAP_NODES, &policy.image, err);
	if (r) {
		bench_policy_fini(&policy);
		return r;
	}
	*policy_out = policy;
	return 0;
}

void bench_policy_fini(struct bench_policy *policy)
{
	image_fini(&policy->image);
	free(policy->resolved);
	rules_fini(&policy->rules);
	*policy = (struct bench_policy){};
}

static bool has_fate(const struct bench_policy *policy, enum bench_fate fate,
		     const struct rule *rule, const struct bench_flow *flow)
{
	struct packet_key key = {.direction = SG_INGRESS,
				 .family = flow->family,
				 .protocol = PROTOCOL_TCP,
				 .low16 = flow->local_port};
	uint32_t decision;

	memcpy(key.remote, flow->remote, sizeof(key.remote));
	decision = image_classify(&policy->image, &key);
	if (decision == SG_DECISION_NONE)
		return fate == FATE_NO_RULE;
	if (decision != SG_DECISION(decision >> 1, true) || fate == FATE_NO_RULE)
		return false;
	return image_rule_id(&policy->image, decision) ==
	       (fate == FATE_LAST_RULE ? policy->last_id : (uint32_t)rule->id);
}

/* A rule to make the packet for: of all but the first. */
static const struct rule *choose_rule(const struct bench_policy *policy, struct random *random)
{
	uint32_t count = policy->rules.count;

	return &policy->rules.items[1 + random_below(random, count - 1)];
}

static void choose_ports(const struct rule *rule, enum bench_fate fate, struct random *random,
			 struct bench_flow *flow)
{
	const struct port_range *range = &rule->ports.ranges[0];

	flow->remote_port = 1024 + random_below(random, 64000);
	if (fate == FATE_LAST_RULE)
		flow->local_port =
			BENCH_LAST_PORT + random_below(random, BENCH_FREE_PORT - BENCH_LAST_PORT);
	else if (fate == FATE_NO_RULE)
		flow->local_port = BENCH_FREE_PORT + random_below(random, 30000);
	else if (rule->ports.count)
		flow->local_port =
			range->first + random_below(random, range->last - range->first + 1);
	else
		flow->local_port = 1 + random_below(random, BENCH_LAST_PORT - 1);
}

int bench_flow_pick(const struct bench_policy *policy, enum bench_fate fate, struct random *random,
		    struct bench_flow *flow_out, struct error *err)
{
	uint32_t bits = policy->spec.family == SG_IPV4 ? 32 : 128;

	for (int i = 0; i < TRIES; i++) {
		const struct rule *rule = choose_rule(policy, random);
		struct bench_flow flow = {.family = policy->spec.family};
		uint32_t fixed = 0;

		if (rule->remote.kind == REMOTE_PREFIX) {
			memcpy(flow.remote, rule->remote.prefix.bytes, sizeof(flow.remote));
			fixed = rule->remote.prefix.length;
		}
		fill_bits(random, flow.remote, fixed, bits);
		choose_ports(rule, fate, random, &flow);
		if (has_fate(policy, fate, rule, &flow)) {
			*flow_out = flow;
			return 0;
		}
	}
	return error_set(err, ENODATA, CODE_INTERNAL_SERVER_ERROR,
			 "the rules leave no packet to measure with: use another --seed");
}
