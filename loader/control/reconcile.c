// SPDX-License-Identifier: GPL-2.0-only
/*
 * reconcile.c - make the kernel what the store says, or tell how it differs;
 * and how one instance is.
 */
#include <string.h>

#include "control/internal.h"
#include "model/code.h"

static int compare(struct control *control, int (*begin)(struct store *store, struct error *err),
		   struct drift *drift, struct error *err)
{
	struct change change = {
		.control = control, .everything = true, .check_only = true, .drift = drift};
	int r = begin(control->store, err);

	if (r)
		return r;
	r = enforce(&change, err);
	store_rollback(control->store);
	return r;
}

/*
 * A change is in force before it is committed, so one that is under way looks
 * like a drift. What does is looked at again when nobody can be changing.
 */
static int check(struct control *control, struct drift *drift, struct error *err)
{
	int r = compare(control, store_begin_read, drift, err);

	if (r || !drift->count)
		return r;
	drift_fini(drift);
	return compare(control, store_begin_write, drift, err);
}

static int mend(struct control *control, struct drift *drift, struct error *err)
{
	struct change change;
	int r = change_begin(control, &change, err);

	if (r)
		return r;
	change.everything = true;
	change.drift = drift;
	return change_end(&change, 0, err);
}

int control_reconcile(struct control *control, bool check_only, struct drift *drift_out,
		      struct error *err)
{
	struct drift drift = {};
	int r = check_only ? check(control, &drift, err) : mend(control, &drift, err);

	if (r)
		drift_fini(&drift);
	else
		*drift_out = drift;
	return r;
}

static void fill_reason(const struct instance *instance, struct instance_state *state)
{
	if (!state->is_bound)
		strcpy(state->reason, "not attached");
	else if (instance->options.mode != MODE_AUTO)
		strcpy(state->reason, "the mode asked for");
	else
		auto_reason(&state->link, state->reason);
}

static void fill_from_kernel(const struct kern *kern, struct instance_state *state)
{
	struct hooks named, present;

	state->is_bound = binding_get(kern, state->link.ifindex, &state->binding);
	if (!state->is_bound)
		return;
	named = hooks_of_binding(&state->binding);
	present = hooks_present(kern, state->link.ifindex, &named);
	state->rx = present.rx;
	state->tx = present.tx;
}

static const char *status_text(const struct instance *instance, bool has_link)
{
	if (instance->status[0])
		return instance->status;
	return has_link ? "RUNNING" : "STOPPED";
}

const char *control_instance_status(struct control *control, const struct instance *instance)
{
	struct link_info link;
	struct error ignored;

	return status_text(instance, !instance_link(control->store, instance, &link, &ignored));
}

struct instance_state control_instance_state_on(struct control *control,
						const struct instance *instance,
						const struct link_info *link)
{
	struct instance_state state = {.side = side_text(instance->options.side),
				       .no_group = no_group_text(instance->options.no_group)};
	struct error ignored;
	struct kern *kern;
	bool guest;

	state.has_link = link;
	if (link)
		state.link = *link;
	if (state.has_link && !control_kern(control, &kern, &ignored))
		fill_from_kernel(kern, &state);
	if (state.is_bound && SG_OWNER_SLOT(state.binding.owner) != instance->slot)
		state.is_bound = false;
	if (state.has_link) {
		guest = instance_is_guest(instance, &state.link);
		state.side = guest ? "guest" : "host";
		state.no_group = instance_passes_without_group(instance, guest) ? "pass" : "drop";
	}
	state.status = status_text(instance, state.has_link);
	fill_reason(instance, &state);
	return state;
}

int control_instance_state(struct control *control, const struct instance *instance,
			   struct instance_state *state_out, struct error *err)
{
	struct error ignored;
	struct link_info link;
	bool has_link = !instance_link(control->store, instance, &link, &ignored);

	(void)err;
	*state_out = control_instance_state_on(control, instance, has_link ? &link : NULL);
	return 0;
}
