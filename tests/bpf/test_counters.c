// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_counters.c - a packet counts for its own instance, direction and reason,
 * on whatever CPU it is judged, and for nothing else.
 *
 * There are few slots, so that all of them can be looked at after each packet.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "bpf/cases.h"
#include "kern/internal.h"

#define INSTANCES 5

static const struct rule_row web[] = {
	ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({80, 80})),
};

/* Packets of all slots. */
struct books {
	struct sg_counters slots[SG_SLOTS(INSTANCES)];
};

static struct books read_books(const struct harness *harness)
{
	struct books books;
	struct error err;

	for (uint32_t slot = 0; slot < SG_SLOTS(INSTANCES); slot++) {
		if (counters_read(harness->kern, slot, &books.slots[slot], &err))
			fail_msg("%s", err.message);
	}
	return books;
}

/* From now on these are the packets of another slot. */
static void move(struct harness *harness, uint32_t slot)
{
	harness->own_slot = slot;
	BIND(harness, web, 0);
}

static void run(struct harness *harness, enum program program, const char *recipe)
{
	struct frame frame;

	frame_make(&frame, recipe);
	(void)harness_verdict(harness, program, &frame);
}

/* The CPUs that this thread may run on, one by one from *cpu. */
static bool next_cpu(const cpu_set_t *allowed, int *cpu)
{
	cpu_set_t one;

	while (*cpu < CPU_SETSIZE && !CPU_ISSET(*cpu, allowed))
		++*cpu;
	if (*cpu == CPU_SETSIZE)
		return false;
	CPU_ZERO(&one);
	CPU_SET(*cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	return true;
}

/* Every program, direction and verdict on a CPU, for a slot; `expected` is what must be there. */
static void run_each(struct harness *harness, struct sg_counters *expected)
{
	static const struct {
		enum program program;
		const char *recipe;
		enum sg_direction direction;
		enum sg_reason reason;
	} rows[] = {
		{TC_RX, "ip4 tcp=80", SG_INGRESS, SG_REASON_RULE_ACCEPT},
		{XDP_RX, "ip4 tcp=80", SG_INGRESS, SG_REASON_RULE_ACCEPT},
		{TC_RX, "ip4 tcp=81", SG_INGRESS, SG_REASON_NO_RULE},
		{TC_TX, "ip6 tcp=80", SG_EGRESS, SG_REASON_NO_RULE},
		{XDP_RX, "arp", SG_INGRESS, SG_REASON_ARP},
		{TC_TX, "arp", SG_EGRESS, SG_REASON_ARP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sg_counter *counter = &expected->by[rows[i].direction][rows[i].reason];
		struct frame frame;

		run(harness, rows[i].program, rows[i].recipe);
		frame_make(&frame, rows[i].recipe);
		counter->packets++;
		counter->bytes += frame.length;
	}
}

/* What one CPU wrote: another one's additions would get lost there. */
static uint64_t accepted_on(const struct harness *harness, int cpu)
{
	const struct kern *kern = harness->kern;
	uint32_t row = SG_COUNTER_ROW(SG_INGRESS, SG_REASON_RULE_ACCEPT);
	uint32_t index =
		SG_COUNTER_INDEX(kern->counter_layout, (uint32_t)cpu, row, harness->own_slot);

	return kern->counters[index].packets;
}

static void a_packet_counts_once_and_on_every_cpu(void **state)
{
	struct harness *harness = harness_of(state);
	struct books expected = read_books(harness), books;
	cpu_set_t allowed;

	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (uint32_t slot = 1; slot < SG_SLOTS(INSTANCES); slot++) {
		move(harness, slot);
		for (int cpu = 0; next_cpu(&allowed, &cpu); cpu++) {
			assert_int_equal(accepted_on(harness, cpu), 0);
			run_each(harness, &expected.slots[slot]);
			assert_int_equal(accepted_on(harness, cpu), 2);
		}
		books = read_books(harness);
		assert_memory_equal(&books, &expected, sizeof(books));
	}
	assert_int_equal(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
}

static void what_is_not_bound_counts_for_nobody(void **state)
{
	struct harness *harness = harness_of(state);
	struct books expected = read_books(harness), books;

	harness_unbind(harness);
	run(harness, TC_RX, "ip4 tcp=80");
	run(harness, XDP_RX, "ip4 tcp=80");
	books = read_books(harness);
	assert_int_equal(books.slots[0].by[SG_INGRESS][SG_REASON_NO_INSTANCE].packets,
			 expected.slots[0].by[SG_INGRESS][SG_REASON_NO_INSTANCE].packets + 2);
	assert_memory_equal(&books.slots[1], &expected.slots[1],
			    sizeof(books) - sizeof(books.slots[0]));
}

static void a_slot_is_cleared_on_all_cpus_and_no_other(void **state)
{
	struct harness *harness = harness_of(state);
	struct books expected, books;
	struct error err;
	cpu_set_t allowed;

	assert_int_equal(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
	for (uint32_t slot = 1; slot < SG_SLOTS(INSTANCES); slot++) {
		move(harness, slot);
		for (int cpu = 0; next_cpu(&allowed, &cpu); cpu++)
			run(harness, TC_TX, "arp");
	}
	assert_int_equal(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
	expected = read_books(harness);
	for (uint32_t slot = 1; slot < SG_SLOTS(INSTANCES); slot += 2) {
		assert_int_not_equal(expected.slots[slot].by[SG_EGRESS][SG_REASON_ARP].packets, 0);
		assert_int_equal(counters_reset(harness->kern, slot, &err), 0);
		expected.slots[slot] = (struct sg_counters){0};
		books = read_books(harness);
		assert_memory_equal(&books, &expected, sizeof(books));
	}
}

static void a_slot_that_is_not_there_is_refused(void **state)
{
	struct harness *harness = harness_of(state);
	struct sg_counters counters;
	struct error err;

	assert_int_equal(counters_read(harness->kern, SG_SLOTS(INSTANCES), &counters, &err),
			 -ENOENT);
	assert_int_equal(counters_reset(harness->kern, SG_SLOTS(INSTANCES), &err), -ENOENT);
}

/* Two of them would fight over the line in which one part ends and the next begins. */
static void no_page_holds_counters_of_two_cpus(void **state)
{
	const struct kern *kern = harness_of(state)->kern;
	size_t part = kern->counter_layout.part * sizeof(struct sg_counter);
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	assert_int_equal(part % 4096, 0);
	assert_in_range(part, SG_SLOTS(INSTANCES) * sizeof(struct sg_counters), SIZE_MAX);
	assert_in_range(kern->counter_count / kern->counter_layout.part, cpus, UINT32_MAX);
}

static int open_few(void **state)
{
	struct connection_settings settings;

	connection_settings_default(&settings);
	settings.instances = INSTANCES;
	return harness_open_with(state, &settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_counts_once_and_on_every_cpu),
		cmocka_unit_test(what_is_not_bound_counts_for_nobody),
		cmocka_unit_test(a_slot_is_cleared_on_all_cpus_and_no_other),
		cmocka_unit_test(a_slot_that_is_not_there_is_refused),
		cmocka_unit_test(no_page_holds_counters_of_two_cpus),
	};

	return cmocka_run_group_tests(tests, open_few, harness_close);
}
