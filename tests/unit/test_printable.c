// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_printable.c - what a terminal must not get is replaced, the rest stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/array.h"
#include "util/printable.h"

static void only_what_can_be_shown_is_left(void **state)
{
	static const struct {
		const char *text, *expected;
		size_t characters;
	} rows[] = {
		{"", "", 0},
		{"web server", "web server", 10},
		{"Grüße 猫 🐈", "Grüße 猫 🐈", 9},
		{"a\x1b[31mb\x7f", "a?[31mb?", 8},
		{"line\nfeed\ttab", "line?feed?tab", 13},
		{"c1 \xc2\x9b end", "c1 ? end", 8},
		{"override \xe2\x80\xae end", "override ? end", 14},
		{"isolate \xe2\x81\xa6 end", "isolate ? end", 13},
		{"bad \xff\xc3", "bad ??", 6},
		{"overlong \xc0\x80", "overlong ??", 11},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[64];

		strcpy(text, rows[i].text);
		assert_int_equal(make_printable(text), rows[i].characters);
		assert_string_equal(text, rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_can_be_shown_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
