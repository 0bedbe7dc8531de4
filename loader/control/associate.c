// SPDX-License-Identifier: GPL-2.0-only
/*
 * associate.c - apply a security group to an instance, and take it away: the
 * cloud API's operation, its preconditions in their order.
 */
#include <errno.h>
#include <string.h>

#include "control/internal.h"
#include "model/code.h"
#include "util/cleanup.h"

static bool has_group(const struct instance *instance, int64_t group_key)
{
	for (size_t i = 0; i < instance->group_count; i++) {
		if (instance->group_keys[i] == group_key)
			return true;
	}
	return false;
}

/* Loopback and the like; an interface that is not there yet may be of any kind. */
static int check_supported(struct store *store, const struct instance *instance, struct error *err)
{
	struct link_info link;
	struct error ignored;

	if (instance_link(store, instance, &link, &ignored) || link_is_supported(&link))
		return 0;
	return error_set(
		err, EOPNOTSUPP, CODE_OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP,
		"instance \"%s\" does not support security groups, its interface \"%s\" being "
		"the loopback or carrying neither Ethernet nor plain IP: give it another with "
		"sgate instance set %s --dev DEV",
		instance->id, instance->dev, instance->id);
}

/* The preconditions on the instance; those on the group come before. */
static int check_instance(struct store *store, const struct instance *instance, bool has_it,
			  struct error *err)
{
	if (instance->status[0])
		return error_set(err, EPERM, CODE_OPERATION_DENIED_INSTANCE_STATUS,
				 "instance \"%s\" is %s: it must be RUNNING or STOPPED",
				 instance->id, instance->status);
	if (!has_it && instance->group_count == SG_MAX_GROUPS_PER_INSTANCE)
		return error_set(err, EPERM,
				 CODE_OPERATION_DENIED_INSTANCE_SECURITY_GROUP_EXCEED_LIMIT,
				 "instance \"%s\" already has two groups, \"%s\" and \"%s\": "
				 "dissociate one of them first",
				 instance->id, instance->groups[0], instance->groups[1]);
	return check_supported(store, instance, err);
}

static int associate(struct change *change, const char *group_name, const char *instance_name,
		     struct error *err)
{
	struct store *store = change->control->store;
	AUTO(group_fini) struct group group = {};
	AUTO(instance_fini) struct instance instance = {};
	int r = find_group(change->control, group_name, &group, err);

	if (r)
		return r;
	if (!group.available)
		return error_set(err, EPERM,
				 CODE_OPERATION_DENIED_SECURITY_GROUP_STATUS_NOT_AVAILABLE,
				 "group \"%s\" is Unavailable: make it Available with sgate group "
				 "set %s --status Available",
				 group.id, group.id);
	r = find_instance(change->control, instance_name, &instance, err);
	if (!r)
		r = check_instance(store, &instance, has_group(&instance, group.key), err);
	if (!r)
		r = store_associate(store, group.key, instance.key, err);
	if (!r)
		r = change_touch_instance(change, instance.key, err);
	return r ? r : change_touch_members(change, group.key, err);
}

int control_associate(struct control *control, const char *group, const char *instance,
		      struct error *err)
{
	struct change change;
	int r = change_begin(control, &change, err);

	return r ? r : change_end(&change, associate(&change, group, instance, err), err);
}

static int dissociate(struct change *change, const char *group_name, const char *instance_name,
		      struct error *err)
{
	struct store *store = change->control->store;
	AUTO(group_fini) struct group group = {};
	AUTO(instance_fini) struct instance instance = {};
	int r = find_group(change->control, group_name, &group, err);

	if (!r)
		r = find_instance(change->control, instance_name, &instance, err);
	if (!r)
		r = store_dissociate(store, group.key, instance.key, err);
	if (!r)
		r = change_touch_instance(change, instance.key, err);
	return r ? r : change_touch_members(change, group.key, err);
}

int control_dissociate(struct control *control, const char *group, const char *instance,
		       struct error *err)
{
	struct change change;
	int r = change_begin(control, &change, err);

	return r ? r : change_end(&change, dissociate(&change, group, instance, err), err);
}

/* Leave those that can be given to the instance. */
static void keep_associable(struct groups *groups, const struct instance *instance)
{
	size_t kept = 0;

	for (size_t i = 0; i < groups->count; i++) {
		struct group *group = &groups->items[i];

		if (group->available && !has_group(instance, group->key))
			groups->items[kept++] = *group;
		else
			group_fini(group);
	}
	groups->count = kept;
}

static int associable(struct control *control, const char *name, struct groups *groups,
		      struct error *err)
{
	static const struct page all = {.size = INT64_MAX};
	AUTO(instance_fini) struct instance instance = {};
	struct error reason;
	int64_t total;
	int r = find_instance(control, name, &instance, err);

	if (r || check_instance(control->store, &instance, false, &reason))
		return r;
	r = store_group_page(control->store, &all, groups, &total, err);
	if (!r)
		keep_associable(groups, &instance);
	return r;
}

int control_associable(struct control *control, const char *instance, struct groups *groups_out,
		       struct error *err)
{
	struct groups groups = {};
	int r = store_begin_read(control->store, err);

	if (r)
		return r;
	r = associable(control, instance, &groups, err);
	store_rollback(control->store);
	if (!r)
		*groups_out = groups;
	return r;
}
