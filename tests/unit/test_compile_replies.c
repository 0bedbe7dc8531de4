// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_replies.c - SG_LAYERS_REPLIES_ACCEPTED is there when it must be,
 * and never when a packet of the other direction would be rejected.
 *
 * SGATE_SEED=N starts with another seed; a failure names the seed to repeat.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "unit/gen_policy.h"
#include "unit/policy_table.h"

static bool replies_accepted(const struct image *image, enum sg_direction direction,
			     enum sg_family family)
{
	uint32_t flags = image->nodes[0].root.layers[SG_LAYERS_INDEX(direction, family)].flags;

	return flags & SG_LAYERS_REPLIES_ACCEPTED;
}

/* Rules of the egress direction, and whether replies to ingress are then accepted. */
struct replies_row {
	const char *what;
	bool ipv4, ipv6;
	size_t count;
	struct rule_row rules[4];
};

#define EGRESS .direction = SG_EGRESS

static const struct replies_row replies_rows[] = {
	{"everything to any", true, true, 1, {ACCEPT(PROTOCOL_ALL, 1, "any", EGRESS)}},
	{"everything to 0.0.0.0/0", true, false, 1, {ACCEPT(PROTOCOL_ALL, 1, "0.0.0.0/0", EGRESS)}},
	{"everything to ::/0", false, true, 1, {ACCEPT(PROTOCOL_ALL, 1, "::/0", EGRESS)}},
	{"both by prefixes",
	 true,
	 true,
	 2,
	 {ACCEPT(PROTOCOL_ALL, 1, "0.0.0.0/0", EGRESS), ACCEPT(PROTOCOL_ALL, 9, "::/0", EGRESS)}},
	{"more accepts beside it",
	 true,
	 true,
	 3,
	 {ACCEPT(PROTOCOL_ALL, 5, "any", EGRESS),
	  ACCEPT(PROTOCOL_TCP, 1, "10.0.0.0/8", PORTS({80, 80}), EGRESS),
	  ACCEPT(PROTOCOL_UDP, 1, "any", PORTS({53, 53}), EGRESS)}},
	{"a deny that never wins",
	 true,
	 true,
	 2,
	 {ACCEPT(PROTOCOL_ALL, 5, "any", EGRESS), DENY(PROTOCOL_ALL, 6, "10.0.0.0/8", EGRESS)}},
	{"a deny that wins",
	 false,
	 true,
	 2,
	 {ACCEPT(PROTOCOL_ALL, 5, "any", EGRESS), DENY(PROTOCOL_ALL, 5, "10.0.0.0/8", EGRESS)}},
	{"a deny for a group's IPv6 address that wins",
	 true,
	 false,
	 2,
	 {ACCEPT(PROTOCOL_ALL, 5, "any", EGRESS),
	  DENY(PROTOCOL_TCP, 1, "GROUP 2001:db8::1/128", PORTS({22, 22}), EGRESS)}},
	{"a deny for a group of nobody",
	 true,
	 true,
	 2,
	 {ACCEPT(PROTOCOL_ALL, 5, "any", EGRESS), DENY(PROTOCOL_ALL, 1, "GROUP", EGRESS)}},
	{"a deny of a port to any",
	 false,
	 false,
	 2,
	 {ACCEPT(PROTOCOL_ALL, 5, "any", EGRESS),
	  DENY(PROTOCOL_TCP, 1, "any", PORTS({25, 25}), EGRESS)}},
	{"a deny of icmp, which is of one family",
	 false,
	 true,
	 2,
	 {ACCEPT(PROTOCOL_ALL, 5, "any", EGRESS), DENY(PROTOCOL_ICMP, 1, "any", EGRESS)}},
	{"tcp alone", false, false, 1, {ACCEPT(PROTOCOL_TCP, 1, "any", EGRESS)}},
	{"everything to most addresses",
	 false,
	 false,
	 1,
	 {ACCEPT(PROTOCOL_ALL, 1, "128.0.0.0/1", EGRESS)}},
	{"everything of the other direction",
	 false,
	 false,
	 1,
	 {ACCEPT(PROTOCOL_ALL, 1, "any", .direction = SG_INGRESS)}},
	{"no rules", false, false, 0, {{0}}},
};

static void the_flag_is_there_when_the_other_direction_accepts_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(replies_rows); i++) {
		const struct replies_row *row = &replies_rows[i];
		struct table table;
		struct image image;

		table_fill(&table, row->rules, row->count);
		assert_int_equal(compile(&table.policy, SG_HEAP_NODES, &image, NULL), 0);
		if (replies_accepted(&image, SG_INGRESS, SG_IPV4) != row->ipv4 ||
		    replies_accepted(&image, SG_INGRESS, SG_IPV6) != row->ipv6)
			fail_msg("%s", row->what);
		image_fini(&image);
	}
}

static void each_direction_has_a_flag_of_its_own(void **state)
{
	static const struct rule_row rows[] = {ACCEPT(PROTOCOL_ALL, 1, "any"),
					       ACCEPT(PROTOCOL_TCP, 1, "any", EGRESS)};
	struct table table;
	struct image image;

	(void)state;
	table_fill(&table, rows, ARRAY_SIZE(rows));
	assert_int_equal(compile(&table.policy, SG_HEAP_NODES, &image, NULL), 0);
	assert_true(replies_accepted(&image, SG_EGRESS, SG_IPV4));
	assert_false(replies_accepted(&image, SG_INGRESS, SG_IPV4));
	image_fini(&image);
}

static void without_groups_there_is_no_flag(void **state)
{
	const struct policy policy = {.without_groups = true, .pass = true};
	struct image image;

	(void)state;
	assert_int_equal(compile(&policy, 2, &image, NULL), 0);
	assert_false(replies_accepted(&image, SG_INGRESS, SG_IPV4));
	image_fini(&image);
}

/* Most policies must accept something of everything for the flag to be worth a test. */
static void accept_everything(struct gen_policy *gen)
{
	struct rule *rule = &gen->rules[gen_below(&gen->random, (uint32_t)gen->policy.count)];

	*rule = (struct rule){
		.id = rule->id,
		.direction = gen_below(&gen->random, 2) ? SG_INGRESS : SG_EGRESS,
		.policy = RULE_ACCEPT,
		.protocol = PROTOCOL_ALL,
		.priority = gen_below(&gen->random, 2) ? 1 : rule->priority,
		.remote.kind = REMOTE_ANY,
	};
}

static void no_packet_is_rejected_where_the_flag_is(void **state)
{
	uint64_t seed = gen_seed(20000);
	int flagged = 0, packets = 0;

	(void)state;
	for (int i = 0; i < 3000; i++, seed++) {
		struct gen_policy gen =
			gen_policy(seed, &(struct gen_options){.min_rules = 1, .max_rules = 40});
		struct image image;

		accept_everything(&gen);
		assert_int_equal(compile(&gen.policy, SG_HEAP_NODES, &image, NULL), 0);
		for (int j = 0; j < 100; j++) {
			struct packet_key packet;

			gen_packet(&gen, &packet);
			packets++;
			if (!replies_accepted(&image, !packet.direction, packet.family))
				continue;
			flagged++;
			if (!slow_match(&gen.policy, &packet).accepted)
				fail_msg("SGATE_SEED=%llu: %s", (unsigned long long)seed,
					 gen_packet_text(&packet));
		}
		image_fini(&image);
		gen_policy_fini(&gen);
	}
	assert_in_range(flagged, packets / 20, packets / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_flag_is_there_when_the_other_direction_accepts_all),
		cmocka_unit_test(each_direction_has_a_flag_of_its_own),
		cmocka_unit_test(without_groups_there_is_no_flag),
		cmocka_unit_test(no_packet_is_rejected_where_the_flag_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
