// SPDX-License-Identifier: GPL-2.0-only
/*
 * policies.c - the compiled policy of each set of groups that a change needs,
 * made once however many instances have it.
 *
 * Reads the store's open transaction, so it sees what the change has written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "control/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

/*
 * The addresses behind `group:ID`. Every rule with that remote borrows the one
 * array, by which the compiler knows that they are the same.
 */
struct remote_group {
	char id[ID_MAX + 1];
	struct prefix *prefixes;
	size_t count;
};

/* A group's rules as the compiler takes them. */
struct group_rules {
	int64_t key;
	struct rules rules;
	struct policy_rule *resolved;
};

static void group_rules_free(struct group_rules *group)
{
	if (!group)
		return;
	free(group->resolved);
	rules_fini(&group->rules);
	free(group);
}

static void cleanup_group_rules(struct group_rules **group)
{
	group_rules_free(*group);
}

void policies_fini(struct policies *policies)
{
	for (size_t i = 0; i < policies->count; i++) {
		image_fini(&policies->sets[i]->image);
		free(policies->sets[i]);
	}
	for (size_t i = 0; i < policies->group_count; i++)
		group_rules_free(policies->groups[i]);
	for (size_t i = 0; i < policies->remote_count; i++) {
		free(policies->remotes[i]->prefixes);
		free(policies->remotes[i]);
	}
	free(policies->sets);
	free(policies->groups);
	free(policies->remotes);
	*policies = (struct policies){};
}

static int get_remote(struct policies *policies, const char *id, struct remote_group **remote_out,
		      struct error *err)
{
	AUTO_FREE struct remote_group *remote = NULL;
	int r;

	for (size_t i = 0; i < policies->remote_count; i++) {
		if (!strcmp(policies->remotes[i]->id, id)) {
			*remote_out = policies->remotes[i];
			return 0;
		}
	}
	remote = calloc(1, sizeof(*remote));
	if (!remote ||
	    ARRAY_GROW(policies->remotes, policies->remote_count, policies->remote_capacity))
		return control_out_of_memory(err);
	strcpy(remote->id, id);
	r = store_member_addresses(policies->store, id, &remote->prefixes, &remote->count, err);
	if (r)
		return r;
	*remote_out = remote;
	policies->remotes[policies->remote_count++] = TAKE_PTR(remote);
	return 0;
}

static int resolve_rule(struct policies *policies, const struct rule *rule,
			struct policy_rule *resolved, struct error *err)
{
	struct remote_group *remote = NULL;
	int r;

	resolved->rule = rule;
	if (rule->remote.kind == REMOTE_PREFIX) {
		resolved->remotes = &rule->remote.prefix;
		resolved->remote_count = 1;
	}
	if (rule->remote.kind != REMOTE_GROUP)
		return 0;
	r = get_remote(policies, rule->remote.group, &remote, err);
	if (r)
		return r;
	resolved->remotes = remote->prefixes;
	resolved->remote_count = remote->count;
	return 0;
}

static int load_group(struct policies *policies, int64_t key, struct error *err)
{
	AUTO(cleanup_group_rules) struct group_rules *group = calloc(1, sizeof(*group));
	int r;

	if (!group)
		return control_out_of_memory(err);
	group->key = key;
	r = store_rules_load(policies->store, key, &group->rules, err);
	if (r)
		return r;
	/* one more: an empty array is still an array */
	group->resolved = calloc(group->rules.count + 1, sizeof(*group->resolved));
	if (!group->resolved)
		return control_out_of_memory(err);
	for (size_t i = 0; i < group->rules.count; i++) {
		r = resolve_rule(policies, &group->rules.items[i], &group->resolved[i], err);
		if (r)
			return r;
	}
	if (ARRAY_GROW(policies->groups, policies->group_count, policies->group_capacity))
		return control_out_of_memory(err);
	policies->groups[policies->group_count++] = TAKE_PTR(group);
	return 0;
}

static int get_group(struct policies *policies, int64_t key, struct group_rules **group_out,
		     struct error *err)
{
	int r;

	for (size_t i = 0; i < policies->group_count; i++) {
		if (policies->groups[i]->key == key) {
			*group_out = policies->groups[i];
			return 0;
		}
	}
	r = load_group(policies, key, err);
	if (!r)
		*group_out = policies->groups[policies->group_count - 1];
	return r;
}

static int compile_set(struct policies *policies, struct policy_set *set, struct error *err)
{
	AUTO_FREE struct policy_rule *rules = NULL;
	struct group_rules *groups[SG_MAX_GROUPS_PER_INSTANCE];
	struct policy policy = {.without_groups = !set->keys[0], .pass = set->pass};
	size_t count = 0;
	int r;

	for (; count < SG_MAX_GROUPS_PER_INSTANCE && set->keys[count]; count++) {
		r = get_group(policies, set->keys[count], &groups[count], err);
		if (r)
			return r;
		policy.count += groups[count]->rules.count;
	}
	rules = calloc(policy.count + 1, sizeof(*rules));
	if (!rules)
		return control_out_of_memory(err);
	policy.count = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < groups[i]->rules.count; j++)
			rules[policy.count++] = groups[i]->resolved[j];
	}
	policy.rules = rules;
	return compile(&policy, SG_HEAP_NODES - 1, &set->image, err);
}

/* The set of an instance, in the one order that every instance with these groups has. */
static struct policy_set set_of(const struct instance *instance, bool pass)
{
	struct policy_set set = {.pass = !instance->group_count && pass};

	for (size_t i = 0; i < instance->group_count; i++)
		set.keys[i] = instance->group_keys[i];
	if (set.keys[1] && set.keys[1] < set.keys[0]) {
		set.keys[1] = set.keys[0];
		set.keys[0] = instance->group_keys[1];
	}
	return set;
}

static bool same_set(const struct policy_set *a, const struct policy_set *b)
{
	return a->keys[0] == b->keys[0] && a->keys[1] == b->keys[1] && a->pass == b->pass;
}

int policies_get(struct policies *policies, const struct instance *instance, bool pass,
		 struct policy_set **set_out, struct error *err)
{
	struct policy_set wanted = set_of(instance, pass);
	AUTO_FREE struct policy_set *set = NULL;
	int r;

	for (size_t i = 0; i < policies->count; i++) {
		if (same_set(policies->sets[i], &wanted)) {
			*set_out = policies->sets[i];
			return 0;
		}
	}
	set = malloc(sizeof(*set));
	if (!set || ARRAY_GROW(policies->sets, policies->count, policies->capacity))
		return control_out_of_memory(err);
	*set = wanted;
	r = compile_set(policies, set, err);
	if (r)
		return r;
	*set_out = set;
	policies->sets[policies->count++] = TAKE_PTR(set);
	return 0;
}
