// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_log.c - lines of the log, read back from a pipe in place of standard
 * error.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "codec/json.h"
#include "daemon/log.h"

static struct {
	int kept; /* the standard error that was */
	int read;
} pipes;

static int redirect(void **state)
{
	int ends[2];

	(void)state;
	pipes.kept = dup(STDERR_FILENO);
	if (pipes.kept < 0 || pipe2(ends, O_CLOEXEC))
		return -1;
	pipes.read = ends[0];
	if (fcntl(pipes.read, F_SETFL, O_NONBLOCK) || dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	close(ends[1]);
	log_level_set(LOG_LEVEL_INFO);
	return 0;
}

static int restore(void **state)
{
	(void)state;
	dup2(pipes.kept, STDERR_FILENO);
	close(pipes.kept);
	close(pipes.read);
	return 0;
}

/* What was written, which must be one line; NULL for nothing. */
static json_t *read_line(void)
{
	static char text[65536];
	ssize_t length = read(pipes.read, text, sizeof(text) - 1);
	json_t *line;

	if (length < 0)
		return NULL;
	text[length] = '\0';
	assert_ptr_equal(strchr(text, '\n'), text + length - 1);
	line = json_loadb(text, length, 0, NULL);
	assert_true(json_is_object(line));
	return line;
}

static const char *text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));

	assert_non_null(text);
	return text;
}

static void an_event_is_one_line(void **state)
{
	json_t *line;

	(void)state;
	log_event(LOG_LEVEL_WARNING, "drift", json_pack("{s:s, s:i}", "message", "a", "n", 7));
	line = read_line();
	assert_string_equal(text_of(line, "level"), "warning");
	assert_string_equal(text_of(line, "event"), "drift");
	assert_string_equal(text_of(line, "message"), "a");
	assert_int_equal(json_integer_value(json_object_get(line, "n")), 7);
	/* 2026-01-31T12:00:00.000000Z */
	assert_int_equal(strlen(text_of(line, "time")), 27);
	assert_int_equal(json_object_size(line), 5);
	json_decref(line);
	log_event(LOG_LEVEL_INFO, "bare", NULL);
	line = read_line();
	assert_int_equal(json_object_size(line), 3);
	json_decref(line);
}

static void fields_cannot_pass_for_what_every_line_has(void **state)
{
	json_t *line;

	(void)state;
	log_event(LOG_LEVEL_INFO, "true-one", json_pack("{s:s, s:s}", "event", "x", "time", "y"));
	line = read_line();
	assert_string_equal(text_of(line, "event"), "true-one");
	assert_int_equal(json_object_size(line), 3);
	json_decref(line);
}

static void any_bytes_are_one_line(void **state)
{
	struct error err = {.code = "CODE"};

	(void)state;
	for (int round = 0; round < 256; round++) {
		json_t *line;

		for (int i = 0; i < 255; i++)
			err.message[i] = (char)(1 + (i * (round + 1)) % 255);
		err.message[255] = '\0';
		log_error(LOG_LEVEL_ERROR, "failed", &err);
		line = read_line();
		assert_string_equal(text_of(line, "code"), "CODE");
		assert_true(strlen(text_of(line, "message")) > 0);
		json_decref(line);
	}
}

static void what_is_below_the_level_is_not_written(void **state)
{
	enum log_level level = LOG_LEVEL_INFO;
	struct error err = {0};
	json_t *line;

	(void)state;
	log_event(LOG_LEVEL_DEBUG, "quiet", NULL);
	assert_null(read_line());
	assert_int_equal(log_level_parse("error", &level, &err), 0);
	log_level_set(level);
	log_event(LOG_LEVEL_WARNING, "quiet", NULL);
	assert_null(read_line());
	log_event(LOG_LEVEL_ERROR, "loud", NULL);
	line = read_line();
	assert_string_equal(text_of(line, "event"), "loud");
	json_decref(line);
	assert_int_equal(log_level_parse("Error", &level, &err), -EINVAL);
	assert_non_null(strstr(err.message, "\"Error\""));
	assert_int_equal(level, LOG_LEVEL_ERROR);
}

static void too_long_for_one_piece_it_tells_that_it_happened(void **state)
{
	static char text[PIPE_BUF + 1];
	json_t *line;

	(void)state;
	memset(text, 'x', PIPE_BUF);
	log_event(LOG_LEVEL_INFO, "long", json_pack("{s:s}", "message", text));
	line = read_line();
	assert_string_equal(text_of(line, "event"), "long");
	assert_true(json_is_true(json_object_get(line, "truncated")));
	assert_null(json_object_get(line, "message"));
	json_decref(line);
}

static void a_full_pipe_is_not_waited_for_and_lost_lines_are_counted(void **state)
{
	static char drained[1 << 20];
	int written = 0;
	json_t *line;

	(void)state;
	assert_true(fcntl(pipes.read, F_SETPIPE_SZ, 4096) > 0);
	for (int i = 0; i < 1000; i++)
		log_event(LOG_LEVEL_INFO, "one-of-many", NULL);
	for (ssize_t length; (length = read(pipes.read, drained, sizeof(drained))) > 0;) {
		for (ssize_t i = 0; i < length; i++)
			written += drained[i] == '\n';
	}
	assert_in_range(written, 1, 999);
	log_event(LOG_LEVEL_INFO, "after", NULL);
	line = read_line();
	assert_int_equal(json_integer_value(json_object_get(line, "lost")), 1000 - written);
	json_decref(line);
	log_event(LOG_LEVEL_INFO, "after", NULL);
	line = read_line();
	assert_null(json_object_get(line, "lost"));
	json_decref(line);
}

#define LOG_TEST(function) cmocka_unit_test_setup_teardown(function, redirect, restore)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(an_event_is_one_line),
		LOG_TEST(fields_cannot_pass_for_what_every_line_has),
		LOG_TEST(any_bytes_are_one_line),
		LOG_TEST(what_is_below_the_level_is_not_written),
		LOG_TEST(too_long_for_one_piece_it_tells_that_it_happened),
		LOG_TEST(a_full_pipe_is_not_waited_for_and_lost_lines_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
