// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_group.c - groups, without their rules.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "model/code.h"
#include "store/internal.h"
#include "util/array.h"
#include "util/quote.h"

#define SELECT_GROUP \
	"SELECT key, id, name, description, status = 'Available', " \
	"default_position IS NOT NULL, create_time FROM security_group "

void groups_fini(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		group_fini(&groups->items[i]);
	free(groups->items);
	*groups = (struct groups){0};
}

void store_time(char time_out[sizeof(((struct group *)NULL)->create_time)])
{
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(time_out, sizeof(((struct group *)NULL)->create_time), "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static const char *status_text(bool available)
{
	return available ? "Available" : "Unavailable";
}

/* The row of a SELECT_GROUP. */
static int group_read(struct store *store, sqlite3_stmt *row, struct group *group_out,
		      struct error *err)
{
	struct group group = {
		.key = sqlite3_column_int64(row, 0),
		.available = sqlite3_column_int(row, 4),
		.is_default = sqlite3_column_int(row, 5),
	};
	int r = column_copy(store, row, 1, group.id, sizeof(group.id), err);

	if (!r)
		r = column_copy(store, row, 2, group.name, sizeof(group.name), err);
	if (!r)
		r = column_copy(store, row, 6, group.create_time, sizeof(group.create_time), err);
	if (!r)
		r = column_description(row, 3, &group.description, err);
	if (r)
		return r;
	*group_out = group;
	return 0;
}

static int key_not_found(int64_t key, struct error *err)
{
	return error_set(err, ENOENT, CODE_INVALID_SECURITY_GROUP_NOT_FOUND,
			 "no group with the number %lld: list them with sgate group list",
			 (long long)key);
}

/* Why a group was not inserted, where it is for a reason that we know; else as `err` is. */
static int add_refused(struct store *store, const struct group *group, int r, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *defaults = NULL;
	char first[ID_MAX + 1];
	char second[ID_MAX + 1];

	if (r == -EEXIST)
		return error_set(err, EEXIST, CODE_OPERATION_DENIED_ALREADY_EXISTS,
				 "group \"%s\" exists already: take another id", group->id);
	if (r != -EPERM || !group->is_default)
		return r;
	if (store_query(store,
			"SELECT id FROM security_group WHERE default_position IS NOT NULL "
			"ORDER BY key",
			NO_VALUES, &defaults, NULL) ||
	    statement_step(store, defaults, NULL) != 1 ||
	    column_copy(store, defaults, 0, first, sizeof(first), NULL) ||
	    statement_step(store, defaults, NULL) != 1 ||
	    column_copy(store, defaults, 0, second, sizeof(second), NULL))
		return r;
	return error_set(err, EPERM, CODE_OPERATION_DENIED_INSTANCE_SECURITY_GROUP_EXCEED_LIMIT,
			 "group \"%s\" cannot be a third default group beside \"%s\" and \"%s\": "
			 "an instance has at most two, delete one of them first",
			 group->name, first, second);
}

static int insert(struct store *store, struct group *group, struct error *err)
{
	/* A third default group gets position 2, which the schema refuses. */
	static const char sql[] =
		"INSERT INTO security_group "
		"(id, name, description, status, create_time, default_position) "
		"VALUES (?1, ?2, ?3, ?4, ?5, CASE WHEN NOT ?6 THEN NULL "
		"WHEN NOT EXISTS (SELECT 1 FROM security_group WHERE default_position = 0) THEN 0 "
		"WHEN NOT EXISTS (SELECT 1 FROM security_group WHERE default_position = 1) THEN 1 "
		"ELSE 2 END)";
	uint32_t limit;
	int64_t count;
	int r = store_run(store, sql,
			  VALUES(text(group->id), text(group->name), text(group->description),
				 text(status_text(group->available)), text(group->create_time),
				 integer(group->is_default)),
			  err);

	if (r)
		return add_refused(store, group, r, err);
	group->key = sqlite3_last_insert_rowid(store->db);
	r = store_limit_get(store, LIMIT_GROUPS, STORE_MAX_GROUPS, &limit, err);
	/* Keys count up from 1, so a small one proves that there are not many. */
	if (r || group->key <= limit)
		return r;
	r = store_query_integer(store, "SELECT count(*) FROM security_group", NO_VALUES, &count,
				err);
	if (r || count <= limit)
		return r;
	return error_set(err, EPERM, CODE_OPERATION_DENIED_SECURITY_GROUP_TEAM_EXCEED_LIMIT,
			 "group \"%s\" is over the limit of %u groups: delete one first",
			 group->name, limit);
}

int store_group_add(struct store *store, struct group *group, struct error *err)
{
	struct group added = *group;
	int r;

	assert(store->writing);
	store_time(added.create_time);
	if (!added.id[0]) {
		r = group_id_make(added.id);
		if (r)
			return error_set(err, -r, CODE_INTERNAL_SERVER_ERROR,
					 "cannot make a group id: %s: try again", strerror(-r));
	}
	r = insert(store, &added, err);
	if (!r)
		r = store_rules_add(store, added.key, &added.rules, err);
	if (r)
		return r;
	*group = added;
	return 0;
}

int store_group_find_key(struct store *store, int64_t key, struct group *group_out,
			 struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	int r = store_query(store, SELECT_GROUP "WHERE key = ?1", VALUES(integer(key)), &row, err);

	if (!r)
		r = statement_step(store, row, err);
	if (r < 0)
		return r;
	return r ? group_read(store, row, group_out, err) : key_not_found(key, err);
}

static int not_found(const char *name, struct error *err)
{
	return error_set(err, ENOENT, CODE_INVALID_SECURITY_GROUP_NOT_FOUND,
			 "no group \"%s\": list them with sgate group list", quote(name).text);
}

static int find_name(struct store *store, const char *name, struct group *group_out,
		     struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	AUTO(group_fini) struct group group = {0};
	int r = store_query(store, SELECT_GROUP "WHERE name = ?1 ORDER BY key", VALUES(text(name)),
			    &row, err);

	if (!r)
		r = statement_step(store, row, err);
	if (r < 0)
		return r;
	if (!r)
		return not_found(name, err);
	r = group_read(store, row, &group, err);
	if (r)
		return r;
	r = statement_step(store, row, err);
	if (r < 0)
		return r;
	if (r)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "group name \"%s\" is not unique: give an id, \"%s\" or \"%s\"",
				 name, group.id, (const char *)sqlite3_column_text(row, 1));
	*group_out = group;
	group = (struct group){0};
	return 0;
}

/* 1 when there is one, 0 when not, or -errno. */
static int find_id(struct store *store, const char *id, struct group *group_out, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	int r = store_query(store, SELECT_GROUP "WHERE id = ?1", VALUES(text(id)), &row, err);

	if (!r)
		r = statement_step(store, row, err);
	if (r <= 0)
		return r;
	r = group_read(store, row, group_out, err);
	return r ? r : 1;
}

int store_group_find(struct store *store, const char *id_or_name, struct group *group_out,
		     struct error *err)
{
	int found = find_id(store, id_or_name, group_out, err);

	if (found)
		return found < 0 ? found : 0;
	return find_name(store, id_or_name, group_out, err);
}

int store_group_find_id(struct store *store, const char *id, struct group *group_out,
			struct error *err)
{
	int found = find_id(store, id, group_out, err);

	if (found)
		return found < 0 ? found : 0;
	return not_found(id, err);
}

static int groups_read(struct store *store, sqlite3_stmt *row, struct groups *groups_out,
		       struct error *err)
{
	AUTO(groups_fini) struct groups groups = {0};
	int r;

	while ((r = statement_step(store, row, err)) > 0) {
		if (ARRAY_GROW(groups.items, groups.count, groups.capacity))
			return store_out_of_memory(err);
		r = group_read(store, row, &groups.items[groups.count], err);
		if (r)
			return r;
		groups.count++;
	}
	if (r)
		return r;
	*groups_out = groups;
	groups = (struct groups){0};
	return 0;
}

int store_group_list(struct store *store, struct groups *groups_out, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	int r = store_query(store, SELECT_GROUP "ORDER BY key", NO_VALUES, &row, err);

	return r ? r : groups_read(store, row, groups_out, err);
}

int store_group_page(struct store *store, const struct page *page, struct groups *groups_out,
		     int64_t *total_out, struct error *err)
{
/* ?1: ids as JSON, ?2: a name, empty for any */
#define WITH_IDS "WHERE id IN (SELECT value FROM json_each(?1)) AND (?2 = '' OR name = ?2) "
#define WITHOUT_IDS "WHERE ?1 = '' AND (?2 = '' OR name = ?2) "
#define COUNT "SELECT count(*) FROM security_group "
#define NEWEST "ORDER BY key DESC LIMIT ?3 OFFSET ?4"
	AUTO_FREE char *ids = page->id_count ? store_ids_text(page->ids, page->id_count) : NULL;
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	int r;

	if (page->id_count && !ids)
		return store_out_of_memory(err);
	r = store_query_integer(store, ids ? COUNT WITH_IDS : COUNT WITHOUT_IDS,
				VALUES(text(ids), text(page->name)), total_out, err);
	if (!r)
		r = store_query(
			store, ids ? SELECT_GROUP WITH_IDS NEWEST : SELECT_GROUP WITHOUT_IDS NEWEST,
			VALUES(text(ids), text(page->name), integer(page->size),
			       integer(page->offset)),
			&row, err);
	return r ? r : groups_read(store, row, groups_out, err);
}

int store_group_update(struct store *store, const struct group *group, struct error *err)
{
	int r;

	assert(store->writing);
	r = store_run(store,
		      "UPDATE security_group SET name = ?2, description = ?3, status = ?4 "
		      "WHERE key = ?1",
		      VALUES(integer(group->key), text(group->name), text(group->description),
			     text(status_text(group->available))),
		      err);
	if (r)
		return r;
	return sqlite3_changes(store->db) ? 0 : key_not_found(group->key, err);
}

/* -EPERM when `sql` finds one, the id of which the message takes as its second. */
static int refuse_if_found(struct store *store, const char *sql, const struct group *group,
			   const char *what, const char *todo, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	int r = store_query(store, sql, VALUES(integer(group->key)), &row, err);

	if (!r)
		r = statement_step(store, row, err);
	if (r <= 0)
		return r;
	return error_set(err, EPERM, CODE_OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE,
			 "group \"%s\" is %s \"%s\": %s first", group->id, what,
			 (const char *)sqlite3_column_text(row, 0), todo);
}

int store_group_remove(struct store *store, int64_t key, struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	int r;

	assert(store->writing);
	r = store_group_find_key(store, key, &group, err);
	if (r)
		return r;
	r = refuse_if_found(
		store,
		"SELECT id FROM membership JOIN instance ON instance.key = instance_key "
		"WHERE group_key = ?1 ORDER BY instance_key LIMIT 1",
		&group, "associated with instance", "dissociate it", err);
	if (r)
		return r;
	r = refuse_if_found(store,
			    "SELECT holder.id FROM security_group AS named "
			    "JOIN rule ON rule.remote_group = named.id "
			    "JOIN security_group AS holder ON holder.key = rule.group_key "
			    "WHERE named.key = ?1 AND holder.key <> ?1 LIMIT 1",
			    &group, "named by a rule of group", "remove that rule", err);
	if (r)
		return r;
	return store_run(store, "DELETE FROM security_group WHERE key = ?1", VALUES(integer(key)),
			 err);
}
