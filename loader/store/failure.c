// SPDX-License-Identifier: GPL-2.0-only
/*
 * failure.c - SQLite's failures, with what to do about them.
 */
#include "store/failure.h"

#include <errno.h>

#include "model/code.h"
#include "util/array.h"
#include "util/quote.h"

/* What mends it, by primary result code. */
static const struct {
	int result;
	const char *advice;
} ADVICE[] = {
	{SQLITE_FULL, "make room on its file system"},
	{SQLITE_READONLY, "make it writable, or run as its owner"},
	{SQLITE_PERM, "run as its owner"},
	{SQLITE_AUTH, "run as its owner"},
	{SQLITE_CANTOPEN, "check that its directory exists and can be written"},
	{SQLITE_IOERR, "check its disk"},
	{SQLITE_CORRUPT, "move it away and apply an exported state"},
	{SQLITE_NOTADB, "move it away and apply an exported state"},
};

static const char *advice(int result)
{
	for (size_t i = 0; i < ARRAY_SIZE(ADVICE); i++) {
		if (ADVICE[i].result == (result & 0xff))
			return ADVICE[i].advice;
	}
	return "try again";
}

static int constraint_errno(int extended)
{
	switch (extended) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return EEXIST;
	case SQLITE_CONSTRAINT_CHECK:
		return EPERM;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ENOENT;
	default:
		return EIO;
	}
}

int store_failed(struct store *store, struct error *err)
{
	int extended = sqlite3_extended_errcode(store->db);
	const char *said = sqlite3_errmsg(store->db);

	switch (extended & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, EBUSY, CODE_SERVICE_TEMPORARY_UNAVAILABLE,
				 "database \"%s\" is in use by another process (%s): try again",
				 store->path, said);
	case SQLITE_NOMEM:
		return store_out_of_memory(err);
	case SQLITE_CONSTRAINT:
		return error_set(err, constraint_errno(extended), CODE_INTERNAL_SERVER_ERROR,
				 "database \"%s\" refuses the change (%s): check its values",
				 store->path, said);
	default:
		return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
				 "database \"%s\" failed (%s): %s", store->path, said,
				 advice(extended));
	}
}

int store_out_of_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory: try again");
}

int store_corrupt(struct store *store, const char *what, const char *found, struct error *err)
{
	return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
			 "database \"%s\" holds an invalid %s, \"%s\": "
			 "move it away and apply an exported state",
			 store->path, what, quote(found).text);
}
