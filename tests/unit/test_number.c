// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_number.c - decimal numbers are read strictly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "util/array.h"
#include "util/number.h"

static void only_plain_decimal_numbers_in_the_range_are_read(void **state)
{
	static const struct {
		const char *input;
		uint64_t min;
		uint64_t max;
		int result;
		uint64_t value;
	} rows[] = {
		{"0", 0, 10, 0, 0},
		{"7", 7, 7, 0, 7},
		{"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
		{"18446744073709551616", 0, UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0},
		{"99999999999999999999999x", 0, UINT64_MAX, -EINVAL, 0},
		{"11", 0, 10, -ERANGE, 0},
		{"0", 1, 10, -ERANGE, 0},
		{"", 0, 10, -EINVAL, 0},
		{"-1", 0, 10, -EINVAL, 0},
		{"+1", 0, 10, -EINVAL, 0},
		{" 1", 0, 10, -EINVAL, 0},
		{"1 ", 0, 10, -EINVAL, 0},
		{"1\n", 0, 10, -EINVAL, 0},
		{"01", 0, 10, -EINVAL, 0},
		{"00", 0, 10, -EINVAL, 0},
		{"0x1", 0, 10, -EINVAL, 0},
		{"1.0", 0, 10, -EINVAL, 0},
		{"1e1", 0, 10, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 12345;
		int r = number_parse(rows[i].input, rows[i].min, rows[i].max, &value);

		if (r != rows[i].result)
			fail_msg("\"%s\": %d, not %d", rows[i].input, r, rows[i].result);
		assert_int_equal(value, r ? 12345 : rows[i].value);
	}
}

static void a_part_of_a_text_ends_where_it_is_told(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(number_parse_part("22-80", 2, 0, 100, &value), 0);
	assert_int_equal(value, 22);
	assert_int_equal(number_parse_part("22-80", 3, 0, 100, &value), -EINVAL);
	assert_int_equal(number_parse_part("22-80", 0, 0, 100, &value), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_plain_decimal_numbers_in_the_range_are_read),
		cmocka_unit_test(a_part_of_a_text_ends_where_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
