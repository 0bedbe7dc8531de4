/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * store.h - the desired state, in SQLite: groups, rules, instances and what is
 * associated with what.
 *
 * A change is one transaction: store_begin_write, calls that change, then
 * store_commit or store_rollback. Writers wait for each other (up to
 * STORE_BUSY_MS); readers never wait. Every function below that reads or
 * changes is called between a begin and its end. A failed call leaves the
 * transaction open, for its caller to roll back. One thread uses a store, and
 * a child of fork() opens its own.
 *
 * Lists are owned by the caller. Functions return 0 or -errno with `err`
 * filled: -ENOENT with the code of what was not found, -EEXIST, -EBUSY,
 * -EPERM for what the state forbids, -ENOMEM, -EIO for the database's own
 * failures. Outputs are written on success only. Lists of what belongs to a key
 * that is not there are empty.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/group.h"
#include "model/instance.h"
#include "util/error.h"

#define STORE_FILE "sgate.db"
#define STORE_SCHEMA_VERSION 4
#define STORE_BUSY_MS 30000

#define STORE_MAX_GROUPS 100000
#define STORE_MAX_RULES_PER_GROUP 100000
/* Settings (see below) that make the two smaller. */
#define LIMIT_GROUPS "max-groups"
#define LIMIT_RULES_PER_GROUP "max-rules-per-group"

struct store;

/*
 * Open dir/sgate.db, making directory (0700, with parents) and schema when missing and
 * migrating an older schema in one transaction. A newer schema is refused.
 */
int store_open(const char *dir, struct store **store_out, struct error *err);
void store_close(struct store *store); /* NULL is allowed; rolls back what is open */

/* Wait for other writers up to so long, in place of STORE_BUSY_MS. */
void store_set_busy(struct store *store, int busy_ms);

int store_begin_write(struct store *store, struct error *err);
int store_begin_read(struct store *store, struct error *err);
int store_commit(struct store *store, struct error *err);
void store_rollback(struct store *store); /* without a transaction: nothing */

/* Values by name, for facts about the state directory itself. *value_out NULL when not set. */
int store_fact_get(struct store *store, const char *name, char **value_out, struct error *err);
int store_fact_set(struct store *store, const char *name, const char *value, struct error *err);

/* Numbers by name, from 1, that hold for all instances. *value_out 0 when not set. */
int store_setting_get(struct store *store, const char *name, uint32_t *value_out,
		      struct error *err);
int store_setting_set(struct store *store, const char *name, uint32_t value, struct error *err);

/* What a limit is set to, `most` when it is not set or to more than that. */
int store_limit_get(struct store *store, const char *name, uint32_t most, uint32_t *limit_out,
		    struct error *err);

/* A part of a list, newest first. */
struct page {
	const char *const *ids; /* only these; those that are not there are no error */
	size_t id_count;	/* 0: all */
	const char *name;	/* only with this name; NULL: any */
	int64_t offset;
	int64_t size;
};

/* --- groups --- */

struct groups {
	struct group *items;
	size_t count;
	size_t capacity;
};
void groups_fini(struct groups *groups);

/*
 * Add a group with its rules; fills key, create_time and, when empty, id. The
 * id taken: -EEXIST OPERATION_DENIED_ALREADY_EXISTS. Rules that repeat are
 * stored once, with the last description. A third default group is refused
 * (an instance could not have them all), and so is one over the limit. Remote groups must exist; a rule may name the group itself
 * by its id.
 */
int store_group_add(struct store *store, struct group *group, struct error *err);

/* By id, else by a name that only one group has. Without rules. Two with the name: -EINVAL. */
int store_group_find(struct store *store, const char *id_or_name, struct group *group_out,
		     struct error *err);
/* By id alone. */
int store_group_find_id(struct store *store, const char *id, struct group *group_out,
			struct error *err);
int store_group_find_key(struct store *store, int64_t key, struct group *group_out,
			 struct error *err);
/* All, oldest first, without rules. */
int store_group_list(struct store *store, struct groups *groups_out, struct error *err);
/* A page, without rules; *total_out is how many there are on all pages. */
int store_group_page(struct store *store, const struct page *page, struct groups *groups_out,
		     int64_t *total_out, struct error *err);
/* Writes name, description, available. */
int store_group_update(struct store *store, const struct group *group, struct error *err);
/*
 * -EPERM OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE while an instance has
 * it or a rule of another group names it, naming one of those.
 */
int store_group_remove(struct store *store, int64_t key, struct error *err);

/* --- rules --- */

/* In the order of their ids. */
int store_rules_load(struct store *store, int64_t group_key, struct rules *rules_out,
		     struct error *err);
/* Add, or give the same rule its new description; *added_out tells which. Fills rule->id. */
int store_rule_add(struct store *store, int64_t group_key, struct rule *rule, bool *added_out,
		   struct error *err);
/* The same for many; rules that repeat are stored once, with the last description. */
int store_rules_add(struct store *store, int64_t group_key, struct rules *rules, struct error *err);
/*
 * In place of each rule with PRIORITY_UNSAID: those of the group that are the
 * same but for their priority, with its description. Where the group has
 * none, the rule stays, with PRIORITY_DEFAULT.
 */
int store_rules_resolve(struct store *store, int64_t group_key, struct rules *rules,
			struct error *err);
/* -ENOENT INVALID_SECURITY_GROUP_RULE_NOT_FOUND when there is no such rule. */
int store_rule_remove(struct store *store, int64_t group_key, const struct rule *rule,
		      struct error *err);
/*
 * Make these the group's rules: rules that stay keep their ids. Repeats are
 * stored once, with the last description; ids are filled. More than the limit (here and in the calls
 * above): -EPERM OPERATION_DENIED_SECURITY_GROUP_RULE_EXCEED_LIMIT.
 */
int store_rules_replace(struct store *store, int64_t group_key, struct rules *rules,
			struct error *err);

/* --- instances --- */

struct instances {
	struct instance *items;
	size_t count;
	size_t capacity;
};
void instances_fini(struct instances *instances);

/*
 * Add; fills key, create_time, slot (the smallest free) and groups (the
 * default ones that are Available, oldest first). Id or dev taken: -EEXIST
 * OPERATION_DENIED_ALREADY_EXISTS, naming the holder; no slot: -ENOSPC
 * OPERATION_DENIED_POLICY_TOO_LARGE.
 */
int store_instance_add(struct store *store, struct instance *instance, struct error *err);
/* By id, else by interface name. With groups and options. */
int store_instance_find(struct store *store, const char *id_or_dev, struct instance *instance_out,
			struct error *err);
/* By id alone. */
int store_instance_find_id(struct store *store, const char *id, struct instance *instance_out,
			   struct error *err);
/* The key of the one that has the interface name; 0 for none. */
int store_instance_key_of_dev(struct store *store, const char *dev, int64_t *key_out,
			      struct error *err);
/* The same for one that is content with an alternative name. */
int store_instance_key_of_altname(struct store *store, const char *dev, int64_t *key_out,
				  struct error *err);
/* All, oldest first. */
int store_instance_list(struct store *store, struct instances *instances_out, struct error *err);
/* A page; its name is not used. *total_out is how many there are on all pages. */
int store_instance_page(struct store *store, const struct page *page,
			struct instances *instances_out, int64_t *total_out, struct error *err);
/* Writes dev, status, enforced and options. Dev taken: as above. */
int store_instance_update(struct store *store, const struct instance *instance, struct error *err);
/* With its memberships. */
int store_instance_remove(struct store *store, int64_t key, struct error *err);

/* --- memberships --- */

/* Already so: nothing. A third group: -EPERM ..._EXCEED_LIMIT, from the schema itself. */
int store_associate(struct store *store, int64_t group_key, int64_t instance_key,
		    struct error *err);
/* Not so: nothing. */
int store_dissociate(struct store *store, int64_t group_key, int64_t instance_key,
		     struct error *err);

/* Keys, ascending. */
struct keys {
	int64_t *items;
	size_t count;
	size_t capacity;
};
void keys_fini(struct keys *keys);

/* Instances that have the group. */
int store_members(struct store *store, int64_t group_key, struct keys *instance_keys_out,
		  struct error *err);
/* Their ids, in the same order. */
struct ids {
	char (*items)[ID_MAX + 1];
	size_t count;
	size_t capacity;
};
void ids_fini(struct ids *ids);
int store_member_ids(struct store *store, int64_t group_key, struct ids *ids_out,
		     struct error *err);
/* Groups with a rule whose remote is `group_key`. */
int store_referrers(struct store *store, int64_t group_key, struct keys *group_keys_out,
		    struct error *err);
/* Addresses of every instance that has the group: the meaning of `group:ID`. Sorted, no repeats. */
int store_member_addresses(struct store *store, const char *group_id, struct prefix **prefixes_out,
			   size_t *count_out, struct error *err);
int store_instance_find_key(struct store *store, int64_t key, struct instance *instance_out,
			    struct error *err);
/* Those with these keys, in their order; each must be there. */
int store_instances_find(struct store *store, const struct keys *keys,
			 struct instances *instances_out, struct error *err);

#endif
