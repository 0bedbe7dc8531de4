/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store_fixture.h - a store in a directory of its own, for one test, and short
 * ways to fill it.
 *
 * Include it after cmocka.h.
 */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <errno.h>
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/rule_text.h"
#include "model/code.h"
#include "store/failure.h"
#include "store/store.h"
#include "util/array.h"
#include "util/cleanup.h"

struct fixture {
	char dir[64];
	char file[96];
	struct store *store;
	struct error err;
};

#define OK(f, call) \
	do { \
		int ok_ = (call); \
		if (ok_) \
			fail_msg("%s: %d, %s: %s", #call, ok_, (f)->err.code, (f)->err.message); \
	} while (0)

/* The call returns -number, with this code and a message that contains the fragment. */
#define REFUSED(f, call, number, wanted_code, fragment) \
	do { \
		int refused_ = (call); \
		if (refused_ != -(number)) \
			fail_msg("%s: returned %d, not %d", #call, refused_, -(number)); \
		assert_string_equal((f)->err.code, wanted_code); \
		if (!strstr((f)->err.message, fragment)) \
			fail_msg("\"%s\" is not in: %s", fragment, (f)->err.message); \
	} while (0)

static inline int fixture_remove_entry(const char *path, const struct stat *status, int type,
				       struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

/* A directory, and no store in it yet. */
static inline int fixture_setup_directory(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->dir, "/tmp/sgate-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->file, sizeof(f->file), "%s/%s", f->dir, STORE_FILE);
	*state = f;
	return 0;
}

/* An open store, in a write transaction. */
static inline int fixture_setup(void **state)
{
	struct fixture *f;

	if (fixture_setup_directory(state))
		return -1;
	f = *state;
	if (store_open(f->dir, &f->store, &f->err) || store_begin_write(f->store, &f->err)) {
		fprintf(stderr, "%s\n", f->err.message);
		return -1;
	}
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	nftw(f->dir, fixture_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define DIRECTORY_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup_directory, fixture_teardown)

/* Commit what was done and go on in a new write transaction. */
static inline void fixture_commit(struct fixture *f)
{
	OK(f, store_commit(f->store, &f->err));
	OK(f, store_begin_write(f->store, &f->err));
}

static inline struct rule fixture_rule(const char *words)
{
	struct error err;
	struct rule rule;

	if (rule_parse(words, &rule, &err))
		fail_msg("%s: %s", words, err.message);
	return rule;
}

/* Appended to *rules. */
static inline void fixture_rules(struct rules *rules, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rule rule = fixture_rule(words[i]);

		assert_int_equal(rules_add(rules, &rule), 0);
	}
}

/* A group of that id and name; returns its key. */
static inline int64_t fixture_group(struct fixture *f, const char *id)
{
	struct group group = {.available = true};

	snprintf(group.id, sizeof(group.id), "%s", id);
	snprintf(group.name, sizeof(group.name), "%s", id);
	OK(f, store_group_add(f->store, &group, &f->err));
	return group.key;
}

/* Its interface has the same name. */
static inline int64_t fixture_instance(struct fixture *f, const char *id)
{
	struct instance instance = {0};

	snprintf(instance.id, sizeof(instance.id), "%s", id);
	snprintf(instance.dev, sizeof(instance.dev), "%s", id);
	OK(f, store_instance_add(f->store, &instance, &f->err));
	return instance.key;
}

static inline void fixture_rule_add(struct fixture *f, int64_t group_key, const char *words)
{
	AUTO(rule_fini) struct rule rule = fixture_rule(words);
	bool added;

	OK(f, store_rule_add(f->store, group_key, &rule, &added, &f->err));
}

/* SQL as from a hand at the sqlite3 prompt, in the transaction; SQLite's extended result. */
static inline int fixture_sql(struct fixture *f, const char *sql)
{
	sqlite3_exec(f->store->db, sql, NULL, NULL, NULL);
	return sqlite3_extended_errcode(f->store->db);
}

/* A connection of another process's kind; closed by sqlite3_close. */
static inline sqlite3 *fixture_connect(struct fixture *f)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->file, &db), SQLITE_OK);
	return db;
}

/* The one number that the query gives. */
static inline long long fixture_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	long long number;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

#endif
