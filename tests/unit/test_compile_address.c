// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_compile_address.c - which remotes a rule is for: any, prefixes inside
 * each other, remote groups, and the halves of IPv6 addresses.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/policy_table.h"

static void any_is_both_families_and_a_length_of_0_is_one(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 3, "any"),
		ACCEPT(PROTOCOL_TCP, 2, "0.0.0.0/0", PORTS({1, 10})),
		ACCEPT(PROTOCOL_TCP, 2, "::/0", PORTS({5, 20})),
	};
	static const struct expectation expected[] = {
		IN("0.0.0.0", 6, 1, 2),
		IN("255.255.255.255", 6, 10, 2),
		IN("255.255.255.255", 6, 11, 1),
		IN("::", 6, 4, 1),
		IN("::", 6, 5, 3),
		IN("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6, 20, 3),
	};

	(void)state;
	CHECK(rows, expected);
}

static void nested_prefixes_share_their_rules(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 9, "10.0.0.0/8"),
		DENY(PROTOCOL_TCP, 5, "10.1.0.0/16", PORTS({22, 22})),
		ACCEPT(PROTOCOL_TCP, 4, "10.1.255.0/24", PORTS({22, 23})),
		DENY(PROTOCOL_TCP, 3, "10.1.255.255/32"),
		ACCEPT(PROTOCOL_TCP, 8, "10.2.0.0/16", PORTS({1, 1})),
	};
	static const struct expectation expected[] = {
		IN("9.255.255.255", 6, 22, 0), IN("10.0.0.0", 6, 22, 1),
		IN("10.0.255.255", 6, 22, 1),  IN("10.1.0.0", 6, 22, 2),
		IN("10.1.254.255", 6, 22, 2),  IN("10.1.254.255", 6, 23, 1),
		IN("10.1.255.0", 6, 22, 3),    IN("10.1.255.254", 6, 23, 3),
		IN("10.1.255.254", 6, 24, 1),  IN("10.1.255.255", 6, 22, 4),
		IN("10.2.0.0", 6, 22, 1),      IN("10.2.0.0", 6, 1, 5),
		IN("10.255.255.255", 6, 1, 1), IN("11.0.0.0", 6, 1, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

static void a_group_is_every_one_of_its_addresses_or_nothing(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_TCP, 1, "GROUP"),
		ACCEPT(PROTOCOL_UDP, 1, "GROUP 10.0.0.1/32"),
		ACCEPT(PROTOCOL_SCTP, 1,
		       "GROUP 10.0.0.1/32 2001:db8::7/128 10.0.0.9/32 10.0.0.1/32"),
	};
	static const struct expectation expected[] = {
		IN("10.0.0.1", 6, 1, 0),   IN("10.0.0.1", 17, 1, 2),
		IN("10.0.0.2", 17, 1, 0),  IN("10.0.0.1", 132, 1, 3),
		IN("10.0.0.9", 132, 1, 3), IN("2001:db8::7", 132, 1, 3),
		IN("::7", 132, 1, 0),	   IN("2001:db8::6", 132, 1, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

static void addresses_in_one_half_are_told_apart(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_ALL, 1, "2001:db8::1/128"),
		ACCEPT(PROTOCOL_ALL, 1, "2001:db8::3/128"),
		ACCEPT(PROTOCOL_ALL, 1, "2001:db8::ffff:ffff:ffff:ffff/128"),
		ACCEPT(PROTOCOL_ALL, 9, "2001:db8::/32"),
		ACCEPT(PROTOCOL_ALL, 1, "2001:db8:0:1::/128"),
	};
	static const struct expectation expected[] = {
		IN("2001:db8::", 0, 0, 4),	IN("2001:db8::1", 0, 0, 1),
		IN("2001:db8::2", 0, 0, 4),	IN("2001:db8::3", 0, 0, 2),
		IN("2001:db8::4", 0, 0, 4),	IN("2001:db8::ffff:ffff:ffff:fffe", 0, 0, 4),
		IN("2001:db8:0:1::", 0, 0, 5),	IN("2001:db8::ffff:ffff:ffff:ffff", 0, 0, 3),
		IN("2001:db8:0:1::1", 0, 0, 4), IN("2001:db8:0:2::", 0, 0, 4),
		IN("2001:db9::", 0, 0, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

static void prefixes_around_the_half_boundary_nest(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_ALL, 9, "2001:db8:0:2::/63"),
		ACCEPT(PROTOCOL_ALL, 8, "2001:db8:0:2::/64"),
		ACCEPT(PROTOCOL_ALL, 7, "2001:db8:0:2:8000::/65"),
		ACCEPT(PROTOCOL_ALL, 6, "2001:db8:0:2:8000::/128"),
	};
	static const struct expectation expected[] = {
		IN("2001:db8:0:1:ffff:ffff:ffff:ffff", 0, 0, 0),
		IN("2001:db8:0:2::", 0, 0, 2),
		IN("2001:db8:0:2:7fff:ffff:ffff:ffff", 0, 0, 2),
		IN("2001:db8:0:2:8000::", 0, 0, 4),
		IN("2001:db8:0:2:8000::1", 0, 0, 3),
		IN("2001:db8:0:2:ffff:ffff:ffff:ffff", 0, 0, 3),
		IN("2001:db8:0:3::", 0, 0, 1),
		IN("2001:db8:0:3:ffff:ffff:ffff:ffff", 0, 0, 1),
		IN("2001:db8:0:4::", 0, 0, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

static void the_first_and_last_addresses_are_addresses(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(PROTOCOL_ALL, 1, "255.255.255.255/32"),
		ACCEPT(PROTOCOL_ALL, 1, "0.0.0.0/32"),
		ACCEPT(PROTOCOL_ALL, 1, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
		ACCEPT(PROTOCOL_ALL, 1, "::/128"),
	};
	static const struct expectation expected[] = {
		IN("255.255.255.255", 255, 0xffff, 1),
		IN("255.255.255.254", 255, 0xffff, 0),
		IN("0.0.0.0", 0, 0, 2),
		IN("0.0.0.1", 0, 0, 0),
		IN("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0, 3),
		IN("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 0, 0, 0),
		IN("::", 0, 0, 4),
		IN("::1", 0, 0, 0),
	};

	(void)state;
	CHECK(rows, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_is_both_families_and_a_length_of_0_is_one),
		cmocka_unit_test(nested_prefixes_share_their_rules),
		cmocka_unit_test(a_group_is_every_one_of_its_addresses_or_nothing),
		cmocka_unit_test(addresses_in_one_half_are_told_apart),
		cmocka_unit_test(prefixes_around_the_half_boundary_nest),
		cmocka_unit_test(the_first_and_last_addresses_are_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
