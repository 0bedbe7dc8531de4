// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_port_set.c - the normal form of port sets, and that it keeps the ports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/port_set.h"
#include "util/array.h"

/* Each range a row, ended by one that is upside down. */
#define END \
	{ \
		1, 0 \
	}

static struct port_set set_of(const struct port_range *ranges)
{
	struct port_set set = {0};

	for (; ranges->first <= ranges->last; ranges++)
		set.ranges[set.count++] = *ranges;
	return set;
}

static void normal_form_is_ascending_and_merged(void **state)
{
	static const struct {
		struct port_range input[6];
		struct port_range expected[6];
	} rows[] = {
		{{{22, 22}, END}, {{22, 22}, END}},
		{{{443, 443}, {80, 80}, END}, {{80, 80}, {443, 443}, END}},
		{{{80, 80}, {80, 80}, END}, {{80, 80}, END}},
		{{{80, 80}, {81, 81}, {82, 90}, END}, {{80, 90}, END}},
		{{{10, 20}, {15, 30}, {31, 31}, END}, {{10, 31}, END}},
		{{{10, 50}, {20, 30}, {51, 60}, END}, {{10, 60}, END}},
		{{{10, 20}, {22, 30}, END}, {{10, 20}, {22, 30}, END}},
		{{{65535, 65535}, {0, 0}, END}, {{0, 0}, {65535, 65535}, END}},
		{{{65534, 65535}, {65535, 65535}, END}, {{65534, 65535}, END}},
		{{{1, 65535}, END}, {{1, 65535}, END}},
		{{{0, 65535}, END}, {END}},
		{{{1000, 65535}, {5, 5}, {0, 999}, END}, {END}},
		{{END}, {END}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct port_set set = set_of(rows[i].input);
		struct port_set expected = set_of(rows[i].expected);

		port_set_normalize(&set);
		assert_memory_equal(&set, &expected, sizeof(set));
		assert_int_equal(port_set_compare(&set, &expected), 0);
	}
}

static void no_ranges_contain_every_port(void **state)
{
	const struct port_set all = {0};

	(void)state;
	assert_true(port_set_contains(&all, 0));
	assert_true(port_set_contains(&all, 65535));
}

/* A few ports close together, so that ranges touch and overlap. */
static uint16_t random_port(void)
{
	return (uint16_t)(random() % 4 ? random() % 200 : 65535 - random() % 20);
}

static struct port_set random_set(void)
{
	struct port_set set = {.count = (uint8_t)(1 + random() % PORT_SET_MAX)};

	for (size_t i = 0; i < set.count; i++) {
		uint16_t first = random_port();
		uint16_t last = (uint16_t)(first + random() % 12);

		set.ranges[i].first = first;
		set.ranges[i].last = last < first ? UINT16_MAX : last;
	}
	return set;
}

static void normalizing_keeps_every_port_and_is_idempotent(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int round = 0; round < 300; round++) {
		struct port_set set = random_set();
		struct port_set normal = set;
		struct port_set again;

		port_set_normalize(&normal);
		again = normal;
		port_set_normalize(&again);
		assert_memory_equal(&again, &normal, sizeof(normal));
		for (int port = 0; port <= UINT16_MAX; port++) {
			if (port == 300)
				port = 65000;
			assert_int_equal(port_set_contains(&set, (uint16_t)port),
					 port_set_contains(&normal, (uint16_t)port));
		}
		for (size_t i = 1; i < normal.count; i++)
			assert_true(normal.ranges[i].first > normal.ranges[i - 1].last + 1);
	}
}

static void sets_have_a_total_order(void **state)
{
	static const struct port_range ascending[][3] = {
		{END}, {{22, 22}, END}, {{22, 22}, {80, 80}, END}, {{22, 23}, END}, {{80, 80}, END},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++) {
			struct port_set a = set_of(ascending[i]);
			struct port_set b = set_of(ascending[j]);
			int order = port_set_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_form_is_ascending_and_merged),
		cmocka_unit_test(no_ranges_contain_every_port),
		cmocka_unit_test(normalizing_keeps_every_port_and_is_idempotent),
		cmocka_unit_test(sets_have_a_total_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
