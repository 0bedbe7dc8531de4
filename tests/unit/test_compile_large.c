// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_large.c - policies of 20,000 and 100,000 rules, the worst that
 * we could think of: their images fit or are refused soon, and decide right.
 *
 * SGATE_TIMES=1 prints how long each took to compile, and how large it is.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit/gen_policy.h"

#define RULES 20000
#define SAMPLES 300

struct large {
	struct gen_policy gen;
	int result; /* of compile() */
	struct image image;
	double milliseconds;
};

static void large_init(struct large *large, size_t count)
{
	memset(large, 0, sizeof(*large));
	large->gen.random.state = gen_seed(count);
	large->gen.rules = calloc(count, sizeof(*large->gen.rules));
	large->gen.policy_rules = calloc(count, sizeof(*large->gen.policy_rules));
	assert_non_null(large->gen.rules);
	assert_non_null(large->gen.policy_rules);
	large->gen.policy = (struct policy){.rules = large->gen.policy_rules, .count = count};
	for (size_t i = 0; i < count; i++) {
		struct rule *rule = &large->gen.rules[i];

		rule->id = (int64_t)i + 1;
		rule->protocol = PROTOCOL_TCP;
		rule->priority = 1 + gen_below(&large->gen.random, PRIORITY_MAX);
		rule->policy = gen_below(&large->gen.random, 2) ? RULE_ACCEPT : RULE_DENY;
		large->gen.policy_rules[i].rule = rule;
	}
}

static void set_remote(struct large *large, size_t index, const struct prefix *prefix)
{
	struct rule *rule = &large->gen.rules[index];

	rule->remote.kind = REMOTE_PREFIX;
	rule->remote.prefix = *prefix;
	large->gen.policy_rules[index].remotes = &rule->remote.prefix;
	large->gen.policy_rules[index].remote_count = 1;
}

static void set_ipv4(struct large *large, size_t index, uint32_t address, int length)
{
	struct prefix prefix = {.family = SG_IPV4, .length = (uint8_t)length};

	for (int i = 0; i < 4; i++)
		prefix.bytes[i] = (uint8_t)(address >> (24 - 8 * i));
	set_remote(large, index, &prefix);
}

static void set_ipv6(struct large *large, size_t index, uint64_t high, uint64_t low, int length)
{
	struct prefix prefix = {.family = SG_IPV6, .length = (uint8_t)length};

	for (int i = 0; i < 8; i++) {
		prefix.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
		prefix.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	}
	set_remote(large, index, &prefix);
}

static void set_port(struct large *large, size_t index, uint16_t first, uint16_t last)
{
	large->gen.rules[index].ports.count = 1;
	large->gen.rules[index].ports.ranges[0] = (struct port_range){first, last};
}

static void large_compile(struct large *large, uint32_t max_nodes, const char *name)
{
	struct timespec start, end;
	struct error err;

	clock_gettime(CLOCK_MONOTONIC, &start);
	large->result = compile(&large->gen.policy, max_nodes, &large->image, &err);
	clock_gettime(CLOCK_MONOTONIC, &end);
	large->milliseconds = (double)(end.tv_sec - start.tv_sec) * 1e3 +
			      (double)(end.tv_nsec - start.tv_nsec) / 1e6;
	if (getenv("SGATE_TIMES"))
		printf("%-52s %7zu rules %7.1f ms %7u nodes %8.2f MiB%s\n", name,
		       large->gen.policy.count, large->milliseconds, large->image.count,
		       large->image.count / 16384.0, large->result ? "  refused" : "");
}

/* Compare samples with the slow matcher. */
static void large_check(struct large *large)
{
	assert_int_equal(large->result, 0);
	for (int i = 0; i < SAMPLES; i++) {
		struct packet_key packet;
		struct slow_verdict slow;
		uint32_t decision;

		gen_packet(&large->gen, &packet);
		slow = slow_match(&large->gen.policy, &packet);
		decision = image_classify(&large->image, &packet);
		if (slow.matched != (decision != SG_DECISION_NONE) ||
		    (slow.matched && image_rule_id(&large->image, decision) != slow.rule_id))
			fail_msg("SGATE_SEED=%llu: %s: rule %lld, the image says otherwise",
				 (unsigned long long)gen_seed(large->gen.policy.count),
				 gen_packet_text(&packet), (long long)slow.rule_id);
	}
}

static void large_fini(struct large *large)
{
	image_fini(&large->image);
	gen_policy_fini(&large->gen);
}

static void rules_for_any_remote_with_port_lists_fit(void **state)
{
	struct large large;

	(void)state;
	large_init(&large, RULES);
	for (size_t i = 0; i < RULES; i++) {
		struct port_set *ports = &large.gen.rules[i].ports;
		uint32_t at = gen_below(&large.gen.random, 2000);

		for (; ports->count < 8 && at < 65000; at += 2 + gen_below(&large.gen.random, 9000))
			ports->ranges[ports->count++] = (struct port_range){at, at};
		large.gen.rules[i].protocol = i % 3 ? PROTOCOL_TCP : PROTOCOL_UDP;
	}
	large_compile(&large, SG_HEAP_NODES / 4, __func__);
	large_check(&large);
	large_fini(&large);
}

static void distinct_addresses_fit(void **state)
{
	struct large large;

	(void)state;
	large_init(&large, RULES);
	for (size_t i = 0; i < RULES; i++) {
		set_ipv4(&large, i, (uint32_t)gen_next(&large.gen.random), 32);
		set_port(&large, i, 22, 22);
	}
	large_compile(&large, SG_HEAP_NODES / 8, __func__);
	large_check(&large);
	large_fini(&large);
}

static void distinct_ipv6_addresses_fit(void **state)
{
	struct large large;

	(void)state;
	large_init(&large, RULES);
	for (size_t i = 0; i < RULES; i++) {
		set_ipv6(&large, i, 0x20010db800000000 | gen_below(&large.gen.random, 100000),
			 gen_next(&large.gen.random), 128);
		set_port(&large, i, 22, 22);
	}
	large_compile(&large, SG_HEAP_NODES / 4, __func__);
	large_check(&large);
	large_fini(&large);
}

static void rules_nested_in_each_other_fit(void **state)
{
	struct large large;

	(void)state;
	large_init(&large, RULES);
	for (size_t i = 0; i < RULES; i++) {
		int length = 1 + (int)(i % 32);
		uint32_t port = gen_below(&large.gen.random, 65536);

		set_ipv4(&large, i, 0x0a010203U & (uint32_t)(UINT64_MAX << (32 - length)), length);
		set_port(&large, i, (uint16_t)port, (uint16_t)port);
	}
	large_compile(&large, SG_HEAP_NODES / 4, __func__);
	large_check(&large);
	large_fini(&large);
}

static void many_ports_on_a_prefix_around_many_hosts_fit(void **state)
{
	struct large large;

	(void)state;
	large_init(&large, RULES);
	for (size_t i = 0; i < RULES; i++) {
		if (i % 2) {
			set_ipv4(&large, i, 0x0a000000, 8);
			set_port(&large, i, (uint16_t)(3 * i), (uint16_t)(3 * i));
		} else {
			set_ipv4(&large, i, 0x0a000000 | (gen_next(&large.gen.random) & 0xffffff),
				 32);
		}
	}
	large_compile(&large, SG_HEAP_NODES / 4, __func__);
	large_check(&large);
	assert_int_not_equal(large.image.nodes[0].root.layers[0].wide, 0);
	large_fini(&large);
}

/*
 * Three levels, each with a third of the rules: 1 prefix, `middle` prefixes,
 * hosts. Two layers cannot keep all three apart.
 */
static void make_adversary(struct large *large, size_t count, uint32_t middle)
{
	large_init(large, count);
	for (size_t i = 0; i < count; i++) {
		uint32_t net = 0x0a000000 | gen_below(&large->gen.random, middle) << 14;
		uint32_t port = gen_below(&large->gen.random, 65536);

		if (i % 3 == 0)
			set_ipv4(large, i, 0x0a000000, 8);
		else if (i % 3 == 1)
			set_ipv4(large, i, net, 18);
		else
			set_ipv4(large, i, net | gen_below(&large->gen.random, 1U << 14), 32);
		set_port(large, i, (uint16_t)port, (uint16_t)port);
	}
}

static void three_levels_of_rules_fit(void **state)
{
	struct large large;

	(void)state;
	make_adversary(&large, RULES, 82);
	large_compile(&large, SG_HEAP_NODES, __func__);
	large_check(&large);
	large_fini(&large);
}

static void what_does_not_fit_is_refused_soon(void **state)
{
	struct large large;

	(void)state;
	make_adversary(&large, 100000, 182);
	large_compile(&large, SG_HEAP_NODES / 4, __func__);
	assert_int_equal(large.result, -EFBIG);
	assert_true(large.milliseconds < 5000);
	large_fini(&large);
}

static void rules_of_32_ranges_each_are_done_soon(void **state)
{
	struct large large;

	(void)state;
	large_init(&large, 100000);
	for (size_t i = 0; i < large.gen.policy.count; i++) {
		struct port_set *ports = &large.gen.rules[i].ports;
		uint16_t at = gen_below(&large.gen.random, 1000);

		for (; ports->count < PORT_SET_MAX; at += 2 + gen_below(&large.gen.random, 2000))
			ports->ranges[ports->count++] = (struct port_range){at, at};
		large.gen.rules[i].protocol = (uint16_t)(i % 256);
	}
	large_compile(&large, SG_HEAP_NODES, __func__);
	assert_true(large.milliseconds < 10000);
	if (large.result)
		assert_int_equal(large.result, -EFBIG);
	else
		large_check(&large);
	large_fini(&large);
}

static void many_rules_for_a_large_remote_group_are_done_soon(void **state)
{
	enum {
		MEMBERS = 4096
	};
	struct prefix *members = calloc(MEMBERS, sizeof(*members));
	struct large large;

	(void)state;
	assert_non_null(members);
	for (uint32_t i = 0; i < MEMBERS; i++)
		members[i] = (struct prefix){
			.family = SG_IPV4,
			.length = 32,
			.bytes = {10, 0, (uint8_t)(i >> 7), (uint8_t)(2 * i)},
		};
	large_init(&large, 100000);
	for (size_t i = 0; i < large.gen.policy.count; i++) {
		uint32_t port = gen_below(&large.gen.random, 65536);

		large.gen.rules[i].remote.kind = REMOTE_GROUP;
		large.gen.policy_rules[i].remotes = members;
		large.gen.policy_rules[i].remote_count = MEMBERS;
		set_port(&large, i, (uint16_t)port, (uint16_t)port);
	}
	large_compile(&large, SG_HEAP_NODES / 8, __func__);
	assert_true(large.milliseconds < 5000);
	large_check(&large);
	large_fini(&large);
	free(members);
}

/* Many ports at every level of a few chains of prefixes, in both families. */
static void nested_random_policies_need_the_wide_layer_and_decide_right(void **state)
{
	uint64_t seed = gen_seed(77);
	size_t wide = 0;

	(void)state;
	for (int i = 0; i < 20; i++, seed++) {
		struct large large;

		large_init(&large, 3000);
		large.gen.random.state = seed;
		for (size_t j = 0; j < large.gen.policy.count; j++) {
			struct gen_random *random = &large.gen.random;
			uint64_t path = gen_next(random) & gen_next(random) & gen_next(random);
			uint32_t port = gen_below(random, 65536);
			uint32_t length = 8 + gen_below(random, 25);
			uint32_t mask = (uint32_t)(UINT64_MAX << (32 - length));

			if (gen_below(random, 2))
				set_ipv4(&large, j, (uint32_t)path & mask, (int)length);
			else
				set_ipv6(&large, j, 0x20010db8, (path & mask) << 32,
					 64 + (int)length);
			set_port(&large, j, (uint16_t)port, (uint16_t)port);
		}
		large_compile(&large, SG_HEAP_NODES, __func__);
		large_check(&large);
		for (int layer = 0; layer < 2; layer++)
			wide += large.image.nodes[0].root.layers[layer].wide != 0;
		large_fini(&large);
	}
	assert_true(wide > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_for_any_remote_with_port_lists_fit),
		cmocka_unit_test(distinct_addresses_fit),
		cmocka_unit_test(distinct_ipv6_addresses_fit),
		cmocka_unit_test(rules_nested_in_each_other_fit),
		cmocka_unit_test(many_ports_on_a_prefix_around_many_hosts_fit),
		cmocka_unit_test(three_levels_of_rules_fit),
		cmocka_unit_test(what_does_not_fit_is_refused_soon),
		cmocka_unit_test(rules_of_32_ranges_each_are_done_soon),
		cmocka_unit_test(many_rules_for_a_large_remote_group_are_done_soon),
		cmocka_unit_test(nested_random_policies_need_the_wide_layer_and_decide_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
