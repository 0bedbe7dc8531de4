// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_guard.c - anti-spoofing: what leaves an instance comes from its own
 * addresses; what it receives is not affected.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "bpf/guard_cases.h"

static void packets_leave_from_their_own_addresses_only(void **state)
{
	static const struct guard_case cases[] = {
		{"ip4 tcp=22", "", PASSES},
		{"ip4 tcp=22", "f6:" OWN_MAC2, PASSES},
		{"ip4 tcp=22", "f6:" OTHER_MAC, SPOOFED},
		{"ip4 tcp=22", "f6:000000000000", SPOOFED},
		{"ip4 tcp=22", "f6:ffffffffffff", SPOOFED},
		{"ip4 tcp=22", "n12:" OWN4B, PASSES},
		{"ip4 tcp=22", "n12:" OTHER4, SPOOFED},
		{"ip4 tcp=22", "n12:" OTHER4B, SPOOFED},
		{"ip4 tcp=22", "n12:00000000", SPOOFED},
		{"ip4 tcp=22", "n12:ffffffff", SPOOFED},
		{"ip6 udp=22", "", PASSES},
		{"ip6 udp=22", "n8:" OWN6B, PASSES},
		{"ip6 udp=22", "n8:" LINK_LOCAL, PASSES},
		{"ip6 udp=22", "n8:" LINK_LOCAL2, PASSES},
		{"ip6 udp=22", "n8:" OTHER_LINK, SPOOFED},
		{"ip6 udp=22", "n8:" OTHER6, SPOOFED},
		{"ip6 udp=22", "n8:" OTHER6B, SPOOFED},
		{"ip6 udp=22", "n8:" NONE6, SPOOFED},
		{"ip6 gre", "f6:" OTHER_MAC, SPOOFED},
		{"ip6 hop dest tcp=22", "n8:" OTHER6, SPOOFED},
		{"ip4 frag=0,1 udp=22 data=8", "n12:" OTHER4, SPOOFED},
		{"ip4 frag=64,0 data=8", "n12:" OTHER4, SPOOFED},
		{"ip4 frag=64,0 data=8", "n12:00000000", SPOOFED},
		{"ip6 frag=64,0 data=8", "n8:" OTHER6, SPOOFED},
		/* what cannot be read is worse */
		{"ip4 tcp=22 total=30", "n12:" OTHER4, MALFORMED},
	};

	CHECK_CASES(harness_of(state), &all_known, cases);
}

static void tags_hide_nothing(void **state)
{
	static const struct guard_case cases[] = {
		{"tag ip4 tcp=22", "", PASSES},
		{"tag ip4 tcp=22", "n12:" OTHER4, SPOOFED},
		{"tag ip4 tcp=22", "f6:" OTHER_MAC, SPOOFED},
		{"adtag tag ip6 tcp=22", "n8:" OWN6B, PASSES},
		{"adtag tag ip6 tcp=22", "n8:" OTHER6, SPOOFED},
		{"tag arp", "n8:" OWN_MAC "n14:" OWN4, ARP},
		{"tag arp", "n8:" OTHER_MAC "n14:" OWN4, SPOOFED},
		{"adtag tag arp", "n8:" OWN_MAC "n14:" OTHER4, SPOOFED},
	};

	CHECK_CASES(harness_of(state), &all_known, cases);
}

static void arp_speaks_for_its_sender(void **state)
{
	static const struct guard_case cases[] = {
		{"arp", "n8:" OWN_MAC "n14:" OWN4, ARP},
		{"arp", "n8:" OWN_MAC2 "n14:" OWN4B, ARP},
		{"arp", "n8:" OTHER_MAC "n14:" OWN4, SPOOFED},
		{"arp", "n8:" OWN_MAC "n14:" OTHER4, SPOOFED},
		{"arp", "f6:" OTHER_MAC "n8:" OWN_MAC "n14:" OWN4, SPOOFED},
		/* a reply is no different, and neither is a gratuitous one */
		{"arp", "n6:0002n8:" OWN_MAC "n14:" OWN4, ARP},
		{"arp", "n6:0002n8:" OWN_MAC "n14:" OTHER4, SPOOFED},
		{"arp", "n8:" OWN_MAC "n14:" OWN4 "n24:" OWN4, ARP},
		{"arp", "n8:" OWN_MAC "n14:" OTHER4 "n24:" OTHER4, SPOOFED},
		/* a probe asks for an address that is not there yet (RFC 5227) */
		{"arp", "n8:" OWN_MAC "n14:00000000n24:" OTHER4, ARP},
		{"arp", "n8:" OTHER_MAC "n14:00000000n24:" OTHER4, SPOOFED},
		/* the target is whom it asks, or answers */
		{"arp", "n8:" OWN_MAC "n14:" OWN4 "n18:" OTHER_MAC "n24:" OTHER4, ARP},
		/* of other hardware, protocol, sizes */
		{"arp", "n0:0006n8:" OWN_MAC "n14:" OWN4, SPOOFED},
		{"arp", "n2:86ddn8:" OWN_MAC "n14:" OWN4, SPOOFED},
		{"arp", "n4:08n8:" OWN_MAC "n14:" OWN4, SPOOFED},
		{"arp", "n5:10n8:" OWN_MAC "n14:" OWN4, SPOOFED},
		{"arp short=1", "n8:" OWN_MAC "n14:" OWN4, SPOOFED},
		{"arp short=20", "", SPOOFED},
		{"arp pad=18", "n8:" OWN_MAC "n14:" OWN4, ARP},
	};

	CHECK_CASES(harness_of(state), &all_known, cases);
}

static void who_has_no_address_yet_may_ask_for_one(void **state)
{
	static const struct guard_case cases[] = {
		{"ip4 udp=67 sport=68", "n12:00000000", DHCP},
		{"ip4 udp=67 sport=68", "", DHCP},
		{"ip4 udp=67 sport=68", "n12:" OTHER4, SPOOFED},
		{"ip4 udp=67 sport=68", "f6:" OTHER_MAC "n12:00000000", SPOOFED},
		{"ip4 udp=67 sport=69", "n12:00000000", SPOOFED},
		{"ip4 udp=68 sport=67", "n12:00000000", SPOOFED},
		{"ip4 tcp=67 sport=68", "n12:00000000", SPOOFED},
		{"ip4 icmp=8,0", "n12:00000000", SPOOFED},
		/* DHCPv6 has a link-local address already */
		{"ip6 udp=547 sport=546", "n8:" LINK_LOCAL, DHCP},
		{"ip6 udp=547 sport=546", "n8:" NONE6, SPOOFED},
		{"ip6 icmp6=143,0 data=20", "n8:" NONE6, NEIGHBOR},
		{"ip6 icmp6=131,0 data=16", "n8:" NONE6, NEIGHBOR},
		{"ip6 icmp6=132,0 data=16", "n8:" NONE6, NEIGHBOR},
		{"ip6 icmp6=130,0 data=16", "n8:" NONE6, SPOOFED},
		{"ip6 icmp6=128,0", "n8:" NONE6, SPOOFED},
		{"ip6 hop icmp6=143,0 data=20", "n8:" NONE6, NEIGHBOR},
		{"ip6 hop icmp6=143,0 data=20", "n8:" OTHER6, SPOOFED},
	};

	CHECK_CASES(harness_of(state), &all_known, cases);
}

static void without_known_addresses_any_goes(void **state)
{
	static const struct addresses macs_only = {
		.macs = {{{2, 0, 0, 0, 0, 1}}},
		.mac_count = 1,
	};
	static const struct addresses ip4_only = {
		.prefixes = {"192.0.2.1"},
		.prefix_count = 1,
	};
	static const struct guard_case by_mac[] = {
		{"ip4 tcp=22", "n12:" OTHER4, PASSES},
		{"ip6 tcp=22", "n8:" OTHER6, PASSES},
		{"ip6 tcp=22", "f6:" OTHER_MAC, SPOOFED},
		{"arp", "n8:" OWN_MAC "n14:" OTHER4, ARP},
		{"arp", "n8:" OTHER_MAC "n14:" OWN4, SPOOFED},
		{NA, "t8:" OTHER6, NEIGHBOR},
		{NS " data=8", "t24:0101" OTHER_MAC, SPOOFED},
	};
	static const struct guard_case by_ip4[] = {
		{"ip4 tcp=22", "f6:" OTHER_MAC, PASSES},
		{"ip4 tcp=22", "n12:" OTHER4, SPOOFED},
		/* all addresses are known, and none is of this family */
		{"ip6 tcp=22", "", SPOOFED},
		{"ip6 tcp=22", "n8:" LINK_LOCAL, SPOOFED},
		{NS, "n8:" NONE6, NEIGHBOR},
		{"arp", "n8:" OTHER_MAC "n14:" OWN4, ARP},
		{"arp", "n8:" OTHER_MAC "n14:" OTHER4, SPOOFED},
	};
	struct harness *harness = harness_of(state);

	CHECK_CASES(harness, &macs_only, by_mac);
	CHECK_CASES(harness, &ip4_only, by_ip4);
}

static void other_ethertypes_have_a_source_as_well(void **state)
{
	static const struct guard_case cases[] = {
		{"type=0x88cc data=46", "", ALLOWED},
		{"type=0x88cc data=46", "f6:" OTHER_MAC, SPOOFED},
		{"tag type=0x88cc data=46", "f6:" OTHER_MAC, SPOOFED},
		{"type=0x88cd data=46", "f6:" OTHER_MAC, SG_REASON_ETHERTYPE},
	};
	struct harness *harness = harness_of(state);
	struct binding binding;

	/* an image is kept for as long as it is bound */
	bind_all(harness, 0);
	guard(harness, &all_known);
	for (int side = 0; side < 2; side++) {
		bind_all(harness, side ? SG_OPTION_GUEST : 0);
		assert_true(binding_get(harness->kern, 1, &binding));
		binding.ethertype[3] = htons(0x88cc);
		harness_bind_raw(harness, &binding);
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
			check_case(harness, &cases[i]);
	}
	harness->guard = 0;
}

static void a_guard_that_cannot_be_read_permits_nothing(void **state)
{
	static const struct guard_case cases[] = {
		{"ip4 tcp=22", "", SPOOFED},
		{"ip6 udp=22", "", SPOOFED},
		{"arp", "n8:" OWN_MAC "n14:" OWN4, SPOOFED},
	};
	struct harness *harness = harness_of(state);

	harness->guard = SG_HEAP_NODES;
	bind_all(harness, 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_case(harness, &cases[i]);
	harness->guard = 0;
	bind_all(harness, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_leave_from_their_own_addresses_only),
		cmocka_unit_test(tags_hide_nothing),
		cmocka_unit_test(arp_speaks_for_its_sender),
		cmocka_unit_test(who_has_no_address_yet_may_ask_for_one),
		cmocka_unit_test(without_known_addresses_any_goes),
		cmocka_unit_test(other_ethertypes_have_a_source_as_well),
		cmocka_unit_test(a_guard_that_cannot_be_read_permits_nothing),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
