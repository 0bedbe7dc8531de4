// SPDX-License-Identifier: GPL-2.0-only
/*
 * connections.c - the connection table: how it is set, and forgetting what is
 * in it.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/internal.h"
#include "control/target.h"
#include "model/code.h"
#include "util/cleanup.h"

int control_settings_read(struct control *control, struct connection_settings *settings_out,
			  struct error *err)
{
	int r = store_begin_read(control->store, err);

	if (r)
		return r;
	r = settings_load(control->store, settings_out, err);
	store_rollback(control->store);
	return r;
}

int control_settings_pending(struct control *control, bool *is_pending_out, struct error *err)
{
	struct connection_settings settings;
	struct connection_table table;
	struct error reason = {};
	struct kern *kern;
	int r = control_settings_read(control, &settings, err);

	if (r)
		return r;
	r = control_kern(control, &kern, &reason);
	if (r && (r != -ENOENT || reason.code)) {
		*err = reason;
		return r;
	}
	*is_pending_out = false;
	if (r)
		return 0;
	connection_table(kern, &table);
	*is_pending_out = table.entries != settings.entries ||
			  table.instances != settings.instances ||
			  table.window != connection_share_max(&settings);
	return 0;
}

/* Their limit is another now. */
static int touch_all_instances(struct change *change, struct error *err)
{
	AUTO(instances_fini) struct instances instances = {};
	int r = store_instance_list(change->control->store, &instances, err);

	for (size_t i = 0; !r && i < instances.count; i++)
		r = change_touch_instance(change, instances.items[i].key, err);
	return r;
}

static int configure(struct change *change, const struct connection_settings *fields,
		     struct error *err)
{
	struct store *store = change->control->store;
	struct connection_settings settings;
	int r = settings_load(store, &settings, err);

	if (r)
		return r;
	change->settings_before = settings;
	change->has_settings = true;
	r = settings_change(store, fields, &settings, err);
	if (!r && settings.share != change->settings_before.share)
		r = touch_all_instances(change, err);
	return r;
}

int control_connections_configure(struct control *control,
				  const struct connection_settings *settings, struct error *err)
{
	struct change change;
	int r = change_begin(control, &change, err);

	return r ? r : change_end(&change, configure(&change, settings, err), err);
}

static int flush_bound(struct kern *kern, uint32_t slot, struct error *err)
{
	struct bounds bounds = {};
	int r = bounds_load(kern, &bounds, err);

	for (size_t i = 0; !r && i < bounds.count; i++) {
		uint32_t bound_slot = SG_OWNER_SLOT(bounds.items[i].binding.owner);

		if (!slot || slot == bound_slot)
			r = connections_flush(kern, bound_slot, bounds.items[i].ifindex, err);
	}
	free(bounds.items);
	return r;
}

/* In the store's write transaction, so that no binding is changed by another. */
static int flush(struct control *control, const char *name, struct error *err)
{
	AUTO(instance_fini) struct instance instance = {};
	struct error reason = {};
	struct kern *kern;
	int r = 0;

	if (name)
		r = find_instance(control, name, &instance, err);
	if (r)
		return r;
	r = control_kern(control, &kern, &reason);
	if (r == -ENOENT && !reason.code)
		return 0;
	if (r) {
		*err = reason;
		return r;
	}
	r = control_kern_write(control, err);
	return r ? r : flush_bound(control->kern, instance.slot, err);
}

int control_connections_flush(struct control *control, const char *instance, struct error *err)
{
	int r = store_begin_write(control->store, err);

	if (r)
		return r;
	r = flush(control, instance, err);
	store_rollback(control->store);
	return r;
}
