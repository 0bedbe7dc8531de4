// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_options.c - command lines against a small table of commands.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

static const struct option_spec make_options[] = {
	{.name = "id", .value = "ID"},
	{.name = "rule", .value = "RULE", .is_repeatable = true},
	{.name = "default"},
	{.name = "f", .value = "FILE"},
	{.name = NULL},
};

static const struct option_spec add_options[] = {
	{.name = "dev", .value = "DEV", .is_required = true},
	{.name = NULL},
};

static const struct command table[] = {
	{.name = "group make", .arguments = "NAME [RULE...]", .options = make_options},
	{.name = "group list", .arguments = ""},
	{.name = "add", .arguments = "ID", .options = add_options},
	{.name = "pair", .arguments = "GROUP INSTANCE"},
	{.name = "stats", .arguments = "[INSTANCE]"},
	{.name = NULL},
};

#define MAX_WORDS 12

/* A command line that ends with NULL. */
#define LINE(...) ((char *[MAX_WORDS]){"sgate", __VA_ARGS__})

static int parse(char **words, struct invocation *invocation, struct error *err)
{
	int count = 0;

	while (words[count])
		count++;
	*err = (struct error){0};
	return invocation_parse(table, count, words, invocation, err);
}

static void wrong_usage_is_told_with_where_help_is(void **state)
{
	static char *const lines[][MAX_WORDS] = {
		{"missing command: see sgate help", "sgate", "--json"},
		{"unknown command \"foo\": see sgate help", "sgate", "foo", "x"},
		{"unknown command \"\": see sgate help", "sgate", ""},
		{"unknown command \"gro\": see sgate help", "sgate", "gro", "make"},
		{"unknown command \"group\t\": see sgate help", "sgate", "group\t"},
		{"incomplete command \"group\": see sgate help group", "sgate", "group"},
		{"unknown command \"group pair\": see sgate help group", "sgate", "group", "pair"},
		{"unknown option \"--foo\": see sgate help", "sgate", "--foo", "add", "x"},
		{"unknown option \"--id\": see sgate help", "sgate", "--id", "group", "make"},
		{"unknown option \"--foo\" of group make: see sgate help group make", "sgate",
		 "group", "make", "--foo=1", "x"},
		{"unknown option \"-x\" of group make: see sgate help group make", "sgate", "group",
		 "make", "-x"},
		{"unknown option \"-id\" of group make: see sgate help group make", "sgate",
		 "group", "make", "-id", "x"},
		{"unknown option \"--f\" of group make: see sgate help group make", "sgate",
		 "group", "make", "--f", "x"},
		{"unknown option \"---\" of stats: see sgate help stats", "sgate", "stats", "---"},
		{"unknown option \"--\" of stats: see sgate help stats", "sgate", "stats", "--=x"},
		{"unknown option \"--i\" of group make: see sgate help group make", "sgate",
		 "group", "make", "--i", "x"},
		{"missing value ID of option \"--id\" of group make: see sgate help group make",
		 "sgate", "group", "make", "x", "--id"},
		{"needless value of option \"--default\" of group make: see sgate help group make",
		 "sgate", "group", "make", "x", "--default=1"},
		{"repeated option \"--id\" of group make: see sgate help group make", "sgate",
		 "group", "make", "x", "--id", "1", "--id=2"},
		{"repeated option \"-f\" of group make: see sgate help group make", "sgate",
		 "group", "make", "x", "-f", "1", "-f", "2"},
		{"missing argument NAME of group make: see sgate help group make", "sgate", "group",
		 "make"},
		{"missing argument INSTANCE of pair: see sgate help pair", "sgate", "pair", "x"},
		{"surplus argument \"x\" of group list: see sgate help group list", "sgate",
		 "group", "list", "x"},
		{"surplus argument \"c\" of pair: see sgate help pair", "sgate", "pair", "a", "b",
		 "c"},
		{"missing option \"--dev\" of add: see sgate help add", "sgate", "add", "x"},
		{"empty value of option \"--bpffs\" of add: see sgate help add", "sgate", "add",
		 "x", "--bpffs=", "--dev", "y"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		AUTO(invocation_fini) struct invocation invocation = {0};
		struct error err;
		char expected[200];

		assert_int_equal(parse((char **)lines[i] + 1, &invocation, &err), -EINVAL);
		assert_string_equal(err.code, CODE_USAGE);
		strcpy(expected, lines[i][0]);
		/* messages never have control characters */
		if (strchr(expected, '\t'))
			*strchr(expected, '\t') = '?';
		assert_string_equal(err.message, expected);
	}
}

static void options_may_stand_anywhere(void **state)
{
	char **lines[] = {
		LINE("--json", "--state-dir", "/s", "group", "make", "web", "--id", "sg-1"),
		LINE("group", "--json", "make", "--id=sg-1", "--state-dir=/s", "web"),
		LINE("group", "make", "--id", "sg-1", "web", "--state-dir", "/s", "--json"),
		LINE("--state-dir=/s", "group", "make", "--json", "--id", "sg-1", "--", "web"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		AUTO(invocation_fini) struct invocation invocation = {0};
		struct error err;

		assert_int_equal(parse(lines[i], &invocation, &err), 0);
		assert_ptr_equal(invocation.command, &table[0]);
		assert_int_equal(invocation.argument_count, 1);
		assert_string_equal(invocation.arguments[0], "web");
		assert_string_equal(option_value(&invocation, "id"), "sg-1");
		assert_string_equal(invocation.state_dir, "/s");
		assert_null(invocation.bpffs);
		assert_true(invocation.json);
		assert_false(option_given(&invocation, "default"));
	}
}

static void a_repeatable_option_keeps_every_value_in_order(void **state)
{
	AUTO(invocation_fini) struct invocation invocation = {0};
	struct error err;
	size_t position = 0;

	(void)state;
	assert_int_equal(
		parse(LINE("group", "make", "x", "--rule", "a=b", "--id=", "--rule=c=d", "--rule="),
		      &invocation, &err),
		0);
	assert_string_equal(option_next(&invocation, "rule", &position), "a=b");
	assert_string_equal(option_next(&invocation, "rule", &position), "c=d");
	assert_string_equal(option_next(&invocation, "rule", &position), "");
	assert_null(option_next(&invocation, "rule", &position));
	assert_string_equal(option_value(&invocation, "rule"), "");
	assert_string_equal(option_value(&invocation, "id"), "");
}

static void two_dashes_end_the_options(void **state)
{
	AUTO(invocation_fini) struct invocation invocation = {0};
	struct error err;

	(void)state;
	assert_int_equal(
		parse(LINE("group", "make", "--", "--id", "--", "--json"), &invocation, &err), 0);
	assert_int_equal(invocation.argument_count, 3);
	assert_string_equal(invocation.arguments[0], "--id");
	assert_string_equal(invocation.arguments[1], "--");
	assert_false(invocation.json);
}

static void one_dash_alone_is_an_argument_and_a_value(void **state)
{
	AUTO(invocation_fini) struct invocation invocation = {0};
	struct error err;

	(void)state;
	assert_int_equal(parse(LINE("group", "make", "-", "-f", "-"), &invocation, &err), 0);
	assert_int_equal(invocation.argument_count, 1);
	assert_string_equal(invocation.arguments[0], "-");
	assert_string_equal(option_value(&invocation, "f"), "-");
}

static void help_and_version_win_over_mistakes(void **state)
{
	AUTO(invocation_fini) struct invocation help = {0}, lost = {0}, family = {0}, version = {0};
	struct error err;

	(void)state;
	assert_int_equal(parse(LINE("--foo", "group", "make", "--bar", "-h"), &help, &err), 0);
	assert_true(help.wants_help);
	assert_ptr_equal(help.command, &table[0]);
	assert_int_equal(parse(LINE("nothing", "--help"), &lost, &err), 0);
	assert_true(lost.wants_help);
	assert_null(lost.command);
	assert_int_equal(parse(LINE("group", "--help"), &family, &err), 0);
	assert_string_equal(family.family, "group");
	assert_int_equal(parse(LINE("pair", "--version"), &version, &err), 0);
	assert_true(version.wants_version);
}

static void help_as_a_value_is_a_value(void **state)
{
	AUTO(invocation_fini) struct invocation invocation = {0};
	struct error err;

	(void)state;
	assert_int_equal(parse(LINE("group", "make", "x", "--id", "--help"), &invocation, &err), 0);
	assert_false(invocation.wants_help);
	assert_string_equal(option_value(&invocation, "id"), "--help");
}

static void json_after_a_mistake_is_heeded(void **state)
{
	AUTO(invocation_fini) struct invocation invocation = {0};
	struct error err;

	(void)state;
	assert_int_equal(parse(LINE("foo", "--bar", "--json"), &invocation, &err), -EINVAL);
	assert_true(invocation.json);
	assert_string_equal(err.message, "unknown command \"foo\": see sgate help");
}

static void limits_follow_from_the_synopsis(void **state)
{
	static const struct {
		const char *arguments;
		size_t min, max;
	} rows[] = {
		{"", 0, 0},
		{"NAME", 1, 1},
		{"DEV|INSTANCE", 1, 1},
		{"[INSTANCE]", 0, 1},
		{"GROUP RULE...", 2, SIZE_MAX},
		{"GROUP [RULE...]", 1, SIZE_MAX},
		{"A B [C] [D]", 2, 4},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct argument_limits limits = argument_limits(rows[i].arguments);

		assert_int_equal(limits.min, rows[i].min);
		assert_int_equal(limits.max, rows[i].max);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_usage_is_told_with_where_help_is),
		cmocka_unit_test(options_may_stand_anywhere),
		cmocka_unit_test(a_repeatable_option_keeps_every_value_in_order),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(one_dash_alone_is_an_argument_and_a_value),
		cmocka_unit_test(help_and_version_win_over_mistakes),
		cmocka_unit_test(help_as_a_value_is_a_value),
		cmocka_unit_test(json_after_a_mistake_is_heeded),
		cmocka_unit_test(limits_follow_from_the_synopsis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
