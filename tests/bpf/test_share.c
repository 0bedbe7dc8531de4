// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_share.c - nobody takes more of the connection table than his share, and
 * nobody's established connections make room for anything.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>

#include "bpf/cases.h"
#include "bpf/interface.h"
#include "bpf/state_table.h"
#include "bpf/talk.h"
#include "kern/internal.h"
#include "unit/gen_policy.h"

#define ESTABLISHED 500
#define FLOOD 200000
#define INCOMING 1000000

static const uint32_t ifindexes[] = {301, 302};

/* Whatever it sends may go, and only answers come back. */
static const struct rule_row client[] = {
	ACCEPT(PROTOCOL_ALL, 1, "any", .direction = SG_EGRESS),
};

/* A new instance at interface 0 or 1. */
static struct harness instance(const struct harness *harness, uint32_t number, uint32_t share)
{
	static uint32_t slot = 1;
	struct harness one = harness_second(harness, ifindexes[number], slot++);

	one.share = share;
	harness_name(&one, "instance %u", number);
	BIND(&one, client, 0);
	return one;
}

/* The number-th connection of many. */
static struct talk talk_of(uint8_t protocol, uint32_t number)
{
	return (struct talk){
		.protocol = protocol,
		.local_port = (uint16_t)(1024 + number % 60000),
		.remote_port = 443,
		.remote = 1 + number / 60000,
	};
}

static void establish(struct harness *one, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct talk talk = talk_of(TCP, i);

		assert_int_equal(talk_out(one, &talk, SYN), PASSES);
		assert_int_equal(talk_in(one, &talk, SYN | ACK), SG_REASON_REPLY);
	}
}

static void check_established(struct harness *one, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct talk talk = talk_of(TCP, i);

		if (talk_in(one, &talk, ACK) != SG_REASON_REPLY)
			fail_msg("%s: connection %u is lost", one->name, i);
	}
}

static void a_share_is_never_exceeded(void **state)
{
	struct harness one = instance(harness_of(state), 0, 1000);

	for (uint32_t i = 0; i < 5000; i++) {
		struct talk talk = talk_of(UDP, i);
		enum sg_reason reason = talk_out(&one, &talk, 0);

		if (reason != (i < 1000 ? PASSES : SG_REASON_SHARE_FULL))
			fail_msg("connection %u: %s", i, reason_label(reason));
		if (i < 1000)
			assert_int_equal(talk_in(&one, &talk, 0), SG_REASON_REPLY);
		else
			assert_int_equal(talk_in(&one, &talk, 0), NO_RULE);
	}
	assert_int_equal(table_use(&one).entries, 1000);
	assert_int_equal(table_share(&one).refused, 4000);
	assert_int_equal(table_share(&one).replaced, 0);
	table_check_counts(&one);
}

static void flood(struct harness *one, uint8_t protocol, size_t seen[2])
{
	for (uint32_t i = 0; i < FLOOD; i++) {
		struct talk talk = talk_of(protocol, 100000 + i);

		seen[talk_out_fast(one, &talk, SYN)]++;
		if (i % 20000 == 0)
			harness_pass(one, 1);
	}
	harness_catch_up(one);
}

static void a_flood_without_answers_hurts_no_established_connection(void **state)
{
	struct harness *harness = harness_of(state);
	struct harness flooder = instance(harness, 0, 8192), other = instance(harness, 1, 8192);
	static const uint8_t protocols[] = {TCP, UDP, TCP};
	size_t seen[2] = {0};
	struct table_use use;

	establish(&flooder, ESTABLISHED);
	establish(&other, ESTABLISHED);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		flood(&flooder, protocols[i], seen);
		use = table_use(&flooder);
		assert_in_range(use.entries, ESTABLISHED, 8192);
		assert_in_range(use.count[SG_BUDGET_HALF_OPEN], 0, SG_UNREPLIED_LIMIT(8192));
		assert_in_range(use.count[SG_BUDGET_UNREPLIED], 0, SG_UNREPLIED_LIMIT(8192));
		check_established(&flooder, ESTABLISHED);
		check_established(&other, ESTABLISHED);
	}
	print_message("of %d, %zu found room; %llu made it, %llu were refused\n", 3 * FLOOD,
		      seen[SG_ACCEPT], (unsigned long long)table_share(&flooder).replaced,
		      (unsigned long long)table_share(&flooder).refused);
	assert_int_equal(table_share(&flooder).refused, seen[SG_DROP]);
	assert_int_equal(table_share(&other).refused + table_share(&other).replaced, 0);
	assert_int_equal(table_use(&other).entries, ESTABLISHED);
	table_check_counts(&flooder);
	table_check_counts(&other);
}

static void a_flood_of_one_kind_leaves_room_for_the_other(void **state)
{
	struct harness one = instance(harness_of(state), 0, 8192);
	size_t seen[2] = {0};

	flood(&one, TCP, seen);
	for (uint32_t i = 0; i < 1000; i++) {
		struct talk talk = talk_of(UDP, i);

		assert_int_equal(talk_out(&one, &talk, 0), PASSES);
		assert_int_equal(talk_in(&one, &talk, 0), SG_REASON_REPLY);
	}
	table_check_counts(&one);
}

static void open_ports_cost_no_memory_where_answers_may_go_anyway(void **state)
{
	static const struct rule_row server[] = {
		ACCEPT(PROTOCOL_TCP, 1, "any", PORTS({80, 80})),
		ACCEPT(PROTOCOL_ALL, 1, "any", .direction = SG_EGRESS),
	};
	struct harness one = instance(harness_of(state), 0, 8192);
	size_t dropped = 0;

	BIND(&one, server, 0);
	for (uint32_t i = 0; i < INCOMING; i++) {
		struct talk talk = {TCP, 80, (uint16_t)i, i >> 16, SG_IPV4};

		dropped += talk_in_fast(&one, &talk, SYN) != SG_ACCEPT;
	}
	assert_int_equal(dropped, 0);
	assert_int_equal(table_use(&one).entries, 0);
	table_check_counts(&one);
}

static void expired_entries_make_room(void **state)
{
	struct harness one = instance(harness_of(state), 0, 2000);
	size_t refused = 0;

	/* half-open ones, then established ones that are over, then half-open ones again */
	for (int round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < 500; i++) {
			struct talk talk = talk_of(TCP, 10000 * (uint32_t)round + i);

			refused += talk_out(&one, &talk, SYN) != PASSES;
		}
		harness_pass(&one, 61);
	}
	establish(&one, 1500);
	for (uint32_t i = 0; i < 1500; i++) {
		struct talk talk = talk_of(TCP, i);

		assert_int_equal(talk_in(&one, &talk, RST), SG_REASON_REPLY);
	}
	harness_pass(&one, 11);
	for (uint32_t i = 0; i < 1900; i++) {
		struct talk talk = talk_of(UDP, i);

		refused += talk_out(&one, &talk, 0) != PASSES;
		talk_in(&one, &talk, 0);
	}
	/* where none happens to be near, a few are refused before one is found */
	assert_in_range(refused, 0, 40);
	assert_in_range(table_use(&one).entries, 1860, 2000);
	table_check_counts(&one);
}

static void a_flush_frees_a_share_and_no_other(void **state)
{
	struct harness *harness = harness_of(state);
	struct harness one = instance(harness, 0, 600), other = instance(harness, 1, 600);
	struct talk talk = talk_of(UDP, 1);

	for (int i = 0; i < 20; i++) {
		establish(&one, 600);
		assert_int_equal(talk_out(&one, &talk, 0), SG_REASON_SHARE_FULL);
		if (i == 0)
			establish(&other, 600);
		harness_flush(&one);
		assert_int_equal(table_use(&one).entries, 0);
		table_check_counts(&one);
		talk = talk_of(TCP, 5);
		assert_int_equal(talk_in(&one, &talk, ACK), NO_RULE);
		talk = talk_of(UDP, 1);
	}
	check_established(&other, 600);
	table_check_counts(&other);
}

/* As after this many flushes. */
static void set_epoch(struct harness *one, uint32_t epoch)
{
	int shares = one->kern->maps[MAP_SHARES];
	struct sg_share share = table_share(one);

	share.epoch = epoch;
	assert_int_equal(bpf_map_update_elem(shares, &one->own_slot, &share, BPF_F_LOCK), 0);
	BIND(one, client, 0);
}

static void epochs_begin_again_and_no_connection_with_them(void **state)
{
	struct harness *harness = harness_of(state);
	struct harness one = instance(harness, 0, 600), other = instance(harness, 1, 600);
	struct talk talk = talk_of(TCP, 5);

	establish(&one, 100);
	establish(&other, 100);
	harness_flush(&one);
	set_epoch(&one, UINT16_MAX - 1);
	establish(&one, 100);
	harness_flush(&one);
	assert_int_equal(share_owner(one.kern, one.own_slot), SG_OWNER(one.own_slot, UINT16_MAX));
	assert_int_equal(talk_in(&one, &talk, ACK), NO_RULE);
	harness_flush(&one);
	/* the epoch of its first connections */
	assert_int_equal(share_owner(one.kern, one.own_slot), SG_OWNER(one.own_slot, 0));
	assert_int_equal(talk_in(&one, &talk, ACK), NO_RULE);
	assert_int_equal(table_use(&one).entries, 0);
	establish(&one, 600);
	check_established(&one, 600);
	check_established(&other, 100);
	table_check_counts(&one);
	table_check_counts(&other);
}

/* Let the entries of the second half of the instance's window be over: how many there are. */
static uint32_t expire_second_half(const struct harness *one)
{
	const struct sg_settings *settings = one->kern->settings;
	uint32_t first = share_window(one->kern, one->own_slot), expired = 0;

	for (uint32_t i = (settings->window_mask + 1) / 2; i <= settings->window_mask; i++) {
		uint32_t bucket = (first + i) & settings->bucket_mask;

		for (int j = 0; j < SG_BUCKET_ENTRIES; j++) {
			struct sg_connection *entry = &one->kern->buckets[bucket].entry[j];

			if (!one->kern->tags[bucket].tag[j] ||
			    entry->owner != share_owner(one->kern, one->own_slot))
				continue;
			entry->seen -= 2 * settings->timeout[SG_PHASE_TCP_ESTABLISHED];
			expired++;
		}
	}
	return expired;
}

/*
 * So many connections, until the share is full. At half of a window's load one
 * in some 50,000 finds both of its buckets full.
 */
static void fill_share(struct harness *one, uint32_t share)
{
	uint32_t refused = 0;

	for (uint32_t i = 0; i < share + refused; i++) {
		struct talk talk = talk_of(TCP, i);
		enum sg_reason reason = talk_out(one, &talk, SYN);

		if (reason == SG_REASON_TABLE_FULL) {
			refused++;
			continue;
		}
		assert_int_equal(reason, PASSES);
		assert_int_equal(talk_in(one, &talk, SYN | ACK), SG_REASON_REPLY);
	}
	assert_in_range(refused, 0, 10);
}

static void expired_entries_of_the_second_half_make_room_too(void **state)
{
	struct harness one = instance(harness_of(state), 0, 8000);

	fill_share(&one, 8000);
	assert_in_range(expire_second_half(&one), 500, 8000);
	for (uint32_t i = 0; i < 100; i++) {
		struct talk talk = talk_of(TCP, 9000 + i);

		assert_int_equal(talk_out(&one, &talk, SYN), PASSES);
	}
	table_check_counts(&one);
	/* established ones stay for days, and the windows of other tests overlap this one */
	memset(one.kern->tags, 0, one.kern->bucket_count * sizeof(*one.kern->tags));
	memset(one.kern->remotes, 0, remotes_bytes(one.kern));
}

static void few_connections_lie_close_together(void **state)
{
	struct harness one = instance(harness_of(state), 0, 8192);
	const struct kern *kern = one.kern;
	uint32_t half = (kern->settings->window_mask + 1) / 2, halves[2] = {0, 0};

	establish(&one, 2000);
	check_established(&one, 2000);
	for (uint32_t i = 0; i <= kern->settings->window_mask; i++) {
		uint32_t bucket =
			(share_window(kern, one.own_slot) + i) & kern->settings->bucket_mask;

		for (int j = 0; j < SG_BUCKET_ENTRIES; j++)
			halves[i / half] += kern->tags[bucket].tag[j] &&
					    kern->buckets[bucket].entry[j].owner ==
						    share_owner(kern, one.own_slot);
	}
	/* two in eight on average: a bucket is full once in a thousand times */
	assert_int_equal(halves[0] + halves[1], 2000);
	assert_in_range(halves[1], 0, 20);
}

static int open_with_interfaces(void **state)
{
	return interfaces_make(ifindexes, ARRAY_SIZE(ifindexes)) ? -1 : harness_open(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first: in a full share next to those of other tests a bucket may be full */
		cmocka_unit_test(expired_entries_of_the_second_half_make_room_too),
		cmocka_unit_test(a_share_is_never_exceeded),
		cmocka_unit_test(a_flood_without_answers_hurts_no_established_connection),
		cmocka_unit_test(a_flood_of_one_kind_leaves_room_for_the_other),
		cmocka_unit_test(open_ports_cost_no_memory_where_answers_may_go_anyway),
		cmocka_unit_test(expired_entries_make_room),
		cmocka_unit_test(few_connections_lie_close_together),
		cmocka_unit_test(a_flush_frees_a_share_and_no_other),
		cmocka_unit_test(epochs_begin_again_and_no_connection_with_them),
	};

	return cmocka_run_group_tests(tests, open_with_interfaces, harness_close);
}
