// SPDX-License-Identifier: GPL-2.0-only
/*
 * step.c - change entries and programs in the kernel, and take it back.
 *
 * An interface is bound before its programs are attached, so that a program
 * never meets a missing entry; and unbound in the other order.
 */
#include "control/step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/code.h"
#include "util/array.h"

/* One interface as it was before a step. */
struct step {
	uint32_t ifindex;
	char dev[DEV_MAX + 1];
	struct binding before; /* all zeroes: it had no entry */
	struct hooks after;    /* what the step attached; all NONE: it detached */
	bool is_starting;      /* its entry has starts_until */
};

/*
 * How long running TCP connections may make their entries: longer than an
 * acknowledgement of what has just arrived takes.
 */
#define START_NS 20000000L

void steps_fini(struct steps *steps)
{
	free(steps->items);
	*steps = (struct steps){};
}

static int note_step(struct steps *steps, const struct kern *kern, uint32_t ifindex,
		     const char *dev, const struct hooks *after, struct error *err)
{
	struct step *step;

	if (ARRAY_GROW(steps->items, steps->count, steps->capacity))
		return control_out_of_memory(err);
	step = &steps->items[steps->count++];
	*step = (struct step){.ifindex = ifindex, .after = *after};
	memcpy(step->dev, dev, sizeof(step->dev));
	(void)binding_get(kern, ifindex, &step->before);
	return 0;
}

int step_bind(struct steps *steps, struct kern *kern, const struct target *target,
	      const struct present *present, struct error *err)
{
	struct hooks hooks = present->wanted;
	uint32_t slot = SG_OWNER_SLOT(present->binding.owner);
	uint32_t ifindex = target->link.ifindex;
	bool is_starting = target->link.is_up && present->live.rx == SG_HOOK_NONE &&
			   present->live.tx == SG_HOOK_NONE;
	uint32_t starts_until = is_starting ? start_deadline(kern) : 0;
	uint32_t owner = present->owner;
	struct binding binding;
	int r = note_step(steps, kern, ifindex, target->link.name, &hooks, err);

	/* an entry that was left by another interface with this index, be it the same instance's */
	if (!r && present->is_bound &&
	    (slot != target->instance.slot || hooks_died(kern, ifindex))) {
		r = connections_flush(kern, slot, ifindex, err);
		owner = share_owner(kern, target->instance.slot);
	}
	if (r)
		return r;
	binding = target_binding(target, owner, &hooks);
	binding.starts_until = starts_until;
	r = binding_set(kern, ifindex, &binding, err);
	if (r || present_hooks_are_right(present))
		return r;
	r = hooks_change(kern, ifindex, target->link.name, &present->named, &hooks, err);
	if (r)
		return r;
	steps->items[steps->count - 1].after = hooks;
	steps->items[steps->count - 1].is_starting = is_starting;
	binding = target_binding(target, owner, &hooks);
	binding.starts_until = starts_until;
	return binding_set(kern, ifindex, &binding, err);
}

int step_swap_policy(struct steps *steps, struct kern *kern, const struct target *target,
		     struct error *err)
{
	uint32_t ifindex = target->link.ifindex;
	struct binding binding;
	struct hooks hooks;
	int r;

	if (!binding_get(kern, ifindex, &binding) ||
	    !target_lacks_only_policy(kern, target, &binding))
		return 0;
	hooks = hooks_of_binding(&binding);
	r = note_step(steps, kern, ifindex, target->link.name, &hooks, err);
	if (r)
		return r;
	binding.policy = target->policy->word;
	return binding_set(kern, ifindex, &binding, err);
}

int steps_settle(const struct steps *steps, struct kern *kern, struct error *err)
{
	const struct timespec wait = {.tv_nsec = START_NS};
	struct binding binding;
	bool has_waited = false;
	int r = 0;

	for (size_t i = 0; !r && i < steps->count; i++) {
		const struct step *step = &steps->items[i];

		if (!step->is_starting || !binding_get(kern, step->ifindex, &binding))
			continue;
		if (!has_waited)
			nanosleep(&wait, NULL);
		has_waited = true;
		binding.starts_until = 0;
		r = binding_set(kern, step->ifindex, &binding, err);
	}
	return r;
}

int step_unbind(struct steps *steps, struct kern *kern, const struct bound *bound,
		struct error *err)
{
	struct hooks hooks = hooks_of_binding(&bound->binding);
	struct hooks none = {};
	struct link_info link = {};
	struct error ignored;
	int r;

	(void)link_find_index(bound->ifindex, &link, &ignored);
	r = note_step(steps, kern, bound->ifindex, link.name, &none, err);
	if (!r)
		r = hooks_detach(kern, bound->ifindex, hooks.own_clsact, err);
	if (!r)
		r = connections_flush(kern, SG_OWNER_SLOT(bound->binding.owner), bound->ifindex,
				      err);
	if (!r)
		r = binding_clear(kern, bound->ifindex, err);
	return r;
}

static void undo_step(struct kern *kern, const struct step *step)
{
	struct hooks hooks = hooks_of_binding(&step->before);
	struct binding before = step->before;
	struct error ignored;

	if (!before.policy) {
		(void)hooks_detach(kern, step->ifindex, step->after.own_clsact, &ignored);
		(void)binding_clear(kern, step->ifindex, &ignored);
		return;
	}
	/* its connections may have been forgotten since */
	before.owner = share_owner(kern, SG_OWNER_SLOT(before.owner));
	(void)binding_set(kern, step->ifindex, &before, &ignored);
	(void)hooks_change(kern, step->ifindex, step->dev, &step->after, &hooks, &ignored);
}

void steps_undo(struct steps *steps, struct kern *kern)
{
	while (steps->count)
		undo_step(kern, &steps->items[--steps->count]);
}
