// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_instance_load.c - stored instances, read back with options and groups.
 */
#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "model/code.h"
#include "store/internal.h"
#include "util/array.h"
#include "util/quote.h"

/* The columns of a SELECT_INSTANCE. */
enum {
	COLUMN_KEY,
	COLUMN_ID,
	COLUMN_DEV,
	COLUMN_STATUS,
	COLUMN_SLOT,
	COLUMN_ENFORCED,
	COLUMN_CREATE_TIME,
	COLUMN_MODE,
	COLUMN_SIDE,
	COLUMN_NO_GROUP,
	COLUMN_STRICT,
	COLUMN_CONNECTIONS,
	COLUMN_MATCH_ALTNAME,
};

#define SELECT_INSTANCE \
	"SELECT key, id, dev, status, slot, enforced, create_time, mode, side, no_group, " \
	"strict, connections, match_altname FROM instance "

void instances_fini(struct instances *instances)
{
	for (size_t i = 0; i < instances->count; i++)
		instance_fini(&instances->items[i]);
	free(instances->items);
	*instances = (struct instances){0};
}

/* What is used for each instance of a list. */
struct instance_reader {
	struct store *store;
	sqlite3_stmt *row;
	sqlite3_stmt *groups;
	struct option_reader *options;
};

static void instance_reader_close(struct instance_reader *reader)
{
	statement_close(&reader->row);
	statement_close(&reader->groups);
	option_reader_close(&reader->options);
}

static int groups_open(struct store *store, sqlite3_stmt **groups_out, struct error *err)
{
	return statement_open(store,
			      "SELECT security_group.key, security_group.id FROM membership "
			      "JOIN security_group ON security_group.key = group_key "
			      "WHERE instance_key = ?1 ORDER BY position",
			      groups_out, err);
}

/* Closed by its owner also when it fails. */
static int instance_reader_open(struct instance_reader *reader, struct store *store,
				const char *sql, const struct value *values, size_t count,
				struct error *err)
{
	int r;

	reader->store = store;
	r = store_query(store, sql, values, count, &reader->row, err);
	if (!r)
		r = groups_open(store, &reader->groups, err);
	if (!r)
		r = option_reader_open(store, &reader->options, err);
	return r;
}

static int groups_read(struct store *store, sqlite3_stmt *groups, struct instance *instance,
		       struct error *err)
{
	int r = statement_bind(store, groups, VALUES(integer(instance->key)), err);

	instance->group_count = 0;
	if (r)
		return r;
	while ((r = statement_step(store, groups, err)) > 0) {
		size_t at = instance->group_count;

		if (at == SG_MAX_GROUPS_PER_INSTANCE)
			return store_corrupt(store, "third group of instance", instance->id, err);
		instance->group_keys[at] = sqlite3_column_int64(groups, 0);
		r = column_copy(store, groups, 1, instance->groups[at],
				sizeof(instance->groups[at]), err);
		if (r)
			return r;
		instance->group_count++;
	}
	return r;
}

int store_instance_groups(struct store *store, struct instance *instance, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *groups = NULL;
	int r = groups_open(store, &groups, err);

	return r ? r : groups_read(store, groups, instance, err);
}

/* The options that are words. */
static int words_read(struct store *store, sqlite3_stmt *row, struct instance_options *options,
		      struct error *err)
{
	const char *mode = (const char *)sqlite3_column_text(row, COLUMN_MODE);
	const char *side = (const char *)sqlite3_column_text(row, COLUMN_SIDE);
	const char *no_group = (const char *)sqlite3_column_text(row, COLUMN_NO_GROUP);

	if (!mode || !side || !no_group)
		return store_out_of_memory(err);
	if (mode_parse(mode, &options->mode, NULL))
		return store_corrupt(store, "mode", mode, err);
	if (side_parse(side, &options->side, NULL))
		return store_corrupt(store, "side", side, err);
	if (no_group_parse(no_group, &options->no_group, NULL))
		return store_corrupt(store, "no_group", no_group, err);
	options->strict = sqlite3_column_int(row, COLUMN_STRICT);
	options->match_altname = sqlite3_column_int(row, COLUMN_MATCH_ALTNAME);
	return 0;
}

/* The row that the reader is at. What is read before a failure is its owner's to free. */
static int instance_read(struct instance_reader *reader, struct instance *instance,
			 struct error *err)
{
	struct store *store = reader->store;
	sqlite3_stmt *row = reader->row;
	int r;

	instance->key = sqlite3_column_int64(row, COLUMN_KEY);
	instance->slot = (uint32_t)sqlite3_column_int(row, COLUMN_SLOT);
	instance->enforced = sqlite3_column_int(row, COLUMN_ENFORCED);
	instance->options.connections = (uint32_t)sqlite3_column_int64(row, COLUMN_CONNECTIONS);
	r = column_copy(store, row, COLUMN_ID, instance->id, sizeof(instance->id), err);
	if (!r)
		r = column_copy(store, row, COLUMN_DEV, instance->dev, sizeof(instance->dev), err);
	if (!r)
		r = column_copy(store, row, COLUMN_STATUS, instance->status,
				sizeof(instance->status), err);
	if (!r)
		r = column_copy(store, row, COLUMN_CREATE_TIME, instance->create_time,
				sizeof(instance->create_time), err);
	if (!r)
		r = words_read(store, row, &instance->options, err);
	if (!r)
		r = option_reader_load(reader->options, instance->key, &instance->options, err);
	if (!r)
		r = groups_read(store, reader->groups, instance, err);
	return r;
}

/* 1 when there is one, 0 when not, or -errno. */
static int find(struct store *store, const char *sql, struct value value,
		struct instance *instance_out, struct error *err)
{
	AUTO(instance_reader_close) struct instance_reader reader = {0};
	AUTO(instance_fini) struct instance instance = {0};
	int r = instance_reader_open(&reader, store, sql, VALUES(value), err);

	if (!r)
		r = statement_step(store, reader.row, err);
	if (r <= 0)
		return r;
	r = instance_read(&reader, &instance, err);
	if (r)
		return r;
	*instance_out = instance;
	instance = (struct instance){0};
	return 1;
}

static int found_or_error(int found, const char *id, struct error *err)
{
	if (found)
		return found < 0 ? found : 0;
	return error_set(err, ENOENT, CODE_INVALID_INSTANCE_NOT_FOUND,
			 "no instance \"%s\": list them with sgate instance list", quote(id).text);
}

int store_instance_find(struct store *store, const char *id_or_dev, struct instance *instance_out,
			struct error *err)
{
	int found = find(store,
			 SELECT_INSTANCE "WHERE id = ?1 OR dev = ?1 ORDER BY id = ?1 DESC LIMIT 1",
			 text(id_or_dev), instance_out, err);

	return found_or_error(found, id_or_dev, err);
}

int store_instance_find_id(struct store *store, const char *id, struct instance *instance_out,
			   struct error *err)
{
	return found_or_error(
		find(store, SELECT_INSTANCE "WHERE id = ?1", text(id), instance_out, err), id, err);
}

int store_instance_find_key(struct store *store, int64_t key, struct instance *instance_out,
			    struct error *err)
{
	int found = find(store, SELECT_INSTANCE "WHERE key = ?1", integer(key), instance_out, err);

	if (found)
		return found < 0 ? found : 0;
	return store_instance_key_not_found(key, err);
}

/* Appends the row that the reader is at; its owner frees it also when it fails. */
static int append(struct instances *instances, struct instance_reader *reader, struct error *err)
{
	if (ARRAY_GROW(instances->items, instances->count, instances->capacity))
		return store_out_of_memory(err);
	instances->items[instances->count] = (struct instance){0};
	return instance_read(reader, &instances->items[instances->count++], err);
}

static int instances_read(struct instance_reader *reader, struct instances *instances_out,
			  struct error *err)
{
	AUTO(instances_fini) struct instances instances = {0};
	int r;

	while ((r = statement_step(reader->store, reader->row, err)) > 0) {
		r = append(&instances, reader, err);
		if (r)
			return r;
	}
	if (r)
		return r;
	*instances_out = instances;
	instances = (struct instances){0};
	return 0;
}

int store_instances_find(struct store *store, const struct keys *keys,
			 struct instances *instances_out, struct error *err)
{
	AUTO(instance_reader_close) struct instance_reader reader = {0};
	AUTO(instances_fini) struct instances instances = {0};
	int r = instance_reader_open(&reader, store, SELECT_INSTANCE "WHERE key = ?1",
				     VALUES(integer(0)), err);

	for (size_t i = 0; !r && i < keys->count; i++) {
		int found;

		r = statement_bind(store, reader.row, VALUES(integer(keys->items[i])), err);
		if (r)
			return r;
		found = statement_step(store, reader.row, err);
		if (found <= 0)
			return found ? found : store_instance_key_not_found(keys->items[i], err);
		r = append(&instances, &reader, err);
	}
	if (r)
		return r;
	*instances_out = instances;
	instances = (struct instances){0};
	return 0;
}

int store_instance_key_of_dev(struct store *store, const char *dev, int64_t *key_out,
			      struct error *err)
{
	/* an aggregate has a row, also of nothing */
	return store_query_integer(store,
				   "SELECT coalesce(max(key), 0) FROM instance WHERE dev = ?1",
				   VALUES(text(dev)), key_out, err);
}

int store_instance_key_of_altname(struct store *store, const char *dev, int64_t *key_out,
				  struct error *err)
{
	return store_query_integer(store,
				   "SELECT coalesce(max(key), 0) FROM instance "
				   "WHERE dev = ?1 AND match_altname",
				   VALUES(text(dev)), key_out, err);
}

int store_instance_list(struct store *store, struct instances *instances_out, struct error *err)
{
	AUTO(instance_reader_close) struct instance_reader reader = {0};
	int r = instance_reader_open(&reader, store, SELECT_INSTANCE "ORDER BY key", NO_VALUES,
				     err);

	return r ? r : instances_read(&reader, instances_out, err);
}

int store_instance_page(struct store *store, const struct page *page,
			struct instances *instances_out, int64_t *total_out, struct error *err)
{
/* ?1: ids as JSON */
#define WITH_IDS "WHERE id IN (SELECT value FROM json_each(?1)) "
#define WITHOUT_IDS "WHERE ?1 = '' "
#define COUNT "SELECT count(*) FROM instance "
#define NEWEST "ORDER BY key DESC LIMIT ?2 OFFSET ?3"
	AUTO_FREE char *ids = page->id_count ? store_ids_text(page->ids, page->id_count) : NULL;
	AUTO(instance_reader_close) struct instance_reader reader = {0};
	int r;

	if (page->id_count && !ids)
		return store_out_of_memory(err);
	r = store_query_integer(store, ids ? COUNT WITH_IDS : COUNT WITHOUT_IDS, VALUES(text(ids)),
				total_out, err);
	if (!r)
		r = instance_reader_open(
			&reader, store,
			ids ? SELECT_INSTANCE WITH_IDS NEWEST : SELECT_INSTANCE WITHOUT_IDS NEWEST,
			VALUES(text(ids), integer(page->size), integer(page->offset)), err);
	return r ? r : instances_read(&reader, instances_out, err);
}
