// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile.c - which rule decides: priorities, protocols, ports,
 * directions.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/policy_table.h"

static void the_lowest_priority_number_decides(void **state)
{
	static const struct rule_row rows[] = {
		DENY(PROTOCOL_ALL, 100, "any"),
		ACCEPT(PROTOCOL_TCP, 10, "any", PORTS({80, 80})),
		DENY(PROTOCOL_TCP, 11, "10.0.0.0/8", PORTS({1, 100})),
		ACCEPT(PROTOCOL_TCP, 1, "10.0.0.1/32", PORTS({22, 22})),
	};
	static const struct expectation expected[] = {
		IN("10.0.0.1", 6, 80, 2),  IN("10.0.0.1", 6, 22, 4),  IN("10.0.0.2", 6, 22, 3),
		IN("10.0.0.2", 6, 101, 1), IN("11.0.0.1", 17, 53, 1), IN("::1", 6, 80, 2),
		IN("::1", 6, 22, 1),
	};

	(void)state;
	CHECK(rows, expected);
}

static void deny_wins_among_equal_priorities_and_the_older_rule_is_named(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 5, "10.0.0.1/32"), DENY(PROTOCOL_TCP, 5, "10.0.0.0/8"),
		DENY(PROTOCOL_TCP, 5, "any"),		ACCEPT(PROTOCOL_UDP, 5, "any"),
		ACCEPT(PROTOCOL_UDP, 5, "10.0.0.0/8"),
	};
	static const struct expectation expected[] = {
		IN("10.0.0.1", 6, 1, 2),
		IN("11.0.0.1", 6, 1, 3),
		IN("10.0.0.1", 17, 1, 4),
	};

	(void)state;
	CHECK(rows, expected);
}

static void icmp_is_for_one_family_and_its_number_for_both(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_ICMP, 1, "any", PORTS({0x0800, 0x0800})),
		ACCEPT(PROTOCOL_ICMPV6, 1, "any", PORTS({0x8000, 0x80ff})),
		ACCEPT(1, 2, "any"),
		ACCEPT(58, 2, "any"),
	};
	static const struct expectation expected[] = {
		IN("10.0.0.1", 1, 0x0800, 1),  IN("10.0.0.1", 1, 0x0801, 3),
		IN("::1", 1, 0x0800, 3),       IN("::1", 58, 0x8000, 2),
		IN("::1", 58, 0x80ff, 2),      IN("::1", 58, 0x8100, 4),
		IN("10.0.0.1", 58, 0x8000, 4), IN("10.0.0.1", 2, 0x0800, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

static void icmp_for_a_prefix_of_the_other_family_matches_nothing(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_ICMP, 1, "::/0"),
		ACCEPT(PROTOCOL_ICMP, 1, "2001:db8::/32"),
		ACCEPT(PROTOCOL_ICMPV6, 1, "10.0.0.0/8"),
	};
	static const struct expectation expected[] = {
		IN("2001:db8::1", 1, 0, 0), IN("10.0.0.1", 58, 0, 0), IN("10.0.0.1", 1, 0, 0)};

	(void)state;
	CHECK(rows, expected);
}

static void protocols_end_at_255_and_start_at_0(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(255, 1, "any"),
		ACCEPT(0, 1, "any"),
		DENY(PROTOCOL_ALL, 2, "10.0.0.0/8"),
		ACCEPT(PROTOCOL_GRE, 1, "any"),
	};
	static const struct expectation expected[] = {
		IN("10.0.0.1", 255, 0, 1),	IN("10.0.0.1", 255, 0xffff, 1),
		IN("10.0.0.1", 254, 0xffff, 3), IN("10.0.0.1", 0, 0, 2),
		IN("10.0.0.1", 1, 0, 3),	IN("11.0.0.1", 254, 0xffff, 0),
		IN("11.0.0.1", 1, 0, 0),	IN("11.0.0.1", 47, 0, 4),
		IN("11.0.0.1", 48, 0, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

static void ports_begin_and_end_where_they_say(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({0, 0}, {80, 90}, {0xffff, 0xffff})),
		ACCEPT(PROTOCOL_UDP, 1, "any"),
		DENY(PROTOCOL_UDP, 1, "any", PORTS({0xffff, 0xffff})),
	};
	static const struct expectation expected[] = {
		IN("10.0.0.1", 6, 0, 1),       IN("10.0.0.1", 6, 1, 0),
		IN("10.0.0.1", 6, 79, 0),      IN("10.0.0.1", 6, 80, 1),
		IN("10.0.0.1", 6, 90, 1),      IN("10.0.0.1", 6, 91, 0),
		IN("10.0.0.1", 6, 0xfffe, 0),  IN("10.0.0.1", 6, 0xffff, 1),
		IN("10.0.0.1", 7, 0, 0),       IN("10.0.0.1", 5, 0xffff, 0),
		IN("10.0.0.1", 17, 0, 2),      IN("10.0.0.1", 17, 0xfffe, 2),
		IN("10.0.0.1", 17, 0xffff, 3), IN("10.0.0.1", 18, 0, 0),
		IN("10.0.0.1", 16, 0xffff, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

static void directions_are_apart(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 1, "10.0.0.0/8", PORTS({1, 5}), .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_TCP, 2, "any"),
	};
	static const struct expectation expected[] = {
		IN("10.0.0.1", 6, 1, 2),
		OUT("10.0.0.1", 6, 1, 1),
		OUT("10.0.0.1", 6, 6, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_priority_number_decides),
		cmocka_unit_test(deny_wins_among_equal_priorities_and_the_older_rule_is_named),
		cmocka_unit_test(icmp_is_for_one_family_and_its_number_for_both),
		cmocka_unit_test(icmp_for_a_prefix_of_the_other_family_matches_nothing),
		cmocka_unit_test(protocols_end_at_255_and_start_at_0),
		cmocka_unit_test(ports_begin_and_end_where_they_say),
		cmocka_unit_test(directions_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
