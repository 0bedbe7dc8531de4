// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_fact.c - values by name: facts about the state directory itself, and
 * settings that hold for all instances.
 */
#include "store/store.h"

#include <assert.h>

#include "store/statement.h"

int store_fact_get(struct store *store, const char *name, char **value_out, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *statement = NULL;
	int r = store_query(store, "SELECT value FROM fact WHERE name = ?1", VALUES(text(name)),
			    &statement, err);

	if (!r)
		r = statement_step(store, statement, err);
	if (r < 0)
		return r;
	if (!r) {
		*value_out = NULL;
		return 0;
	}
	return column_duplicate(statement, 0, value_out, err);
}

int store_fact_set(struct store *store, const char *name, const char *value, struct error *err)
{
	assert(store->writing);
	return store_run(store,
			 "INSERT INTO fact (name, value) VALUES (?1, ?2) "
			 "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			 VALUES(text(name), text(value)), err);
}

int store_setting_get(struct store *store, const char *name, uint32_t *value_out, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *statement = NULL;
	int r = store_query(store, "SELECT value FROM setting WHERE name = ?1", VALUES(text(name)),
			    &statement, err);

	if (!r)
		r = statement_step(store, statement, err);
	if (r < 0)
		return r;
	*value_out = r ? (uint32_t)sqlite3_column_int64(statement, 0) : 0;
	return 0;
}

int store_setting_set(struct store *store, const char *name, uint32_t value, struct error *err)
{
	assert(store->writing);
	return store_run(store,
			 "INSERT INTO setting (name, value) VALUES (?1, ?2) "
			 "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
			 VALUES(text(name), integer(value)), err);
}

int store_limit_get(struct store *store, const char *name, uint32_t most, uint32_t *limit_out,
		    struct error *err)
{
	uint32_t set = 0;
	int r = store_setting_get(store, name, &set, err);

	if (!r)
		*limit_out = set && set < most ? set : most;
	return r;
}
