// SPDX-License-Identifier: GPL-2.0-only
/*
 * target.c - what the kernel should have for each touched instance, beside
 * what it has.
 */
#include "control/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Up to here interfaces are asked for one by one, beyond it all at once. */
#define SINGLE_LOOKUPS 4

void targets_fini(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		instance_fini(&targets->items[i].instance);
		image_fini(&targets->items[i].guard);
	}
	free(targets->items);
	free(targets->by_slot);
	*targets = (struct targets){};
}

bool instance_is_guest(const struct instance *instance, const struct link_info *link)
{
	if (instance->options.side == SIDE_AUTO)
		return link_leads_to_guest(link);
	return instance->options.side == SIDE_GUEST;
}

bool instance_passes_without_group(const struct instance *instance, bool guest)
{
	if (instance->options.no_group == NO_GROUP_AUTO)
		return !guest;
	return instance->options.no_group == NO_GROUP_PASS;
}

/* Takes the instance over. */
static int add_target(struct targets *targets, struct instance *instance, struct error *err)
{
	if (ARRAY_GROW(targets->items, targets->count, targets->capacity)) {
		instance_fini(instance);
		return control_out_of_memory(err);
	}
	targets->items[targets->count++] = (struct target){.instance = *instance};
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Takes the instances over. */
static int add_targets(struct targets *targets, struct instances *instances, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < instances->count; i++) {
		r = add_target(targets, &instances->items[i], err);
		instances->items[i] = (struct instance){};
	}
	return r;
}

/* Each once. */
static void sort_keys(struct keys *keys)
{
	size_t kept = 0;

	if (!keys->count)
		return;
	qsort(keys->items, keys->count, sizeof(*keys->items), compare_keys);
	for (size_t i = 1; i < keys->count; i++) {
		if (keys->items[i] != keys->items[kept])
			keys->items[++kept] = keys->items[i];
	}
	keys->count = kept + 1;
}

static int load_instances(struct change *change, struct targets *targets, struct error *err)
{
	AUTO(instances_fini) struct instances instances = {};
	struct store *store = change->control->store;
	int r;

	sort_keys(&change->instances);
	if (change->everything)
		r = store_instance_list(store, &instances, err);
	else
		r = store_instances_find(store, &change->instances, &instances, err);
	return r ? r : add_targets(targets, &instances, err);
}

static int find_links(struct store *store, struct targets *targets, struct error *err)
{
	bool at_once = targets->count > SINGLE_LOOKUPS;
	AUTO(links_fini) struct links links = {};
	int r = at_once ? links_dump(&links, err) : 0;

	for (size_t i = 0; !r && i < targets->count; i++) {
		struct target *target = &targets->items[i];
		struct error reason = {};

		r = at_once ? instance_link_in(store, &target->instance, &links, &target->link,
					       &reason)
			    : instance_link(store, &target->instance, &target->link, &reason);
		target->has_link = !r;
		if (r == -ENODEV)
			r = 0;
		else if (r)
			*err = reason;
	}
	return r;
}

/* The target of a slot is found without a look at the others. */
static int index_slots(struct targets *targets, struct error *err)
{
	targets->by_slot = calloc(SG_SLOTS(SG_MAX_INSTANCES), sizeof(*targets->by_slot));
	if (!targets->by_slot)
		return control_out_of_memory(err);
	for (size_t i = 0; i < targets->count; i++) {
		struct target *target = &targets->items[i];

		if (target->instance.slot <= SG_MAX_INSTANCES)
			targets->by_slot[target->instance.slot] = target;
	}
	return 0;
}

int targets_load(struct change *change, struct targets *targets_out, struct error *err)
{
	struct targets targets = {};
	int r = load_instances(change, &targets, err);

	if (!r)
		r = find_links(change->control->store, &targets, err);
	if (!r)
		r = index_slots(&targets, err);
	if (r) {
		targets_fini(&targets);
		return r;
	}
	for (size_t i = 0; i < targets.count; i++) {
		struct target *target = &targets.items[i];

		target->is_enforced = target->instance.enforced && target->has_link &&
				      link_is_supported(&target->link);
		target->is_guest =
			target->is_enforced && instance_is_guest(&target->instance, &target->link);
	}
	*targets_out = targets;
	return 0;
}

static int add_bound(uint32_t ifindex, const struct binding *binding, void *context)
{
	struct bounds *bounds = context;

	if (ARRAY_GROW(bounds->items, bounds->count, bounds->capacity))
		return -ENOMEM;
	bounds->items[bounds->count++] = (struct bound){.ifindex = ifindex, .binding = *binding};
	return 0;
}

int bounds_load(const struct kern *kern, struct bounds *bounds_out, struct error *err)
{
	struct bounds bounds = {};

	if (binding_each(kern, add_bound, &bounds)) {
		free(bounds.items);
		return control_out_of_memory(err);
	}
	*bounds_out = bounds;
	return 0;
}

bool bound_is_stale(const struct change *change, const struct targets *targets,
		    const struct bound *bound)
{
	uint32_t slot = SG_OWNER_SLOT(bound->binding.owner);
	const struct target *target = targets->by_slot[slot];

	if (target)
		return !target->is_enforced || (uint32_t)target->link.ifindex != bound->ifindex;
	for (size_t i = 0; i < change->removed.count; i++) {
		if (change->removed.items[i] == slot)
			return true;
	}
	return change->everything;
}
