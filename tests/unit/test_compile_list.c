// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_list.c - when few rules become a list instead of trees, and that
 * the list says the same as the slow matcher.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "unit/policy_table.h"

static void compile_rows(const struct rule_row *rows, size_t count, struct table *table,
			 struct image *image)
{
	table_fill(table, rows, count);
	assert_int_equal(compile(&table->policy, 1000, image, NULL), 0);
}

static void nine_lines_are_a_list_and_ten_are_not(void **state)
{
	struct rule_row rows[SG_MAX_LINES + 1];
	struct table table;
	struct image image;

	(void)state;
	for (size_t i = 0; i <= SG_MAX_LINES; i++)
		rows[i] = (struct rule_row)ACCEPT(PROTOCOL_TCP, 1, "10.0.0.0/8",
						  PORTS({2 * i + 1, 2 * i + 1}));
	compile_rows(rows, SG_MAX_LINES, &table, &image);
	assert_true(image_ingress(&image, SG_IPV4)->flags & SG_LAYERS_LIST);
	assert_int_equal(image_ingress(&image, SG_IPV4)->narrow, SG_MAX_LINES / SG_LINES_32);
	/* nothing is said of IPv6 */
	assert_int_equal(image_ingress(&image, SG_IPV6)->flags, 0);
	image_fini(&image);
	compile_rows(rows, SG_MAX_LINES + 1, &table, &image);
	assert_false(image_ingress(&image, SG_IPV4)->flags & SG_LAYERS_LIST);
	assert_int_not_equal(image_ingress(&image, SG_IPV4)->narrow, 0);
	image_fini(&image);
}

/* Keys around every edge of the rows, from an address inside and one outside. */
static void compare(const struct table *table, const struct image *image, enum sg_family family,
		    const uint8_t address[16])
{
	static const uint8_t protocols[] = {0, 1, 6, 17, 58, 255};
	static const uint16_t ports[] = {0, 1, 21, 22, 23, 79, 80, 81, 442, 443, 444, 65535};

	for (size_t i = 0; i < sizeof(protocols); i++) {
		for (size_t j = 0; j < sizeof(ports) / sizeof(ports[0]); j++) {
			struct packet_key packet = {.direction = SG_INGRESS,
						    .family = family,
						    .protocol = protocols[i],
						    .low16 = ports[j]};
			struct slow_verdict slow;
			uint32_t decision;

			memcpy(packet.remote, address, 16);
			slow = slow_match(&table->policy, &packet);
			decision = image_classify(image, &packet);
			assert_int_equal(decision != SG_DECISION_NONE, slow.matched);
			if (!slow.matched)
				continue;
			assert_int_equal(decision & 1, slow.accepted);
			assert_int_equal(image_rule_id(image, decision), slow.rule_id);
		}
	}
}

static void a_list_decides_as_the_slow_matcher(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 1, "10.0.0.0/8", PORTS({22, 22})),
		DENY(PROTOCOL_TCP, 1, "10.1.2.3/32", PORTS({22, 22})),
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({443, 443})),
		ACCEPT(PROTOCOL_UDP, 1, "2001:db8::/33", PORTS({80, 80})),
		DENY(PROTOCOL_TCP, 1, "2001:db8::7/128", PORTS({443, 443})),
		ACCEPT(PROTOCOL_TCP, 1, "2001:db8::/96", PORTS({80, 80})),
	};
	static const uint8_t addresses[][16] = {
		{10, 1, 2, 3},
		{10, 1, 2, 4},
		{11, 1, 2, 3},
		{0x20, 1, 0x0d, 0xb8, [15] = 7},
		{0x20, 1, 0x0d, 0xb8, [15] = 8},
		{0x20, 1, 0x0d, 0xb8, [8] = 1},
		{0x20, 1, 0x0d, 0xb8, 0x80},
		{0x20, 1, 0x0d, 0xb9},
	};
	struct table table;
	struct image image;

	(void)state;
	compile_rows(rows, sizeof(rows) / sizeof(rows[0]), &table, &image);
	for (int family = SG_IPV4; family <= SG_IPV6; family++) {
		assert_int_equal(image_ingress(&image, family)->flags & SG_LAYERS_LIST,
				 SG_LAYERS_LIST);
		for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
			compare(&table, &image, family, addresses[i]);
	}
	image_fini(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nine_lines_are_a_list_and_ten_are_not),
		cmocka_unit_test(a_list_decides_as_the_slow_matcher),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
