// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_table_full.c - places in the connection table run out: who makes room
 * for whom, in windows of one bucket and in a table that is far too small.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "bpf/cases.h"
#include "bpf/interface.h"
#include "bpf/state_table.h"
#include "bpf/talk.h"
#include "kern/internal.h"
#include "unit/gen_policy.h"

#define INSTANCES 3
#define PACKETS 300000

static const uint32_t ifindexes[INSTANCES] = {301, 302, 303};

static const struct rule_row client[] = {
	ACCEPT(PROTOCOL_ALL, 1, "any", .direction = SG_EGRESS),
};

/* A new instance at one of the interfaces. */
static struct harness instance(const struct harness *harness, uint32_t number, uint32_t share)
{
	static uint32_t slot = 1;
	struct harness one = harness_second(harness, ifindexes[number], slot++);

	one.share = share;
	harness_name(&one, "instance %u", number);
	BIND(&one, client, 0);
	return one;
}

/* All connections meet in the first bucket. */
static void squeeze(struct harness *one)
{
	one->kern->settings->window_mask = 0;
	one->kern->settings->bucket_mask = 0;
}

/* Everything of the bucket that is found there again. */
static void loosen(struct harness *one, uint32_t window_mask)
{
	one->kern->settings->window_mask = window_mask;
	one->kern->settings->bucket_mask = one->kern->bucket_count - 1;
	one->kern->tags[0] = (struct sg_tags){};
	memset(one->kern->remotes, 0, remotes_bytes(one->kern));
}

static struct talk talk_of(uint8_t protocol, uint32_t number)
{
	return (struct talk){protocol, (uint16_t)(1024 + number), 443, 1, SG_IPV4};
}

static void the_oldest_without_an_answer_makes_room(void **state)
{
	struct harness one = instance(harness_of(state), 0, 64);
	uint32_t window_mask = one.kern->settings->window_mask;
	struct talk talk;

	squeeze(&one);
	/* 0 and 1 are answered */
	for (uint32_t i = 0; i < SG_BUCKET_ENTRIES; i++) {
		talk = talk_of(TCP, i);
		assert_int_equal(talk_out(&one, &talk, SYN), PASSES);
		if (i < 2)
			assert_int_equal(talk_in(&one, &talk, SYN | ACK), SG_REASON_REPLY);
		harness_pass(&one, 2);
	}
	/* 2 is not the oldest any more */
	talk = talk_of(TCP, 2);
	assert_int_equal(talk_out(&one, &talk, SYN), PASSES);
	talk = talk_of(TCP, 100);
	assert_int_equal(talk_out(&one, &talk, SYN), PASSES);
	for (uint32_t i = 0; i < SG_BUCKET_ENTRIES; i++) {
		talk = talk_of(TCP, i);
		assert_int_equal(talk_in(&one, &talk, ACK), i == 3 ? NO_RULE : SG_REASON_REPLY);
	}
	assert_int_equal(table_share(&one).replaced, 1);
	assert_int_equal(table_share(&one).refused, 0);
	table_check_counts(&one);
	/* now all are answered but the new one, which is the next to go */
	talk = talk_of(TCP, 101);
	assert_int_equal(talk_out(&one, &talk, SYN), PASSES);
	assert_int_equal(talk_in(&one, &talk, ACK), SG_REASON_REPLY);
	talk = talk_of(TCP, 102);
	assert_int_equal(talk_out(&one, &talk, SYN), SG_REASON_TABLE_FULL);
	assert_int_equal(table_share(&one).refused, 1);
	table_check_counts(&one);
	harness_flush(&one);
	loosen(&one, window_mask);
}

/* In the order in which they came, and found there wherever they are. */
static void entries_are_near_where_their_tags_say(void **state)
{
	struct harness one = instance(harness_of(state), 0, 64);
	uint32_t window_mask = one.kern->settings->window_mask;
	const uint32_t *tag = one.kern->tags[0].tag;
	uint32_t before[SG_BUCKET_ENTRIES] = {0};

	squeeze(&one);
	for (uint32_t i = 0; i < SG_BUCKET_ENTRIES; i++) {
		struct talk talk = talk_of(TCP, i);
		uint32_t at = 0, wanted;

		assert_int_equal(talk_out(&one, &talk, SYN), PASSES);
		assert_int_equal(talk_in(&one, &talk, SYN | ACK), SG_REASON_REPLY);
		while (tag[at] == before[at])
			assert_true(++at < SG_BUCKET_ENTRIES);
		wanted = SG_TAG_POSITION(tag[at]);
		for (uint32_t j = 0; before[wanted]; j++)
			wanted = SG_TAG_POSITION(tag[at]) ^ j;
		assert_int_equal(at, wanted);
		before[at] = tag[at];
		for (uint32_t j = 0; j <= i; j++) {
			talk = talk_of(TCP, j);
			assert_int_equal(talk_in(&one, &talk, ACK), SG_REASON_REPLY);
			assert_int_equal(talk_out(&one, &talk, ACK), PASSES);
		}
	}
	harness_flush(&one);
	loosen(&one, window_mask);
}

/* An entry of one family takes the place of one of the other, of which nothing stays. */
static void both_families_share_the_places(void **state)
{
	struct harness one = instance(harness_of(state), 0, 64);
	uint32_t window_mask = one.kern->settings->window_mask;

	squeeze(&one);
	for (uint32_t turn = 0; turn < 4; turn++) {
		for (uint32_t i = 0; i < SG_BUCKET_ENTRIES; i++) {
			struct talk talk = talk_of(TCP, i);

			talk.family = turn % 2 ? SG_IPV6 : SG_IPV4;
			harness_pass(&one, 1);
			assert_int_equal(talk_out(&one, &talk, SYN), PASSES);
			table_check_counts(&one);
		}
		for (uint32_t i = 0; i < 2 * SG_BUCKET_ENTRIES; i++) {
			struct talk talk = talk_of(TCP, i % SG_BUCKET_ENTRIES);
			bool is_ipv6 = i >= SG_BUCKET_ENTRIES;

			talk.family = is_ipv6 ? SG_IPV6 : SG_IPV4;
			assert_int_equal(talk_in(&one, &talk, SYN),
					 is_ipv6 == (turn % 2) ? SG_REASON_REPLY : NO_RULE);
		}
	}
	assert_int_equal(table_share(&one).replaced, 3 * SG_BUCKET_ENTRIES);
	assert_int_equal(table_use(&one).entries, SG_BUCKET_ENTRIES);
	harness_flush(&one);
	loosen(&one, window_mask);
}

static void nobody_makes_room_for_others(void **state)
{
	struct harness *harness = harness_of(state);
	struct harness one = instance(harness, 0, 64), other = instance(harness, 1, 64);
	uint32_t window_mask = one.kern->settings->window_mask;
	struct talk talk = talk_of(UDP, 100);

	squeeze(&one);
	for (uint32_t i = 0; i < SG_BUCKET_ENTRIES; i++) {
		struct talk mine = talk_of(UDP, i);

		assert_int_equal(talk_out(&one, &mine, 0), PASSES);
	}
	/* not even what has no answer */
	assert_int_equal(talk_out(&other, &talk, 0), SG_REASON_TABLE_FULL);
	assert_int_equal(talk_in(&other, &talk, 0), NO_RULE);
	assert_int_equal(table_share(&other).refused, 1);
	table_check_counts(&other);
	/* but whose time is over does */
	harness_pass(&one, 31);
	assert_int_equal(talk_out(&other, &talk, 0), PASSES);
	assert_int_equal(talk_in(&other, &talk, 0), SG_REASON_REPLY);
	assert_int_equal(table_use(&one).entries, SG_BUCKET_ENTRIES - 1);
	assert_int_equal(table_share(&one).replaced, 0);
	table_check_counts(&one);
	table_check_counts(&other);
	harness_flush(&one);
	harness_flush(&other);
	loosen(&one, window_mask);
}

/* Without its secret the hash of what has no ports is the same for all instances. */
static void a_tag_alone_is_no_connection(void **state)
{
	struct harness *harness = harness_of(state);
	struct harness one = instance(harness, 0, 64), other = instance(harness, 1, 64);
	struct sg_settings *settings = harness->kern->settings, kept = *settings;
	const struct talk tunnel = {.protocol = 47, .remote = 1};

	memset(settings->secret, 0, sizeof(settings->secret));
	squeeze(&one);
	assert_int_equal(talk_out(&one, &tunnel, 0), PASSES);
	assert_int_equal(talk_in(&other, &tunnel, 0), NO_RULE);
	assert_int_equal(talk_in(&one, &tunnel, 0), SG_REASON_REPLY);
	harness_flush(&one);
	assert_int_equal(talk_in(&one, &tunnel, 0), NO_RULE);
	loosen(&one, kept.window_mask);
	memcpy(settings->secret, kept.secret, sizeof(settings->secret));
}

/* Three instances that may have four times what there is. */
static void a_crowded_table_counts_right(void **state)
{
	struct harness *harness = harness_of(state);
	struct harness all[INSTANCES];
	uint64_t seed = gen_seed(1), refused = 0, replaced = 0;
	struct gen_random random = {seed};
	uint32_t entries = 0;

	print_message("SGATE_SEED=%llu\n", (unsigned long long)seed);
	for (uint32_t i = 0; i < INSTANCES; i++)
		all[i] = instance(harness, i, 8192);
	for (int i = 0; i < PACKETS; i++) {
		struct harness *one = &all[gen_below(&random, INSTANCES)];
		struct talk talk =
			talk_of(gen_below(&random, 2) ? TCP : UDP, gen_below(&random, 20000));

		talk.family = gen_below(&random, 2) ? SG_IPV6 : SG_IPV4;
		talk_out_fast(one, &talk, gen_below(&random, 8) ? SYN : RST);
		if (gen_below(&random, 2))
			talk_in_fast(one, &talk, gen_below(&random, 8) ? ACK : RST);
		if (!gen_below(&random, 1000))
			harness_pass(one, gen_below(&random, 20));
		if (!gen_below(&random, 50000))
			harness_flush(one);
	}
	for (int i = 0; i < INSTANCES; i++) {
		harness_name(&all[i], "SGATE_SEED=%llu", (unsigned long long)seed);
		table_check_counts(&all[i]);
		refused += table_share(&all[i]).refused;
		replaced += table_share(&all[i]).replaced;
		entries += table_use(&all[i]).entries;
	}
	print_message("%u entries of %u, %llu replaced, %llu refused\n", entries,
		      harness->kern->bucket_count * SG_BUCKET_ENTRIES, (unsigned long long)replaced,
		      (unsigned long long)refused);
	assert_in_range(refused, 1000, UINT64_MAX);
	assert_in_range(replaced, 1000, UINT64_MAX);
	assert_in_range(entries, harness->kern->bucket_count, UINT32_MAX);
}

static int open_small(void **state)
{
	struct connection_settings settings;

	connection_settings_default(&settings);
	settings.entries = SG_MIN_WINDOW * SG_BUCKET_ENTRIES;
	settings.share = settings.entries / 4;
	return interfaces_make(ifindexes, INSTANCES) ? -1 : harness_open_with(state, &settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_without_an_answer_makes_room),
		cmocka_unit_test(entries_are_near_where_their_tags_say),
		cmocka_unit_test(both_families_share_the_places),
		cmocka_unit_test(nobody_makes_room_for_others),
		cmocka_unit_test(a_tag_alone_is_no_connection),
		cmocka_unit_test(a_crowded_table_counts_right),
	};

	return cmocka_run_group_tests(tests, open_small, harness_close);
}
