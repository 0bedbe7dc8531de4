// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_file.c - files are read whole, or not at all.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/cleanup.h"
#include "util/file.h"

#define FILE_BYTES 200000 /* several reads */

static char path[] = "/tmp/sgate-test-file-XXXXXX";

static int make_file(void **state)
{
	AUTO_FREE char *bytes = malloc(FILE_BYTES);
	AUTO_CLOSE int fd = mkstemp(path);

	(void)state;
	if (!bytes || fd < 0)
		return -1;
	memset(bytes, 'x', FILE_BYTES);
	bytes[5] = '\0';
	return write(fd, bytes, FILE_BYTES) == FILE_BYTES ? 0 : -1;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void a_file_as_large_as_the_bound_is_read_whole(void **state)
{
	AUTO_FREE char *text = NULL;
	struct error err = {0};
	size_t length = 0;

	(void)state;
	assert_int_equal(file_read(path, FILE_BYTES, &text, &length, &err), 0);
	assert_int_equal(length, FILE_BYTES);
	assert_int_equal(text[5], '\0');
	assert_int_equal(text[FILE_BYTES - 1], 'x');
	assert_int_equal(text[FILE_BYTES], '\0');
}

static void a_byte_more_than_the_bound_is_refused(void **state)
{
	char *text = path;
	struct error err = {0};
	size_t length = 77;

	(void)state;
	assert_int_equal(file_read(path, FILE_BYTES - 1, &text, &length, &err), -EFBIG);
	assert_ptr_equal(text, path);
	assert_int_equal(length, 77);
	assert_non_null(strstr(err.message, "too large"));
}

/* /dev/zero never ends. */
static void an_endless_file_is_refused(void **state)
{
	char *text;
	struct error err = {0};
	size_t length;

	(void)state;
	assert_int_equal(file_read("/dev/zero", 1 << 20, &text, &length, &err), -EFBIG);
}

static void what_cannot_be_read_is_told_with_its_name(void **state)
{
	char *text;
	struct error err = {0};
	size_t length;

	(void)state;
	assert_int_equal(file_read("/nothing\nhere", 1, &text, &length, &err), -ENOENT);
	assert_string_equal(err.message,
			    "cannot open \"/nothing?here\": No such file or directory");
	assert_int_equal(file_read("/", 1, &text, &length, &err), -EISDIR);
	assert_string_equal(err.message, "cannot read \"/\": Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_as_large_as_the_bound_is_read_whole),
		cmocka_unit_test(a_byte_more_than_the_bound_is_refused),
		cmocka_unit_test(an_endless_file_is_refused),
		cmocka_unit_test(what_cannot_be_read_is_told_with_its_name),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
