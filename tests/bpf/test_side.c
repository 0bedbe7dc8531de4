// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_side.c - which direction a packet has: by the program that sees it, the
 * side of the interface on which its instance is, and whose address is remote.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "bpf/cases.h"

/* Port 80 is open to the instance, port 443 from it. */
static const struct rule_row by_port[] = {
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({80, 80})),
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({443, 443}), .direction = SG_EGRESS),
};

static void check_direction(struct harness *harness, enum program program,
			    enum sg_direction direction)
{
	bool in = direction == SG_INGRESS;

	assert_int_equal(harness_direction(harness, program), direction);
	check_frame(harness, program, "ip4 tcp=80", in ? PASSES : NO_RULE);
	check_frame(harness, program, "ip4 tcp=443", in ? NO_RULE : PASSES);
	check_frame(harness, program, "ip6 tcp=80", in ? PASSES : NO_RULE);
	check_frame(harness, program, "ip6 tcp=443", in ? NO_RULE : PASSES);
}

static void what_a_host_receives_is_its_ingress(void **state)
{
	struct harness *harness = harness_of(state);

	BIND(harness, by_port, 0);
	check_direction(harness, TC_RX, SG_INGRESS);
	check_direction(harness, XDP_RX, SG_INGRESS);
	check_direction(harness, TC_TX, SG_EGRESS);
}

static void what_is_received_from_a_guest_is_its_egress(void **state)
{
	struct harness *harness = harness_of(state);

	BIND(harness, by_port, SG_OPTION_GUEST);
	check_direction(harness, TC_RX, SG_EGRESS);
	check_direction(harness, XDP_RX, SG_EGRESS);
	check_direction(harness, TC_TX, SG_INGRESS);
}

static void a_change_of_side_takes_effect(void **state)
{
	struct harness *harness = harness_of(state);

	for (int i = 0; i < 4; i++) {
		BIND(harness, by_port, i % 2 ? SG_OPTION_GUEST : 0);
		check_direction(harness, TC_RX, i % 2 ? SG_EGRESS : SG_INGRESS);
	}
}

static void the_source_is_remote_of_ingress_and_the_destination_of_egress(void **state)
{
	/* What recipes have as source ends in 1, as destination in 2. */
	static const struct rule_row source[] = {
		ACCEPT(PROTOCOL_TCP, 1, "192.0.2.1/32"),
		ACCEPT(PROTOCOL_TCP, 1, "2001:db8::1/128"),
		ACCEPT(PROTOCOL_TCP, 1, "192.0.2.1/32", .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_TCP, 1, "2001:db8::1/128", .direction = SG_EGRESS),
	};
	static const struct rule_row destination[] = {
		ACCEPT(PROTOCOL_TCP, 1, "198.51.100.2/32"),
		ACCEPT(PROTOCOL_TCP, 1, "2001:db8::2/128"),
		ACCEPT(PROTOCOL_TCP, 1, "198.51.100.2/32", .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_TCP, 1, "2001:db8::2/128", .direction = SG_EGRESS),
	};
	static const uint32_t sides[] = {0, SG_OPTION_GUEST};
	struct harness *harness = harness_of(state);

	for (size_t side = 0; side < ARRAY_SIZE(sides); side++) {
		for (enum program program = 0; program < PROGRAMS; program++) {
			bool in;

			BIND(harness, source, sides[side]);
			in = harness_direction(harness, program) == SG_INGRESS;
			check_frame(harness, program, "ip4 tcp=80", in ? PASSES : NO_RULE);
			check_frame(harness, program, "ip6 tcp=80", in ? PASSES : NO_RULE);
			BIND(harness, destination, sides[side]);
			check_frame(harness, program, "ip4 tcp=80", in ? NO_RULE : PASSES);
			check_frame(harness, program, "ip6 tcp=80", in ? NO_RULE : PASSES);
		}
	}
}

/*
 * An interface without link header: the kernel tells its EtherType beside the
 * frame. A test run takes it from where it would be in a link header, which is
 * inside of the source address.
 */
static void check_without_link_header(struct harness *harness, const char *recipe,
				      enum sg_reason reason)
{
	static const uint8_t ip4[4] = {8, 0, 0, 1};
	static const uint8_t ip6[16] = {0x20, 1, 0x0d, 0xb8, 0x86, 0xdd, [15] = 1};
	struct frame frame;

	harness_name(harness, "%s without link header", recipe);
	frame_make(&frame, recipe);
	frame_set_source(&frame, frame.version == 4 ? ip4 : ip6);
	memmove(frame.bytes, frame.bytes + frame.network, frame.length - frame.network);
	frame.length -= frame.network;
	assert_int_equal(harness_run(harness, TC_RX, &frame), reason);
	assert_int_equal(harness_run(harness, TC_TX, &frame), reason);
}

static void frames_without_link_header_begin_with_ip(void **state)
{
	struct harness *harness = harness_of(state);

	bind_port_22(harness, SG_OPTION_NO_LINK_HEADER);
	check_without_link_header(harness, "ip4 tcp=22", PASSES);
	check_without_link_header(harness, "ip4 tcp=23", NO_RULE);
	check_without_link_header(harness, "ip4 udp=22 data=20 short=1", MALFORMED);
	check_without_link_header(harness, "ip6 tcp=22", PASSES);
	check_without_link_header(harness, "ip6 hop udp=23", NO_RULE);
	check_without_link_header(harness, "ip6 hop tcp=22 short=1", MALFORMED);
	/* nothing tells XDP what it is */
	check_frame(harness, XDP_RX, "ip4 tcp=22", SG_REASON_ETHERTYPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_host_receives_is_its_ingress),
		cmocka_unit_test(what_is_received_from_a_guest_is_its_egress),
		cmocka_unit_test(a_change_of_side_takes_effect),
		cmocka_unit_test(the_source_is_remote_of_ingress_and_the_destination_of_egress),
		cmocka_unit_test(frames_without_link_header_begin_with_ip),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
