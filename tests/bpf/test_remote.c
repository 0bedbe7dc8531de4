// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_remote.c - marks of remote services: they are there as long as there are
 * entries, and a packet takes away those that are left over.
 *
 * All instances are guests': what a test run says was received is read in full,
 * and only what is sent to a guest asks for marks.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "bpf/cases.h"
#include "bpf/interface.h"
#include "bpf/state_table.h"
#include "bpf/talk.h"
#include "kern/internal.h"
#include "unit/gen_policy.h"

#define SERVICES 300
#define OTHERS 300

static const uint32_t ifindexes[] = {301};

/* What answers needs an entry: of an instance that may send everything and of one that may not. */
static const struct rule_row open_client[] = {
	ACCEPT(PROTOCOL_ALL, 1, "any", .direction = SG_EGRESS),
};
static const struct rule_row closed_client[] = {
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({1, SERVICES}), .direction = SG_EGRESS),
};

/* A connection to the service of this number: its port is the lower one. */
static struct talk to_service(uint32_t number, enum sg_family family)
{
	return (struct talk){TCP, (uint16_t)(40000 + number), (uint16_t)(1 + number), 1, family};
}

static uint32_t marks_count(const struct harness *one)
{
	const uint32_t words = one->kern->bucket_count * SG_BUCKET_REMOTES / SG_REMOTE_MARKS;
	uint64_t *marks = table_marks(one);
	uint32_t count = 0;

	for (uint32_t i = 0; i < words; i++)
		count += (uint32_t)__builtin_popcountll(marks[i]);
	free(marks);
	return count;
}

/* A packet that no rule accepts, from each service to a port so much further; as many pass. */
static uint32_t answers(struct harness *one, enum sg_family family, uint16_t further)
{
	uint32_t passed = 0;

	for (uint32_t i = 0; i < SERVICES; i++) {
		struct talk talk = to_service(i, family);

		talk.local_port += further;
		passed += talk_in_fast(one, &talk, SYN | ACK) == SG_ACCEPT;
	}
	harness_catch_up(one);
	return passed;
}

static void open_all(struct harness *one, enum sg_family family)
{
	for (uint32_t i = 0; i < SERVICES; i++) {
		struct talk talk = to_service(i, family);

		assert_int_equal(talk_out(one, &talk, SYN), SG_REASON_RULE_ACCEPT);
	}
}

static void check_marks_go(struct harness *one, enum sg_family family)
{
	uint32_t before = marks_count(one), marked;

	open_all(one, family);
	table_check_counts(one);
	marked = marks_count(one);
	/* some share one: many, with a few multipliers, as the ports follow one another */
	assert_in_range(marked - before, SERVICES / 4, SERVICES);
	/* while there are entries their answers pass, whatever else comes of the same services */
	assert_int_equal(answers(one, family, SERVICES), 0);
	assert_int_equal(answers(one, family, 0), SERVICES);
	assert_int_equal(marks_count(one), marked);
	/* the loader forgets entries, and leaves the marks */
	harness_flush(one);
	assert_int_equal(marks_count(one), marked);
	/* the packets that find them take them away, but for the first if a connection is expected */
	assert_int_equal(answers(one, family, 0), 0);
	assert_int_equal(answers(one, family, 0), 0);
	assert_int_equal(marks_count(one), before);
	/* and entries of the same services have them again */
	open_all(one, family);
	table_check_counts(one);
	assert_int_equal(answers(one, family, 0), SERVICES);
	harness_flush(one);
	answers(one, family, 0);
	answers(one, family, 0);
	assert_int_equal(marks_count(one), before);
}

static void marks_go_when_nothing_is_left(void **state)
{
	struct harness one = harness_second(harness_of(state), ifindexes[0], 1);

	for (int family = 0; family < 2; family++) {
		BIND(&one, open_client, SG_OPTION_GUEST);
		check_marks_go(&one, (enum sg_family)family);
		BIND(&one, closed_client, SG_OPTION_GUEST);
		check_marks_go(&one, (enum sg_family)family);
	}
}

/* The lower port is the service's: whoever connects. */
static void both_sides_connections_have_one_mark(void **state)
{
	static const struct rule_row server[] = {
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({443, 443})),
	};
	struct harness one = harness_second(harness_of(state), ifindexes[0], 2);
	uint32_t before;

	BIND(&one, server, SG_OPTION_GUEST);
	before = marks_count(&one);
	for (uint32_t i = 0; i < OTHERS; i++) {
		struct talk talk = {TCP, 443, (uint16_t)(20000 + i), 1, SG_IPV4};

		assert_int_equal(talk_in(&one, &talk, SYN), SG_REASON_RULE_ACCEPT);
	}
	table_check_counts(&one);
	assert_int_equal(marks_count(&one), before + 1);
	harness_flush(&one);
}

static int open_one(void **state)
{
	return interfaces_make(ifindexes, 1) ? -1 : harness_open(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_go_when_nothing_is_left),
		cmocka_unit_test(both_sides_connections_have_one_mark),
	};

	return cmocka_run_group_tests(tests, open_one, harness_close);
}
