// SPDX-License-Identifier: GPL-2.0-only
/*
 * store_rule_resolve.c - rules that were named without their priority.
 */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "store/internal.h"

static int add_copy(const struct rule *rule, uint8_t priority, struct rules *rules,
		    struct error *err)
{
	AUTO(rule_fini) struct rule copy = *rule;

	copy.priority = priority;
	copy.description = NULL;
	if (rule->description) {
		copy.description = strdup(rule->description);
		if (!copy.description)
			return store_out_of_memory(err);
	}
	return rules_add(rules, &copy) ? store_out_of_memory(err) : 0;
}

/* The group's rules that `rule` means, or itself; into `rules`. */
static int resolve(struct store *store, sqlite3_stmt *row, int64_t group_key,
		   const struct rule *rule, struct rules *rules, struct error *err)
{
	const size_t count_before = rules->count;
	struct rule_texts texts;
	int r;

	if (rule->priority != PRIORITY_UNSAID)
		return add_copy(rule, rule->priority, rules, err);
	rule_texts_fill(rule, &texts);
	r = statement_bind(store, row, VALUES(RULE_MATTER(group_key, &texts)), err);
	if (r)
		return r;
	while ((r = statement_step(store, row, err)) > 0) {
		r = add_copy(rule, (uint8_t)sqlite3_column_int(row, 0), rules, err);
		if (r)
			return r;
	}
	if (r || rules->count > count_before)
		return r;
	return add_copy(rule, PRIORITY_DEFAULT, rules, err);
}

static bool any_unsaid(const struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (rules->items[i].priority == PRIORITY_UNSAID)
			return true;
	}
	return false;
}

int store_rules_resolve(struct store *store, int64_t group_key, struct rules *rules,
			struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *row = NULL;
	AUTO(rules_fini) struct rules resolved = {0};
	struct rules given = *rules;
	int r;

	assert(store->in_transaction);
	if (!any_unsaid(rules))
		return 0;
	r = statement_open(store,
			   "SELECT priority FROM rule WHERE group_key = ?1 AND direction = ?2 AND "
			   "policy = ?3 AND protocol = ?4 AND ports = ?5 AND remote = ?6 "
			   "ORDER BY priority",
			   &row, err);
	for (size_t i = 0; !r && i < rules->count; i++)
		r = resolve(store, row, group_key, &rules->items[i], &resolved, err);
	if (r)
		return r;
	*rules = resolved;
	resolved = given;
	return 0;
}
