// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_image.c - what is in an image beside its searches, and what
 * makes compile() refuse.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "unit/policy_table.h"

static void a_group_without_rules_decides_nothing(void **state)
{
	struct policy policy = {0};
	struct image image;

	(void)state;
	assert_int_equal(compile(&policy, 2, &image, NULL), 0);
	assert_int_equal(image.count, 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(image.nodes[0].root.layers[i].flags, 0);
	assert_int_equal(image_classify(&image, &(struct packet_key){0}), SG_DECISION_NONE);
	image_fini(&image);
}

static void without_groups_the_image_says_what_becomes_of_packets(void **state)
{
	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		struct policy policy = {.without_groups = true, .pass = pass};
		struct image image;

		assert_int_equal(compile(&policy, 2, &image, NULL), 0);
		assert_int_equal(image.count, 2);
		for (int i = 0; i < 4; i++) {
			const struct sg_layers *layers = &image.nodes[0].root.layers[i];

			assert_int_equal(layers->flags,
					 pass ? SG_LAYERS_NO_GROUP_PASS : SG_LAYERS_NO_GROUP_DROP);
			assert_int_equal(layers->any | layers->narrow | layers->wide, 0);
		}
		image_fini(&image);
	}
}

static void the_header_tells_what_the_image_is(void **state)
{
	static const struct rule_row rows[] = {ACCEPT(PROTOCOL_TCP, 1, "any"),
					       DENY(PROTOCOL_TCP, 1, "10.0.0.0/8")};
	const struct sg_image_header *header;
	struct table table;
	struct image image, other;

	(void)state;
	table_fill(&table, rows, 2);
	assert_int_equal(compile(&table.policy, 100, &image, NULL), 0);
	header = &image.nodes[1].header;
	assert_true(header->magic == SG_IMAGE_MAGIC);
	assert_int_equal(header->nodes, image.count);
	assert_int_equal(header->rules, 2);
	assert_int_equal(header->generation, 0);
	assert_int_equal(image.nodes[header->rule_table].rule_id[0], 2);
	assert_int_equal(image.nodes[header->rule_table].rule_id[1], 1);
	table.rules[1].id = 3;
	assert_int_equal(compile(&table.policy, 100, &other, NULL), 0);
	assert_true(other.nodes[1].header.hash != header->hash);
	image_fini(&image);
	image_fini(&other);
}

static void a_rule_id_that_does_not_fit_is_refused(void **state)
{
	static const struct rule_row rows[] = {ACCEPT(PROTOCOL_TCP, 1, "any")};
	struct table table;
	struct image image;
	struct error err;

	(void)state;
	table_fill(&table, rows, 1);
	table.rules[0].id = INT64_C(1) << 32;
	assert_int_equal(compile(&table.policy, 100, &image, &err), -EOVERFLOW);
	table.rules[0].id = UINT32_MAX;
	assert_int_equal(compile(&table.policy, 100, &image, &err), 0);
	image_fini(&image);
}

static void an_image_that_is_cut_off_finds_nothing(void **state)
{
	static const struct rule_row rows[] = {ACCEPT(PROTOCOL_TCP, 1, "any")};
	struct packet_key packet = {.protocol = 6};
	struct table table;
	struct image image;

	(void)state;
	table_fill(&table, rows, 1);
	assert_int_equal(compile(&table.policy, 100, &image, NULL), 0);
	assert_int_equal(image_classify(&image, &packet), SG_DECISION(0, true));
	image.count = 2;
	assert_int_equal(image_classify(&image, &packet), SG_DECISION_NONE);
	assert_int_equal(image_rule_id(&image, 1), 0);
	image_fini(&image);
}

/* A rule each for so many hosts, with a port of its own. */
#define HOSTS 64

static void lists_of_a_rule_share_a_node(void **state)
{
	static struct rule rules[HOSTS];
	struct policy_rule by_rule[HOSTS];
	struct policy policy = {.rules = by_rule, .count = HOSTS};
	struct packet_key packet = {.family = SG_IPV4, .protocol = PROTOCOL_TCP};
	struct image image;

	(void)state;
	for (uint8_t i = 0; i < HOSTS; i++) {
		struct rule *rule = &rules[i];

		rule->id = i + 1;
		rule->policy = RULE_ACCEPT;
		rule->priority = 1;
		rule->protocol = PROTOCOL_TCP;
		rule->ports.count = 1;
		rule->ports.ranges[0] = (struct port_range){i, i};
		rule->remote.kind = REMOTE_PREFIX;
		rule->remote.prefix =
			(struct prefix){.family = SG_IPV4, .length = 32, .bytes = {10, i, 0, 1}};
		by_rule[i] = (struct policy_rule){rule, &rule->remote.prefix, 1};
	}
	assert_int_equal(compile(&policy, 1000, &image, NULL), 0);
	/* one list a node would be more than this by themselves */
	assert_in_range(image.count - HOSTS / SG_FILTER_WORDS - 1, HOSTS / SG_UNITS, HOSTS - 1);
	for (uint8_t i = 0; i < HOSTS; i++) {
		memcpy(packet.remote, (uint8_t[]){10, i, 0, 1}, 4);
		for (uint8_t j = 0; j < HOSTS; j++) {
			packet.low16 = j;
			assert_int_equal(image_rule_id(&image, image_classify(&image, &packet)),
					 i == j ? i + 1 : 0);
		}
	}
	image_fini(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_without_rules_decides_nothing),
		cmocka_unit_test(without_groups_the_image_says_what_becomes_of_packets),
		cmocka_unit_test(the_header_tells_what_the_image_is),
		cmocka_unit_test(a_rule_id_that_does_not_fit_is_refused),
		cmocka_unit_test(an_image_that_is_cut_off_finds_nothing),
		cmocka_unit_test(lists_of_a_rule_share_a_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
