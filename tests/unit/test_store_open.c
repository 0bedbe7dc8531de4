// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_store_open.c - opening, transactions, facts, and the database's own
 * failures.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "unit/store_fixture.h"

static void opening_makes_the_directory_with_its_parents_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	char dir[128];
	struct stat status;

	snprintf(dir, sizeof(dir), "%s/var/lib/sgate/", f->dir);
	OK(f, store_open(dir, &f->store, &f->err));
	assert_int_equal(stat(dir, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
	strcat(dir, STORE_FILE);
	assert_int_equal(access(dir, R_OK | W_OK), 0);
}

static void a_directory_that_cannot_be_made_is_named(void **state)
{
	struct fixture *f = *state;
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/file", f->dir);
	close(open(dir, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	REFUSED(f, store_open(dir, &f->store, &f->err), ENOTDIR, CODE_INTERNAL_SERVER_ERROR,
		"/file\": Not a directory");
	strcat(dir, "/below");
	REFUSED(f, store_open(dir, &f->store, &f->err), ENOTDIR, CODE_INTERNAL_SERVER_ERROR,
		"/file/below\": Not a directory");
	assert_null(f->store);
}

static void a_file_that_is_no_database_is_refused_with_its_path(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen(f->file, "we");

	for (int i = 0; i < 1000; i++)
		fputs("no database\n", file);
	fclose(file);
	REFUSED(f, store_open(f->dir, &f->store, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		f->file);
	assert_non_null(strstr(f->err.message, "file is not a database"));
	assert_null(f->store);
}

static void a_path_that_sqlite_cannot_open_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(mkdir(f->file, 0700), 0);
	REFUSED(f, store_open(f->dir, &f->store, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		"unable to open database file");
}

static void the_database_is_durable_and_checks_references(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = f->store->db;

	assert_int_equal(fixture_number(db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(fixture_number(db, "PRAGMA synchronous"), 2);
	assert_int_equal(fixture_number(db, "SELECT journal_mode = 'wal' "
					    "FROM pragma_journal_mode"),
			 1);
	assert_int_equal(fixture_number(db, "SELECT count(*) FROM pragma_table_list "
					    "WHERE NOT strict AND schema = 'main' "
					    "AND name NOT LIKE 'sqlite%'"),
			 0);
}

static void what_was_committed_is_there_when_opened_again(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *value = NULL;

	OK(f, store_fact_set(f->store, "netns", "4:4026531840", &f->err));
	OK(f, store_commit(f->store, &f->err));
	store_close(f->store);
	f->store = NULL;
	OK(f, store_open(f->dir, &f->store, &f->err));
	OK(f, store_begin_read(f->store, &f->err));
	OK(f, store_fact_get(f->store, "netns", &value, &f->err));
	assert_string_equal(value, "4:4026531840");
}

static void what_was_rolled_back_never_was(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *value = NULL;

	OK(f, store_fact_set(f->store, "a", "1", &f->err));
	store_rollback(f->store);
	store_rollback(f->store);
	OK(f, store_begin_read(f->store, &f->err));
	OK(f, store_fact_get(f->store, "a", &value, &f->err));
	assert_null(value);
}

static void closing_in_a_transaction_rolls_back(void **state)
{
	struct fixture *f = *state;

	fixture_group(f, "a");
	store_close(f->store);
	f->store = NULL;
	store_close(NULL);
	OK(f, store_open(f->dir, &f->store, &f->err));
	assert_int_equal(fixture_number(f->store->db, "SELECT count(*) FROM security_group"), 0);
}

static void a_fact_has_its_last_value(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *value = NULL;
	AUTO_FREE char *empty = NULL;

	OK(f, store_fact_set(f->store, "a", "1", &f->err));
	OK(f, store_fact_set(f->store, "a", "2", &f->err));
	OK(f, store_fact_set(f->store, "b", "", &f->err));
	OK(f, store_fact_get(f->store, "a", &value, &f->err));
	OK(f, store_fact_get(f->store, "b", &empty, &f->err));
	assert_string_equal(value, "2");
	assert_string_equal(empty, "");
}

static void a_setting_has_its_last_value_and_0_before(void **state)
{
	struct fixture *f = *state;
	uint32_t value = 7;

	OK(f, store_setting_get(f->store, "share", &value, &f->err));
	assert_int_equal(value, 0);
	OK(f, store_setting_set(f->store, "share", 1, &f->err));
	OK(f, store_setting_set(f->store, "share", 4294967295, &f->err));
	OK(f, store_setting_get(f->store, "share", &value, &f->err));
	assert_true(value == 4294967295);
	REFUSED(f, store_setting_set(f->store, "share", 0, &f->err), EPERM,
		CODE_INTERNAL_SERVER_ERROR, "");
}

static void a_full_disk_is_told_and_the_change_undone(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *large = calloc(1, 1 << 20);
	AUTO_FREE char *value = NULL;

	memset(large, 'x', (1 << 20) - 1);
	OK(f, store_fact_set(f->store, "a", "old", &f->err));
	fixture_commit(f);
	/* As many pages as it has: the next one finds no room. */
	fixture_sql(f, "PRAGMA max_page_count = 1");
	OK(f, store_fact_set(f->store, "a", "new", &f->err));
	REFUSED(f, store_fact_set(f->store, "b", large, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		"database or disk is full): make room");
	assert_non_null(strstr(f->err.message, f->file));
	/* Nothing slips into the file by itself after SQLite has rolled back. */
	if (sqlite3_get_autocommit(f->store->db))
		REFUSED(f, store_fact_set(f->store, "c", "lone", &f->err), EIO,
			CODE_INTERNAL_SERVER_ERROR, "was undone");
	store_rollback(f->store);
	OK(f, store_begin_read(f->store, &f->err));
	OK(f, store_fact_get(f->store, "a", &value, &f->err));
	assert_string_equal(value, "old");
}

static void a_change_that_sqlite_rolled_back_goes_no_further(void **state)
{
	struct fixture *f = *state;

	fixture_group(f, "a");
	fixture_sql(f, "ROLLBACK");
	REFUSED(f, store_fact_set(f->store, "c", "lone", &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		"was undone");
	REFUSED(f, store_commit(f->store, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR, "was undone");
	store_rollback(f->store);
	OK(f, store_begin_write(f->store, &f->err));
}

static void a_database_that_cannot_be_written_is_told(void **state)
{
	struct fixture *f = *state;

	OK(f, store_commit(f->store, &f->err));
	fixture_sql(f, "PRAGMA query_only = 1");
	REFUSED(f, store_begin_write(f->store, &f->err), EIO, CODE_INTERNAL_SERVER_ERROR,
		"attempt to write a readonly database): make it writable");
}

static void a_writer_that_waited_too_long_is_told_to_try_again(void **state)
{
	struct fixture *f = *state;
	struct store *other = NULL;

	OK(f, store_open(f->dir, &other, &f->err));
	sqlite3_busy_timeout(other->db, 10);
	REFUSED(f, store_begin_write(other, &f->err), EBUSY, CODE_SERVICE_TEMPORARY_UNAVAILABLE,
		"is in use by another process");
	store_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DIRECTORY_TEST(opening_makes_the_directory_with_its_parents_for_its_owner_alone),
		DIRECTORY_TEST(a_directory_that_cannot_be_made_is_named),
		DIRECTORY_TEST(a_file_that_is_no_database_is_refused_with_its_path),
		DIRECTORY_TEST(a_path_that_sqlite_cannot_open_is_refused),
		STORE_TEST(the_database_is_durable_and_checks_references),
		STORE_TEST(what_was_committed_is_there_when_opened_again),
		STORE_TEST(what_was_rolled_back_never_was),
		STORE_TEST(closing_in_a_transaction_rolls_back),
		STORE_TEST(a_fact_has_its_last_value),
		STORE_TEST(a_setting_has_its_last_value_and_0_before),
		STORE_TEST(a_full_disk_is_told_and_the_change_undone),
		STORE_TEST(a_change_that_sqlite_rolled_back_goes_no_further),
		STORE_TEST(a_database_that_cannot_be_written_is_told),
		STORE_TEST(a_writer_that_waited_too_long_is_told_to_try_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
