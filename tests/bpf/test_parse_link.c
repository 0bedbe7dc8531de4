// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_parse_link.c - what the link header decides: EtherTypes and VLAN tags, and
 * frames that end before the IP header can be seen.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "bpf/cases.h"

static void arp_passes_and_other_ethertypes_are_dropped(void **state)
{
	static const struct frame_case cases[] = {
		{"arp", SG_REASON_ARP},
		{"arp short=27", SG_REASON_ARP}, /* whoever reads ARP checks it */
		{"type=0x0806 data=1", SG_REASON_ARP},
		{"tag arp", SG_REASON_ARP},
		{"adtag tag arp", SG_REASON_ARP},
		{"type=0 data=46", SG_REASON_ETHERTYPE},
		{"type=0x0100 data=46", SG_REASON_ETHERTYPE}, /* 802.3: a length */
		{"type=0x88cc data=46", SG_REASON_ETHERTYPE},
		{"type=0x8035 data=46", SG_REASON_ETHERTYPE},
		{"type=0x0608 data=46", SG_REASON_ETHERTYPE}, /* the bytes of ARP swapped */
		{"type=0x0008 data=46", SG_REASON_ETHERTYPE}, /* those of IPv4 */
		{"type=0x8847 data=46", SG_REASON_ETHERTYPE},
		{"type=0xffff data=46", SG_REASON_ETHERTYPE},
		{"tag type=0x88cc data=46", SG_REASON_ETHERTYPE},
		{"ip4 tcp=22 data=4", PASSES},
		{"ip6 tcp=22 data=4", PASSES},
		/* the EtherType and the version must agree */
		{"ip4 tcp=22 type=0x86dd data=40", MALFORMED},
		{"ip6 tcp=22 type=0x0800 data=40", MALFORMED},
		{"ip4 tcp=22 type=0x88cc", SG_REASON_ETHERTYPE},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void up_to_two_tags_are_looked_through(void **state)
{
	static const struct frame_case cases[] = {
		{"tag ip4 tcp=22", PASSES},
		{"adtag ip4 tcp=22", PASSES},
		{"tag ip6 tcp=22", PASSES},
		{"tag tag ip4 tcp=22", PASSES},
		{"adtag tag ip4 tcp=22", PASSES},
		{"adtag tag ip6 udp=22", PASSES},
		{"tag adtag ip6 udp=22", PASSES},
		{"tag ip4 tcp=23", NO_RULE},
		{"adtag tag ip6 tcp=23", NO_RULE},
		{"tag tag tag ip4 tcp=22", SG_REASON_ETHERTYPE},
		{"adtag adtag tag ip6 tcp=22", SG_REASON_ETHERTYPE},
		{"adtag tag adtag arp", SG_REASON_ETHERTYPE},
		/* another tag that nobody reads any more */
		{"tag type=0x9100 data=46", SG_REASON_ETHERTYPE},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void frames_that_end_in_the_tags_are_malformed(void **state)
{
	static const struct frame_case cases[] = {
		{"tag short=3", MALFORMED},
		{"tag short=2", MALFORMED},
		{"tag short=1", MALFORMED},
		{"tag tag short=3", MALFORMED},
		{"adtag tag short=1", MALFORMED},
		{"tag ip4 short=20", MALFORMED},
		{"tag ip4 short=19", MALFORMED},
		{"tag tag ip6 short=40", MALFORMED},
		/* the EtherType of one that is not looked at is all that is needed */
		{"tag type=0x88cc", SG_REASON_ETHERTYPE},
		{"tag tag tag short=4", SG_REASON_ETHERTYPE},
	};
	struct harness *harness = harness_of(state);

	bind_all(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void a_link_header_alone_is_judged_at_xdp(void **state)
{
	struct harness *harness = harness_of(state);

	bind_all(harness, 0);
	check_frame(harness, XDP_RX, "type=0x0806", SG_REASON_ARP);
	check_frame(harness, XDP_RX, "type=0x88cc", SG_REASON_ETHERTYPE);
	check_frame(harness, XDP_RX, "type=0x0800", MALFORMED);
	check_frame(harness, XDP_RX, "type=0x86dd", MALFORMED);
	check_frame(harness, XDP_RX, "type=0x8100", MALFORMED);
}

/* The binding of bind_all() with EtherTypes beside. */
static void allow(struct harness *harness, const uint16_t *types, size_t count)
{
	struct binding binding;

	bind_all(harness, 0);
	assert_true(binding_get(harness->kern, 1, &binding));
	for (size_t i = 0; i < count; i++)
		binding.ethertype[i] = htons(types[i]);
	harness_bind_raw(harness, &binding);
}

static void ethertypes_that_the_instance_allows_pass(void **state)
{
	static const uint16_t two[] = {0x88cc, 0x8847};
	static const uint16_t eight[] = {1, 2, 3, 4, 5, 6, 0x8035, 0x9000};
	static const struct frame_case with_two[] = {
		{"type=0x88cc data=46", SG_REASON_ETHERTYPE_ALLOWED},
		{"type=0x8847 data=1", SG_REASON_ETHERTYPE_ALLOWED},
		{"tag type=0x8847 data=46", SG_REASON_ETHERTYPE_ALLOWED},
		{"tag adtag type=0x88cc", SG_REASON_ETHERTYPE_ALLOWED},
		{"type=0xcc88 data=46", SG_REASON_ETHERTYPE},
		{"type=0x8848 data=46", SG_REASON_ETHERTYPE},
		/* an unused place of the list is no EtherType 0 */
		{"type=0 data=46", SG_REASON_ETHERTYPE},
		{"tag tag tag type=0x88cc", SG_REASON_ETHERTYPE},
		{"arp", SG_REASON_ARP},
		{"ip4 tcp=1", PASSES},
	};
	static const struct frame_case with_eight[] = {
		{"type=0x9000 data=46", SG_REASON_ETHERTYPE_ALLOWED},
		{"type=1 data=46", SG_REASON_ETHERTYPE_ALLOWED},
		{"type=0x8847 data=46", SG_REASON_ETHERTYPE},
	};
	/* IP is judged, whatever else is allowed. */
	static const uint16_t ip[] = {0x0800, 0x86dd, 0x8100};
	static const struct frame_case with_ip[] = {
		{"ip4 total=19", MALFORMED},	 {"ip6 version=4", MALFORMED},
		{"tag ip4 total=19", MALFORMED}, {"tag short=2", MALFORMED},
		{"ip4 tcp=1", PASSES},
	};
	struct harness *harness = harness_of(state);

	allow(harness, two, ARRAY_SIZE(two));
	CHECK_FRAMES(harness, with_two);
	allow(harness, eight, ARRAY_SIZE(eight));
	CHECK_FRAMES(harness, with_eight);
	allow(harness, ip, ARRAY_SIZE(ip));
	CHECK_FRAMES(harness, with_ip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_passes_and_other_ethertypes_are_dropped),
		cmocka_unit_test(up_to_two_tags_are_looked_through),
		cmocka_unit_test(frames_that_end_in_the_tags_are_malformed),
		cmocka_unit_test(a_link_header_alone_is_judged_at_xdp),
		cmocka_unit_test(ethertypes_that_the_instance_allows_pass),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
