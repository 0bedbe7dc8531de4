// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_rule_load.c - stored rules, read back.
 */
#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "codec/rule_text.h"
#include "store/internal.h"
#include "util/array.h"

/* The columns of the query below. */
enum {
	COLUMN_ID,
	COLUMN_DIRECTION,
	COLUMN_POLICY,
	COLUMN_PROTOCOL,
	COLUMN_PORTS,
	COLUMN_REMOTE,
	COLUMN_PRIORITY,
	COLUMN_DESCRIPTION,
};

/* The text of a column, or NULL with `err` filled. */
static const char *column_get(sqlite3_stmt *row, int column, struct error *err)
{
	const char *found = (const char *)sqlite3_column_text(row, column);

	if (!found)
		store_out_of_memory(err);
	return found;
}

static int matter_read(struct store *store, sqlite3_stmt *row, struct rule *rule, struct error *err)
{
	const char *protocol = column_get(row, COLUMN_PROTOCOL, err);
	const char *ports = column_get(row, COLUMN_PORTS, err);
	const char *remote = column_get(row, COLUMN_REMOTE, err);

	if (!protocol || !ports || !remote)
		return -ENOMEM;
	if (protocol_parse(protocol, &rule->protocol, NULL))
		return store_corrupt(store, "protocol", protocol, err);
	if (ports[0] && ports_parse(ports, rule->protocol, &rule->ports, NULL))
		return store_corrupt(store, "list of ports", ports, err);
	if (remote_parse(remote, &rule->remote, NULL))
		return store_corrupt(store, "remote", remote, err);
	return 0;
}

/* What is read before a failure is in *rule, for its owner to free. */
static int rule_read(struct store *store, sqlite3_stmt *row, struct rule *rule, struct error *err)
{
	const char *direction = column_get(row, COLUMN_DIRECTION, err);
	const char *policy = column_get(row, COLUMN_POLICY, err);
	int r;

	if (!direction || !policy)
		return -ENOMEM;
	rule->id = sqlite3_column_int64(row, COLUMN_ID);
	rule->direction = strcmp(direction, "egress") ? SG_INGRESS : SG_EGRESS;
	rule->policy = strcmp(policy, "accept") ? RULE_DENY : RULE_ACCEPT;
	rule->priority = (uint8_t)sqlite3_column_int(row, COLUMN_PRIORITY);
	r = matter_read(store, row, rule, err);
	if (r)
		return r;
	return column_description(row, COLUMN_DESCRIPTION, &rule->description, err);
}

int store_rules_load(struct store *store, int64_t group_key, struct rules *rules_out,
		     struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	AUTO(rules_fini) struct rules rules = {0};
	int r = store_query(store,
			    "SELECT id, direction, policy, protocol, ports, remote, priority, "
			    "description FROM rule INDEXED BY rule_group WHERE group_key = ?1 "
			    "ORDER BY id",
			    VALUES(integer(group_key)), &row, err);

	if (r)
		return r;
	while ((r = statement_step(store, row, err)) > 0) {
		AUTO(rule_fini) struct rule rule = {0};

		r = rule_read(store, row, &rule, err);
		if (r)
			return r;
		if (rules_add(&rules, &rule))
			return store_out_of_memory(err);
	}
	if (r)
		return r;
	*rules_out = rules;
	rules = (struct rules){0};
	return 0;
}
