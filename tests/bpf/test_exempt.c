// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_exempt.c - neighbour discovery, MLD and the DHCP client pass without a
 * rule, what only looks like them does not, and nothing does when strict.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "bpf/cases.h"

#define INGRESS SG_INGRESS
#define EGRESS SG_EGRESS
#define NEIGHBOR SG_REASON_NEIGHBOR
#define DHCP SG_REASON_DHCP
#define DENIED SG_REASON_RULE_DENY

static void bind_nothing(struct harness *harness, uint32_t options)
{
	static const struct rule_row rows[] = {
		DENY(PROTOCOL_ALL, 1, "any"),
		DENY(PROTOCOL_ALL, 1, "any", .direction = SG_EGRESS),
	};

	BIND(harness, rows, options);
}

struct way_case {
	enum sg_direction direction;
	const char *recipe;
	enum sg_reason reason;
};

/* By every program that sees that direction, on both sides. */
static void check_ways(struct harness *harness, const struct way_case *cases, size_t count,
		       uint32_t options)
{
	static const uint32_t sides[] = {0, SG_OPTION_GUEST};

	for (size_t side = 0; side < ARRAY_SIZE(sides); side++) {
		bind_nothing(harness, sides[side] | options);
		for (size_t i = 0; i < count; i++) {
			for (enum program program = 0; program < PROGRAMS; program++) {
				if (harness_direction(harness, program) != cases[i].direction)
					continue;
				check_frame(harness, program, cases[i].recipe,
					    options & SG_OPTION_STRICT ? DENIED : cases[i].reason);
			}
		}
	}
}

static const struct way_case dhcp[] = {
	{EGRESS, "ip4 udp=67 sport=68 data=240", DHCP},
	{INGRESS, "ip4 udp=68 sport=67 data=240", DHCP},
	{EGRESS, "ip6 udp=547 sport=546 data=20", DHCP},
	{INGRESS, "ip6 udp=546 sport=547 data=20", DHCP},
	{EGRESS, "adtag tag ip4=1 udp=67 sport=68", DHCP},
	{INGRESS, "ip6 dest udp=546 sport=547", DHCP},
	/* what a server sends and gets */
	{INGRESS, "ip4 udp=67 sport=68 data=240", DENIED},
	{EGRESS, "ip4 udp=68 sport=67 data=240", DENIED},
	{INGRESS, "ip6 udp=547 sport=546 data=20", DENIED},
	{EGRESS, "ip6 udp=546 sport=547 data=20", DENIED},
	/* one port of two */
	{EGRESS, "ip4 udp=67 sport=67", DENIED},
	{EGRESS, "ip4 udp=68 sport=68", DENIED},
	{EGRESS, "ip4 udp=67 sport=40000", DENIED},
	{EGRESS, "ip4 udp=53 sport=68", DENIED},
	{INGRESS, "ip4 udp=68 sport=53", DENIED},
	{INGRESS, "ip4 udp=22 sport=67", DENIED},
	{INGRESS, "ip6 udp=546 sport=546", DENIED},
	{EGRESS, "ip6 udp=547 sport=547", DENIED},
	/* the other family's ports */
	{EGRESS, "ip4 udp=547 sport=546", DENIED},
	{INGRESS, "ip4 udp=546 sport=547", DENIED},
	{EGRESS, "ip6 udp=67 sport=68", DENIED},
	{INGRESS, "ip6 udp=68 sport=67", DENIED},
	/* another protocol */
	{EGRESS, "ip4 tcp=67 sport=68", DENIED},
	{INGRESS, "ip6 tcp=546 sport=547", DENIED},
	{EGRESS, "ip4 sctp=67 sport=68", DENIED},
};

static void the_dhcp_client_passes_each_way(void **state)
{
	check_ways(harness_of(state), dhcp, ARRAY_SIZE(dhcp), 0);
}

static void the_dhcp_client_needs_rules_when_strict(void **state)
{
	check_ways(harness_of(state), dhcp, ARRAY_SIZE(dhcp), SG_OPTION_STRICT);
}

/* RFC 4861, RFC 2710, RFC 3810 */
static bool is_neighbor_type(unsigned int type)
{
	return (type >= 130 && type <= 136) || type == 143;
}

static void check_types(struct harness *harness, uint32_t options)
{
	char recipe[64];

	bind_nothing(harness, options);
	for (unsigned int type = 0; type < 256; type++) {
		bool passes = is_neighbor_type(type) && !(options & SG_OPTION_STRICT);

		for (enum program program = 0; program < PROGRAMS; program++) {
			snprintf(recipe, sizeof(recipe), "ip6 icmp6=%u,0 data=16", type);
			check_frame(harness, program, recipe, passes ? NEIGHBOR : DENIED);
			snprintf(recipe, sizeof(recipe), "tag ip6 hop icmp6=%u,7", type);
			check_frame(harness, program, recipe, passes ? NEIGHBOR : DENIED);
			/* the same bytes, but not ICMPv6 of IPv6 */
			snprintf(recipe, sizeof(recipe), "ip4 icmp6=%u,0 data=16", type);
			check_frame(harness, program, recipe, DENIED);
			snprintf(recipe, sizeof(recipe), "ip6 icmp=%u,0 data=16", type);
			check_frame(harness, program, recipe, DENIED);
			snprintf(recipe, sizeof(recipe), "ip4 icmp=%u,0 data=16", type);
			check_frame(harness, program, recipe, DENIED);
		}
	}
}

static void neighbour_discovery_and_mld_pass(void **state)
{
	struct harness *harness = harness_of(state);

	check_types(harness, 0);
	check_types(harness, SG_OPTION_GUEST);
}

static void neighbour_discovery_and_mld_need_rules_when_strict(void **state)
{
	struct harness *harness = harness_of(state);

	check_types(harness, SG_OPTION_STRICT);
	check_types(harness, SG_OPTION_STRICT | SG_OPTION_GUEST);
}

static void malformed_ones_do_not_pass(void **state)
{
	static const struct frame_case cases[] = {
		{"ip6 icmp6=135,0 short=1", MALFORMED},
		{"ip6 icmp6=135,0 data=16 total=7", MALFORMED},
		{"ip6 frag=0,0 frag=0,0 icmp6=135,0", MALFORMED},
		{"ip6 frag=64,0 icmp6=135,0", SG_REASON_FRAGMENT_UNKNOWN},
		{"ip4 frag=64,0 udp=68 sport=67", SG_REASON_FRAGMENT_UNKNOWN},
		{"ip4 udp=68 sport=67 udplen=7", MALFORMED},
		{"ip4 udp=67 sport=68 udplen=7", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	bind_nothing(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void arp_passes_when_strict(void **state)
{
	static const struct frame_case cases[] = {{"arp", SG_REASON_ARP}};
	struct harness *harness = harness_of(state);

	bind_nothing(harness, SG_OPTION_STRICT);
	CHECK_FRAMES(harness, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dhcp_client_passes_each_way),
		cmocka_unit_test(the_dhcp_client_needs_rules_when_strict),
		cmocka_unit_test(neighbour_discovery_and_mld_pass),
		cmocka_unit_test(neighbour_discovery_and_mld_need_rules_when_strict),
		cmocka_unit_test(malformed_ones_do_not_pass),
		cmocka_unit_test(arp_passes_when_strict),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
