// SPDX-License-Identifier: GPL-2.0-only
/*
 * enforce.c - put the touched instances' policies in force, then commit.
 *
 * What can fail for want of room comes first: every image is compiled and
 * published before any binding is changed. Then come the steps; they are taken
 * back when a later one or the commit fails.
 */
#include <errno.h>
#include <stdlib.h>

#include "compile/guard.h"
#include "control/internal.h"
#include "control/step.h"
#include "control/target.h"
#include "model/code.h"
#include "util/cleanup.h"

struct enforcement {
	struct change *change;
	struct kern *kern;
	struct targets targets;
	struct bounds bounds;
	struct policies policies;
	struct connection_settings settings;
	struct steps steps;
};

static void enforcement_fini(struct enforcement *e)
{
	targets_fini(&e->targets);
	policies_fini(&e->policies);
	free(e->bounds.items);
	steps_fini(&e->steps);
}

static bool any_enforced(const struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		if (targets->items[i].is_enforced)
			return true;
	}
	return false;
}

/*
 * Open the kernel side as far as this change needs it. Nothing to enforce and
 * nothing there: e->kern stays NULL, and no privilege is needed.
 */
static int open_kern(struct enforcement *e, struct error *err)
{
	struct control *control = e->change->control;
	bool needed = any_enforced(&e->targets);
	struct error reason = {};
	int r;

	if (!needed && !e->targets.count && !e->change->removed.count && !e->change->everything &&
	    !e->change->interfaces && !e->change->has_settings)
		return 0;
	if (!needed || e->change->check_only) {
		r = control_kern(control, &e->kern, &reason);
		if (r == -ENOENT && !reason.code)
			return 0;
		if (r) {
			*err = reason;
			return r;
		}
	}
	if (!e->change->check_only) {
		r = control_kern_write(control, err);
		if (!r)
			r = heap_begin(control->kern, err);
		if (r)
			return r;
		e->kern = control->kern;
	}
	return bounds_load(e->kern, &e->bounds, err);
}

/* There may be more instances than the maps have room for. */
static int check_slots(const struct enforcement *e, struct error *err)
{
	struct connection_table table = {.instances = e->settings.instances};
	int r = 0;

	if (e->kern)
		connection_table(e->kern, &table);
	for (size_t i = 0; !r && i < e->targets.count; i++)
		r = settings_check_slot(&e->settings, table.instances,
					&e->targets.items[i].instance, err);
	return r;
}

static int compile_target(struct enforcement *e, struct target *target, struct error *err)
{
	const struct instance_options *options = &target->instance.options;
	bool pass = instance_passes_without_group(&target->instance, target->is_guest);
	int r = policies_get(&e->policies, &target->instance, pass, &target->policy, err);

	target->share = options->connections ? options->connections : e->settings.share;
	if (!r && (options->mac_count || options->address_count))
		r = guard_compile(options->macs, options->mac_count, options->addresses,
				  options->address_count, &target->guard, err);
	return r;
}

static int compile_all(struct enforcement *e, struct error *err)
{
	int r = 0;

	e->policies.store = e->change->control->store;
	for (size_t i = 0; !r && i < e->targets.count; i++) {
		if (e->targets.items[i].is_enforced)
			r = compile_target(e, &e->targets.items[i], err);
	}
	return r;
}

static int publish_all(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->policies.count; i++)
		r = heap_publish(e->kern, &e->policies.sets[i]->image, &e->policies.sets[i]->word,
				 err);
	for (size_t i = 0; !r && i < e->targets.count; i++) {
		struct target *target = &e->targets.items[i];

		if (target->guard.count)
			r = heap_publish_guard(e->kern, &target->guard, &target->guard_root, err);
	}
	return r;
}

/* The entry of an interface that went; what is there now, if anything, has no program of ours. */
static bool bound_is_left(const struct enforcement *e, const struct bound *bound)
{
	const struct interface_changes *interfaces = e->change->interfaces;
	struct hooks named = hooks_of_binding(&bound->binding), live;
	bool is_gone = false;

	for (size_t i = 0; interfaces && !is_gone && i < interfaces->gone_count; i++)
		is_gone = interfaces->gone[i] == bound->ifindex;
	if (!is_gone)
		return false;
	live = hooks_present(e->kern, bound->ifindex, &named);
	return live.rx == SG_HOOK_NONE && live.tx == SG_HOOK_NONE;
}

/* Tell whose entry was taken out, if that is known. */
static int tell_released(const struct enforcement *e, const struct bound *bound)
{
	for (size_t i = 0; i < e->targets.count; i++) {
		const struct instance *instance = &e->targets.items[i].instance;

		if (instance->slot == SG_OWNER_SLOT(bound->binding.owner))
			return outcome_add(e->change->outcomes, instance, bound->ifindex,
					   OUTCOME_RELEASED, NULL);
	}
	return 0;
}

static int unbind_stale(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->bounds.count; i++) {
		const struct bound *bound = &e->bounds.items[i];

		if (!bound_is_stale(e->change, &e->targets, bound) && !bound_is_left(e, bound))
			continue;
		if (drift_add(e->change->drift,
			      "interface index %u has an entry that belongs to no instance there",
			      bound->ifindex))
			return control_out_of_memory(err);
		if (!e->change->check_only)
			r = step_unbind(&e->steps, e->kern, bound, err);
		if (!r && tell_released(e, bound))
			return control_out_of_memory(err);
	}
	return r;
}

/* Also for interfaces that are still to come. */
static int prepare_programs(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->targets.count; i++) {
		const struct target *target = &e->targets.items[i];
		struct hooks hooks = target_hooks(e->kern, target);

		if (target->instance.enforced)
			r = hooks_prepare(e->kern, &hooks, err);
	}
	return r;
}

/*
 * Before anything that takes time: instances of one group change together.
 * Whether all else is right is looked at after that. Who wants to be told of
 * differences, or of what became of them, finds them one by one.
 */
static int swap_policies(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->targets.count; i++) {
		if (e->targets.items[i].is_enforced)
			r = step_swap_policy(&e->steps, e->kern, &e->targets.items[i], err);
	}
	return r;
}

static int bind_targets(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->targets.count; i++) {
		const struct target *target = &e->targets.items[i];
		struct present present;
		const char *words;

		if (!target->is_enforced)
			continue;
		present = target_present(e->kern, target);
		words = target_difference(e->kern, target, &present);
		if (!words)
			continue;
		if (drift_add(e->change->drift, "instance \"%s\" on \"%s\" %s", target->instance.id,
			      target->link.name, words))
			return control_out_of_memory(err);
		if (!e->change->check_only)
			r = step_bind(&e->steps, e->kern, target, &present, err);
		if (!r && outcome_add(e->change->outcomes, &target->instance, target->link.ifindex,
				      OUTCOME_ENFORCED, NULL))
			return control_out_of_memory(err);
	}
	return r;
}

static void tell_stray(uint32_t ifindex, void *context)
{
	(void)drift_add(context, "interface index %u has a link that no entry names", ifindex);
}

/* Counts of slots that nobody has any more: the next instance there starts from zero. */
static int reset_removed(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->change->removed.count; i++) {
		uint32_t slot = e->change->removed.items[i];

		r = counters_reset(e->kern, slot, err);
		if (!r)
			r = share_reset(e->kern, slot, err);
	}
	return r;
}

/* Of the connection table: what can be set while it is in use. */
static int configure(struct enforcement *e, struct error *err)
{
	if (connections_configured(e->kern, &e->settings))
		return 0;
	if (drift_add(e->change->drift, "connections have other timeouts than those that are set"))
		return control_out_of_memory(err);
	return e->change->check_only ? 0 : connections_configure(e->kern, &e->settings, err);
}

static int mend(struct enforcement *e, struct error *err)
{
	bool check_only = e->change->check_only;
	int r = 0;

	if (!check_only)
		r = publish_all(e, err);
	if (!r && (e->change->has_settings || e->change->everything))
		r = configure(e, err);
	if (!r)
		r = unbind_stale(e, err);
	if (!r && !check_only && !e->change->drift && !e->change->outcomes)
		r = swap_policies(e, err);
	if (!r && !check_only)
		r = prepare_programs(e, err);
	if (!r)
		r = bind_targets(e, err);
	if (!r)
		r = steps_settle(&e->steps, e->kern, err);
	if (!r && e->change->everything)
		r = hooks_strays(e->kern, check_only, tell_stray, e->change->drift, err);
	if (!r && !check_only)
		r = reset_removed(e, err);
	return r;
}

/* Nothing was ever attached: all that should be is missing. */
static int tell_missing(struct enforcement *e, struct error *err)
{
	for (size_t i = 0; i < e->targets.count; i++) {
		const struct target *target = &e->targets.items[i];

		if (target->is_enforced &&
		    drift_add(e->change->drift, "instance \"%s\" on \"%s\" has no entry",
			      target->instance.id, target->link.name))
			return control_out_of_memory(err);
	}
	return 0;
}

static void undo(struct enforcement *e)
{
	struct error ignored;

	steps_undo(&e->steps, e->kern);
	if (e->change->has_settings)
		(void)connections_configure(e->kern, &e->change->settings_before, &ignored);
}

int enforce(struct change *change, struct error *err)
{
	AUTO(enforcement_fini) struct enforcement e = {.change = change};
	int r = targets_load(change, &e.targets, err);

	if (!r)
		r = settings_load(change->control->store, &e.settings, err);
	if (!r)
		r = open_kern(&e, err);
	if (!r)
		r = check_slots(&e, err);
	if (!r)
		r = compile_all(&e, err);
	if (!r)
		r = e.kern ? mend(&e, err) : tell_missing(&e, err);
	if (!r && !change->check_only)
		r = store_commit(change->control->store, err);
	if (r && e.kern && !change->check_only)
		undo(&e);
	return r;
}
