// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_parse_fragment.c - fragments: the first one is judged by its ports,
 * later ones without it are dropped, and none is accepted that hides something.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "bpf/cases.h"

#define TINY SG_REASON_FRAGMENT_TINY
#define UNKNOWN SG_REASON_FRAGMENT_UNKNOWN

/* Both families write a fragment in the same way. */
static void check_both(struct harness *harness, const struct frame_case *cases, size_t count)
{
	char recipe[128];

	for (size_t i = 0; i < count; i++) {
		for (enum program program = 0; program < PROGRAMS; program++) {
			snprintf(recipe, sizeof(recipe), "ip4 %s", cases[i].recipe);
			check_frame(harness, program, recipe, cases[i].reason);
			snprintf(recipe, sizeof(recipe), "ip6 %s", cases[i].recipe);
			check_frame(harness, program, recipe, cases[i].reason);
			snprintf(recipe, sizeof(recipe), "tag ip6 hop ah=4 %s", cases[i].recipe);
			check_frame(harness, program, recipe, cases[i].reason);
		}
	}
}
#define CHECK_BOTH(harness, cases) check_both(harness, cases, ARRAY_SIZE(cases))

static void first_fragments_are_judged_by_their_ports(void **state)
{
	static const struct frame_case cases[] = {
		{"frag=0,1 tcp=22 data=4", PASSES},
		{"frag=0,1 tcp=23 data=4", NO_RULE},
		{"frag=0,1 udp=22", PASSES},
		{"frag=0,1 udp=22 data=800", PASSES},
		{"frag=0,1 udp=22 data=8 udplen=9000", PASSES},
		{"frag=0,1 udp=23 data=8", NO_RULE},
		{"frag=0,1 sctp=22 data=4", PASSES},
		{"frag=0,1 gre data=4", PASSES},
		/* whole packets, though one can have a fragment header (RFC 6946) */
		{"frag=0,0 tcp=22", PASSES},
		{"frag=0,0 tcp=22 data=3", PASSES},
		{"frag=0,0 tcp=23", NO_RULE},
		{"frag=0,0 proto=6 data=19", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	harness_flush(harness);
	bind_port_22(harness, 0);
	CHECK_BOTH(harness, cases);
}

static void later_fragments_without_a_first_are_dropped(void **state)
{
	static const struct frame_case cases[] = {
		{"frag=16,1 data=16", UNKNOWN},
		{"frag=16,0 data=16", UNKNOWN},
		{"frag=24,0 data=1", UNKNOWN},
		{"frag=1480,0 proto=6 data=40", UNKNOWN},
		{"frag=1480,0 proto=17 data=0", UNKNOWN},
		{"frag=1480,0 tcp=22", UNKNOWN},
		{"frag=1480,0 udp=22", UNKNOWN},
		{"frag=8,0 proto=6 data=16", UNKNOWN},
		{"frag=8,1 proto=6 data=16", UNKNOWN},
	};
	struct harness *harness = harness_of(state);

	harness_flush(harness);
	bind_all(harness, 0);
	CHECK_BOTH(harness, cases);
}

static void first_fragments_hide_no_part_of_the_header(void **state)
{
	static const struct frame_case cases[] = {
		{"frag=0,1 proto=6 data=8", TINY},
		{"frag=0,1 proto=6 data=16", TINY},
		{"frag=0,1 proto=132 data=8", TINY},
		{"frag=0,1 proto=17 data=8", PASSES},
		{"frag=0,1 tcp=22 data=4 doff=6", PASSES},
		{"frag=0,1 tcp=22 data=4 doff=7", TINY},
		{"frag=0,1 tcp=22 data=36 doff=15", TINY},
		{"frag=0,1 tcp=22 data=44 doff=15", PASSES},
		{"frag=0,1 tcp=22 data=4 doff=4", MALFORMED},
	};
	static const struct frame_case ip6[] = {
		/* RFC 7112: the first fragment has the whole chain */
		{"ip6 frag=0,1 proto=60 data=0 total=8", MALFORMED},
		{"ip6 frag=0,1 dest=3 udp=22 total=16", TINY},
		{"ip6 frag=0,1 dest=3 udp=22 total=32", TINY},
		{"ip6 frag=0,1 dest=3 udp=22 total=40", TINY},
		{"ip6 frag=0,1 dest=3 udp=22 total=48", PASSES},
		{"ip6 frag=0,1 dest ah=4 udp=22 total=16", TINY},
		{"ip6 frag=0,0 dest=3 udp=22 total=32", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	harness_flush(harness);
	bind_all(harness, 0);
	CHECK_BOTH(harness, cases);
	CHECK_FRAMES(harness, ip6);
}

static void lengths_that_no_fragment_has_are_malformed(void **state)
{
	static const struct frame_case cases[] = {
		/* all but the last are multiples of 8 (RFC 791, RFC 8200) */
		{"frag=0,1 tcp=22 data=3", MALFORMED},
		{"frag=0,1 tcp=22 data=5", MALFORMED},
		{"frag=0,1 udp=22 data=1", MALFORMED},
		{"frag=64,1 data=12", MALFORMED},
		{"frag=8,1 proto=6 data=9", MALFORMED},
		{"frag=0,1 proto=17", MALFORMED},
		{"frag=64,1 proto=17", MALFORMED},
		/* beyond what a packet can be */
		{"frag=65528,0 data=80", MALFORMED},
		{"frag=65528,1 data=16", MALFORMED},
		{"frag=65480,0 tcp=22 data=100", MALFORMED},
	};
	/* IPv4 counts its header, IPv6 the extension headers before. */
	static const struct frame_case ends[] = {
		{"ip4 frag=65512,0 data=3", UNKNOWN},
		{"ip4 frag=65512,0 data=4", MALFORMED},
		{"ip4=1 frag=65504,0 data=7", UNKNOWN},
		{"ip4=1 frag=65504,0 data=8", MALFORMED},
		{"ip6 frag=65528,0 data=7", UNKNOWN},
		{"ip6 frag=65528,0 data=8", MALFORMED},
		{"ip6 hop frag=65520,0 data=7", UNKNOWN},
		{"ip6 hop frag=65520,0 data=8", MALFORMED},
		{"ip6 ah=4 frag=65504,0 data=7", UNKNOWN},
		{"ip6 ah=4 frag=65504,0 data=8", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	harness_flush(harness);
	bind_all(harness, 0);
	CHECK_BOTH(harness, cases);
	CHECK_FRAMES(harness, ends);
}

static void fragments_of_fragments_are_malformed(void **state)
{
	static const struct frame_case cases[] = {
		{"ip6 frag=0,0 frag=0,0 tcp=22", MALFORMED},
		{"ip6 frag=0,1 frag=0,0 udp=22", MALFORMED},
		{"ip6 frag=0,1 frag=0,1 udp=22", MALFORMED},
		{"ip6 frag=0,0 frag=64,0 udp=22", MALFORMED},
		{"ip6 hop frag=0,0 dest frag=0,0 udp=22", MALFORMED},
		/* what is behind a later fragment's header is not a header */
		{"ip6 frag=64,0 frag=0,0 udp=22", UNKNOWN},
		{"ip6 frag=0,0 dest dest dest dest dest dest dest tcp=22", PASSES},
		{"ip6 frag=0,0 dest dest dest dest dest dest dest dest tcp=22",
		 SG_REASON_EXTENSION_HEADERS},
	};
	struct harness *harness = harness_of(state);

	harness_flush(harness);
	bind_all(harness, 0);
	CHECK_FRAMES(harness, cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_fragments_are_judged_by_their_ports),
		cmocka_unit_test(later_fragments_without_a_first_are_dropped),
		cmocka_unit_test(first_fragments_hide_no_part_of_the_header),
		cmocka_unit_test(lengths_that_no_fragment_has_are_malformed),
		cmocka_unit_test(fragments_of_fragments_are_malformed),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
