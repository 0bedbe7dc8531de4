// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_guard.c - anti-spoofing: what leaves an instance comes from its own
 * addresses, wherever a packet says one; what it receives is not affected.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/cases.h"
#include "compile/guard.h"

#define SPOOFED SG_REASON_SPOOFED
#define ARP SG_REASON_ARP
#define NEIGHBOR SG_REASON_NEIGHBOR
#define DHCP SG_REASON_DHCP
#define ALLOWED SG_REASON_ETHERTYPE_ALLOWED

/* Frames of recipes are from OWN_MAC, OWN4 and OWN6. */
#define OWN_MAC "020000000001"
#define OWN_MAC2 "0200000000f0"
#define OTHER_MAC "020000000009"
#define OWN4 "c0000201"	 /* 192.0.2.1 */
#define OWN4B "c63364ff" /* 198.51.100.255 of 198.51.100.128/25 */
#define OTHER4 "c0000202"
#define OTHER4B "c633647f"
#define OWN6 "20010db8000000000000000000000001"
#define OWN6B "20010db80005ffffffffffffffffffff" /* of 2001:db8:5::/48 */
#define OTHER6 "20010db8000000000000000000000002"
#define OTHER6B "20010db8000600000000000000000000"
#define NONE6 "00000000000000000000000000000000"
#define LINK_LOCAL "fe80000000000000000000fffe000001"  /* of OWN_MAC */
#define LINK_LOCAL2 "fe80000000000000000000fffe0000f0" /* of OWN_MAC2 */
#define OTHER_LINK "fe80000000000000000000fffe000009"

/*
 * Patches are "PLACE OFFSET:HEX", in any number: bytes to put there. The place
 * is f, the frame; n, its network header; t, its transport header.
 */
struct guard_case {
	const char *recipe;
	const char *patches;
	enum sg_reason reason;
};

static void put_hex(uint8_t *at, const char *hex, size_t digits)
{
	for (size_t i = 0; i < digits; i += 2) {
		char byte[3] = {hex[i], hex[i + 1], 0};

		at[i / 2] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static void patch(struct frame *frame, const char *patches)
{
	const char *at = patches;

	while (*at) {
		uint32_t base = *at == 'f' ? 0 : *at == 'n' ? frame->type_at + 2 : frame->transport;
		char *end;
		uint32_t offset = base + (uint32_t)strtoul(at + 1, &end, 10);
		size_t digits = strspn(end + 1, "0123456789abcdef");

		assert_int_equal(*end, ':');
		assert_true(offset + digits / 2 <= frame->length);
		put_hex(frame->bytes + offset, end + 1, digits);
		at = end + 1 + digits;
		at += strspn(at, " ");
	}
}

/* By every program that sees what leaves the instance, and one that sees what comes to it. */
static void check_case(struct harness *harness, const struct guard_case *one)
{
	struct frame frame;
	enum sg_reason found;

	frame_make(&frame, one->recipe);
	patch(&frame, one->patches);
	harness_name(harness, "%s, %s", one->recipe, one->patches);
	for (enum program program = 0; program < PROGRAMS; program++) {
		bool out = harness_direction(harness, program) == SG_EGRESS;

		found = harness_run(harness, program, &frame);
		if (out && found != one->reason)
			fail_msg("\"%s\" \"%s\": %s expected, it is %s for program %d", one->recipe,
				 one->patches, reason_label(one->reason), reason_label(found),
				 program);
		if (!out && found == SPOOFED)
			fail_msg("\"%s\" \"%s\" came to the instance", one->recipe, one->patches);
	}
}

struct addresses {
	struct mac macs[2];
	size_t mac_count;
	const char *prefixes[4];
	size_t prefix_count;
};

static const struct addresses all_known = {
	.macs = {{{2, 0, 0, 0, 0, 1}}, {{2, 0, 0, 0, 0, 0xf0}}},
	.mac_count = 2,
	.prefixes = {"192.0.2.1", "198.51.100.128/25", "2001:db8::1", "2001:db8:5::/48"},
	.prefix_count = 4,
};

static void guard(struct harness *harness, const struct addresses *addresses)
{
	struct prefix prefixes[4];
	struct image image;
	struct error err;

	for (size_t i = 0; i < addresses->prefix_count; i++) {
		if (prefix_parse(addresses->prefixes[i], &prefixes[i], &err))
			fail_msg("%s", err.message);
	}
	if (guard_compile(addresses->macs, addresses->mac_count, prefixes, addresses->prefix_count,
			  &image, &err))
		fail_msg("%s", err.message);
	harness_guard(harness, &image);
	image_fini(&image);
}

static void check_cases(struct harness *harness, const struct addresses *addresses,
			const struct guard_case *cases, size_t count)
{
	/* an image is kept for as long as it is bound */
	bind_all(harness, 0);
	guard(harness, addresses);
	for (int side = 0; side < 2; side++) {
		bind_all(harness, side ? SG_OPTION_GUEST : 0);
		for (size_t i = 0; i < count; i++)
			check_case(harness, &cases[i]);
	}
	harness->guard = 0;
}
#define CHECK_CASES(harness, addresses, cases) \
	check_cases(harness, addresses, cases, ARRAY_SIZE(cases))

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

#define NS "ip6 icmp6=135,0 data=16"
#define NA "ip6 icmp6=136,0 data=16"

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
	struct sg_binding binding;

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
		cmocka_unit_test(neighbour_discovery_speaks_for_itself),
		cmocka_unit_test(router_discovery_speaks_for_itself),
		cmocka_unit_test(no_option_hides_behind_another),
		cmocka_unit_test(who_has_no_address_yet_may_ask_for_one),
		cmocka_unit_test(without_known_addresses_any_goes),
		cmocka_unit_test(other_ethertypes_have_a_source_as_well),
		cmocka_unit_test(a_guard_that_cannot_be_read_permits_nothing),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
