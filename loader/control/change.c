// SPDX-License-Identifier: GPL-2.0-only
/*
 * change.c - a change from its beginning to its end, and whom it touches.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "control/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

int control_out_of_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
}

int change_begin(struct control *control, struct change *change, struct error *err)
{
	*change = (struct change){.control = control};
	return store_begin_write(control->store, err);
}

int change_end(struct change *change, int r, struct error *err)
{
	if (!r)
		r = enforce(change, err);
	if (r)
		store_rollback(change->control->store);
	keys_fini(&change->instances);
	free(change->removed.items);
	return r;
}

int change_touch_instance(struct change *change, int64_t instance_key, struct error *err)
{
	struct keys *keys = &change->instances;

	if (ARRAY_GROW(keys->items, keys->count, keys->capacity))
		return control_out_of_memory(err);
	keys->items[keys->count++] = instance_key;
	return 0;
}

int change_touch_rules(struct change *change, int64_t group_key, struct error *err)
{
	AUTO(keys_fini) struct keys members = {};
	int r = store_members(change->control->store, group_key, &members, err);

	for (size_t i = 0; !r && i < members.count; i++)
		r = change_touch_instance(change, members.items[i], err);
	return r;
}

int change_touch_members(struct change *change, int64_t group_key, struct error *err)
{
	AUTO(keys_fini) struct keys referrers = {};
	int r = store_referrers(change->control->store, group_key, &referrers, err);

	for (size_t i = 0; !r && i < referrers.count; i++)
		r = change_touch_rules(change, referrers.items[i], err);
	return r;
}

int change_touch_addresses(struct change *change, const struct instance *instance,
			   struct error *err)
{
	int r = change_touch_instance(change, instance->key, err);

	for (size_t i = 0; !r && i < instance->group_count; i++)
		r = change_touch_members(change, instance->group_keys[i], err);
	return r;
}

int change_touch_removed(struct change *change, const struct instance *instance, struct error *err)
{
	struct slot_list *slots = &change->removed;
	int r = 0;

	for (size_t i = 0; !r && i < instance->group_count; i++)
		r = change_touch_members(change, instance->group_keys[i], err);
	if (r)
		return r;
	if (ARRAY_GROW(slots->items, slots->count, slots->capacity))
		return control_out_of_memory(err);
	slots->items[slots->count++] = instance->slot;
	return 0;
}

int drift_add(struct drift *drift, const char *format, ...)
{
	char *sentence;
	va_list args;
	int length;

	if (!drift)
		return 0;
	if (ARRAY_GROW(drift->items, drift->count, drift->capacity))
		return -ENOMEM;
	va_start(args, format);
	length = vasprintf(&sentence, format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	drift->items[drift->count++] = sentence;
	return 0;
}

void drift_fini(struct drift *drift)
{
	for (size_t i = 0; i < drift->count; i++)
		free(drift->items[i]);
	free(drift->items);
	*drift = (struct drift){};
}
