/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * failure.h - the open database, and its failures told as ours. Only the files
 * of this folder include it.
 */
#ifndef STORE_FAILURE_H
#define STORE_FAILURE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

struct store {
	sqlite3 *db;
	char *path;	     /* of the file, for messages */
	bool in_transaction; /* between a begin and its end */
	bool writing;
	int64_t busy_since_ms; /* when the wait for another process began */
	int busy_ms;	       /* how long it may take */
};

/*
 * Fill `err` from the connection's last failure. -EBUSY when another process
 * held it for too long, -ENOMEM, -EIO for all else but what the schema
 * refuses. That comes back as an errno of its own, so that a caller who knows
 * the reason can say it in better words: -EEXIST for a uniqueness, -EPERM for
 * a check, -ENOENT for a foreign key.
 */
int store_failed(struct store *store, struct error *err);

int store_out_of_memory(struct error *err);

/* -EIO for stored text that does not read back. */
int store_corrupt(struct store *store, const char *what, const char *found, struct error *err);

#endif
