// SPDX-License-Identifier: GPL-2.0-only
/*
 * The promise: noise is how many times as long the yardstick's work took as in
 * the calmest moments, of memory and of sums the worse.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "bench/yardstick.h"

static int set_up(void **state)
{
	static struct yardstick yardstick;

	*state = &yardstick;
	return yardstick_init(&yardstick);
}

static int tear_down(void **state)
{
	yardstick_fini(*state);
	return 0;
}

static void assert_about(double value, double expected)
{
	assert_true(fabs(value - expected) < expected / 1000);
}

static void test_each_kind_of_work_tells_noise(void **state)
{
	const struct yardstick *yardstick = *state;
	struct yardstick_reading slow_memory = {.memory_ns = 1e4}, slow_sums = {.sums_ns = 1e4};
	double memory = yardstick_noise(yardstick, slow_memory, 0);
	double sums = yardstick_noise(yardstick, slow_sums, 0);

	/* both take less than a microsecond in any moment that is calm */
	assert_true(memory > 10 && sums > 10);
	assert_about(yardstick_noise(yardstick, (struct yardstick_reading){2e4, 0}, 0), 2 * memory);
	assert_about(yardstick_noise(yardstick, (struct yardstick_reading){0, 2e4}, 0), 2 * sums);
	assert_about(yardstick_noise(yardstick, (struct yardstick_reading){1e4, 1e4}, 0),
		     fmax(memory, sums));
}

static void test_what_needs_memory_itself_is_no_noise(void **state)
{
	const struct yardstick *yardstick = *state;
	struct yardstick_reading slow = {.memory_ns = 1e4};
	struct yardstick_reading both = {1e4, 1e4};

	assert_about(yardstick_noise(yardstick, slow, 1e4), 1);
	assert_about(yardstick_noise(yardstick, slow, 5e3), 2);
	assert_about(yardstick_noise(yardstick, both, 1e4),
		     yardstick_noise(yardstick, (struct yardstick_reading){.sums_ns = 1e4}, 0));
	/* less than the calmest moments take is no measure */
	assert_about(yardstick_noise(yardstick, slow, 1e-3), yardstick_noise(yardstick, slow, 0));
}

/* Neither the least reading of all nor the usual one, which may be disturbed, is the measure. */
static void test_the_calmest_moments_are_calm(void **state)
{
	struct yardstick *yardstick = *state;
	struct yardstick_reading readings[500];
	int calm[2] = {0}, below[2] = {0};

	yardstick->memory = yardstick->sums = (struct yardstick_times){0};
	for (int i = 0; i < 500; i++)
		readings[i] = yardstick_begin(yardstick);
	for (int i = 0; i < 500; i++) {
		double memory = yardstick_noise(
			yardstick, (struct yardstick_reading){readings[i].memory_ns, 0}, 0);
		double sums = yardstick_noise(
			yardstick, (struct yardstick_reading){0, readings[i].sums_ns}, 0);

		calm[0] += yardstick_is_calm(memory);
		calm[1] += yardstick_is_calm(sums);
		below[0] += memory < 1;
		below[1] += sums < 1;
	}
	for (int kind = 0; kind < 2; kind++) {
		assert_true(calm[kind] > 0);
		assert_true(below[kind] < 500 / 50);
	}
}

static void test_a_tenth_more_is_calm(void **state)
{
	(void)state;
	assert_true(yardstick_is_calm(0.9));
	assert_true(yardstick_is_calm(1.09));
	assert_false(yardstick_is_calm(1.11));
	assert_false(yardstick_is_calm(INFINITY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_work_tells_noise),
		cmocka_unit_test(test_what_needs_memory_itself_is_no_noise),
		cmocka_unit_test(test_the_calmest_moments_are_calm),
		cmocka_unit_test(test_a_tenth_more_is_calm),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
