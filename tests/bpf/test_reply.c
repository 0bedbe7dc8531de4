// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_reply.c - replies and ICMP errors pass without a rule of their own, and
 * nothing that only looks like one.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "bpf/cases.h"
#include "bpf/state_table.h"
#include "bpf/talk.h"
#include "bpf/traffic.h"

#define REPLY SG_REASON_REPLY
#define RELATED SG_REASON_RELATED

/* Web pages and pings may be asked for by the instance, and pings of it. */
static const struct rule_row client[] = {
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({80, 80}), .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_GRE, 1, "any", .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_ICMP, 1, "any", PORTS({0x0800, 0x08ff}), .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_ICMP, 1, "any", PORTS({0x0800, 0x08ff})),
};
/* The same for other pages. */
static const struct rule_row other[] = {
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({443, 443}), .direction = SG_EGRESS),
};

static const struct talk web = {TCP, 40000, 80, 1, SG_IPV4};

static struct harness *begin(void **state)
{
	struct harness *harness = harness_of(state);

	BIND(harness, client, 0);
	harness_flush(harness);
	return harness;
}

static void establish(struct harness *harness)
{
	assert_int_equal(talk_out(harness, &web, SYN), PASSES);
	assert_int_equal(talk_in(harness, &web, SYN | ACK), REPLY);
	assert_int_equal(talk_out(harness, &web, ACK), PASSES);
}

static void only_answers_come_back(void **state)
{
	static const struct talk strangers[] = {{TCP, 40000, 80, 2, SG_IPV4},
						{TCP, 40001, 80, 1, SG_IPV4},
						{TCP, 40000, 81, 1, SG_IPV4},
						{UDP, 40000, 80, 1, SG_IPV4}};
	struct harness *harness = begin(state);

	assert_int_equal(talk_in(harness, &web, ACK), NO_RULE);
	establish(harness);
	for (size_t i = 0; i < ARRAY_SIZE(strangers); i++)
		assert_int_equal(talk_in(harness, &strangers[i], ACK), NO_RULE);
	assert_int_equal(talk_in(harness, &web, ACK), REPLY);
	/* it asks for a connection of its own */
	assert_int_equal(talk_in(harness, &web, SYN), NO_RULE);
	/* neither an answer nor anything else */
	assert_int_equal(talk_in(harness, &web, 0), NO_RULE);
	assert_int_equal(talk_in(harness, &web, FIN), NO_RULE);
	assert_int_equal(talk_in(harness, &web, RST), REPLY);
}

static void both_sides_may_begin_a_handshake(void **state)
{
	struct harness *harness = begin(state);

	assert_int_equal(talk_out(harness, &web, SYN), PASSES);
	assert_int_equal(talk_in(harness, &web, SYN), REPLY);
	assert_int_equal(talk_in(harness, &web, ACK), REPLY);
	assert_int_equal(talk_in(harness, &web, SYN), NO_RULE);
}

static void a_connection_that_was_there_before_goes_on(void **state)
{
	struct harness *harness = begin(state);

	assert_int_equal(talk_in(harness, &web, ACK), NO_RULE);
	assert_int_equal(talk_out(harness, &web, ACK), PASSES);
	assert_int_equal(talk_in(harness, &web, ACK), REPLY);
}

/* A running connection's segments, for the moment in which programs are put on its interface. */
static void a_start_lets_running_connections_go_on_and_ends_by_itself(void **state)
{
	static const struct talk datagram = {UDP, 40000, 80, 1, SG_IPV4};
	struct harness *harness = begin(state);
	struct binding binding;

	assert_true(binding_get(harness->kern, harness->ifindex, &binding));
	binding.starts_until = harness_now(harness) + 2;
	harness_bind_raw(harness, &binding);
	assert_int_equal(talk_in(harness, &web, ACK), REPLY);
	assert_int_equal(talk_in(harness, &web, SYN), NO_RULE);
	assert_int_equal(talk_in(harness, &web, SYN | ACK), NO_RULE);
	assert_int_equal(talk_in(harness, &web, RST | ACK), NO_RULE);
	assert_int_equal(talk_in(harness, &datagram, 0), NO_RULE);
	/* whoever began it may be dead */
	harness_pass(harness, 1);
	assert_int_equal(talk_in(harness, &web, ACK), NO_RULE);
}

static void a_rule_taken_back_cuts_its_connections_at_once(void **state)
{
	struct harness *harness = begin(state);
	struct talk secure = {TCP, 40000, 443, 1, SG_IPV4};

	establish(harness);
	BIND(harness, other, 0);
	assert_int_equal(talk_in(harness, &web, ACK), NO_RULE);
	assert_int_equal(talk_out(harness, &web, ACK), NO_RULE);
	assert_int_equal(talk_out(harness, &secure, SYN), PASSES);
	assert_int_equal(talk_in(harness, &secure, SYN | ACK), REPLY);
	BIND(harness, client, 0);
	assert_int_equal(talk_in(harness, &secure, ACK), NO_RULE);
	assert_int_equal(talk_in(harness, &web, ACK), REPLY);
}

static void a_reset_opens_nothing(void **state)
{
	struct harness *harness = begin(state);

	assert_int_equal(talk_out(harness, &web, RST), PASSES);
	assert_int_equal(talk_in(harness, &web, ACK), NO_RULE);
	assert_int_equal(talk_out(harness, &web, SYN), PASSES);
	/* what has expired is not known either */
	harness_pass(harness, 61);
	assert_int_equal(talk_out(harness, &web, RST | ACK), PASSES);
	assert_int_equal(talk_in(harness, &web, ACK), NO_RULE);
}

static void a_syn_on_a_closed_connection_is_a_new_one(void **state)
{
	struct harness *harness = begin(state);

	establish(harness);
	assert_int_equal(talk_in(harness, &web, RST), REPLY);
	assert_int_equal(talk_in(harness, &web, SYN), NO_RULE);
	harness_pass(harness, 5);
	assert_int_equal(talk_out(harness, &web, SYN), PASSES);
	/* half-open, with the time of one */
	harness_pass(harness, 50);
	assert_int_equal(talk_in(harness, &web, SYN | ACK), REPLY);
	assert_int_equal(talk_in(harness, &web, SYN), NO_RULE);
}

/* A message of ICMP between the instance and one host. */
static enum sg_reason ping(struct harness *harness, enum sg_direction direction, uint16_t low16,
			   uint16_t identifier)
{
	bool out = direction == SG_EGRESS;
	struct packet packet = {
		.protocol = 1,
		.source = {out ? 10 : 192, 0, 2, 1},
		.destination = {out ? 192 : 10, 0, 2, 1},
		.sport = identifier,
		.low16 = low16,
	};
	struct frame frame;

	packet_frame(&packet, &frame);
	return harness_run(harness, out ? TC_TX : XDP_RX, &frame);
}

static void both_sides_may_ping_with_the_same_identifier(void **state)
{
	struct harness *harness = begin(state);

	assert_int_equal(ping(harness, SG_EGRESS, 0x0800, 1), PASSES);
	assert_int_equal(ping(harness, SG_INGRESS, 0x0800, 1), PASSES);
	assert_int_equal(ping(harness, SG_INGRESS, 0x0000, 1), REPLY);
	assert_int_equal(ping(harness, SG_EGRESS, 0x0000, 1), REPLY);
	assert_int_equal(ping(harness, SG_INGRESS, 0x0000, 2), NO_RULE);
	assert_int_equal(ping(harness, SG_EGRESS, 0x0e00, 1), NO_RULE);
	assert_int_equal(table_use(harness).entries, 2);
}

static void an_answer_has_the_code_of_its_request(void **state)
{
	static const struct rule_row one_code[] = {
		ACCEPT(PROTOCOL_ICMP, 1, "any", PORTS({0x0805, 0x0805}), .direction = SG_EGRESS),
	};
	struct harness *harness = begin(state);

	assert_int_equal(ping(harness, SG_EGRESS, 0x0805, 1), PASSES);
	assert_int_equal(ping(harness, SG_INGRESS, 0x0000, 1), NO_RULE);
	assert_int_equal(ping(harness, SG_INGRESS, 0x0005, 1), REPLY);
	/* judged again, it is what it was */
	BIND(harness, one_code, 0);
	assert_int_equal(ping(harness, SG_INGRESS, 0x0005, 1), REPLY);
}

/* An error to the instance, about a packet that it is said to have sent. */
static enum sg_reason error_about(struct harness *harness, const struct packet *quoted, bool hidden)
{
	struct packet packet = {
		.protocol = 1,
		.source = {203, 0, 113, 9},
		.destination = {10, 0, 0, 1},
		.low16 = 0x0301,
		.quoted = quoted,
		.is_hidden = hidden,
	};
	struct frame frame;

	packet_frame(&packet, &frame);
	return harness_run(harness, TC_RX, &frame);
}

static void errors_about_what_was_accepted_are_related(void **state)
{
	struct packet quoted = {
		.protocol = TCP,
		.source = {10, 0, 0, 1},
		.destination = {192, 0, 2, 1},
		.sport = 40000,
		.low16 = 80,
	};
	struct harness *harness = begin(state);

	assert_int_equal(error_about(harness, &quoted, false), RELATED);
	quoted.low16 = 81;
	assert_int_equal(error_about(harness, &quoted, false), NO_RULE);
	quoted.low16 = 80;
	quoted.source[3] = 2;
	assert_int_equal(error_about(harness, &quoted, false), NO_RULE);
}

static void errors_about_the_instances_dhcp_are_related(void **state)
{
	struct packet quoted = {
		.protocol = UDP,
		.source = {10, 0, 0, 1},
		.destination = {192, 0, 2, 1},
		.sport = 68,
		.low16 = 67,
	};
	struct harness *harness = begin(state);

	assert_int_equal(error_about(harness, &quoted, false), RELATED);
	BIND(harness, client, SG_OPTION_STRICT);
	assert_int_equal(error_about(harness, &quoted, false), NO_RULE);
}

static void padding_is_not_quoted(void **state)
{
	struct packet quoted = {
		.protocol = 47,
		.source = {10, 0, 0, 1},
		.destination = {192, 0, 2, 1},
	};
	struct harness *harness = begin(state);

	assert_int_equal(error_about(harness, &quoted, false), RELATED);
	assert_int_equal(error_about(harness, &quoted, true), NO_RULE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_answers_come_back),
		cmocka_unit_test(both_sides_may_begin_a_handshake),
		cmocka_unit_test(a_connection_that_was_there_before_goes_on),
		cmocka_unit_test(a_start_lets_running_connections_go_on_and_ends_by_itself),
		cmocka_unit_test(a_rule_taken_back_cuts_its_connections_at_once),
		cmocka_unit_test(a_reset_opens_nothing),
		cmocka_unit_test(a_syn_on_a_closed_connection_is_a_new_one),
		cmocka_unit_test(both_sides_may_ping_with_the_same_identifier),
		cmocka_unit_test(an_answer_has_the_code_of_its_request),
		cmocka_unit_test(errors_about_what_was_accepted_are_related),
		cmocka_unit_test(errors_about_the_instances_dhcp_are_related),
		cmocka_unit_test(padding_is_not_quoted),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
