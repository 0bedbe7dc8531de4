// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_parse_transport.c - transport headers: what each must have, what is
 * read of it and of what it is not.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "bpf/cases.h"

/* The rest of a recipe behind both IP headers, by each of the programs. */
static void check_both(struct harness *harness, const char *rest, enum sg_reason reason)
{
	char recipe[128];

	for (enum program program = 0; program < PROGRAMS; program++) {
		snprintf(recipe, sizeof(recipe), "ip4 %s", rest);
		check_frame(harness, program, recipe, reason);
		snprintf(recipe, sizeof(recipe), "ip6 %s", rest);
		check_frame(harness, program, recipe, reason);
	}
}

static void a_transport_header_is_whole_or_the_packet_malformed(void **state)
{
	static const struct {
		int protocol, size;
	} headers[] = {{17, 8}, {132, 12}};
	struct harness *harness = harness_of(state);
	char rest[64];

	bind_all(harness, 0);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		for (int bytes = 0; bytes < headers[i].size; bytes++) {
			snprintf(rest, sizeof(rest), "proto=%d data=%d", headers[i].protocol,
				 bytes);
			check_both(harness, rest, MALFORMED);
		}
		/* the filling is a UDP length of 22, which is longer than this */
		snprintf(rest, sizeof(rest), "proto=%d data=%d", headers[i].protocol,
			 headers[i].size);
		check_both(harness, rest, PASSES);
	}
	for (int bytes = 1; bytes <= 20; bytes++) {
		snprintf(rest, sizeof(rest), "tcp=22 short=%d", bytes);
		check_both(harness, rest, MALFORMED);
	}
	for (int bytes = 0; bytes < 8; bytes++) {
		for (enum program program = 0; program < PROGRAMS; program++) {
			snprintf(rest, sizeof(rest), "ip4 proto=1 data=%d", bytes);
			check_frame(harness, program, rest, MALFORMED);
			snprintf(rest, sizeof(rest), "ip6 proto=58 data=%d", bytes);
			check_frame(harness, program, rest, MALFORMED);
		}
	}
}

static void the_tcp_data_offset_lies_between_header_and_packet(void **state)
{
	struct harness *harness = harness_of(state);
	char rest[64];

	bind_port_22(harness, 0);
	for (int words = 0; words < 16; words++) {
		snprintf(rest, sizeof(rest), "tcp=22 doff=%d data=40", words);
		check_both(harness, rest, words < 5 ? MALFORMED : PASSES);
		if (words < 6)
			continue;
		snprintf(rest, sizeof(rest), "tcp=22 doff=%d data=%d", words, 4 * words - 21);
		check_both(harness, rest, MALFORMED);
		snprintf(rest, sizeof(rest), "tcp=22 doff=%d data=%d", words, 4 * words - 20);
		check_both(harness, rest, PASSES);
	}
}

static void a_udp_length_has_room_for_its_header(void **state)
{
	struct harness *harness = harness_of(state);
	char rest[64];

	bind_port_22(harness, 0);
	for (int length = 1; length < 8; length++) {
		snprintf(rest, sizeof(rest), "udp=22 data=8 udplen=%d", length);
		check_both(harness, rest, MALFORMED);
	}
	check_both(harness, "udp=22 data=8 udplen=8", PASSES);
	check_both(harness, "udp=22 data=8 udplen=16", PASSES);
	for (enum program program = 0; program < PROGRAMS; program++) {
		check_frame(harness, program, "ip4 udp=22 data=8 udplen=0", MALFORMED);
		/* RFC 2675 */
		check_frame(harness, program, "ip6 udp=22 data=8 udplen=0", PASSES);
	}
}

static void destination_ports_decide_and_source_ports_do_not(void **state)
{
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	check_both(harness, "tcp=22", PASSES);
	check_both(harness, "udp=22", PASSES);
	check_both(harness, "sctp=22", PASSES);
	check_both(harness, "tcp=21", NO_RULE);
	check_both(harness, "udp=23", NO_RULE);
	check_both(harness, "sctp=0x1600", NO_RULE); /* 22 with its bytes swapped */
	check_both(harness, "tcp=40000 sport=22", NO_RULE);
	check_both(harness, "udp=40000 sport=22", NO_RULE);
	check_both(harness, "sctp=40000 sport=22", NO_RULE);
}

static void type_and_code_belong_to_the_icmp_of_their_family(void **state)
{
	static const struct frame_case cases[] = {
		{"ip4 icmp=8,0", PASSES},
		{"ip4 icmp=8,1", NO_RULE},
		{"ip4 icmp=0,8", NO_RULE},
		{"ip4 icmp=9,0", NO_RULE},
		{"ip6 icmp6=128,0", PASSES},
		{"ip6 icmp6=128,1", NO_RULE},
		{"ip6 icmp6=129,0", NO_RULE},
		/* the other family's */
		{"ip6 icmp=8,0", NO_RULE},
		{"ip4 icmp6=128,0", NO_RULE},
	};
	static const struct rule_row rows[] = {
		ACCEPT(1, 1, "any"),
		ACCEPT(58, 1, "any"),
		ACCEPT(1, 1, "any", .direction = SG_EGRESS),
		ACCEPT(58, 1, "any", .direction = SG_EGRESS),
	};
	/* Nothing of it is read there, so nothing needs to be there. */
	static const struct frame_case numbers[] = {
		{"ip6 proto=1", PASSES},	   {"ip4 proto=58", PASSES},
		{"ip6 proto=1 data=7", PASSES},	   {"ip4 proto=58 data=7", PASSES},
		{"ip4 proto=1 data=7", MALFORMED}, {"ip6 proto=58 data=7", MALFORMED},
	};
	struct harness *harness = harness_of(state);

	bind_port_22(harness, 0);
	CHECK_FRAMES(harness, cases);
	BIND(harness, rows, 0);
	CHECK_FRAMES(harness, numbers);
}

static void no_port_is_read_where_the_protocol_has_none(void **state)
{
	static const struct rule_row rows[] = {
		DENY(PROTOCOL_TCP, 1, "any"),
		ACCEPT(PROTOCOL_ALL, 2, "any"),
		DENY(PROTOCOL_TCP, 1, "any", .direction = SG_EGRESS),
		ACCEPT(PROTOCOL_ALL, 2, "any", .direction = SG_EGRESS),
	};
	/* DCCP, UDP-Lite, GRE, ESP, and one that nobody has */
	static const int protocols[] = {33, 136, 47, 50, 253};
	struct harness *harness = harness_of(state);
	char rest[64];

	bind_port_22(harness, 0);
	check_both(harness, "proto=33 data=40", NO_RULE);
	check_both(harness, "proto=136 data=40", NO_RULE);
	check_both(harness, "proto=253 data=40", NO_RULE);
	BIND(harness, rows, 0);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		snprintf(rest, sizeof(rest), "proto=%d", protocols[i]);
		check_both(harness, rest, PASSES);
		snprintf(rest, sizeof(rest), "proto=%d data=3", protocols[i]);
		check_both(harness, rest, PASSES);
	}
	check_both(harness, "tcp=22", SG_REASON_RULE_DENY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transport_header_is_whole_or_the_packet_malformed),
		cmocka_unit_test(the_tcp_data_offset_lies_between_header_and_packet),
		cmocka_unit_test(a_udp_length_has_room_for_its_header),
		cmocka_unit_test(destination_ports_decide_and_source_ports_do_not),
		cmocka_unit_test(type_and_code_belong_to_the_icmp_of_their_family),
		cmocka_unit_test(no_port_is_read_where_the_protocol_has_none),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
