// SPDX-License-Identifier: GPL-2.0-only
/*
 * difference.c - what a target has in the kernel, beside what it should have.
 */
#include <arpa/inet.h>
#include <string.h>

#include "control/target.h"

struct hooks target_hooks(const struct kern *kern, const struct target *target)
{
	enum attach_mode mode = target->instance.options.mode;

	return hooks_wanted(kern, mode == MODE_AUTO ? auto_mode(&target->link) : mode);
}

struct present target_present(const struct kern *kern, const struct target *target)
{
	struct present present = {
		.wanted = target_hooks(kern, target),
		.owner = share_owner(kern, target->instance.slot),
	};

	present.is_bound = binding_get(kern, target->link.ifindex, &present.binding);
	if (present.is_bound) {
		present.named = hooks_of_binding(&present.binding);
		present.live = hooks_present(kern, target->link.ifindex, &present.named);
		present.wanted.own_clsact = present.named.own_clsact;
		present.has_surplus = hooks_surplus(kern, target->link.ifindex, &present.wanted);
	}
	return present;
}

bool present_hooks_are_right(const struct present *present)
{
	return present->is_bound && present->live.rx == present->wanted.rx &&
	       present->live.tx == present->wanted.tx && !present->has_surplus;
}

/* All but what tells where its images are. */
static struct binding binding_without_images(const struct target *target, uint32_t owner,
					     const struct hooks *hooks)
{
	const struct instance_options *options = &target->instance.options;
	struct binding binding = {
		.owner = owner,
		.share = target->share,
		.options = hooks_to_options(hooks),
	};

	if (target->is_guest)
		binding.options |= SG_OPTION_GUEST;
	if (options->strict)
		binding.options |= SG_OPTION_STRICT;
	if (link_has_no_link_header(&target->link))
		binding.options |= SG_OPTION_NO_LINK_HEADER;
	for (size_t i = 0; i < SG_MAX_ETHERTYPES; i++)
		binding.ethertype[i] = htons(options->ethertypes[i]);
	return binding;
}

struct binding target_binding(const struct target *target, uint32_t owner,
			      const struct hooks *hooks)
{
	struct binding binding = binding_without_images(target, owner, hooks);

	binding.policy = target->policy->word;
	binding.guard = target->guard_root;
	return binding;
}

/*
 * Most instances of a change have the same policy, before and after: its bytes
 * are compared once.
 */
static bool policy_is_right(const struct kern *kern, struct policy_set *set, uint64_t word)
{
	if (word == set->word || word == set->same)
		return true;
	if (word == set->other)
		return false;
	if (heap_holds(kern, word, &set->image)) {
		set->same = word;
		return true;
	}
	set->other = word;
	return false;
}

static bool guard_is_right(const struct kern *kern, const struct target *target,
			   const struct binding *binding)
{
	if (!target->guard.count)
		return !binding->guard;
	return binding->guard && heap_holds_guard(kern, binding->guard, &target->guard);
}

/* But for the images. */
static bool entry_is_right(const struct target *target, const struct binding *binding,
			   uint32_t owner, const struct hooks *hooks)
{
	struct binding wanted = binding_without_images(target, owner, hooks);

	wanted.policy = binding->policy;
	wanted.guard = binding->guard;
	return !memcmp(&wanted, binding, sizeof(wanted));
}

bool target_lacks_only_policy(const struct kern *kern, const struct target *target,
			      const struct binding *binding)
{
	struct hooks named = hooks_of_binding(binding);

	return SG_OWNER_SLOT(binding->owner) == target->instance.slot &&
	       binding->policy != target->policy->word &&
	       entry_is_right(target, binding, binding->owner, &named) &&
	       guard_is_right(kern, target, binding);
}

const char *target_difference(const struct kern *kern, const struct target *target,
			      const struct present *present)
{
	const struct binding *binding = &present->binding;

	if (!present->is_bound)
		return "has no entry";
	if (present->live.rx != present->wanted.rx)
		return "lacks its program for received packets";
	if (present->live.tx != present->wanted.tx)
		return "lacks its program for sent packets";
	if (present->has_surplus)
		return "has a program that its mode does not want";
	if (!policy_is_right(kern, target->policy, binding->policy))
		return "has another policy than its groups make";
	if (!guard_is_right(kern, target, binding))
		return "may send from other addresses than its own";
	if (SG_OWNER_SLOT(binding->owner) == target->instance.slot &&
	    binding->owner != present->owner)
		return "has another part of the connection table than its own";
	if (binding->share != target->share)
		return "may have another number of connections than it should";
	if (!entry_is_right(target, binding, present->owner, &present->wanted))
		return "has other options than it should";
	return NULL;
}
