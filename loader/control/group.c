// SPDX-License-Identifier: GPL-2.0-only
/*
 * group.c - groups and their rules.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "model/code.h"
#include "util/cleanup.h"

static int check_new(struct group *group, struct error *err)
{
	int r = group_name_check(group->name, err);

	if (!r && group->id[0])
		r = id_check(group->id, "group id", err);
	if (!r && group->description)
		r = group_description_check(group->description, err);
	for (size_t i = 0; !r && i < group->rules.count; i++) {
		if (group->rules.items[i].priority == PRIORITY_UNSAID)
			group->rules.items[i].priority = PRIORITY_DEFAULT;
		r = rule_check(&group->rules.items[i], err);
	}
	return r;
}

int control_group_create(struct control *control, struct group *group, struct error *err)
{
	struct change change;
	int r = check_new(group, err);

	if (r)
		return r;
	group->available = true;
	r = change_begin(control, &change, err);
	if (r)
		return r;
	return change_end(&change, store_group_add(control->store, group, err), err);
}

int control_group_delete(struct control *control, const char *name, struct error *err)
{
	AUTO(group_fini) struct group group = {};
	struct change change;
	int r = change_begin(control, &change, err);

	if (r)
		return r;
	r = find_own_group(control, name, &group, err);
	if (!r)
		r = store_group_remove(control->store, group.key, err);
	return change_end(&change, r, err);
}

static int set_group(struct control *control, const char *name, const struct group_change *fields,
		     struct error *err)
{
	AUTO(group_fini) struct group group = {};
	int r = find_own_group(control, name, &group, err);

	if (r)
		return r;
	if (fields->name)
		snprintf(group.name, sizeof(group.name), "%s", fields->name);
	if (fields->available)
		group.available = *fields->available;
	if (fields->description) {
		free(group.description);
		group.description = strdup(fields->description);
		if (!group.description)
			return control_out_of_memory(err);
	}
	return store_group_update(control->store, &group, err);
}

int control_groups_set(struct control *control, const char *const *names, size_t count,
		       const struct group_change *fields, struct error *err)
{
	struct change change;
	int r = 0;

	if (fields->name)
		r = group_name_check(fields->name, err);
	if (!r && fields->description)
		r = group_description_check(fields->description, err);
	if (!r)
		r = change_begin(control, &change, err);
	if (r)
		return r;
	for (size_t i = 0; !r && i < count; i++)
		r = set_group(control, names[i], fields, err);
	return change_end(&change, r, err);
}

int control_group_set(struct control *control, const char *name, const struct group_change *fields,
		      struct error *err)
{
	return control_groups_set(control, &name, 1, fields, err);
}

static int add_rules(struct control *control, int64_t group_key, struct rules *rules,
		     struct error *err)
{
	return store_rules_add(control->store, group_key, rules, err);
}

static int remove_rules(struct control *control, int64_t group_key, struct rules *rules,
			struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < rules->count; i++)
		r = store_rule_remove(control->store, group_key, &rules->items[i], err);
	return r;
}

static int replace_rules(struct control *control, int64_t group_key, struct rules *rules,
			 struct error *err)
{
	return store_rules_replace(control->store, group_key, rules, err);
}

/* Check the rules, let `alter` change the store, and enforce it where the group is. */
static int change_rules(struct control *control, const char *name, struct rules *rules,
			int (*alter)(struct control *control, int64_t group_key,
				     struct rules *rules, struct error *err),
			struct error *err)
{
	AUTO(group_fini) struct group group = {};
	struct change change;
	int r = 0;

	for (size_t i = 0; !r && i < rules->count; i++)
		r = rule_check_named(&rules->items[i], err);
	if (!r)
		r = change_begin(control, &change, err);
	if (r)
		return r;
	r = find_own_group(control, name, &group, err);
	if (!r)
		r = store_rules_resolve(control->store, group.key, rules, err);
	if (!r)
		r = alter(control, group.key, rules, err);
	if (!r)
		r = change_touch_rules(&change, group.key, err);
	return change_end(&change, r, err);
}

int control_rules_add(struct control *control, const char *group, struct rules *rules,
		      struct error *err)
{
	return change_rules(control, group, rules, add_rules, err);
}

int control_rules_remove(struct control *control, const char *group, struct rules *rules,
			 struct error *err)
{
	return change_rules(control, group, rules, remove_rules, err);
}

int control_rules_replace(struct control *control, const char *group, struct rules *rules,
			  struct error *err)
{
	return change_rules(control, group, rules, replace_rules, err);
}
