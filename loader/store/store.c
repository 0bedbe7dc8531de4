// SPDX-License-Identifier: GPL-2.0-only
/*
 * store.c - open the database, and its transactions.
 *
 * In WAL mode a reader sees the state as it was when it began, and neither
 * waits for a writer nor makes one wait. A commit is on the disk when it
 * returns (synchronous = FULL).
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "model/code.h"
#include "store/schema.h"
#include "store/statement.h"
#include "util/monotonic.h"

/* Pages that a large change touches stay in memory until it is committed: 64 MiB. */
static const char SETTINGS[] = "PRAGMA foreign_keys = ON;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA cache_size = -65536";

#define RETRY_NS 1000000

static void retry_pause(void)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};

	nanosleep(&pause, NULL);
}

static int directory_failed(const char *dir, struct error *err)
{
	int number = errno;

	return error_set(err, number, CODE_INTERNAL_SERVER_ERROR,
			 "cannot make directory \"%s\": %s: name one that can be written", dir,
			 strerror(number));
}

/* With its parents, as `mkdir -p` does. Whoever else makes them at the same time is welcome. */
static int directory_make(const char *dir, struct error *err)
{
	AUTO_FREE char *part = strdup(dir);
	struct stat status;

	if (!part)
		return store_out_of_memory(err);
	for (size_t last = strlen(part); last > 1 && part[last - 1] == '/'; last--)
		part[last - 1] = '\0';
	for (char *slash = part; *slash && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return directory_failed(part, err);
		*slash = '/';
	}
	if (mkdir(part, 0700) && errno != EEXIST)
		return directory_failed(dir, err);
	if (stat(dir, &status))
		return directory_failed(dir, err);
	if (!S_ISDIR(status.st_mode)) {
		errno = ENOTDIR;
		return directory_failed(dir, err);
	}
	return 0;
}

/* One attempt. -EBUSY without waiting when another process is at the new file. */
static int wal_try(struct store *store, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *statement = NULL;
	const char *mode;
	int r = store_query(store, "PRAGMA journal_mode = WAL", NO_VALUES, &statement, err);

	if (!r)
		r = statement_step(store, statement, err);
	if (r < 0)
		return r;
	mode = (const char *)sqlite3_column_text(statement, 0);
	if (mode && !strcmp(mode, "wal"))
		return 0;
	return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
			 "database \"%s\" cannot have a write-ahead log there: "
			 "put it on a local file system",
			 store->path);
}

/*
 * Changing the mode takes a lock upgrade for which SQLite does not call its
 * busy handler, since two that wait for each other would wait for ever.
 */
static int wal_set(struct store *store, struct error *err)
{
	int64_t deadline_ms = monotonic_ms() + STORE_BUSY_MS;
	int r;

	while ((r = wal_try(store, err)) == -EBUSY && monotonic_ms() < deadline_ms)
		retry_pause();
	return r;
}

/*
 * SQLite's own handler waits longer each time, up to 100 ms, and is overtaken
 * by whoever came later: beside four processes that change something without a
 * pause, a fifth was seen to wait 0.7 s for a turn of 5 ms.
 */
static int busy(void *context, int count)
{
	struct store *store = context;

	if (!count)
		store->busy_since_ms = monotonic_ms();
	if (monotonic_ms() - store->busy_since_ms >= store->busy_ms)
		return 0;
	retry_pause();
	return 1;
}

static int database_open(struct store *store, struct error *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	int r;

	if (sqlite3_open_v2(store->path, &store->db, flags, NULL))
		return store->db ? store_failed(store, err) : store_out_of_memory(err);
	sqlite3_busy_handler(store->db, busy, store);
	r = store_script(store, SETTINGS, err);
	if (!r)
		r = wal_set(store, err);
	if (!r)
		r = schema_upgrade(store, SCHEMA_STEPS, STORE_SCHEMA_VERSION, err);
	return r;
}

void store_set_busy(struct store *store, int busy_ms)
{
	store->busy_ms = busy_ms;
}

int store_open(const char *dir, struct store **store_out, struct error *err)
{
	struct store *store;
	int r = directory_make(dir, err);

	if (r)
		return r;
	store = calloc(1, sizeof(*store));
	if (!store)
		return store_out_of_memory(err);
	store->busy_ms = STORE_BUSY_MS;
	if (asprintf(&store->path, "%s/%s", dir, STORE_FILE) < 0) {
		store->path = NULL;
		r = store_out_of_memory(err);
	}
	if (!r)
		r = database_open(store, err);
	if (r) {
		store_close(store);
		return r;
	}
	*store_out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	/* Closing rolls back. */
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}

static int transaction_begin(struct store *store, const char *sql, bool writing, struct error *err)
{
	int r;

	assert(!store->in_transaction);
	r = store_script(store, sql, err);
	if (r)
		return r;
	store->in_transaction = true;
	store->writing = writing;
	/* Reads, so what is seen is fixed from here on; and another sgate may have upgraded it. */
	r = schema_check(store, STORE_SCHEMA_VERSION, err);
	if (r)
		store_rollback(store);
	return r;
}

int store_begin_write(struct store *store, struct error *err)
{
	return transaction_begin(store, "BEGIN IMMEDIATE", true, err);
}

int store_begin_read(struct store *store, struct error *err)
{
	return transaction_begin(store, "BEGIN", false, err);
}

int store_commit(struct store *store, struct error *err)
{
	int r;

	assert(store->in_transaction);
	r = store_run(store, "COMMIT", NO_VALUES, err);
	if (r)
		return r;
	store->in_transaction = false;
	store->writing = false;
	return 0;
}

void store_rollback(struct store *store)
{
	/* SQLite may have rolled back by itself; then there is nothing to do. */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->in_transaction = false;
	store->writing = false;
}
