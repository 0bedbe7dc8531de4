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
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpf/cases.h"
#include "bpf/interface.h"
#include "bpf/state_table.h"
#include "bpf/talk.h"
#include "kern/internal.h"
#include "unit/gen_policy.h"

#define SERVICES 300
#define OTHERS 300
#define RACES 1500
#define RACE_ROUNDS 10

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
	uint16_t port = number % SERVICES;

	return (struct talk){TCP, (uint16_t)(40000 + port), (uint16_t)(1 + port),
			     1 + number / SERVICES, family};
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

/* Both CPUs are at the same service. */
struct race {
	const struct harness *harness;
	atomic_uint arrived; /* services so far, of both CPUs together */
	atomic_ulong lost;   /* answers */
};

static void *meet(struct race *race, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
	for (uint32_t i = 0; i < RACES; i++) {
		struct talk talk = to_service(i, SG_IPV4);

		atomic_fetch_add(&race->arrived, 1);
		while (atomic_load(&race->arrived) < 2 * (i + 1))
			;
		if (cpu) {
			/* nothing is left of the service, says the mark's count; or there just is */
			talk.local_port += SERVICES;
			talk_in_fast(race->harness, &talk, SYN | ACK);
		} else if (talk_out_fast(race->harness, &talk, SYN) != SG_ACCEPT ||
			   talk_in_fast(race->harness, &talk, SYN | ACK) != SG_ACCEPT) {
			atomic_fetch_add(&race->lost, 1);
		}
	}
	return NULL;
}

static void *meet_on_second(void *context)
{
	return meet(context, 1);
}

static void no_mark_of_an_entry_is_taken_away_as_it_is_made(void **state)
{
	struct harness one = harness_second(harness_of(state), ifindexes[0], 3);

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	BIND(&one, closed_client, SG_OPTION_GUEST);
	for (int round = 0; round < RACE_ROUNDS; round++) {
		struct race race = {.harness = &one};
		pthread_t second;

		for (uint32_t i = 0; i < RACES; i++) {
			struct talk talk = to_service(i, SG_IPV4);

			assert_int_equal(talk_out_fast(&one, &talk, SYN), SG_ACCEPT);
		}
		/* marks stay, so that both CPUs find one and nothing counted */
		harness_flush(&one);
		assert_int_equal(pthread_create(&second, NULL, meet_on_second, &race), 0);
		meet(&race, 0);
		pthread_join(second, NULL);
		assert_int_equal(race.lost, 0);
		table_check_counts(&one);
		harness_flush(&one);
	}
	harness_catch_up(&one);
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
		cmocka_unit_test(no_mark_of_an_entry_is_taken_away_as_it_is_made),
	};

	return cmocka_run_group_tests(tests, open_one, harness_close);
}
