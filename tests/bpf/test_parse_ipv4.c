// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_parse_ipv4.c - the IPv4 header: versions and lengths that are wrong,
 * options, padding, protocols.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "bpf/cases.h"

static void only_version_4_with_a_whole_header_is_ipv4(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22", PASSES},
		{"ip4 tcp=22 version=0", MALFORMED},
		{"ip4 tcp=22 version=3", MALFORMED},
		{"ip4 tcp=22 version=5", MALFORMED},
		{"ip4 tcp=22 version=6 data=20", MALFORMED},
		{"ip4 tcp=22 version=15", MALFORMED},
		{"ip4 tcp=22 ihl=0", MALFORMED},
		{"ip4 tcp=22 ihl=1", MALFORMED},
		{"ip4 tcp=22 ihl=4", MALFORMED},
		{"ip4 gre ihl=0", MALFORMED},
		{"ip4 gre ihl=4", MALFORMED},
		/* longer than the packet */
		{"ip4 tcp=22 ihl=11", MALFORMED},
		{"ip4 proto=47 ihl=6", MALFORMED},
		{"ip4 proto=47 data=3 ihl=6", MALFORMED},
		{"ip4 proto=47 data=4 ihl=6", PASSES},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void ports_are_behind_the_options(void **state)
{
	struct harness *harness = harness_of(state);
	char recipe[64];

	bind_port_22(harness, 0);
	for (int words = 0; words <= 10; words++) {
		for (enum program program = 0; program < PROGRAMS; program++) {
			snprintf(recipe, sizeof(recipe), "ip4=%d tcp=22", words);
			check_frame(harness, program, recipe, PASSES);
			snprintf(recipe, sizeof(recipe), "ip4=%d udp=23 data=64", words);
			check_frame(harness, program, recipe, NO_RULE);
			snprintf(recipe, sizeof(recipe), "ip4=%d proto=6 data=19", words);
			check_frame(harness, program, recipe, MALFORMED);
		}
	}
}

static void the_total_length_is_between_header_and_frame(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22 total=0", MALFORMED},     {"ip4 tcp=22 total=19", MALFORMED},
		{"ip4=2 tcp=22 total=27", MALFORMED},  {"ip4 gre total=20", PASSES},
		{"ip4=2 gre total=28", PASSES},	       {"ip4 tcp=22 total=41", MALFORMED},
		{"ip4 tcp=22 total=65535", MALFORMED}, {"ip4 tcp=22 total=40", PASSES},
		{"ip4 gre short=4", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void nothing_is_read_from_the_padding(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 tcp=22 pad=6", PASSES},
		{"ip4 tcp=23 pad=6", NO_RULE},
		{"ip4 udp=22 pad=18", PASSES},
		/* the padding has the port, the packet has none */
		{"ip4 proto=6 pad=26", MALFORMED},
		{"ip4 proto=6 data=4 pad=26", MALFORMED},
		{"ip4 proto=6 data=19 pad=26", MALFORMED},
		{"ip4 proto=17 pad=26", MALFORMED},
		{"ip4 proto=17 data=7 pad=26", MALFORMED},
		{"ip4 proto=132 data=11 pad=26", MALFORMED},
		{"ip4 proto=1 data=7 pad=26", MALFORMED},
		{"ip4 tcp=22 doff=6 pad=6", MALFORMED},
		{"ip4 proto=47 pad=26", PASSES},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
}

static void every_protocol_number_is_the_rules_number(void **state)
{
	struct harness *harness = harness_of(state);
	char recipe[64];

	for (unsigned int number = 0; number < 256; number++) {
		struct rule_row rows[] = {
			ACCEPT((uint16_t)number, 1, "any"),
			ACCEPT((uint16_t)number, 1, "any", .direction = SG_EGRESS),
		};

		BIND(harness, rows, SG_OPTION_STRICT);
		for (enum program program = 0; program < PROGRAMS; program++) {
			/* what TCP and UDP must have is there */
			snprintf(recipe, sizeof(recipe), "ip4 udp=9 data=32 doff=5 next=%u",
				 number);
			check_frame(harness, program, recipe, PASSES);
			snprintf(recipe, sizeof(recipe), "ip4 udp=9 data=32 doff=5 next=%u",
				 (number + 1) % 256);
			check_frame(harness, program, recipe, NO_RULE);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_version_4_with_a_whole_header_is_ipv4),
		cmocka_unit_test(ports_are_behind_the_options),
		cmocka_unit_test(the_total_length_is_between_header_and_frame),
		cmocka_unit_test(nothing_is_read_from_the_padding),
		cmocka_unit_test(every_protocol_number_is_the_rules_number),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
