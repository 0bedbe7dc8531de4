// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_guard_discovery.c - neighbour discovery of an instance speaks for its
 * own addresses only, wherever a message says one.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/guard_cases.h"

static void neighbour_discovery_speaks_for_itself(void **state)
{
	static const struct guard_case cases[] = {
		{NS, "", NEIGHBOR},
		{NS, "n8:" LINK_LOCAL, NEIGHBOR},
		{NS, "n8:" OTHER6, SPOOFED},
		/* one may ask for anybody */
		{NS, "t8:" OTHER6, NEIGHBOR},
		{NS " data=8", "t24:0101" OWN_MAC, NEIGHBOR},
		{NS " data=8", "t24:0101" OTHER_MAC, SPOOFED},
		{NS " data=8", "t24:0201" OTHER_MAC, SPOOFED},
		{NS " data=8", "t24:0501" OTHER_MAC, NEIGHBOR},
		/* duplicate address detection (RFC 4862) */
		{NS, "n8:" NONE6 "t8:" OTHER6, NEIGHBOR},
		{NS, "f6:" OTHER_MAC "n8:" NONE6, SPOOFED},
		{NS " data=8", "n8:" NONE6 "t24:0101" OTHER_MAC, SPOOFED},
		/* but one speaks for oneself only */
		{NA, "t8:" OWN6, NEIGHBOR},
		{NA, "t8:" OWN6B, NEIGHBOR},
		{NA, "t8:" LINK_LOCAL, NEIGHBOR},
		{NA, "t8:" OTHER6, SPOOFED},
		{NA, "t8:" OTHER_LINK, SPOOFED},
		{NA, "n8:" NONE6 "t8:" OWN6, SPOOFED},
		{NA " data=8", "t8:" OWN6 "t24:0201" OWN_MAC2, NEIGHBOR},
		{NA " data=8", "t8:" OWN6 "t24:0201" OTHER_MAC, SPOOFED},
		{"ip6 icmp6=136,0 data=8", "", SPOOFED},
		{"ip6 icmp6=136,0", "", SPOOFED},
		{"ip6 hop=0 icmp6=136,0 data=16", "t8:" OTHER6, SPOOFED},
	};

	CHECK_CASES(harness_of(state), &all_known, cases);
}

static void router_discovery_speaks_for_itself(void **state)
{
	static const struct guard_case cases[] = {
		{"ip6 icmp6=133,0", "", NEIGHBOR},
		{"ip6 icmp6=133,0", "n8:" NONE6, NEIGHBOR},
		{"ip6 icmp6=133,0", "n8:" OTHER6, SPOOFED},
		{"ip6 icmp6=133,0 data=8", "t8:0101" OWN_MAC, NEIGHBOR},
		{"ip6 icmp6=133,0 data=8", "t8:0101" OTHER_MAC, SPOOFED},
		{"ip6 icmp6=134,0 data=8", "n8:" LINK_LOCAL, NEIGHBOR},
		{"ip6 icmp6=134,0 data=8", "n8:" NONE6, SPOOFED},
		{"ip6 icmp6=134,0 data=16", "t16:0101" OWN_MAC, NEIGHBOR},
		{"ip6 icmp6=134,0 data=16", "t16:0101" OTHER_MAC, SPOOFED},
	};

	CHECK_CASES(harness_of(state), &all_known, cases);
}

static void no_option_hides_behind_another(void **state)
{
	static const struct guard_case cases[] = {
		{NS " data=16", "t24:0e01000000000000t32:0101" OWN_MAC, NEIGHBOR},
		{NS " data=16", "t24:0e01000000000000t32:0101" OTHER_MAC, SPOOFED},
		{NS " data=24", "t24:0e02t40:0101" OTHER_MAC, SPOOFED},
		{NS " data=24", "t24:0e03t40:0101" OTHER_MAC, NEIGHBOR},
		{NS " data=32", "t24:0e01t32:0e01t40:0e01t48:0101" OWN_MAC, NEIGHBOR},
		{NS " data=32", "t24:0e01t32:0e01t40:0e01t48:0101" OTHER_MAC, SPOOFED},
		{NS " data=39", "t24:0e01t32:0e01t40:0e01t48:0e01", NEIGHBOR},
		/* more of them than a host sends */
		{NS " data=40", "t24:0e01t32:0e01t40:0e01t48:0e01t56:0e01", SPOOFED},
		/* an option without length never ends */
		{NS " data=8", "t24:0e00", SPOOFED},
		{NS " data=16", "t24:0e00t32:0101" OTHER_MAC, SPOOFED},
		/* one that goes on behind the end, and what is too short for one */
		{NS " data=8", "t24:0eff", NEIGHBOR},
		{NS " data=7", "t24:0101020000", NEIGHBOR},
		/* what is in the next fragment is not seen (RFC 6980) */
		{"ip6 frag=0,1 icmp6=135,0 data=16", "", SPOOFED},
		{"ip6 frag=0,1 icmp6=136,0 data=16", "t8:" OWN6, SPOOFED},
		{"ip6 frag=0,0 icmp6=136,0 data=16", "t8:" OWN6, NEIGHBOR},
	};

	CHECK_CASES(harness_of(state), &all_known, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbour_discovery_speaks_for_itself),
		cmocka_unit_test(router_discovery_speaks_for_itself),
		cmocka_unit_test(no_option_hides_behind_another),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
