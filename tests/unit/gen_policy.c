// SPDX-License-Identifier: GPL-2.0-only
/*
 * gen_policy.c - random policies: few base addresses and ports, so that rules
 * meet, nest and tie all the time.
 */
#include "unit/gen_policy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t gen_next(struct gen_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint32_t gen_below(struct gen_random *random, uint32_t below)
{
	return (uint32_t)((gen_next(random) >> 32) * below >> 32);
}

static bool one_in(struct gen_random *random, uint32_t n)
{
	return !gen_below(random, n);
}

static void *must_calloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		abort();
	return memory;
}

static void clear_host_bits(struct prefix *prefix)
{
	int bytes = prefix->family == SG_IPV4 ? 4 : 16;

	for (int bit = prefix->length; bit < 8 * bytes; bit++)
		prefix->bytes[bit / 8] &= ~(0x80 >> (bit % 8));
}

static struct prefix make_ipv4(struct gen_random *random)
{
	static const uint8_t bases[][4] = {
		{10, 0, 0, 0}, {10, 1, 2, 3}, {0, 0, 0, 0}, {255, 255, 255, 255}, {192, 168, 0, 0},
	};
	static const uint8_t lengths[] = {0, 1, 8, 16, 24, 30, 31, 32, 32, 32};
	struct prefix prefix = {.family = SG_IPV4};

	memcpy(prefix.bytes, bases[gen_below(random, ARRAY_SIZE(bases))], 4);
	prefix.length = one_in(random, 3) ? gen_below(random, 33)
					  : lengths[gen_below(random, ARRAY_SIZE(lengths))];
	for (int flips = gen_below(random, 4); flips > 0; flips--) {
		int bit = 31 - gen_below(random, one_in(random, 3) ? 32 : 10);

		prefix.bytes[bit / 8] ^= 0x80 >> (bit % 8);
	}
	clear_host_bits(&prefix);
	return prefix;
}

static struct prefix make_ipv6(struct gen_random *random)
{
	static const char *const bases[] = {
		"2001:db8::", "2001:db8::1", "2001:db8:0:1:ffff:ffff:ffff:ffff",
		"::",	      "fe80::1",     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	static const uint8_t lengths[] = {0,  1,  32,  48,  62,	 63,  64, 64,
					  65, 66, 126, 127, 128, 128, 128};
	struct prefix prefix = {.family = SG_IPV6};

	inet_pton(AF_INET6, bases[gen_below(random, ARRAY_SIZE(bases))], prefix.bytes);
	prefix.length = one_in(random, 3) ? gen_below(random, 129)
					  : lengths[gen_below(random, ARRAY_SIZE(lengths))];
	for (int flips = gen_below(random, 4); flips > 0; flips--) {
		int near = gen_below(random, 3);
		int bit = near == 0 ? 63 - gen_below(random, 3) : 127 - gen_below(random, 4);

		if (near == 2)
			bit = gen_below(random, 128);
		prefix.bytes[bit / 8] ^= 0x80 >> (bit % 8);
	}
	clear_host_bits(&prefix);
	return prefix;
}

static struct prefix make_prefix(struct gen_random *random)
{
	return one_in(random, 2) ? make_ipv4(random) : make_ipv6(random);
}

static uint16_t make_port(struct gen_random *random)
{
	static const uint16_t ports[] = {0, 1, 22, 53, 80, 443, 8000, 0x0800, 0xfffe, 0xffff};

	return one_in(random, 4) ? (uint16_t)gen_next(random)
				 : ports[gen_below(random, ARRAY_SIZE(ports))];
}

static void make_ports(struct gen_random *random, struct port_set *ports)
{
	struct port_range candidates[4];
	uint32_t wanted = gen_below(random, ARRAY_SIZE(candidates) + 1);
	uint32_t next = 0;

	/* Ascending and neither overlapping nor adjacent: the normal form. */
	ports->count = 0;
	for (uint32_t i = 0; i < wanted && next <= 0xffff; i++) {
		uint32_t first = make_port(random);
		uint32_t last = first;

		if (first < next)
			continue;
		if (one_in(random, 2))
			last += gen_below(random, one_in(random, 3) ? 65536 : 4);
		if (last > 0xffff)
			last = 0xffff;
		if (first == 0 && last == 0xffff)
			continue;
		candidates[ports->count++] = (struct port_range){(uint16_t)first, (uint16_t)last};
		next = last + 2;
	}
	memcpy(ports->ranges, candidates, ports->count * sizeof(candidates[0]));
}

static uint16_t make_protocol(struct gen_random *random)
{
	static const uint16_t protocols[] = {
		PROTOCOL_TCP,
		PROTOCOL_TCP,
		PROTOCOL_UDP,
		PROTOCOL_SCTP,
		PROTOCOL_ALL,
		PROTOCOL_ICMP,
		PROTOCOL_ICMPV6,
		PROTOCOL_GRE,
		1,
		58,
		0,
		255,
		PROTOCOL_ICMP,
		254,
		PROTOCOL_UDP,
		PROTOCOL_ICMPV6,
	};

	return one_in(random, 12) ? gen_below(random, 256)
				  : protocols[gen_below(random, ARRAY_SIZE(protocols))];
}

static bool takes_ports(uint16_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP ||
	       protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

static void make_rule(struct gen_policy *gen, size_t index, unsigned int priorities)
{
	struct gen_random *random = &gen->random;
	struct policy_rule *policy_rule = &gen->policy_rules[index];
	struct rule *rule = &gen->rules[index];

	rule->direction = one_in(random, 3) ? SG_EGRESS : SG_INGRESS;
	rule->policy = one_in(random, 3) ? RULE_DENY : RULE_ACCEPT;
	rule->priority = PRIORITY_MIN + gen_below(random, priorities);
	rule->protocol = make_protocol(random);
	if (takes_ports(rule->protocol))
		make_ports(random, &rule->ports);
	policy_rule->rule = rule;
	if (one_in(random, 8)) {
		rule->remote.kind = REMOTE_ANY;
	} else if (one_in(random, 4)) {
		uint32_t group = gen_below(random, GEN_REMOTE_GROUPS);

		rule->remote.kind = REMOTE_GROUP;
		snprintf(rule->remote.group, sizeof(rule->remote.group), "sg-%u", group);
		policy_rule->remotes = gen->groups[group].prefixes;
		policy_rule->remote_count = gen->groups[group].count;
	} else {
		rule->remote.kind = REMOTE_PREFIX;
		rule->remote.prefix = make_prefix(random);
		policy_rule->remotes = &rule->remote.prefix;
		policy_rule->remote_count = 1;
	}
}

struct gen_policy gen_policy(uint64_t seed, const struct gen_options *options)
{
	struct gen_policy gen = {.random.state = seed};
	struct gen_random *random = &gen.random;
	size_t most = options->max_rules ? options->max_rules : 400;
	size_t least = options->max_rules ? options->min_rules : 1;
	size_t count = least + gen_below(random, (uint32_t)(most - least + 1));
	unsigned int priorities = options->priorities;

	/* Small policies as often as large ones. */
	if (one_in(random, 2) && count > least + 8)
		count = least + gen_below(random, 8);
	if (!priorities)
		priorities = one_in(random, 2) ? PRIORITY_MAX : 1 + gen_below(random, 4);
	for (int i = 0; i < GEN_REMOTE_GROUPS; i++) {
		static const uint8_t sizes[GEN_REMOTE_GROUPS] = {0, 1, 1, 2, 3, 8, 20, 60};
		struct gen_group *group = &gen.groups[i];

		group->count = sizes[i];
		group->prefixes = must_calloc(group->count, sizeof(*group->prefixes));
		for (size_t j = 0; j < group->count; j++)
			group->prefixes[j] = make_prefix(random);
	}
	gen.rules = must_calloc(count, sizeof(*gen.rules));
	gen.policy_rules = must_calloc(count, sizeof(*gen.policy_rules));
	for (size_t i = 0; i < count; i++) {
		make_rule(&gen, i, priorities);
		gen.rules[i].id = (int64_t)(7 * i + 1);
	}
	gen.policy = (struct policy){.rules = gen.policy_rules, .count = count};
	return gen;
}

void gen_policy_fini(struct gen_policy *gen)
{
	for (int i = 0; i < GEN_REMOTE_GROUPS; i++)
		free(gen->groups[i].prefixes);
	free(gen->rules);
	free(gen->policy_rules);
	memset(gen, 0, sizeof(*gen));
}

void gen_shuffle(struct gen_policy *gen)
{
	for (size_t i = gen->policy.count; i > 1; i--) {
		size_t j = gen_below(&gen->random, (uint32_t)i);
		struct policy_rule swapped = gen->policy_rules[i - 1];

		gen->policy_rules[i - 1] = gen->policy_rules[j];
		gen->policy_rules[j] = swapped;
	}
}

uint64_t gen_seed(uint64_t standard)
{
	const char *text = getenv("SGATE_SEED");

	return text ? strtoull(text, NULL, 0) : standard;
}
