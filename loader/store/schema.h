/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * schema.h - the tables, and how an older database becomes a newer one.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/failure.h"

/* Script N brings version N to version N + 1; an empty database has version 0. */
extern const char *const SCHEMA_STEPS[];

/*
 * Bring the database to version `count` by the steps that it has not seen, in
 * one transaction. Any number of processes may do so at once: one does it, the
 * others find it done. A newer database is refused, unchanged.
 */
int schema_upgrade(struct store *store, const char *const steps[], int count, struct error *err);

/* -EIO unless the database has the version `wanted`. In a transaction, its first read. */
int schema_check(struct store *store, int wanted, struct error *err);

#endif
