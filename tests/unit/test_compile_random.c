// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_random.c - images of random policies decide as the slow matcher
 * does, verdict and rule.
 *
 * SGATE_SEED=N starts with another seed; a failure names the seed to repeat.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "unit/gen_policy.h"
#include "unit/policy_table.h"

#define POLICIES 1500
#define PACKETS 200

static void check_packet(uint64_t seed, const struct policy *policy, const struct image *image,
			 const struct packet_key *packet)
{
	struct slow_verdict slow = slow_match(policy, packet);
	uint32_t decision = image_classify(image, packet);
	bool matched = decision != SG_DECISION_NONE;

	if (matched == slow.matched &&
	    (!matched ||
	     ((decision & 1) == slow.accepted && image_rule_id(image, decision) == slow.rule_id)))
		return;
	fail_msg("SGATE_SEED=%llu: %s: rule %lld (matched %d), the image says %u (decision %#x)",
		 (unsigned long long)seed, gen_packet_text(packet), (long long)slow.rule_id,
		 slow.matched, matched ? image_rule_id(image, decision) : 0, decision);
}

static void images_decide_as_the_slow_matcher(void **state)
{
	uint64_t seed = gen_seed(1);
	size_t matches = 0;

	(void)state;
	for (int i = 0; i < POLICIES; i++, seed++) {
		struct gen_policy gen = gen_policy(seed, &(struct gen_options){0});
		struct image image, searched; /* with filters, without */
		struct error err;

		if (compile(&gen.policy, SG_HEAP_NODES, &image, &err) ||
		    compile(&gen.policy, SG_HEAP_NODES, &searched, &err))
			fail_msg("SGATE_SEED=%llu: %s", (unsigned long long)seed, err.message);
		image_drop_filters(&searched);
		for (int j = 0; j < PACKETS; j++) {
			struct packet_key packet;

			gen_packet(&gen, &packet);
			check_packet(seed, &gen.policy, &image, &packet);
			check_packet(seed, &gen.policy, &searched, &packet);
			matches += image_classify(&image, &packet) != SG_DECISION_NONE;
		}
		image_fini(&image);
		image_fini(&searched);
		gen_policy_fini(&gen);
	}
	/* The packets must be worth something: neither all matched nor all missed. */
	assert_in_range(matches, POLICIES * PACKETS / 4, POLICIES * PACKETS * 19 / 20);
}

static void the_order_of_rules_does_not_change_the_image(void **state)
{
	uint64_t seed = gen_seed(5000);

	(void)state;
	for (int i = 0; i < 200; i++, seed++) {
		struct gen_policy gen = gen_policy(seed, &(struct gen_options){0});
		struct image image, shuffled;

		assert_int_equal(compile(&gen.policy, SG_HEAP_NODES, &image, NULL), 0);
		gen_shuffle(&gen);
		assert_int_equal(compile(&gen.policy, SG_HEAP_NODES, &shuffled, NULL), 0);
		if (image.count != shuffled.count ||
		    memcmp(image.nodes, shuffled.nodes, image.count * sizeof(*image.nodes)))
			fail_msg("SGATE_SEED=%llu: another order, another image",
				 (unsigned long long)seed);
		image_fini(&image);
		image_fini(&shuffled);
		gen_policy_fini(&gen);
	}
}

static void a_limit_below_the_size_is_refused_and_the_size_is_enough(void **state)
{
	uint64_t seed = gen_seed(9000);

	(void)state;
	for (int i = 0; i < 50; i++, seed++) {
		struct gen_policy gen = gen_policy(seed, &(struct gen_options){0});
		struct image image, again;
		struct error err;
		uint32_t size;

		assert_int_equal(compile(&gen.policy, SG_HEAP_NODES, &image, NULL), 0);
		size = image.count;
		image_fini(&image);
		assert_int_equal(compile(&gen.policy, size - 1, &again, &err), -EFBIG);
		assert_string_equal(err.code, "OPERATION_DENIED_POLICY_TOO_LARGE");
		assert_int_equal(compile(&gen.policy, size, &again, &err), 0);
		assert_int_equal(again.count, size);
		image_fini(&again);
		gen_policy_fini(&gen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_decide_as_the_slow_matcher),
		cmocka_unit_test(the_order_of_rules_does_not_change_the_image),
		cmocka_unit_test(a_limit_below_the_size_is_refused_and_the_size_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
