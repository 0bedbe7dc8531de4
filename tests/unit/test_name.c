// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_name.c - identifiers, names, descriptions, and UTF-8 in them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "model/code.h"
#include "model/name.h"
#include "unit/refused.h"
#include "util/array.h"
#include "util/quote.h"

#define SHORT CODE_INVALID_PARAMETER_LESS_LENGTH
#define LONG CODE_INVALID_PARAMETER_EXCEED_LENGTH
#define PATTERN CODE_INVALID_PARAMETER_PATTERN_ERROR

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static int group_id_check(const char *text, struct error *err)
{
	return id_check(text, "group id", err);
}

typedef int check(const char *text, struct error *err);

static void what_fits_is_accepted(void **state)
{
	static const struct {
		check *check;
		const char *input;
	} rows[] = {
		{group_id_check, "a"},
		{group_id_check, "sg-0123456789abcdef0"},
		{group_id_check, "A.b_c-9"},
		{group_id_check, SIXTY "1234"},
		{group_name_check, "Web.front-9"},
		{group_name_check, SIXTY "1234"},
		{group_description_check, ""},
		{group_description_check, "ok"},
		{group_description_check, "\xc3\xa9\xc3\xa9"},
		{group_description_check, SIXTY SIXTY SIXTY SIXTY TEN "12345"},
		{dev_name_check, "eth0"},
		{dev_name_check, "tap-a.100@x"},
		{dev_name_check, "123456789012345"},
		{dev_name_check, "..."},
		{status_check, "RUNNING"},
		{status_check, "A"},
		{status_check, "STEP_2"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};

		if (rows[i].check(rows[i].input, &err))
			fail_msg("\"%s\": %s", rows[i].input, err.message);
	}
}

static void what_does_not_fit_is_refused_with_its_code(void **state)
{
	static const struct {
		check *check;
		const char *input;
		const char *code;
		const char *fragment;
	} rows[] = {
		{group_id_check, "", SHORT, "the group id is empty: use 1-64 characters"},
		{group_id_check, SIXTY "12345", LONG, "has 65 characters: use 1-64"},
		{group_id_check, "a b", PATTERN, "bad group id \"a b\": use letters"},
		{group_id_check, "a/b", PATTERN, "use letters"},
		{group_id_check, "\xc3\xa9", PATTERN, "\"\xc3\xa9\""},
		{group_id_check, "\xff", PATTERN, "\"?\""},
		{group_name_check, "", SHORT, "the group name is empty"},
		{group_name_check, SIXTY "12345", LONG, "group name \"0123"},
		{group_name_check, "a_b", PATTERN, "bad group name \"a_b\""},
		{group_description_check, "x", SHORT, "\"x\" is too short: use 2-255"},
		{group_description_check, "\xc3\xa9", SHORT, "too short"},
		{group_description_check, SIXTY SIXTY SIXTY SIXTY TEN "123456", LONG, "has 256"},
		{group_description_check, "two\nlines", PATTERN, "control characters"},
		{group_description_check, "\xff\xfe", PATTERN, "not UTF-8"},
		{dev_name_check, "", SHORT, "the interface name is empty"},
		{dev_name_check, "1234567890123456", LONG, "16 characters: use 1-15"},
		{dev_name_check, "a/b", PATTERN, "\"a/b\" cannot be an interface name"},
		{dev_name_check, "a b", PATTERN, "cannot be"},
		{dev_name_check, "a:1", PATTERN, "cannot be"},
		{dev_name_check, "a\t", PATTERN, "cannot be"},
		{dev_name_check, ".", PATTERN, "cannot be"},
		{dev_name_check, "..", PATTERN, "cannot be"},
		{status_check, "", SHORT, "the instance status is empty"},
		{status_check, SIXTY "12345", LONG, "65 characters"},
		{status_check, "Running", PATTERN, "bad instance status \"Running\""},
		{status_check, "A-B", PATTERN, "upper-case letters, digits and '_'"},
		{status_check, "9A", PATTERN, "begin it with an upper-case letter"},
		{status_check, "_A", PATTERN, "begin it with"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = {0};
		int r = rows[i].check(rows[i].input, &err);

		check_refused(rows[i].input, r, &err, rows[i].code, rows[i].fragment);
	}
}

static void text_length_counts_code_points_of_strict_utf8(void **state)
{
	static const struct {
		const char *input;
		long expected;
	} rows[] = {
		{"", 0},
		{"plain text ~", 12},
		{"\xc2\xa0", 1},		 /* U+00A0, the first after the C1 controls */
		{"\xc3\xa9t\xc3\xa9", 3},	 /* two bytes each */
		{"\xdf\xbf", 1},		 /* U+07FF */
		{"\xe0\xa0\x80", 1},		 /* U+0800 */
		{"\xe2\x82\xac", 1},		 /* U+20AC */
		{"\xed\x9f\xbf\xee\x80\x80", 2}, /* around the surrogates */
		{"\xf0\x90\x80\x80", 1},	 /* U+10000 */
		{"\xf4\x8f\xbf\xbf", 1},	 /* U+10FFFF */
		{"\xf4\x90\x80\x80", -EILSEQ},	 /* U+110000 */
		{"\xf5\x80\x80\x80", -EILSEQ},
		{"\xc0\xaf", -EILSEQ},	       /* overlong */
		{"\xc1\xbf", -EILSEQ},	       /* overlong */
		{"\xe0\x9f\xbf", -EILSEQ},     /* overlong */
		{"\xf0\x8f\xbf\xbf", -EILSEQ}, /* overlong */
		{"\xed\xa0\x80", -EILSEQ},     /* surrogate */
		{"\xed\xbf\xbf", -EILSEQ},     /* surrogate */
		{"\x80", -EILSEQ},
		{"a\xbf", -EILSEQ},
		{"\xc3", -EILSEQ},
		{"\xc3(", -EILSEQ},
		{"\xe2\x82", -EILSEQ},
		{"\xf0\x90\x80", -EILSEQ},
		{"\xff", -EILSEQ},
		{"a\tb", -EILSEQ},
		{"a\x1f", -EILSEQ},
		{"\x7f", -EILSEQ},
		{"\xc2\x80", -EILSEQ},
		{"\xc2\x9f", -EILSEQ},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (text_length(rows[i].input) != rows[i].expected)
			fail_msg("row %zu: %ld, not %ld", i, text_length(rows[i].input),
				 rows[i].expected);
	}
}

static void made_group_ids_are_well_formed_and_differ(void **state)
{
	char first[ID_MAX + 1];
	char second[ID_MAX + 1];

	(void)state;
	assert_int_equal(group_id_make(first), 0);
	assert_int_equal(group_id_make(second), 0);
	assert_int_equal(strlen(first), GROUP_ID_LENGTH);
	assert_int_equal(strncmp(first, "sg-", 3), 0);
	assert_int_equal(strspn(first + 3, "0123456789abcdef"), 17);
	assert_int_equal(id_check(first, "group id", NULL), 0);
	assert_string_not_equal(first, second);
}

static void quoted_text_is_short_valid_and_without_controls(void **state)
{
	char text[200];

	(void)state;
	assert_string_equal(quote("tpc").text, "tpc");
	assert_string_equal(quote("a\nb\xff\xc2\x85").text, "a?b??");
	memset(text, 'x', sizeof(text));
	text[QUOTE_MAX] = '\0';
	assert_string_equal(quote(text).text, text);
	text[QUOTE_MAX] = 'x';
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(quote(text).text), QUOTE_MAX + 3);
	/* never cut inside a character */
	memcpy(text + QUOTE_MAX - 1, "\xc3\xa9", 2);
	assert_string_equal(quote(text).text + QUOTE_MAX - 2, "x...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_accepted),
		cmocka_unit_test(what_does_not_fit_is_refused_with_its_code),
		cmocka_unit_test(text_length_counts_code_points_of_strict_utf8),
		cmocka_unit_test(made_group_ids_are_well_formed_and_differ),
		cmocka_unit_test(quoted_text_is_short_valid_and_without_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
