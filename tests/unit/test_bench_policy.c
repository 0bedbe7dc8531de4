// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rule sets and packets to measure with: the same for the same seed, and each
 * packet has the fate that it was picked for, says the slow matcher.
 */
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "bench/frame.h"
#include "bench/policy.h"
#include "util/array.h"

#define RULES 300

static void make(enum bench_mix mix, enum sg_family family, uint32_t groups, uint64_t seed,
		 struct bench_policy *policy)
{
	struct bench_policy_spec spec = {mix, family, RULES, groups, true, seed};
	struct error err;

	if (bench_policy_make(&spec, policy, &err))
		fail_msg("%s", err.message);
	assert_int_equal(policy->rules.count, RULES);
}

static struct slow_verdict slowly(const struct bench_policy *policy, const struct bench_flow *flow)
{
	struct packet_key key = {.direction = SG_INGRESS,
				 .family = flow->family,
				 .protocol = PROTOCOL_TCP,
				 .low16 = flow->local_port};

	memcpy(key.remote, flow->remote, sizeof(key.remote));
	return slow_match(&policy->policy, &key);
}

static void check_fates(const struct bench_policy *policy)
{
	struct random random = random_seeded(7);
	struct slow_verdict verdict;
	struct bench_flow flow;
	struct error err;

	for (int i = 0; i < 200; i++) {
		if (bench_flow_pick(policy, FATE_LAST_RULE, &random, &flow, &err))
			fail_msg("%s", err.message);
		verdict = slowly(policy, &flow);
		assert_true(verdict.matched && verdict.accepted);
		assert_int_equal(verdict.rule_id, policy->last_id);
		if (bench_flow_pick(policy, FATE_OWN_RULE, &random, &flow, &err))
			fail_msg("%s", err.message);
		verdict = slowly(policy, &flow);
		assert_true(verdict.matched && verdict.accepted);
		if (bench_flow_pick(policy, FATE_NO_RULE, &random, &flow, &err))
			fail_msg("%s", err.message);
		assert_false(slowly(policy, &flow).matched);
	}
}

static void packets_of_every_mix_have_their_fate(void **state)
{
	static const enum bench_mix mixes[] = {MIX_PUBLIC, MIX_ANY, MIX_NESTED, MIX_DISTINCT};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(mixes); i++) {
		struct bench_policy policy;

		make(mixes[i / 2], i % 2 ? SG_IPV6 : SG_IPV4, 1 + i % 2, 3, &policy);
		check_fates(&policy);
		bench_policy_fini(&policy);
	}
}

static bool same_image(const struct bench_policy *a, const struct bench_policy *b)
{
	return a->image.count == b->image.count &&
	       !memcmp(a->image.nodes, b->image.nodes, a->image.count * sizeof(*a->image.nodes));
}

static void a_seed_names_one_set_of_rules(void **state)
{
	struct bench_policy first, again, other;

	(void)state;
	make(MIX_PUBLIC, SG_IPV4, 2, 1, &first);
	make(MIX_PUBLIC, SG_IPV4, 2, 1, &again);
	make(MIX_PUBLIC, SG_IPV4, 2, 2, &other);
	assert_true(same_image(&first, &again));
	assert_false(same_image(&first, &other));
	bench_policy_fini(&first);
	bench_policy_fini(&again);
	bench_policy_fini(&other);
}

static void one_group_has_the_rules_of_two(void **state)
{
	struct bench_policy one, two;

	(void)state;
	make(MIX_PUBLIC, SG_IPV4, 1, 1, &one);
	make(MIX_PUBLIC, SG_IPV4, 2, 1, &two);
	for (size_t i = 0; i < RULES; i++)
		assert_int_equal(rule_compare(&one.rules.items[i], &two.rules.items[i]), 0);
	/* dealt out in turns: ids differ, and no two are the same */
	for (size_t i = 0; i < RULES; i++) {
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(two.rules.items[i].id, two.rules.items[j].id);
	}
	assert_int_not_equal(one.rules.items[2].id, two.rules.items[2].id);
	bench_policy_fini(&one);
	bench_policy_fini(&two);
}

static void an_answer_turns_the_packet_round(void **state)
{
	struct bench_flow flow = {SG_IPV4, {10, 1, 2, 3}, 4000, 443};
	uint8_t there[SG_BENCH_FRAME_BYTES], back[SG_BENCH_FRAME_BYTES];
	uint32_t local = frame_local_key(SG_IPV4), remote = frame_remote_key(&flow);

	(void)state;
	frame_fill(there, &flow, true, BENCH_SYN);
	frame_fill(back, &flow, false, BENCH_SYN_ACK);
	assert_memory_equal(there + 26, &remote, 4);
	assert_memory_equal(there + 30, &local, 4);
	assert_memory_equal(back + 26, there + 30, 4);
	assert_memory_equal(back + 30, there + 26, 4);
	assert_memory_equal(back + 34, there + 36, 2);
	assert_memory_equal(back + 36, there + 34, 2);
	assert_int_equal(there[36] << 8 | there[37], 443);
	assert_int_equal(there[47], BENCH_SYN);
	assert_int_equal(back[47], BENCH_SYN_ACK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_every_mix_have_their_fate),
		cmocka_unit_test(a_seed_names_one_set_of_rules),
		cmocka_unit_test(one_group_has_the_rules_of_two),
		cmocka_unit_test(an_answer_turns_the_packet_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
