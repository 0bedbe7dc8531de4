// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_gso.c - packets that the network card will cut: counted as what comes
 * of them, each segment with headers of its own.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/cases.h"

struct gso_case {
	const char *recipe;
	struct gso gso;
	uint32_t packets;
	uint32_t headers; /* bytes before the payload */
	enum sg_reason reason;
};

static void check_gso(struct harness *harness, const struct gso_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (enum program program = TC_RX; program <= TC_TX; program++) {
			const struct gso_case *one = &cases[i];
			struct frame frame;
			enum sg_reason reason;

			frame_make(&frame, one->recipe);
			harness_name(harness, "%s, %u segments of %u", one->recipe,
				     one->gso.segments, one->gso.segment_size);
			reason = harness_run_gso(harness, program, &frame, &one->gso, one->packets,
						 frame.length + (one->packets - 1) * one->headers);
			if (reason != one->reason)
				fail_msg("%s: %s", harness->name, reason_label(reason));
		}
	}
}
#define CHECK_GSO(harness, cases) check_gso(harness, cases, ARRAY_SIZE(cases))

static void segments_are_counted_with_their_headers(void **state)
{
	static const struct gso_case cases[] = {
		{"ip4 tcp=22 data=3000", {3, 1000}, 3, 54, PASSES},
		{"ip4 tcp=22 data=2001", {3, 1000}, 3, 54, PASSES},
		{"ip4 tcp=22 data=1000", {1, 1000}, 1, 54, PASSES},
		{"tag ip4=2 tcp=22 doff=8 data=3012", {3, 1000}, 3, 78, PASSES},
		{"ip6 tcp=22 data=3000", {3, 1000}, 3, 74, PASSES},
		{"ip6 hop dest=2 tcp=22 doff=8 data=3012", {3, 1000}, 3, 118, PASSES},
		{"ip4 udp=22 data=3000", {30, 100}, 30, 42, PASSES},
		{"ip4 udp=67 sport=67 data=3000", {30, 100}, 30, 42, NO_RULE},
		{"ip6 udp=22 data=300", {300, 1}, 300, 62, PASSES},
		{"ip6 sctp=22 data=300", {3, 100}, 3, 66, PASSES},
		/* drops as well */
		{"ip4 tcp=23 data=3000", {3, 1000}, 3, 54, NO_RULE},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_GSO(harness, cases);
}

/* A guest's packets come so. */
static void segments_follow_from_the_payload_when_their_number_is_not_known(void **state)
{
	static const struct gso_case cases[] = {
		{"ip4 tcp=22 data=3000", {0, 1000}, 3, 54, PASSES},
		{"ip4 tcp=22 data=3001", {0, 1000}, 4, 54, PASSES},
		{"ip4 tcp=22 data=2999", {0, 1000}, 3, 54, PASSES},
		{"ip4 tcp=22 data=1", {0, 1000}, 1, 54, PASSES},
		{"ip4 tcp=22", {0, 1000}, 1, 54, PASSES},
		{"tag ip6 hop tcp=22 doff=8 data=3012", {0, 1000}, 3, 98, PASSES},
		{"ip6 udp=22 data=300", {0, 1}, 300, 62, PASSES},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_GSO(harness, cases);
}

static void without_known_headers_bytes_are_those_of_the_packet(void **state)
{
	static const struct gso_case cases[] = {
		{"ip4 gre data=2962", {3, 1000}, 3, 0, PASSES},
		{"ip4 gre data=2962", {0, 1000}, 3, 0, PASSES},
		{"ip4 tcp=22 ihl=4 data=2946", {3, 1000}, 3, 0, MALFORMED},
		{"arp", {2, 20}, 2, 0, SG_REASON_ARP},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_GSO(harness, cases);
}

/* Over 64 KiB there is no length that fits: the field is 0 (BIG TCP, Linux 5.19 and 6.3). */
static void a_gso_packet_without_length_ends_with_its_frame(void **state)
{
	static const struct gso_case cases[] = {
		{"ip4 tcp=22 data=3000 total=0", {3, 1000}, 3, 54, PASSES},
		{"ip4=1 tcp=23 data=3000 total=0", {3, 1000}, 3, 58, NO_RULE},
		{"ip6 tcp=22 data=3000 total=0", {3, 1000}, 3, 74, PASSES},
		{"ip6 jumbo tcp=22 data=3000 total=0", {3, 1000}, 3, 82, PASSES},
		{"ip6 jumbo tcp=23 data=3000 total=0", {3, 1000}, 3, 82, NO_RULE},
		{"ip4 proto=6 data=19 total=0", {1, 1000}, 1, 0, MALFORMED},
		/* another length is as wrong as ever */
		{"ip4 tcp=22 data=3000 total=19", {3, 1000}, 3, 0, MALFORMED},
		{"ip4 tcp=22 data=3000 total=3041", {3, 1000}, 3, 0, MALFORMED},
	};
	static const struct frame_case alone[] = {
		{"ip4 tcp=22 data=3000 total=0", MALFORMED},
		{"ip6 tcp=22 data=3000 total=0", MALFORMED},
		{"ip6 jumbo tcp=22 data=3000 total=0", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_GSO(harness, cases);
	CHECK_FRAMES(harness, alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_counted_with_their_headers),
		cmocka_unit_test(segments_follow_from_the_payload_when_their_number_is_not_known),
		cmocka_unit_test(without_known_headers_bytes_are_those_of_the_packet),
		cmocka_unit_test(a_gso_packet_without_length_ends_with_its_frame),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
