// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_parse_ipv6.c - the IPv6 header and its chain of extension headers.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bpf/cases.h"

static void only_version_6_with_a_right_length_is_ipv6(void **state)
{
	static const struct frame_case cases[] = {
		{"ip6 tcp=22", PASSES},
		{"ip6 tcp=22 version=0", MALFORMED},
		{"ip6 tcp=22 version=4", MALFORMED},
		{"ip6 tcp=22 version=7", MALFORMED},
		{"ip6 tcp=22 version=14", MALFORMED},
		{"ip6 tcp=22 total=20", PASSES},
		{"ip6 tcp=22 total=21", MALFORMED},
		{"ip6 tcp=22 total=65535", MALFORMED},
		{"ip6 tcp=22 total=19", MALFORMED},
		{"ip6 tcp=22 total=0", MALFORMED},
		{"ip6 gre total=0", PASSES},
		{"ip6 gre short=4", MALFORMED},
		/* jumbograms: longer than any frame, and so not here */
		{"ip6 jumbo tcp=22 data=100 total=0", MALFORMED},
		{"ip6 jumbo gre total=0", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void nothing_is_read_from_the_padding(void **state)
{
	static const struct frame_case cases[] = {
		{"ip6 tcp=22 pad=6", PASSES},
		{"ip6 tcp=23 pad=6", NO_RULE},
		{"ip6 proto=6 pad=26", MALFORMED},
		{"ip6 proto=6 data=19 pad=26", MALFORMED},
		{"ip6 proto=17 data=7 pad=26", MALFORMED},
		{"ip6 proto=132 data=11 pad=26", MALFORMED},
		{"ip6 proto=58 data=7 pad=26", MALFORMED},
		{"ip6 hop proto=17 pad=26", MALFORMED},
		/* extension headers that begin or end there */
		{"ip6 proto=0 pad=40", MALFORMED},
		{"ip6 proto=60 data=7 pad=40", MALFORMED},
		{"ip6 hop=1 udp=22 total=8", MALFORMED},
		{"ip6 hop udp=22 total=8", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
}

/* `count` times the word, then the rest. */
static void check_chain(struct harness *harness, const char *word, int count, const char *rest,
			enum sg_reason reason)
{
	char recipe[256] = "ip6";

	for (int i = 0; i < count; i++) {
		strcat(recipe, " ");
		strcat(recipe, word);
	}
	strcat(recipe, " ");
	strcat(recipe, rest);
	for (enum program program = 0; program < PROGRAMS; program++)
		check_frame(harness, program, recipe, reason);
}

static void up_to_8_extension_headers_are_walked(void **state)
{
	static const char *const words[] = {
		"hop",	  "hop=1", "routing", "routing=3", "dest",    "dest=2",
		"ah",	  "ah=1",  "ah=4",    "ah=5",	   "dest=31", "hop dest routing ah=4",
		"hop ah",
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		int each = 1;

		for (const char *at = words[i]; (at = strchr(at, ' ')); at++)
			each++;
		for (int count = 0; count * each <= SG_MAX_EXTENSION_HEADERS; count++) {
			check_chain(harness, words[i], count, "tcp=22 data=4", PASSES);
			check_chain(harness, words[i], count, "tcp=23 data=4", NO_RULE);
			check_chain(harness, words[i], count, "udp=22", PASSES);
			check_chain(harness, words[i], count, "icmp6=128,0", PASSES);
			check_chain(harness, words[i], count, "gre", PASSES);
			check_chain(harness, words[i], count, "proto=6 data=19", MALFORMED);
		}
		check_chain(harness, words[i], SG_MAX_EXTENSION_HEADERS / each, "dest tcp=22",
			    SG_REASON_EXTENSION_HEADERS);
		check_chain(harness, words[i], SG_MAX_EXTENSION_HEADERS / each, "frag tcp=22",
			    SG_REASON_EXTENSION_HEADERS);
	}
	check_chain(harness, "dest", 12, "tcp=22", SG_REASON_EXTENSION_HEADERS);
}

static void the_length_of_each_header_has_its_own_unit(void **state)
{
	struct harness *harness = harness_of(state);
	char recipe[64];

	bind_port_22(harness, 0);
	for (int length = 0; length < 256; length++) {
		for (enum program program = 0; program < PROGRAMS; program++) {
			snprintf(recipe, sizeof(recipe), "ip6 ah=%d tcp=22", length);
			check_frame(harness, program, recipe, PASSES);
			snprintf(recipe, sizeof(recipe), "ip6 dest=%d tcp=22", length);
			check_frame(harness, program, recipe, PASSES);
			/* it would end one byte behind the packet */
			snprintf(recipe, sizeof(recipe), "ip6 ah=%d total=%d", length,
				 4 * length + 7);
			check_frame(harness, program, recipe, MALFORMED);
			snprintf(recipe, sizeof(recipe), "ip6 hop=%d total=%d", length,
				 8 * length + 7);
			check_frame(harness, program, recipe, MALFORMED);
		}
	}
}

/* Longer than one page: frames in several pieces, for a kernel that has them at XDP. */
static void chains_of_the_greatest_length_are_walked_at_xdp(void **state)
{
	struct harness *harness = harness_of(state);
	struct kern_features features;
	char recipe[128] = "ip6";
	char whole[160];

	kern_features(&features);
	if (!features.xdp_frags) {
		print_message("skipped: this kernel has no XDP frames in several pieces\n");
		skip();
	}
	bind_port_22(harness, 0);
	for (int i = 0; i < SG_MAX_EXTENSION_HEADERS; i++) {
		strcat(recipe, i % 2 ? " dest=255" : " hop=255");
		snprintf(whole, sizeof(whole), "%s tcp=22", recipe);
		check_frame(harness, XDP_RX, whole, PASSES);
		snprintf(whole, sizeof(whole), "%s tcp=23", recipe);
		check_frame(harness, XDP_RX, whole, NO_RULE);
		snprintf(whole, sizeof(whole), "%s proto=17 data=7", recipe);
		check_frame(harness, XDP_RX, whole, MALFORMED);
		snprintf(whole, sizeof(whole), "%s tcp=22 short=1", recipe);
		check_frame(harness, XDP_RX, whole, MALFORMED);
	}
}

static void no_next_header_and_esp_are_protocols(void **state)
{
	static const struct rule_row rows[] = {
		ACCEPT(59, 1, "any"),
		ACCEPT(50, 1, "any"),
		ACCEPT(59, 1, "any", .direction = SG_EGRESS),
		ACCEPT(50, 1, "any", .direction = SG_EGRESS),
	};
	static const struct frame_case cases[] = {
		{"ip6", PASSES},
		{"ip6 data=40", PASSES},
		{"ip6 hop ah=4 dest", PASSES},
		{"ip6 proto=50 data=8", PASSES},
		{"ip6 hop proto=50", PASSES},
		{"ip4 proto=50", PASSES},
		{"ip4 proto=59", PASSES},
		{"ip6 tcp=22", NO_RULE},
		/* mobility, HIP, shim6, the IPv6-in-IPv6 header: nothing of them is walked */
		{"ip6 proto=135 data=40", NO_RULE},
		{"ip6 proto=139 data=40", NO_RULE},
		{"ip6 proto=140 data=40", NO_RULE},
		{"ip6 proto=41 data=40", NO_RULE},
		/* IPv4 has no extension headers */
		{"ip4 proto=0 data=40", NO_RULE},
		{"ip4 proto=44 data=40", NO_RULE},
		{"ip4 proto=51 data=40", NO_RULE},
	};
	struct harness *harness = harness_of(state);

	BIND(harness, rows, 0);
	CHECK_FRAMES(harness, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_version_6_with_a_right_length_is_ipv6),
		cmocka_unit_test(nothing_is_read_from_the_padding),
		cmocka_unit_test(up_to_8_extension_headers_are_walked),
		cmocka_unit_test(the_length_of_each_header_has_its_own_unit),
		cmocka_unit_test(chains_of_the_greatest_length_are_walked_at_xdp),
		cmocka_unit_test(no_next_header_and_esp_are_protocols),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
