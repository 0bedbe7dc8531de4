// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_rule.c - the rules of a group.
 *
 * A rule's columns are the texts that people write. They are canonical, so the
 * unique index over them decides which rules are the same.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "codec/rule_text.h"
#include "model/code.h"
#include "store/internal.h"
#include "util/array.h"

void rule_texts_fill(const struct rule *rule, struct rule_texts *texts)
{
	texts->direction = rule->direction == SG_EGRESS ? "egress" : "ingress";
	texts->policy = rule->policy == RULE_DENY ? "deny" : "accept";
	protocol_format(rule->protocol, texts->protocol);
	ports_format(rule->protocol, &rule->ports, texts->ports);
	remote_format(&rule->remote, texts->remote);
}

/* Values 1 to 7: what makes the rule what it is. `texts` holds what they borrow. */
#define IDENTITY(group_key, rule, texts) RULE_MATTER(group_key, texts), integer((rule)->priority)

/* What is used for each rule of a change. */
struct rule_writer {
	struct store *store;
	int64_t group_key;
	sqlite3_stmt *find;
	sqlite3_stmt *insert;
	sqlite3_stmt *describe;
};

static void rule_writer_close(struct rule_writer *writer)
{
	statement_close(&writer->find);
	statement_close(&writer->insert);
	statement_close(&writer->describe);
}

/* Closed by its owner also when it fails. */
static int rule_writer_open(struct rule_writer *writer, struct store *store, int64_t group_key,
			    struct error *err)
{
	int r;

	writer->store = store;
	writer->group_key = group_key;
	r = statement_open(store,
			   "SELECT id, description FROM rule WHERE group_key = ?1 AND "
			   "direction = ?2 AND policy = ?3 AND protocol = ?4 AND ports = ?5 AND "
			   "remote = ?6 AND priority = ?7",
			   &writer->find, err);
	if (!r)
		r = statement_open(store,
				   "INSERT INTO rule (group_key, direction, policy, protocol, "
				   "ports, remote, priority, description) "
				   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
				   &writer->insert, err);
	if (!r)
		r = statement_open(store, "UPDATE rule SET description = ?2 WHERE id = ?1",
				   &writer->describe, err);
	return r;
}

static int insert_refused(struct rule_writer *writer, const struct rule *rule, int r,
			  struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	int found;

	if (r != -ENOENT)
		return r;
	found = store_group_find_key(writer->store, writer->group_key, &group, err);
	if (found)
		return found;
	return error_set(err, ENOENT, CODE_INVALID_SECURITY_GROUP_NOT_FOUND,
			 "no group \"%s\", which a rule of group \"%s\" names: create it first",
			 rule->remote.group, group.name);
}

/* Add the rule, or give the one that is there its description. */
static int rule_write(struct rule_writer *writer, const struct rule *rule, int64_t *id_out,
		      bool *added_out, struct error *err)
{
	const char *description = rule->description ? rule->description : "";
	struct store *store = writer->store;
	struct rule_texts texts;
	const char *old;
	bool is_same;
	int r;

	rule_texts_fill(rule, &texts);
	r = statement_bind(store, writer->find, VALUES(IDENTITY(writer->group_key, rule, &texts)),
			   err);
	if (!r)
		r = statement_step(store, writer->find, err);
	if (r < 0)
		return r;
	*added_out = !r;
	if (*added_out) {
		sqlite3_reset(writer->find);
		r = statement_run(
			store, writer->insert,
			VALUES(IDENTITY(writer->group_key, rule, &texts), text(description)), err);
		*id_out = sqlite3_last_insert_rowid(store->db);
		return r ? insert_refused(writer, rule, r, err) : 0;
	}
	*id_out = sqlite3_column_int64(writer->find, 0);
	old = (const char *)sqlite3_column_text(writer->find, 1);
	if (!old)
		return store_out_of_memory(err);
	is_same = !strcmp(old, description);
	sqlite3_reset(writer->find);
	if (is_same)
		return 0;
	return statement_run(store, writer->describe, VALUES(integer(*id_out), text(description)),
			     err);
}

/* After a change that gave a rule the id `last_id`. */
static int limit_check(struct store *store, int64_t group_key, int64_t last_id, struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	uint32_t limit;
	int64_t count;
	int r = store_limit_get(store, LIMIT_RULES_PER_GROUP, STORE_MAX_RULES_PER_GROUP, &limit,
				err);

	/* Ids count up from 1, so a small one proves that there are not many. */
	if (r || last_id <= limit)
		return r;
	r = store_query_integer(store,
				"SELECT count(*) FROM rule INDEXED BY rule_group "
				"WHERE group_key = ?1",
				VALUES(integer(group_key)), &count, err);
	if (r || count <= limit)
		return r;
	r = store_group_find_key(store, group_key, &group, err);
	if (r)
		return r;
	return error_set(err, EPERM, CODE_OPERATION_DENIED_SECURITY_GROUP_RULE_EXCEED_LIMIT,
			 "group \"%s\" cannot have %lld rules: %u is the limit, remove some",
			 group.id, (long long)count, limit);
}

int store_rule_add(struct store *store, int64_t group_key, struct rule *rule, bool *added_out,
		   struct error *err)
{
	AUTO(rule_writer_close) struct rule_writer writer = {0};
	int64_t id;
	bool added;
	int r;

	assert(store->writing);
	r = rule_writer_open(&writer, store, group_key, err);
	if (!r)
		r = rule_write(&writer, rule, &id, &added, err);
	if (!r)
		r = limit_check(store, group_key, id, err);
	if (r)
		return r;
	rule->id = id;
	*added_out = added;
	return 0;
}

/* Write all; ids_out[i] becomes that of rule i, the same for those that repeat. */
static int rules_write(struct store *store, int64_t group_key, const struct rules *rules,
		       int64_t *ids_out, int64_t *last_id_out, struct error *err)
{
	AUTO(rule_writer_close) struct rule_writer writer = {0};
	int r = rule_writer_open(&writer, store, group_key, err);
	bool added;

	*last_id_out = 0;
	for (size_t i = 0; !r && i < rules->count; i++) {
		r = rule_write(&writer, &rules->items[i], &ids_out[i], &added, err);
		if (!r && ids_out[i] > *last_id_out)
			*last_id_out = ids_out[i];
	}
	return r;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Delete the group's rules but those with the `kept` ids, which are in order. */
static int rules_delete_others(struct store *store, int64_t group_key, const int64_t *kept,
			       size_t kept_count, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	AUTO_STATEMENT sqlite3_stmt *delete = NULL;
	const int64_t *kept_end = kept + kept_count;
	int r = store_query(store,
			    "SELECT id FROM rule INDEXED BY rule_group WHERE group_key = ?1 "
			    "ORDER BY id",
			    VALUES(integer(group_key)), &row, err);

	if (!r)
		r = statement_open(store, "DELETE FROM rule WHERE id = ?1", &delete, err);
	if (r)
		return r;
	while ((r = statement_step(store, row, err)) > 0) {
		int64_t id = sqlite3_column_int64(row, 0);

		while (kept < kept_end && *kept < id)
			kept++;
		if (kept < kept_end && *kept == id)
			continue;
		r = statement_run(store, delete, VALUES(integer(id)), err);
		if (r)
			return r;
	}
	return r;
}

static int rules_put(struct store *store, int64_t group_key, struct rules *rules,
		     bool delete_others, struct error *err)
{
	AUTO_FREE int64_t *ids = calloc(rules->count + 1, sizeof(*ids));
	AUTO_FREE int64_t *kept = calloc(rules->count + 1, sizeof(*kept));
	int64_t last_id;
	int r;

	if (!ids || !kept)
		return store_out_of_memory(err);
	r = rules_write(store, group_key, rules, ids, &last_id, err);
	if (!r && delete_others) {
		memcpy(kept, ids, rules->count * sizeof(*ids));
		qsort(kept, rules->count, sizeof(*kept), compare_ids);
		r = rules_delete_others(store, group_key, kept, rules->count, err);
	}
	if (!r)
		r = limit_check(store, group_key, last_id, err);
	if (r)
		return r;
	for (size_t i = 0; i < rules->count; i++)
		rules->items[i].id = ids[i];
	return 0;
}

int store_rules_add(struct store *store, int64_t group_key, struct rules *rules, struct error *err)
{
	assert(store->writing);
	return rules_put(store, group_key, rules, false, err);
}

int store_rules_replace(struct store *store, int64_t group_key, struct rules *rules,
			struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	int r;

	assert(store->writing);
	r = store_group_find_key(store, group_key, &group, err);
	if (r)
		return r;
	return rules_put(store, group_key, rules, true, err);
}

int store_rule_remove(struct store *store, int64_t group_key, const struct rule *rule,
		      struct error *err)
{
	AUTO_FREE char *written = NULL;
	AUTO(group_fini) struct group group = {0};
	struct rule_texts texts;
	int r;

	assert(store->writing);
	rule_texts_fill(rule, &texts);
	r = store_run(store,
		      "DELETE FROM rule WHERE group_key = ?1 AND direction = ?2 AND policy = ?3 "
		      "AND protocol = ?4 AND ports = ?5 AND remote = ?6 AND priority = ?7",
		      VALUES(IDENTITY(group_key, rule, &texts)), err);
	if (r || sqlite3_changes(store->db))
		return r;
	r = store_group_find_key(store, group_key, &group, err);
	if (r)
		return r;
	written = rule_format(rule);
	if (!written)
		return store_out_of_memory(err);
	return error_set(err, ENOENT, CODE_INVALID_SECURITY_GROUP_RULE_NOT_FOUND,
			 "group \"%s\" has no rule \"%s\": list them with sgate rule list",
			 group.id, written);
}
