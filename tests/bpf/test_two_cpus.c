// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_two_cpus.c - two CPUs judge packets of the same connections while a
 * third hand changes policies and lets time pass.
 *
 * Some connections are open all the time: both policies accept them, so none
 * of their packets is ever lost. Others come and go, on both CPUs at once, in
 * a share that is too small for them; in the end its counts are right.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "bpf/cases.h"
#include "bpf/state_table.h"
#include "bpf/talk.h"
#include "unit/gen_policy.h"

#define CPUS 2
#define PACKETS 250000 /* on each CPU */
#define LASTING 64
#define SHARE 400

/* Both accept what goes out to port 443, and differ in what may come in. */
static const struct rule_row one_rows[] = {
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({443, 443}), .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_UDP, 1, "any", PORTS({443, 443}), .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({8001, 8001})),
};
static const struct rule_row other_rows[] = {
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({443, 443}), .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_UDP, 1, "any", PORTS({443, 443}), .direction = SG_EGRESS),
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({8002, 8002})),
};

struct cpu {
	const struct harness *harness;
	int number;
	uint64_t seed;
	atomic_bool is_done;
	/* What went wrong. */
	unsigned long lost;
	unsigned long wrongly_passed;
	unsigned long wrongly_dropped;
};

/* A packet of the instance's connection from `local_port`, either way. */
static enum sg_verdict send_one(const struct harness *harness, enum sg_direction direction,
				uint8_t protocol, uint16_t local_port, uint16_t remote_port,
				uint8_t tcp_flags)
{
	const struct talk talk = {protocol, local_port, remote_port, 1, SG_IPV4};

	return direction == SG_EGRESS ? talk_out_fast(harness, &talk, tcp_flags)
				      : talk_in_fast(harness, &talk, tcp_flags);
}

static uint16_t lasting_port(uint32_t number)
{
	return (uint16_t)(1000 + number);
}

/* Of a connection that is open all the time. */
static void one_lasting(struct cpu *cpu, struct gen_random *random)
{
	uint16_t port = lasting_port(gen_below(random, LASTING));
	enum sg_direction direction = gen_below(random, 2);

	if (send_one(cpu->harness, direction, 6, port, 443, ACK) != SG_ACCEPT)
		cpu->lost++;
}

/* What no policy accepts, and no connection. */
static void one_forbidden(struct cpu *cpu, struct gen_random *random)
{
	uint16_t port = (uint16_t)(20000 + gen_below(random, 100));

	if (send_one(cpu->harness, SG_INGRESS, 6, port, 444, ACK) == SG_ACCEPT ||
	    send_one(cpu->harness, SG_INGRESS, 6, port, 443, SYN) == SG_ACCEPT ||
	    send_one(cpu->harness, SG_EGRESS, 6, port, 22, SYN) == SG_ACCEPT)
		cpu->wrongly_passed++;
}

/* Of few connections that both CPUs open, close and forget. */
static void one_fleeting(struct cpu *cpu, struct gen_random *random)
{
	static const uint8_t flags[] = {SYN, SYN, ACK, ACK, FIN | ACK, FIN | ACK, RST, SYN | ACK};
	uint16_t port = (uint16_t)(30000 + gen_below(random, 48));

	send_one(cpu->harness, gen_below(random, 2), 6, port, 443,
		 flags[gen_below(random, ARRAY_SIZE(flags))]);
	send_one(cpu->harness, gen_below(random, 2), 6, 8001 + gen_below(random, 2), port,
		 flags[gen_below(random, ARRAY_SIZE(flags))]);
}

/* More than the share has room for: refused now and then, and only that. */
static void one_of_many(struct cpu *cpu, struct gen_random *random)
{
	uint16_t port = (uint16_t)(40000 + gen_below(random, 8000));
	uint8_t protocol = gen_below(random, 2) ? 17 : 6;

	send_one(cpu->harness, SG_EGRESS, protocol, port, 443, SYN);
	if (gen_below(random, 16) == 0)
		send_one(cpu->harness, SG_INGRESS, protocol, port, 443, ACK);
	/* the end of a connection needs no room */
	if (protocol == 6 && send_one(cpu->harness, SG_EGRESS, 6, port, 443, RST) != SG_ACCEPT)
		cpu->wrongly_dropped++;
}

static void *judge(void *context)
{
	struct cpu *cpu = context;
	struct gen_random random = {cpu->seed + (unsigned int)cpu->number};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu->number, &set);
	/* with one CPU the threads still interrupt each other */
	(void)sched_setaffinity(0, sizeof(set), &set);
	for (int i = 0; i < PACKETS; i++) {
		switch (gen_below(&random, 5)) {
		case 0:
			one_of_many(cpu, &random);
			break;
		case 1:
			one_forbidden(cpu, &random);
			break;
		case 2:
			one_fleeting(cpu, &random);
			break;
		default:
			one_lasting(cpu, &random);
			break;
		}
	}
	atomic_store(&cpu->is_done, true);
	return NULL;
}

static void open_lasting(const struct harness *harness)
{
	for (uint32_t i = 0; i < LASTING; i++) {
		uint16_t port = lasting_port(i);

		assert_int_equal(send_one(harness, SG_EGRESS, 6, port, 443, SYN), SG_ACCEPT);
		assert_int_equal(send_one(harness, SG_INGRESS, 6, port, 443, SYN | ACK), SG_ACCEPT);
	}
}

/* Until all are done: other policies, time, and, with `flush`, nothing known before. */
static int change_things(struct harness *harness, struct cpu cpus[CPUS], bool flush)
{
	int changes = 0;

	while (!atomic_load(&cpus[0].is_done) || !atomic_load(&cpus[1].is_done)) {
		if (changes++ % 2)
			BIND(harness, one_rows, 0);
		else
			BIND(harness, other_rows, 0);
		harness_pass(harness, 1);
		if (flush && changes % 8 == 0)
			harness_flush(harness);
	}
	return changes;
}

static void run(struct harness *harness, struct cpu cpus[CPUS], bool flush)
{
	pthread_t threads[CPUS];
	int changes;

	harness_name(harness, "SGATE_SEED=%llu", (unsigned long long)cpus[0].seed);
	for (int i = 0; i < CPUS; i++) {
		cpus[i].harness = harness;
		cpus[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, judge, &cpus[i]), 0);
	}
	changes = change_things(harness, cpus, flush);
	for (int i = 0; i < CPUS; i++)
		pthread_join(threads[i], NULL);
	print_message("%d changes of policy\n", changes);
	assert_in_range(changes, 20, INT32_MAX);
	for (int i = 0; i < CPUS; i++) {
		assert_int_equal(cpus[i].wrongly_passed, 0);
		assert_int_equal(cpus[i].wrongly_dropped, 0);
	}
	table_check_counts(harness);
	assert_in_range(table_use(harness).entries, 0, SHARE);
}

static void policies_change_and_no_packet_is_judged_wrongly(void **state)
{
	struct harness *harness = harness_of(state);
	uint64_t seed = gen_seed(1);
	struct cpu cpus[CPUS] = {{.seed = seed}, {.seed = seed}};

	print_message("SGATE_SEED=%llu\n", (unsigned long long)seed);
	harness->share = SHARE;
	BIND(harness, one_rows, 0);
	harness_flush(harness);
	open_lasting(harness);
	run(harness, cpus, false);
	assert_int_equal(cpus[0].lost, 0);
	assert_int_equal(cpus[1].lost, 0);
	assert_in_range(table_share(harness).replaced, 1, UINT64_MAX);
}

static void counts_are_right_however_often_all_is_forgotten(void **state)
{
	struct harness *harness = harness_of(state);
	uint64_t seed = gen_seed(1);
	struct cpu cpus[CPUS] = {{.seed = seed}, {.seed = seed}};

	harness->share = SHARE;
	BIND(harness, one_rows, 0);
	harness_flush(harness);
	run(harness, cpus, true);
	/* what was forgotten does not count */
	harness_flush(harness);
	table_check_counts(harness);
	assert_int_equal(table_use(harness).entries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_change_and_no_packet_is_judged_wrongly),
		cmocka_unit_test(counts_are_right_however_often_all_is_forgotten),
	};

	return cmocka_run_group_tests(tests, harness_open, harness_close);
}
