// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_api_access.c - the file of keys, and how many requests a key has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/access.h"
#include "model/code.h"
#include "util/array.h"

struct file {
	char path[64];
	struct access_keys keys;
	struct error err;
};

static int setup(void **state)
{
	struct file *f = calloc(1, sizeof(*f));
	int fd;

	if (!f)
		return -1;
	strcpy(f->path, "/tmp/sgate-keys-XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0)
		return -1;
	close(fd);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct file *f = *state;

	access_fini(&f->keys);
	unlink(f->path);
	free(f);
	return 0;
}

static int load(struct file *f, const char *text)
{
	FILE *out = fopen(f->path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	return access_load(&f->keys, f->path, &f->err);
}

static void keys_and_tokens_are_found(void **state)
{
	struct file *f = *state;

	assert_int_equal(load(f, "# keys\n\n  one   secret-1\r\ntwo bearer token-2-two\n"
				 "  # more\nthree secret-3#x"),
			 0);
	assert_int_equal(f->keys.count, 3);
	assert_string_equal(access_find(&f->keys, "one")->secret, "secret-1");
	assert_string_equal(access_find(&f->keys, "three")->secret, "secret-3#x");
	assert_null(access_find(&f->keys, "two"));
	assert_null(access_find(&f->keys, "On"));
	assert_string_equal(access_find_token(&f->keys, "token-2-two")->id, "two");
	assert_null(access_find_token(&f->keys, "token-2-tw"));
	assert_null(access_find_token(&f->keys, "secret-1"));
	assert_null(access_find_token(&f->keys, ""));
}

static void bad_lines_are_named_by_their_number_only(void **state)
{
	static const struct {
		const char *text, *fragment;
	} rows[] = {
		{"one secret-1\nSeCrEtS\n", "line 2 is neither"},
		{"one SeCrEtSeCrEt SeCrEtSeCrEt\n", "line 1 has three words"},
		{"one bearer SeCrEtSeCrEt x\n", "line 1 is neither"},
		{"o/e SeCrEtSeCrEt\n", "line 1 has a bad id"},
		{"one secret-1\none bearer SeCrEtSeCrEt\n", "line 2 has an id that"},
		{"one SeCrEtS\n", "line 1 has a secret that does not have 8"},
		{"one bearer SeCrEtS\n", "line 1 has a secret that does not have 8"},
		{"one SeCrEtSeCrEt\xc3\xa9\n", "line 1 has a secret with"},
		{"# nothing\n", "has none"},
		{"", "has none"},
	};
	struct file *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(load(f, rows[i].text), -EINVAL);
		if (!strstr(f->err.message, rows[i].fragment))
			fail_msg("\"%s\" is not in: %s", rows[i].fragment, f->err.message);
		assert_null(strstr(f->err.message, "SeCrEt"));
		assert_int_equal(f->keys.count, 0);
	}
}

static void a_file_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0601, 0644};
	struct file *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(chmod(f->path, modes[i]), 0);
		assert_int_equal(load(f, "one secret-1\n"), -EPERM);
		assert_non_null(strstr(f->err.message, "make it 0600"));
	}
	assert_int_equal(chmod(f->path, 0400), 0);
	assert_int_equal(access_load(&f->keys, f->path, &f->err), 0);
}

static void only_a_regular_file_is_read(void **state)
{
	struct file *f = *state;

	assert_int_equal(access_load(&f->keys, "/dev/zero", &f->err), -EINVAL);
	assert_int_equal(access_load(&f->keys, "/tmp", &f->err), -EINVAL);
	assert_int_equal(access_load(&f->keys, "/nonexistent/keys", &f->err), -ENOENT);
}

static void a_large_file_is_refused(void **state)
{
	struct file *f = *state;

	assert_int_equal(load(f, "one secret-1\n"), 0);
	assert_int_equal(truncate(f->path, (512 << 10) + 1), 0);
	assert_int_equal(access_load(&f->keys, f->path, &f->err), -EINVAL);
	assert_int_equal(truncate(f->path, 14), 0);
	assert_int_equal(access_load(&f->keys, f->path, &f->err), -EINVAL);
	assert_int_equal(f->keys.count, 1);
}

static void old_keys_stay_when_new_ones_are_bad(void **state)
{
	struct file *f = *state;

	assert_int_equal(load(f, "one secret-1\n"), 0);
	assert_int_equal(load(f, "bad\n"), -EINVAL);
	assert_non_null(access_find(&f->keys, "one"));
	access_find(&f->keys, "one")->allowance = (struct allowance){7, 8};
	assert_int_equal(load(f, "two secret-2\none secret-3\n"), 0);
	assert_string_equal(access_find(&f->keys, "one")->secret, "secret-3");
	assert_true(access_find(&f->keys, "one")->allowance.left == 7);
}

static unsigned int taken(struct allowance *allowance, unsigned int rate, uint64_t now_us)
{
	unsigned int count = 0;

	while (count < 1000 && allowance_take(allowance, rate, now_us))
		count++;
	return count;
}

static void an_allowance_is_a_seconds_worth(void **state)
{
	struct allowance allowance = {0};
	const uint64_t begin = 5000000;

	(void)state;
	assert_int_equal(taken(&allowance, 10, begin), 10);
	assert_int_equal(taken(&allowance, 10, begin + 50000), 0);
	assert_int_equal(taken(&allowance, 10, begin + 100000), 1);
	assert_int_equal(taken(&allowance, 10, begin + 600000), 5);
	assert_int_equal(taken(&allowance, 10, begin + 3600000000), 10);
	assert_int_equal(taken(&allowance, 0, begin), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_and_tokens_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_lines_are_named_by_their_number_only, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_file_that_others_can_read_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(only_a_regular_file_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(a_large_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(old_keys_stay_when_new_ones_are_bad, setup,
						teardown),
		cmocka_unit_test(an_allowance_is_a_seconds_worth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
