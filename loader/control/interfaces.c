// SPDX-License-Identifier: GPL-2.0-only
/*
 * interfaces.c - what to do when interfaces come, change their names and go.
 *
 * Whose they are is looked up in a write transaction, after the event: an
 * instance that is being added at the same time has then either seen the
 * interface itself or is found here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "util/array.h"
#include "util/cleanup.h"

void outcomes_fini(struct outcomes *outcomes)
{
	for (size_t i = 0; i < outcomes->count; i++)
		free(outcomes->items[i].message);
	free(outcomes->items);
	*outcomes = (struct outcomes){};
}

int outcome_add(struct outcomes *outcomes, const struct instance *instance, uint32_t ifindex,
		enum outcome_kind kind, const char *message)
{
	struct outcome outcome = {.kind = kind, .ifindex = ifindex};

	if (!outcomes)
		return 0;
	memcpy(outcome.id, instance->id, sizeof(outcome.id));
	memcpy(outcome.dev, instance->dev, sizeof(outcome.dev));
	if (ARRAY_GROW(outcomes->items, outcomes->count, outcomes->capacity))
		return -ENOMEM;
	if (message) {
		outcome.message = strdup(message);
		if (!outcome.message)
			return -ENOMEM;
	}
	outcomes->items[outcomes->count++] = outcome;
	return 0;
}

/* Forget what was told since there were `count`: it was undone. */
static void outcomes_cut(struct outcomes *outcomes, size_t count)
{
	while (outcomes->count > count)
		free(outcomes->items[--outcomes->count].message);
}

void interface_changes_fini(struct interface_changes *changes)
{
	free(changes->names);
	free(changes->gone);
	*changes = (struct interface_changes){};
}

int interface_changes_add_name(struct interface_changes *changes, const char *name)
{
	struct dev_name added = {};

	if (ARRAY_GROW(changes->names, changes->name_count, changes->name_capacity))
		return -ENOMEM;
	strncpy(added.text, name, DEV_MAX);
	changes->names[changes->name_count++] = added;
	return 0;
}

int interface_changes_add_gone(struct interface_changes *changes, uint32_t ifindex)
{
	if (ARRAY_GROW(changes->gone, changes->gone_count, changes->gone_capacity))
		return -ENOMEM;
	changes->gone[changes->gone_count++] = ifindex;
	return 0;
}

/* The instances that have one of the names. */
static int touch_names(struct change *change, const struct interface_changes *changes,
		       struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < changes->name_count; i++) {
		int64_t key;

		r = store_instance_key_of_dev(change->control->store, changes->names[i].text, &key,
					      err);
		if (!r && key)
			r = change_touch_instance(change, key, err);
	}
	return r;
}

/* Whether one of the interfaces that went has an entry still. */
static bool any_bound(struct control *control, const struct interface_changes *changes)
{
	struct binding binding;
	struct error ignored;
	struct kern *kern;

	if (!changes->gone_count || control_kern(control, &kern, &ignored))
		return false;
	for (size_t i = 0; i < changes->gone_count; i++) {
		if (binding_get(kern, changes->gone[i], &binding))
			return true;
	}
	return false;
}

static int copy_keys(const struct keys *from, struct keys *to, struct error *err)
{
	for (size_t i = 0; i < from->count; i++) {
		if (ARRAY_GROW(to->items, to->count, to->capacity))
			return control_out_of_memory(err);
		to->items[to->count++] = from->items[i];
	}
	return 0;
}

/* As one change; *touched_out are its instances, also when it fails. */
static int change_together(struct control *control, const struct interface_changes *changes,
			   struct outcomes *outcomes, struct keys *touched_out, struct error *err)
{
	struct change change = {};
	int r = change_begin(control, &change, err);

	if (r)
		return r;
	change.outcomes = outcomes;
	r = touch_names(&change, changes, err);
	if (!r)
		r = copy_keys(&change.instances, touched_out, err);
	if (!r && any_bound(control, changes))
		change.interfaces = changes;
	r = change_end(&change, r, err);
	if (r)
		outcomes_cut(outcomes, 0);
	return r;
}

/*
 * The instance may have been removed since, and its interface have gone before
 * it was attached to: that is no failure, and will be told as an event.
 */
static int tell_failure(struct control *control, int64_t key, struct outcomes *outcomes,
			const struct error *failure, struct error *err)
{
	AUTO(instance_fini) struct instance instance = {};
	struct link_info link;
	int r = store_begin_read(control->store, err);

	if (r)
		return r;
	if (!store_instance_find_key(control->store, key, &instance, err) &&
	    !instance_link(control->store, &instance, &link, err) &&
	    outcome_add(outcomes, &instance, 0, OUTCOME_FAILED, failure->message))
		r = control_out_of_memory(err);
	store_rollback(control->store);
	return r;
}

static int change_each(struct control *control, const struct interface_changes *changes,
		       const struct keys *keys, struct outcomes *outcomes, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < keys->count; i++) {
		size_t told = outcomes->count;
		struct error failure = {};
		struct change change;

		r = change_begin(control, &change, err);
		if (r)
			return r;
		change.outcomes = outcomes;
		change.interfaces = changes;
		r = change_end(&change, change_touch_instance(&change, keys->items[i], &failure),
			       &failure);
		if (!r)
			continue;
		outcomes_cut(outcomes, told);
		r = tell_failure(control, keys->items[i], outcomes, &failure, err);
	}
	return r;
}

int control_interfaces_changed(struct control *control, const struct interface_changes *changes,
			       struct outcomes *outcomes_out, struct error *err)
{
	AUTO(outcomes_fini) struct outcomes outcomes = {};
	AUTO(keys_fini) struct keys touched = {};
	int r = change_together(control, changes, &outcomes, &touched, err);

	if (r && touched.count)
		r = change_each(control, changes, &touched, &outcomes, err);
	if (r)
		return r;
	*outcomes_out = outcomes;
	outcomes = (struct outcomes){};
	return 0;
}

int control_enforce_each(struct control *control, struct outcomes *outcomes_out, struct error *err)
{
	AUTO(instances_fini) struct instances instances = {};
	AUTO(outcomes_fini) struct outcomes outcomes = {};
	AUTO(keys_fini) struct keys keys = {};
	int r = store_begin_read(control->store, err);

	if (r)
		return r;
	r = store_instance_list(control->store, &instances, err);
	store_rollback(control->store);
	for (size_t i = 0; !r && i < instances.count; i++) {
		if (ARRAY_GROW(keys.items, keys.count, keys.capacity))
			return control_out_of_memory(err);
		keys.items[keys.count++] = instances.items[i].key;
	}
	if (!r)
		r = change_each(control, NULL, &keys, &outcomes, err);
	if (r)
		return r;
	*outcomes_out = outcomes;
	outcomes = (struct outcomes){};
	return 0;
}
