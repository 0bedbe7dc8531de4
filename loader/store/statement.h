/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * statement.h - SQL with values bound to it. Only the files of this folder
 * include it.
 *
 * Failures are those of failure.h. An open statement is closed by
 * AUTO_STATEMENT.
 */
#ifndef STORE_STATEMENT_H
#define STORE_STATEMENT_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "store/failure.h"
#include "util/cleanup.h"
#include "util/error.h"

/* What one parameter is bound to. */
struct value {
	const char *text; /* borrowed until the statement is bound again; NULL: the integer */
	int64_t integer;
};

static inline struct value text(const char *text_or_null)
{
	return (struct value){.text = text_or_null ? text_or_null : ""};
}

static inline struct value integer(int64_t number)
{
	return (struct value){.integer = number};
}

/* The two arguments `values, count` below; parameter ?1 is the first. */
#define VALUES(...) \
	(const struct value[]){__VA_ARGS__}, \
		sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)
#define NO_VALUES NULL, 0

void statement_close(sqlite3_stmt **statement);
#define AUTO_STATEMENT AUTO(statement_close)

/* Prepare, for a statement that is used many times. */
int statement_open(struct store *store, const char *sql, sqlite3_stmt **statement_out,
		   struct error *err);
/* Start over with these values. */
int statement_bind(struct store *store, sqlite3_stmt *statement, const struct value *values,
		   size_t count, struct error *err);
/* 1 with a row, 0 after the last, or -errno. */
int statement_step(struct store *store, sqlite3_stmt *statement, struct error *err);
/* Bind and step to the end, ignoring rows. */
int statement_run(struct store *store, sqlite3_stmt *statement, const struct value *values,
		  size_t count, struct error *err);

/* Open and bind. */
int store_query(struct store *store, const char *sql, const struct value *values, size_t count,
		sqlite3_stmt **statement_out, struct error *err);
/* Open, bind, step to the end. */
int store_run(struct store *store, const char *sql, const struct value *values, size_t count,
	      struct error *err);
/* The first column of the first row, which there must be. */
int store_query_integer(struct store *store, const char *sql, const struct value *values,
			size_t count, int64_t *integer_out, struct error *err);
/* Statements without values, separated by semicolons. */
int store_script(struct store *store, const char *sql, struct error *err);

/* Text of a column that is never NULL. Longer than fits: -EIO. */
int column_copy(struct store *store, sqlite3_stmt *statement, int column, char *copy_out,
		size_t size, struct error *err);
/* Text as long as it is; the caller frees it. */
int column_duplicate(sqlite3_stmt *statement, int column, char **copy_out, struct error *err);
/* The same, NULL for an empty one. */
int column_description(sqlite3_stmt *statement, int column, char **copy_out, struct error *err);

#endif
