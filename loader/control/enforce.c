// SPDX-License-Identifier: GPL-2.0-only
/*
 * enforce.c - put the touched instances' policies in force, then commit.
 *
 * What can fail for want of room comes first: every image is compiled and
 * published before any binding is changed. Then interfaces are bound and their
 * programs attached, in this order, so that a program never meets a missing
 * entry; and unbound in the other. Each step is noted and taken back, in
 * reverse, when a later one or the commit fails: the old images are still
 * whole, so that cannot fail for want of room.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "control/target.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

/* One interface as it was before a step. */
struct step {
	uint32_t ifindex;
	char dev[DEV_MAX + 1];
	struct sg_binding before; /* all zeroes: it had no entry */
	struct hooks after;	  /* what the step attached; all NONE: it detached */
};

struct enforcement {
	struct change *change;
	struct kern *kern;
	struct targets targets;
	struct bounds bounds;
	struct policies policies;
	struct step *steps;
	size_t step_count;
	size_t step_capacity;
};

static void enforcement_fini(struct enforcement *e)
{
	targets_fini(&e->targets);
	policies_fini(&e->policies);
	free(e->bounds.items);
	free(e->steps);
}

static int out_of_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
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

	if (!needed && !e->targets.count && !e->change->removed.count && !e->change->everything)
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

static int compile_all(struct enforcement *e, struct error *err)
{
	int r = 0;

	e->policies.store = e->change->control->store;
	for (size_t i = 0; !r && i < e->targets.count; i++) {
		struct target *target = &e->targets.items[i];
		bool pass = instance_passes_without_group(&target->instance, target->is_guest);

		if (target->is_enforced)
			r = policies_get(&e->policies, &target->instance, pass, &target->policy,
					 err);
	}
	return r;
}

static int publish_all(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->policies.count; i++)
		r = heap_publish(e->kern, &e->policies.sets[i]->image, &e->policies.sets[i]->word,
				 err);
	return r;
}

static int note_step(struct enforcement *e, uint32_t ifindex, const char *dev,
		     const struct hooks *after, struct error *err)
{
	struct step *step;

	if (ARRAY_GROW(e->steps, e->step_count, e->step_capacity))
		return out_of_memory(err);
	step = &e->steps[e->step_count++];
	*step = (struct step){.ifindex = ifindex, .after = *after};
	memcpy(step->dev, dev, sizeof(step->dev));
	(void)binding_get(e->kern, ifindex, &step->before);
	return 0;
}

static void undo_step(struct kern *kern, const struct step *step)
{
	struct hooks before = hooks_of_binding(&step->before);
	struct error ignored;

	if (!step->before.policy) {
		(void)hooks_detach(kern, step->ifindex, step->after.own_clsact, &ignored);
		(void)binding_clear(kern, step->ifindex, &ignored);
		return;
	}
	(void)binding_set(kern, step->ifindex, &step->before, &ignored);
	(void)hooks_change(kern, step->ifindex, step->dev, &step->after, &before, &ignored);
}

static void undo_all(struct enforcement *e)
{
	while (e->step_count)
		undo_step(e->kern, &e->steps[--e->step_count]);
}

static int unbind(struct enforcement *e, const struct bound *bound, struct error *err)
{
	struct hooks hooks = hooks_of_binding(&bound->binding);
	struct hooks none = {};
	struct link_info link = {};
	struct error ignored;
	int r;

	(void)link_find_index(bound->ifindex, &link, &ignored);
	r = note_step(e, bound->ifindex, link.name, &none, err);
	if (!r)
		r = hooks_detach(e->kern, bound->ifindex, hooks.own_clsact, err);
	if (!r)
		r = binding_clear(e->kern, bound->ifindex, err);
	return r;
}

static int unbind_stale(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->bounds.count; i++) {
		const struct bound *bound = &e->bounds.items[i];

		if (!bound_is_stale(e->change, &e->targets, bound))
			continue;
		if (drift_add(e->change->drift,
			      "interface index %u has an entry that belongs to no instance there",
			      bound->ifindex))
			return out_of_memory(err);
		if (!e->change->check_only)
			r = unbind(e, bound, err);
	}
	return r;
}

/* How a target is now. */
struct present {
	bool is_bound;
	struct sg_binding binding;
	struct hooks named; /* what the entry says */
	struct hooks live;  /* what is there */
};

static struct present present_of(const struct enforcement *e, const struct target *target)
{
	struct present present = {};

	present.is_bound = binding_get(e->kern, target->link.ifindex, &present.binding);
	if (present.is_bound) {
		present.named = hooks_of_binding(&present.binding);
		present.live = hooks_present(e->kern, target->link.ifindex, &present.named);
	}
	return present;
}

/* What the kernel has otherwise than it should, in words; NULL when it is right. */
static const char *difference(const struct enforcement *e, const struct target *target,
			      const struct present *present, const struct hooks *hooks)
{
	struct sg_binding wanted = target_binding(target, present->binding.policy, hooks);

	if (!present->is_bound)
		return "has no entry";
	if (present->live.rx != hooks->rx)
		return "lacks its program for received packets";
	if (present->live.tx != hooks->tx)
		return "lacks its program for sent packets";
	if (hooks_surplus(e->kern, target->link.ifindex, hooks))
		return "has a program that its mode does not want";
	if (!heap_holds(e->kern, present->binding.policy, &target->policy->image))
		return "has another policy than its groups make";
	if (memcmp(&wanted, &present->binding, sizeof(wanted)))
		return "has other options than it should";
	return NULL;
}

static int bind(struct enforcement *e, const struct target *target, const struct present *present,
		struct hooks *hooks, struct error *err)
{
	uint32_t ifindex = target->link.ifindex;
	struct sg_binding binding;
	int r = note_step(e, ifindex, target->link.name, hooks, err);

	if (r)
		return r;
	binding = target_binding(target, target->policy->word, hooks);
	r = binding_set(e->kern, ifindex, &binding, err);
	if (!r)
		r = hooks_change(e->kern, ifindex, target->link.name, &present->named, hooks, err);
	if (r)
		return r;
	e->steps[e->step_count - 1].after = *hooks;
	binding.options = target_binding(target, binding.policy, hooks).options;
	return binding_set(e->kern, ifindex, &binding, err);
}

static int bind_targets(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->targets.count; i++) {
		const struct target *target = &e->targets.items[i];
		struct present present;
		struct hooks hooks;
		const char *words;

		if (!target->is_enforced)
			continue;
		present = present_of(e, target);
		hooks = hooks_wanted(target->instance.options.mode);
		hooks.own_clsact = present.named.own_clsact;
		words = difference(e, target, &present, &hooks);
		if (!words)
			continue;
		if (drift_add(e->change->drift, "instance \"%s\" on \"%s\" %s", target->instance.id,
			      target->link.name, words))
			return out_of_memory(err);
		if (!e->change->check_only)
			r = bind(e, target, &present, &hooks, err);
	}
	return r;
}

static void tell_stray(uint32_t ifindex, void *context)
{
	(void)drift_add(context, "interface index %u has a link that no entry names", ifindex);
}

/* Packets of slots that nobody has any more: the next instance there starts from zero. */
static int reset_removed(struct enforcement *e, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->change->removed.count; i++)
		r = counters_reset(e->kern, e->change->removed.items[i], err);
	return r;
}

static int mend(struct enforcement *e, struct error *err)
{
	bool check_only = e->change->check_only;
	int r = 0;

	if (!check_only)
		r = publish_all(e, err);
	if (!r)
		r = unbind_stale(e, err);
	if (!r)
		r = bind_targets(e, err);
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
			return out_of_memory(err);
	}
	return 0;
}

int enforce(struct change *change, struct error *err)
{
	AUTO(enforcement_fini) struct enforcement e = {.change = change};
	int r = targets_load(change, &e.targets, err);

	if (!r)
		r = open_kern(&e, err);
	if (!r)
		r = compile_all(&e, err);
	if (!r)
		r = e.kern ? mend(&e, err) : tell_missing(&e, err);
	if (!r && !change->check_only)
		r = store_commit(change->control->store, err);
	if (r && e.kern && !change->check_only)
		undo_all(&e);
	return r;
}
