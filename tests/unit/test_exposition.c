// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_exposition.c - metrics are written as Prometheus reads them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "observe/exposition.h"
#include "util/array.h"

/* What one sample with this label value looks like. */
static char *sample_text(const char *value)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	struct family family;

	assert_non_null(stream);
	family = (struct family){.stream = stream, .name = "sg_x"};
	family_integer(&family, LABELS({"a", value}, {"b", "2"}), 7);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void label_values_are_escaped(void **state)
{
	static const struct {
		const char *value;
		const char *line;
	} rows[] = {
		{"plain", "sg_x{a=\"plain\",b=\"2\"} 7\n"},
		{"", "sg_x{a=\"\",b=\"2\"} 7\n"},
		{"q\"q", "sg_x{a=\"q\\\"q\",b=\"2\"} 7\n"},
		{"b\\b", "sg_x{a=\"b\\\\b\",b=\"2\"} 7\n"},
		{"n\nn", "sg_x{a=\"n\\nn\",b=\"2\"} 7\n"},
		{"\xc3\xa9", "sg_x{a=\"\xc3\xa9\",b=\"2\"} 7\n"},
		{"\xff\xc3", "sg_x{a=\"\?\?\",b=\"2\"} 7\n"},
		{"\xed\xa0\x80", "sg_x{a=\"\?\?\?\",b=\"2\"} 7\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text = sample_text(rows[i].value);

		assert_string_equal(text, rows[i].line);
		free(text);
	}
}

static void a_family_has_its_help_and_type_once(void **state)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	struct family family;

	(void)state;
	assert_non_null(stream);
	family = family_begin(stream, "sg_t_seconds", "histogram", "How long.");
	family_part_integer(&family, "_bucket", LABELS({"le", "0.5"}), UINT64_MAX);
	family_part_real(&family, "_sum", NO_LABELS, 0.25);
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(text, "# HELP sg_t_seconds How long.\n"
				  "# TYPE sg_t_seconds histogram\n"
				  "sg_t_seconds_bucket{le=\"0.5\"} 18446744073709551615\n"
				  "sg_t_seconds_sum 0.25\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(a_family_has_its_help_and_type_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
