// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_train.c - trains of equal packets, for which the rules are not searched
 * each time: nothing that differs from them, and nothing that changes while
 * they run, is judged as they were.
 *
 * What was decided last is kept by each CPU for itself, so all runs on one.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sched.h>
#include <string.h>

#include "bpf/cases.h"
#include "bpf/interface.h"
#include "bpf/talk.h"
#include "bpf/traffic.h"

/* Packets. From the third on none may need a search, from the fifth on a connection is expected. */
#define LONG 6
#define TURNS 20

#define REPLY SG_REASON_REPLY

static const uint32_t ifindexes[] = {301};
#define OTHER_SLOT 8

/* Equal packets between the instance and a remote host. */
struct train {
	const char *remote;
	uint8_t protocol;
	uint16_t port; /* where they go */
	uint16_t from;
	uint8_t flags; /* of TCP */
};
#define TO(remote, protocol, port) \
	{ \
		(remote), (protocol), (port), 40000, SYN \
	}

#define HOST4 "192.0.2.1"
#define HOST6 "2001:db8::1"
static const char *const hosts[] = {[SG_IPV4] = HOST4, [SG_IPV6] = HOST6};

/* How packets come: each test is run for every way there is. */
struct way {
	enum program program;
	enum program back; /* for the other direction */
	enum sg_direction direction;
	enum sg_family family;
	uint32_t options;
};

static struct train answer_to(const struct train *train, uint8_t flags)
{
	return (struct train){train->remote, train->protocol, train->from, train->port, flags};
}

static enum sg_family family_of(const struct train *train)
{
	return strchr(train->remote, ':') ? SG_IPV6 : SG_IPV4;
}

static void make(const struct harness *harness, enum program program, const struct train *train,
		 uint32_t data, struct frame *frame)
{
	static const char *const locals[] = {[SG_IPV4] = "10.0.0.1", [SG_IPV6] = "2001:db8:9::9"};
	bool out = harness_direction(harness, program) == SG_EGRESS;
	struct packet packet = {
		.family = family_of(train),
		.protocol = train->protocol,
		.sport = train->from,
		.low16 = train->port,
		.tcp_flags = train->flags,
		.data = data,
	};
	int family = packet.family == SG_IPV6 ? AF_INET6 : AF_INET;
	uint8_t *local = out ? packet.source : packet.destination;
	uint8_t *remote = out ? packet.destination : packet.source;

	assert_int_equal(inet_pton(family, train->remote, remote), 1);
	assert_int_equal(inet_pton(family, locals[packet.family], local), 1);
	packet_frame(&packet, frame);
}

/* So many packets, each for this reason and counted as itself alone. */
static void expect(struct harness *harness, enum program program, const struct train *train,
		   uint32_t count, enum sg_reason reason)
{
	struct frame frame;

	make(harness, program, train, 0, &frame);
	harness_name(harness, "%s, protocol %u, port %u, flags %u, program %d, options %u",
		     train->remote, train->protocol, train->port, train->flags, program,
		     harness->options);
	for (uint32_t i = 0; i < count; i++) {
		enum sg_reason found = harness_run(harness, program, &frame);

		if (found != reason)
			fail_msg("%s: number %u is %s, not %s", harness->name, i,
				 reason_label(found), reason_label(reason));
	}
}

static void each_way(void **state, void (*check)(struct harness *harness, const struct way *way))
{
	struct harness *harness = harness_of(state);

	for (int i = 0; i < 2 * 2 * PROGRAMS; i++) {
		enum program program = i % PROGRAMS;
		bool guest = i / PROGRAMS % 2;
		struct way way = {
			.program = program,
			.back = program == TC_TX ? TC_RX : TC_TX,
			.direction = (program == TC_TX) != guest ? SG_EGRESS : SG_INGRESS,
			.family = i / PROGRAMS / 2 ? SG_IPV6 : SG_IPV4,
			.options = guest ? SG_OPTION_GUEST : 0,
		};

		harness_flush(harness);
		check(harness, &way);
	}
}

#define EVERY_WAY(test) \
	static void test##_here(struct harness *harness, const struct way *way); \
	static void test(void **state) \
	{ \
		each_way(state, test##_here); \
	} \
	static void test##_here(struct harness *harness, const struct way *way)

#define WEB_OF(remote) ACCEPT(PROTOCOL_TCP, 1, remote, PORTS({80, 80}))
static const struct rule_row web = WEB_OF("any");
static const struct rule_row no_web = DENY(PROTOCOL_TCP, 1, "any", PORTS({80, 80}));
static const struct rule_row mail = ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({25, 25}));

/*
 * The rule of the way's direction. The other way all is accepted, so what it
 * accepts makes no connection: each packet is for the rules to judge.
 */
static void bind_rule(struct harness *harness, const struct way *way, const struct rule_row *rule)
{
	struct rule_row rows[] = {ACCEPT(PROTOCOL_ALL, 1, "any", .direction = !way->direction),
				  *rule};

	rows[1].direction = way->direction;
	harness_bind_rows(harness, rows, ARRAY_SIZE(rows), way->options);
}

static uint64_t word_of(const struct harness *harness)
{
	struct binding binding;

	assert_true(binding_get(harness->kern, harness->ifindex, &binding));
	return binding.policy;
}

/* What there is beside `web`, and what becomes of its packets then. */
static enum sg_reason bind_another(struct harness *harness, const struct way *way, int which)
{
	struct policy none = {.without_groups = true, .pass = which == 2};

	if (which >= 2)
		harness_bind(harness, &none, way->options);
	else
		bind_rule(harness, way, which ? &mail : &no_web);
	return (const enum sg_reason[]){SG_REASON_RULE_DENY, NO_RULE, SG_REASON_NO_GROUP_PASS,
					SG_REASON_NO_GROUP}[which];
}

/* From the middle on another instance keeps the first policy, so it comes back as what it was. */
EVERY_WAY(a_change_of_policy_holds_from_the_next_packet_on)
{
	const struct train train = TO(hosts[way->family], TCP, 80);
	struct harness keeper = harness_second(harness, ifindexes[0], OTHER_SLOT);

	for (int i = 0; i < 2 * TURNS; i++) {
		uint32_t count = LONG - i / 4 % LONG;

		if (i == TURNS)
			bind_rule(&keeper, way, &web);
		bind_rule(harness, way, &web);
		if (i >= TURNS)
			assert_true(word_of(harness) == word_of(&keeper));
		expect(harness, way->program, &train, count, PASSES);
		expect(harness, way->program, &train, count, bind_another(harness, way, i % 4));
	}
	harness_unbind(&keeper);
}

/* Two trains that differ in one thing. The rule accepts the first of them. */
static const struct pair {
	struct rule_row rule;
	struct train one, other;
} pairs[] = {
	{WEB_OF("any"), TO(HOST4, TCP, 80), TO(HOST4, TCP, 81)},
	{WEB_OF("any"), TO(HOST6, TCP, 80), TO(HOST6, TCP, 80 + 256)},
	{WEB_OF("any"), TO(HOST4, TCP, 80), TO(HOST4, UDP, 80)},
	{ACCEPT(PROTOCOL_UDP, 1, "any"), TO(HOST6, UDP, 80), TO(HOST6, TCP, 80)},
	{WEB_OF(HOST4 "/32"), TO(HOST4, TCP, 80), TO("192.0.2.2", TCP, 80)},
	{WEB_OF(HOST6 "/128"), TO(HOST6, TCP, 80), TO("2001:db8::1:0:1", TCP, 80)},
	{WEB_OF(HOST6 "/128"), TO(HOST6, TCP, 80), TO("2001:db8:0:1::1", TCP, 80)},
	{WEB_OF("2001:db8::/32"), TO(HOST6, TCP, 80), TO("::1", TCP, 80)},
	{WEB_OF(HOST4 "/32"), TO(HOST4, TCP, 80), TO("::" HOST4, TCP, 80)},
	{WEB_OF("::" HOST4 "/128"), TO("::" HOST4, TCP, 80), TO(HOST4, TCP, 80)},
};

/* A B A B, A A B B and so on. */
EVERY_WAY(trains_that_differ_in_one_thing_are_judged_apart)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (family_of(&pairs[i].one) != way->family)
			continue;
		bind_rule(harness, way, &pairs[i].rule);
		for (uint32_t turn = 0; turn < LONG * TURNS; turn++) {
			expect(harness, way->program, &pairs[i].one, 1 + turn / TURNS, PASSES);
			expect(harness, way->program, &pairs[i].other, 1 + turn / TURNS, NO_RULE);
		}
	}
}

/*
 * Nothing is accepted in the way's direction; in the other one everything, or
 * what has to do with one host. Then the packets that pass make connections.
 */
static void bind_client(struct harness *harness, const struct way *way, bool to_all)
{
	const struct rule_row row =
		ACCEPT(PROTOCOL_ALL, 1, to_all ? "any" : "GROUP " HOST4 "/32 " HOST6 "/128",
		       .direction = !way->direction);

	harness_bind_rows(harness, &row, 1, way->options);
	harness_flush(harness);
}

/* With the same port and the same remote host. */
EVERY_WAY(directions_are_judged_apart)
{
	struct train accepted = TO(hosts[way->family], TCP, 80), rejected = accepted;

	rejected.from = 20000;
	for (int i = 0; i < 4; i++) {
		bind_client(harness, way, i % 2);
		for (int j = 0; j < 4 * LONG; j++) {
			if (j % LONG == 0)
				expect(harness, way->program, &rejected, LONG, NO_RULE);
			/* a connection of its own, so that no entry answers for the rules */
			accepted.from++;
			expect(harness, way->back, &accepted, 1, PASSES);
		}
	}
}

EVERY_WAY(instances_are_judged_apart)
{
	struct harness other = harness_second(harness, ifindexes[0], OTHER_SLOT);
	const struct train train = TO(hosts[way->family], TCP, 80);
	const struct train answer = answer_to(&train, ACK);

	bind_rule(harness, way, &web);
	bind_rule(&other, way, &mail);
	for (uint32_t turn = 0; turn < LONG * TURNS; turn++) {
		expect(harness, way->program, &train, 1 + turn / TURNS, PASSES);
		expect(&other, way->program, &train, 1 + turn / TURNS, NO_RULE);
	}
	/* with the same policy each counts for itself */
	bind_rule(&other, way, &web);
	assert_true(word_of(&other) == word_of(harness));
	for (int i = 0; i < TURNS; i++) {
		expect(harness, way->program, &train, 1 + i % LONG, PASSES);
		expect(&other, way->program, &train, 1 + i % LONG, PASSES);
	}
	/* and a connection of one is none of the other */
	bind_rule(harness, way, &mail);
	bind_rule(&other, way, &mail);
	expect(harness, way->back, &train, 1, PASSES);
	for (uint32_t count = LONG; count; count--) {
		expect(harness, way->program, &answer, count, REPLY);
		expect(&other, way->program, &answer, count, NO_RULE);
	}
	harness_unbind(&other);
}

static void establish(struct harness *harness, const struct way *way, const struct train *opening)
{
	const struct train answer = answer_to(opening, SYN | ACK), go_on = answer_to(&answer, ACK);

	expect(harness, way->back, opening, 1, PASSES);
	expect(harness, way->program, &answer, 1, REPLY);
	expect(harness, way->back, &go_on, 1, PASSES);
}

EVERY_WAY(what_is_rejected_is_a_reply_while_there_is_a_connection)
{
	for (int i = 0; i < 4; i++) {
		const struct train opening = TO(hosts[way->family], i / 2 ? TCP : UDP, 80);
		const struct train train = answer_to(&opening, ACK);

		bind_client(harness, way, i % 2);
		expect(harness, way->program, &train, LONG, NO_RULE);
		expect(harness, way->back, &opening, 1, PASSES);
		expect(harness, way->program, &train, LONG, REPLY);
		harness_flush(harness);
		expect(harness, way->program, &train, LONG, NO_RULE);
		establish(harness, way, &opening);
		expect(harness, way->program, &train, LONG, REPLY);
		harness_pass(harness, 432001);
		expect(harness, way->program, &train, LONG, NO_RULE);
		expect(harness, way->back, &opening, 1, PASSES);
		harness_pass(harness, 61);
		/* it was not answered in time */
		expect(harness, way->program, &train, LONG, NO_RULE);
	}
}

EVERY_WAY(a_rejected_syn_is_a_reply_only_where_both_sides_begin)
{
	const struct train opening = TO(hosts[way->family], TCP, 80);
	const struct train strange = TO(hosts[way->family], TCP, 81);
	const struct train train = answer_to(&opening, SYN), ack = answer_to(&opening, ACK);

	for (int all = 0; all < 2; all++) {
		bind_client(harness, way, all);
		expect(harness, way->program, &train, LONG, NO_RULE);
		/* half-open and established ones with another port */
		expect(harness, way->back, &strange, 1, PASSES);
		expect(harness, way->program, &train, LONG, NO_RULE);
		establish(harness, way, &strange);
		expect(harness, way->program, &train, LONG, NO_RULE);
		/* both sides begin */
		expect(harness, way->back, &opening, 1, PASSES);
		expect(harness, way->program, &train, LONG, REPLY);
		harness_pass(harness, 61);
		expect(harness, way->program, &train, LONG, NO_RULE);
		expect(harness, way->back, &opening, 1, PASSES);
		expect(harness, way->program, &train, LONG, REPLY);
		expect(harness, way->program, &ack, 1, REPLY);
		/* it asks for another connection than the one that is there by now */
		expect(harness, way->program, &train, LONG, NO_RULE);
		expect(harness, way->program, &ack, LONG, REPLY);
	}
}

/* They are equal for the rules, of any length, and the counters are looked at only in the end. */
EVERY_WAY(each_packet_of_a_train_counts_with_its_own_length)
{
	struct sg_counters expected;
	struct frame frame;

	bind_rule(harness, way, &web);
	for (int i = 0; i < 4; i++) {
		const struct train train = TO(hosts[way->family], TCP, i % 2 ? 25 : 80);
		enum sg_reason reason = i % 2 ? NO_RULE : PASSES;
		struct sg_counter *counter = &expected.by[way->direction][reason];

		expected = harness->seen;
		for (uint32_t j = 0; j < 200; j++) {
			make(harness, way->program, &train, j % 7 * 100, &frame);
			counter->packets++;
			counter->bytes += frame.length;
			assert_int_equal(harness_verdict(harness, way->program, &frame),
					 reason_verdict(reason));
		}
		harness_catch_up(harness);
		assert_memory_equal(&harness->seen, &expected, sizeof(expected));
	}
}

/* On one CPU from now on, in a namespace with another interface. */
static int open_on_one_cpu(void **state)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) ||
	    interfaces_make(ifindexes, ARRAY_SIZE(ifindexes)))
		return -1;
	return harness_open(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_of_policy_holds_from_the_next_packet_on),
		cmocka_unit_test(trains_that_differ_in_one_thing_are_judged_apart),
		cmocka_unit_test(directions_are_judged_apart),
		cmocka_unit_test(instances_are_judged_apart),
		cmocka_unit_test(what_is_rejected_is_a_reply_while_there_is_a_connection),
		cmocka_unit_test(a_rejected_syn_is_a_reply_only_where_both_sides_begin),
		cmocka_unit_test(each_packet_of_a_train_counts_with_its_own_length),
	};

	return cmocka_run_group_tests(tests, open_on_one_cpu, harness_close);
}
