// SPDX-License-Identifier: GPL-2.0-only
/*
 * statement.c - run SQL with values bound to it.
 */
#include "store/statement.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "model/code.h"

void statement_close(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
	*statement = NULL;
}

int statement_open(struct store *store, const char *sql, sqlite3_stmt **statement_out,
		   struct error *err)
{
	/*
	 * A full disk and the like make SQLite roll back by itself. What came
	 * next would then be a change of its own, kept without its other half.
	 */
	if (store->in_transaction && sqlite3_get_autocommit(store->db))
		return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
				 "the change of database \"%s\" failed before and was undone: "
				 "try again",
				 store->path);
	if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement_out, NULL))
		return store_failed(store, err);
	return 0;
}

int statement_bind(struct store *store, sqlite3_stmt *statement, const struct value *values,
		   size_t count, struct error *err)
{
	int r;

	assert((int)count == sqlite3_bind_parameter_count(statement));
	/* Its result is that of the step before, which was reported then. */
	sqlite3_reset(statement);
	for (size_t i = 0; i < count; i++) {
		if (values[i].text)
			r = sqlite3_bind_text(statement, (int)i + 1, values[i].text, -1,
					      SQLITE_STATIC);
		else
			r = sqlite3_bind_int64(statement, (int)i + 1, values[i].integer);
		if (r)
			return store_failed(store, err);
	}
	return 0;
}

int statement_step(struct store *store, sqlite3_stmt *statement, struct error *err)
{
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return store_failed(store, err);
	}
}

int statement_run(struct store *store, sqlite3_stmt *statement, const struct value *values,
		  size_t count, struct error *err)
{
	int r = statement_bind(store, statement, values, count, err);

	if (r)
		return r;
	do
		r = statement_step(store, statement, err);
	while (r > 0);
	sqlite3_reset(statement);
	return r;
}

int store_query(struct store *store, const char *sql, const struct value *values, size_t count,
		sqlite3_stmt **statement_out, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *statement = NULL;
	int r = statement_open(store, sql, &statement, err);

	if (!r)
		r = statement_bind(store, statement, values, count, err);
	if (r)
		return r;
	*statement_out = TAKE_PTR(statement);
	return 0;
}

int store_run(struct store *store, const char *sql, const struct value *values, size_t count,
	      struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *statement = NULL;
	int r = statement_open(store, sql, &statement, err);

	if (r)
		return r;
	return statement_run(store, statement, values, count, err);
}

int store_query_integer(struct store *store, const char *sql, const struct value *values,
			size_t count, int64_t *integer_out, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *statement = NULL;
	int r = store_query(store, sql, values, count, &statement, err);

	if (!r)
		r = statement_step(store, statement, err);
	if (r < 0)
		return r;
	assert(r == 1);
	*integer_out = sqlite3_column_int64(statement, 0);
	return 0;
}

int store_script(struct store *store, const char *sql, struct error *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL))
		return store_failed(store, err);
	return 0;
}

int column_copy(struct store *store, sqlite3_stmt *statement, int column, char *copy_out,
		size_t size, struct error *err)
{
	const char *found = (const char *)sqlite3_column_text(statement, column);
	size_t length;

	if (!found)
		return store_out_of_memory(err);
	length = strlen(found);
	if (length >= size)
		return store_corrupt(store, sqlite3_column_name(statement, column), found, err);
	memcpy(copy_out, found, length + 1);
	return 0;
}

int column_duplicate(sqlite3_stmt *statement, int column, char **copy_out, struct error *err)
{
	const char *found = (const char *)sqlite3_column_text(statement, column);
	char *copy = found ? strdup(found) : NULL;

	if (!copy)
		return store_out_of_memory(err);
	*copy_out = copy;
	return 0;
}

int column_description(sqlite3_stmt *statement, int column, char **copy_out, struct error *err)
{
	if (!sqlite3_column_bytes(statement, column)) {
		*copy_out = NULL;
		return 0;
	}
	return column_duplicate(statement, column, copy_out, err);
}
