// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_parse_truncated.c - frames cut at every length: never accepted before
 * the last byte of the last header is there, even where all is accepted.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "bpf/cases.h"

/* Frames of headers alone. */
static const char *const recipes[] = {
	"ip4 tcp=22",
	"ip4 udp=22",
	"ip4 sctp=22",
	"ip4 icmp=8,0",
	"ip4=1 udp=22",
	"ip4=10 tcp=22",
	"ip4=3 icmp=0,0",
	"ip6 tcp=22",
	"ip6 udp=22",
	"ip6 sctp=22",
	"ip6 icmp6=128,0",
	"ip6 icmp6=135,0",
	"ip6 hop udp=22",
	"ip6 hop=1 routing=2 dest tcp=22",
	"ip6 ah=4 icmp6=1,4",
	"ip6 frag=0,0 udp=22",
	"ip6 hop ah=1 frag=0,0 dest=3 tcp=22",
	"ip6 dest dest dest dest dest dest dest dest tcp=22",
	"ip4 udp=67 sport=68",
	"ip6 udp=547 sport=546",
};

static const char *const links[] = {"", "tag ", "adtag tag "};

static void expect(struct harness *harness, const struct frame *frame, const char *recipe,
		   bool whole)
{
	harness_name(harness, "%s, cut at %u", recipe, frame->length);
	for (enum program program = 0; program < PROGRAMS; program++) {
		enum sg_reason reason;

		if (!harness_takes(program, frame))
			continue;
		reason = harness_run(harness, program, frame);
		if (whole ? reason_verdict(reason) != SG_ACCEPT : reason != MALFORMED)
			fail_msg("%s: %s", harness->name, reason_label(reason));
	}
}

/* The length field of the IP header as if the packet were no longer than the frame. */
static void shrink_packet(struct frame *frame)
{
	uint8_t *ip = frame->bytes + frame->network;
	uint32_t headers = frame->version == 4 ? 20 : 40;
	uint32_t in_frame = frame->length - frame->network;
	uint32_t total = frame->version == 4 ? in_frame : in_frame - 40;
	uint8_t *field = ip + (frame->version == 4 ? 2 : 4);

	if (frame->length < frame->network + headers)
		return;
	field[0] = (uint8_t)(total >> 8);
	field[1] = (uint8_t)total;
}

static void cut_everywhere(struct harness *harness, const char *recipe)
{
	char with_data[160];
	struct frame frame;
	uint32_t headers;

	frame_make(&frame, recipe);
	headers = frame.length;
	snprintf(with_data, sizeof(with_data), "%s data=24", recipe);
	for (uint32_t length = 14; length <= headers + 24; length++) {
		frame_make(&frame, with_data);
		assert_int_equal(frame.length, headers + 24);
		frame.length = length;
		/* The IP header tells of bytes that are not there. */
		expect(harness, &frame, with_data, length == headers + 24);
		/* It does not. */
		shrink_packet(&frame);
		expect(harness, &frame, recipe, length >= headers);
	}
}

static void no_cut_frame_is_accepted(void **state)
{
	struct harness *harness = harness_of(state);
	char recipe[128];

	bind_all(harness, 0);
	for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(links); j++) {
			snprintf(recipe, sizeof(recipe), "%s%s", links[j], recipes[i]);
			cut_everywhere(harness, recipe);
		}
	}
}

static void no_cut_frame_is_accepted_without_a_group_that_could_refuse_it(void **state)
{
	struct harness *harness = harness_of(state);

	harness_bind(harness, &(struct policy){.without_groups = true, .pass = true}, 0);
	cut_everywhere(harness, "tag ip4=2 tcp=22");
	cut_everywhere(harness, "ip6 hop ah=4 udp=22");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_cut_frame_is_accepted),
		cmocka_unit_test(no_cut_frame_is_accepted_without_a_group_that_could_refuse_it),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
