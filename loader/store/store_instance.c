// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_instance.c - instances: added, changed, removed.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "model/code.h"
#include "store/internal.h"

int store_instance_key_not_found(int64_t key, struct error *err)
{
	return error_set(err, ENOENT, CODE_INVALID_INSTANCE_NOT_FOUND,
			 "no instance with the number %lld: list them with sgate instance list",
			 (long long)key);
}

/* -EEXIST when another instance has the id or the interface. */
static int check_free(struct store *store, const struct instance *instance, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	char id[ID_MAX + 1];
	char dev[DEV_MAX + 1];
	int r = store_query(store,
			    "SELECT id, dev FROM instance WHERE (id = ?1 OR dev = ?2) AND "
			    "key <> ?3 ORDER BY id = ?1 DESC LIMIT 1",
			    VALUES(text(instance->id), text(instance->dev), integer(instance->key)),
			    &row, err);

	if (!r)
		r = statement_step(store, row, err);
	if (r <= 0)
		return r;
	r = column_copy(store, row, 0, id, sizeof(id), err);
	if (!r)
		r = column_copy(store, row, 1, dev, sizeof(dev), err);
	if (r)
		return r;
	if (!strcmp(id, instance->id))
		return error_set(err, EEXIST, CODE_OPERATION_DENIED_ALREADY_EXISTS,
				 "instance \"%s\" exists already, on interface \"%s\": "
				 "take another id",
				 id, dev);
	return error_set(err, EEXIST, CODE_OPERATION_DENIED_ALREADY_EXISTS,
			 "interface \"%s\" belongs to instance \"%s\" already: "
			 "remove that instance first",
			 dev, id);
}

static int slot_find(struct store *store, const struct instance *instance, uint32_t *slot_out,
		     struct error *err)
{
	int64_t slot;
	int r = store_query_integer(
		store,
		"SELECT min(slot) + 1 FROM (SELECT 0 AS slot UNION ALL SELECT slot FROM instance) "
		"AS used WHERE NOT EXISTS (SELECT 1 FROM instance WHERE slot = used.slot + 1)",
		NO_VALUES, &slot, err);

	if (r)
		return r;
	if (slot > SG_MAX_INSTANCES)
		return error_set(err, ENOSPC, CODE_OPERATION_DENIED_POLICY_TOO_LARGE,
				 "no room for instance \"%s\": there are %d, as many as there can "
				 "be, remove one first",
				 instance->id, SG_MAX_INSTANCES);
	*slot_out = (uint32_t)slot;
	return 0;
}

static int insert(struct store *store, struct instance *instance, struct error *err)
{
	const struct instance_options *options = &instance->options;
	int r = store_run(
		store,
		"INSERT INTO instance (id, dev, status, slot, enforced, create_time, mode, "
		"side, no_group, strict, connections, match_altname) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
		VALUES(text(instance->id), text(instance->dev), text(instance->status),
		       integer(instance->slot), integer(instance->enforced),
		       text(instance->create_time), text(mode_text(options->mode)),
		       text(side_text(options->side)), text(no_group_text(options->no_group)),
		       integer(options->strict), integer(options->connections),
		       integer(options->match_altname)),
		err);

	if (r)
		return r;
	instance->key = sqlite3_last_insert_rowid(store->db);
	return store_options_save(store, instance->key, options, err);
}

/* There are at most two default groups; one that is out of service cannot be associated. */
static int associate_defaults(struct store *store, int64_t instance_key, struct error *err)
{
	return store_run(store,
			 "INSERT INTO membership (instance_key, position, group_key) "
			 "SELECT ?1, row_number() OVER (ORDER BY key) - 1, key "
			 "FROM security_group "
			 "WHERE default_position IS NOT NULL AND status = 'Available'",
			 VALUES(integer(instance_key)), err);
}

int store_instance_add(struct store *store, struct instance *instance, struct error *err)
{
	struct instance added = *instance;
	int r;

	assert(store->writing);
	added.key = 0;
	store_time(added.create_time);
	r = check_free(store, &added, err);
	if (!r)
		r = slot_find(store, &added, &added.slot, err);
	if (!r)
		r = insert(store, &added, err);
	if (!r)
		r = associate_defaults(store, added.key, err);
	if (!r)
		r = store_instance_groups(store, &added, err);
	if (r)
		return r;
	*instance = added;
	return 0;
}

int store_instance_update(struct store *store, const struct instance *instance, struct error *err)
{
	const struct instance_options *options = &instance->options;
	int r;

	assert(store->writing);
	r = check_free(store, instance, err);
	if (r)
		return r;
	r = store_run(store,
		      "UPDATE instance SET dev = ?2, status = ?3, enforced = ?4, mode = ?5, "
		      "side = ?6, no_group = ?7, strict = ?8, connections = ?9, "
		      "match_altname = ?10 WHERE key = ?1",
		      VALUES(integer(instance->key), text(instance->dev), text(instance->status),
			     integer(instance->enforced), text(mode_text(options->mode)),
			     text(side_text(options->side)), text(no_group_text(options->no_group)),
			     integer(options->strict), integer(options->connections),
			     integer(options->match_altname)),
		      err);
	if (r)
		return r;
	if (!sqlite3_changes(store->db))
		return store_instance_key_not_found(instance->key, err);
	return store_options_save(store, instance->key, options, err);
}

int store_instance_remove(struct store *store, int64_t key, struct error *err)
{
	int r;

	assert(store->writing);
	r = store_run(store, "DELETE FROM instance WHERE key = ?1", VALUES(integer(key)), err);
	if (r)
		return r;
	return sqlite3_changes(store->db) ? 0 : store_instance_key_not_found(key, err);
}
