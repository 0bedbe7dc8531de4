// SPDX-License-Identifier: GPL-2.0-only
/*
 * membership.c - which instance has which groups, and what follows from it.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>

#include "model/code.h"
#include "store/internal.h"
#include "util/array.h"

void keys_fini(struct keys *keys)
{
	free(keys->items);
	*keys = (struct keys){0};
}

void ids_fini(struct ids *ids)
{
	free(ids->items);
	*ids = (struct ids){0};
}

/* Why the schema refused; in the order in which the errors of associating are checked. */
static int associate_refused(struct store *store, int64_t group_key, int64_t instance_key,
			     struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	AUTO(instance_fini) struct instance instance = {0};
	int r = store_group_find_key(store, group_key, &group, err);

	if (!r)
		r = store_instance_find_key(store, instance_key, &instance, err);
	if (r)
		return r;
	return error_set(err, EPERM, CODE_OPERATION_DENIED_INSTANCE_SECURITY_GROUP_EXCEED_LIMIT,
			 "instance \"%s\" already has two groups, \"%s\" and \"%s\": "
			 "dissociate one first",
			 instance.id, instance.groups[0], instance.groups[1]);
}

int store_associate(struct store *store, int64_t group_key, int64_t instance_key, struct error *err)
{
	int64_t exists;
	int r;

	assert(store->writing);
	r = store_query_integer(store,
				"SELECT EXISTS (SELECT 1 FROM membership "
				"WHERE instance_key = ?1 AND group_key = ?2)",
				VALUES(integer(instance_key), integer(group_key)), &exists, err);
	if (r || exists)
		return r;
	/* Positions are the order of association, so one that was left moves up. */
	r = store_run(store,
		      "UPDATE membership SET position = 0 WHERE instance_key = ?1 AND NOT EXISTS "
		      "(SELECT 1 FROM membership WHERE instance_key = ?1 AND position = 0)",
		      VALUES(integer(instance_key)), err);
	if (r)
		return r;
	/* A third gets position 2, which the schema refuses. */
	r = store_run(store,
		      "INSERT INTO membership (instance_key, position, group_key) VALUES (?1, "
		      "(SELECT count(*) FROM membership WHERE instance_key = ?1), ?2)",
		      VALUES(integer(instance_key), integer(group_key)), err);
	if (r == -EPERM || r == -ENOENT)
		return associate_refused(store, group_key, instance_key, err);
	return r;
}

int store_dissociate(struct store *store, int64_t group_key, int64_t instance_key,
		     struct error *err)
{
	assert(store->writing);
	return store_run(store, "DELETE FROM membership WHERE instance_key = ?1 AND group_key = ?2",
			 VALUES(integer(instance_key), integer(group_key)), err);
}

static int keys_query(struct store *store, const char *sql, int64_t key, struct keys *keys_out,
		      struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	AUTO(keys_fini) struct keys keys = {0};
	int r = store_query(store, sql, VALUES(integer(key)), &row, err);

	if (r)
		return r;
	while ((r = statement_step(store, row, err)) > 0) {
		if (ARRAY_GROW(keys.items, keys.count, keys.capacity))
			return store_out_of_memory(err);
		keys.items[keys.count++] = sqlite3_column_int64(row, 0);
	}
	if (r)
		return r;
	*keys_out = keys;
	keys = (struct keys){0};
	return 0;
}

int store_member_ids(struct store *store, int64_t group_key, struct ids *ids_out, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	AUTO(ids_fini) struct ids ids = {0};
	int r = store_query(store,
			    "SELECT id FROM membership JOIN instance ON key = instance_key "
			    "WHERE group_key = ?1 ORDER BY instance_key",
			    VALUES(integer(group_key)), &row, err);

	while (!r && (r = statement_step(store, row, err)) > 0) {
		if (ARRAY_GROW(ids.items, ids.count, ids.capacity))
			return store_out_of_memory(err);
		r = column_copy(store, row, 0, ids.items[ids.count++], sizeof(*ids.items), err);
	}
	if (r)
		return r;
	*ids_out = ids;
	ids = (struct ids){0};
	return 0;
}

int store_members(struct store *store, int64_t group_key, struct keys *instance_keys_out,
		  struct error *err)
{
	return keys_query(store,
			  "SELECT instance_key FROM membership WHERE group_key = ?1 "
			  "ORDER BY instance_key",
			  group_key, instance_keys_out, err);
}

int store_referrers(struct store *store, int64_t group_key, struct keys *group_keys_out,
		    struct error *err)
{
	return keys_query(store,
			  "SELECT DISTINCT rule.group_key FROM security_group "
			  "JOIN rule ON rule.remote_group = security_group.id "
			  "WHERE security_group.key = ?1 ORDER BY rule.group_key",
			  group_key, group_keys_out, err);
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

int store_member_addresses(struct store *store, const char *group_id, struct prefix **prefixes_out,
			   size_t *count_out, struct error *err)
{
	/* Texts are canonical: equal addresses are equal texts. */
	static const char sql[] = "SELECT DISTINCT value FROM security_group "
				  "JOIN membership ON group_key = security_group.key "
				  "JOIN instance_address USING (instance_key) "
				  "WHERE security_group.id = ?1";
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	AUTO_FREE struct prefix *prefixes = NULL;
	size_t count = 0;
	size_t capacity = 0;
	int r = store_query(store, sql, VALUES(text(group_id)), &row, err);

	if (r)
		return r;
	while ((r = statement_step(store, row, err)) > 0) {
		const char *value = (const char *)sqlite3_column_text(row, 0);

		if (!value || ARRAY_GROW(prefixes, count, capacity))
			return store_out_of_memory(err);
		if (prefix_parse(value, &prefixes[count], NULL))
			return store_corrupt(store, "address", value, err);
		count++;
	}
	if (r)
		return r;
	if (count)
		qsort(prefixes, count, sizeof(*prefixes), compare_prefixes);
	*prefixes_out = TAKE_PTR(prefixes);
	*count_out = count;
	return 0;
}

char *store_ids_text(const char *const *ids, size_t count)
{
	json_t *array = json_array();
	char *text = NULL;
	size_t i;

	for (i = 0; i < count && !json_array_append_new(array, json_string(ids[i])); i++)
		;
	if (array && i == count)
		text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return text;
}
