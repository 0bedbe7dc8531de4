// SPDX-License-Identifier: GPL-2.0-only
/*
 * binding.c - which policy an interface's packets meet.
 *
 * Small interface indexes are entries of an array that we write as memory;
 * the policy word comes last, in one store. Large ones are entries of a hash,
 * which the kernel replaces whole.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "kern/internal.h"

/* Beyond this index the array has no entries. */
static uint32_t near_end(const struct kern *kern)
{
	uint32_t end = __atomic_load_n(&kern->meta->near_end, __ATOMIC_ACQUIRE);

	return end < SG_NEAR_IFINDEXES ? end : SG_NEAR_IFINDEXES;
}

static int reach(const struct kern *kern, uint32_t end)
{
	int r = memory_reach(kern, MAP_BINDINGS, end * sizeof(*kern->bindings));

	return r ? r : memory_reach(kern, MAP_REST, end * sizeof(*kern->rest));
}

/* What of the options follows from the rest. */
#define DERIVED_OPTIONS (SG_OPTION_GUARDED | SG_OPTION_STARTING)

static struct binding joined(const struct sg_binding *binding, const struct sg_rest *rest)
{
	struct binding whole = {
		.policy = binding->policy,
		.owner = binding->owner,
		.options = binding->options & ~DERIVED_OPTIONS,
		.guard = rest->guard,
		.share = rest->share,
		.starts_until = rest->starts_until,
	};

	memcpy(whole.ethertype, rest->ethertype, sizeof(whole.ethertype));
	return whole;
}

static struct sg_far parted(const struct binding *whole)
{
	struct sg_far far = {
		.binding.policy = whole->policy,
		.binding.owner = whole->owner,
		.binding.options = whole->options,
		.rest.guard = whole->guard,
		.rest.share = whole->share,
		.rest.starts_until = whole->starts_until,
	};

	if (whole->guard)
		far.binding.options |= SG_OPTION_GUARDED;
	if (whole->starts_until)
		far.binding.options |= SG_OPTION_STARTING;
	memcpy(far.rest.ethertype, whole->ethertype, sizeof(far.rest.ethertype));
	return far;
}

/* One in the hash. false: there is none. */
static bool far_get(const struct kern *kern, uint32_t ifindex, struct binding *binding_out)
{
	struct sg_far far;

	if (bpf_map_lookup_elem(kern->maps[MAP_BINDINGS_FAR], &ifindex, &far))
		return false;
	*binding_out = joined(&far.binding, &far.rest);
	return true;
}

bool binding_get(const struct kern *kern, uint32_t ifindex, struct binding *binding_out)
{
	if (ifindex < SG_NEAR_IFINDEXES) {
		if (ifindex >= near_end(kern) || reach(kern, ifindex + 1) ||
		    !__atomic_load_n(&kern->bindings[ifindex].policy, __ATOMIC_ACQUIRE))
			return false;
		*binding_out = joined(&kern->bindings[ifindex], &kern->rest[ifindex]);
		return true;
	}
	return far_get(kern, ifindex, binding_out);
}

/* Images that the interface's entry names, and `next` (NULL: none) does not, may soon be free. */
static int retire_old(struct kern *kern, uint32_t ifindex, const struct binding *next,
		      struct error *err)
{
	struct binding old;
	int r = 0;

	if (!binding_get(kern, ifindex, &old))
		return 0;
	if (!next || next->policy != old.policy)
		r = heap_retire(kern, SG_POLICY_ROOT(old.policy), err);
	if (!r && (!next || next->guard != old.guard))
		r = heap_retire(kern, old.guard, err);
	return r;
}

/*
 * A word without an image: packets that need one are dropped, and the entry
 * stays one, so that it is mended when we are killed before its next word.
 */
#define NO_IMAGE SG_POLICY_WORD(SG_HEAP_NODES, 0)

/*
 * Whether a packet must not see a field of one entry and a field of the other:
 * then none passes between them.
 */
static bool meaning_changes(const struct sg_binding *old, const struct sg_binding *new)
{
	const uint32_t options = SG_OPTION_GUEST | SG_OPTION_NO_LINK_HEADER;

	return SG_OWNER_SLOT(old->owner) != SG_OWNER_SLOT(new->owner) ||
	       (old->options ^ new->options) & options;
}

int binding_set(struct kern *kern, uint32_t ifindex, const struct binding *binding,
		struct error *err)
{
	int r = retire_old(kern, ifindex, binding, err);
	const struct sg_far wanted = parted(binding);
	struct sg_binding *near;
	struct sg_rest *rest;

	if (r)
		return r;
	if (ifindex >= SG_NEAR_IFINDEXES) {
		if (bpf_map_update_elem(kern->maps[MAP_BINDINGS_FAR], &ifindex, &wanted, BPF_ANY))
			return kern_error(err, errno, "cannot bind interface index %u", ifindex);
		return 0;
	}
	r = reach(kern, ifindex + 1);
	if (r)
		return kern_error(err, -r, "cannot bind interface index %u", ifindex);
	/* before the entry: nobody looks for it beyond the end */
	if (ifindex >= near_end(kern))
		__atomic_store_n(&kern->meta->near_end, ifindex + 1, __ATOMIC_RELEASE);
	near = &kern->bindings[ifindex];
	if (near->policy && meaning_changes(near, &wanted.binding)) {
		__atomic_store_n(&near->policy, NO_IMAGE, __ATOMIC_RELEASE);
		r = grace_period_wait(err);
		if (r)
			return r;
	}
	rest = &kern->rest[ifindex];
	memcpy(rest->ethertype, wanted.rest.ethertype, sizeof(rest->ethertype));
	rest->share = wanted.rest.share;
	__atomic_store_n(&rest->guard, wanted.rest.guard, __ATOMIC_RELEASE);
	__atomic_store_n(&rest->starts_until, wanted.rest.starts_until, __ATOMIC_RELEASE);
	/* after what they tell of */
	near->owner = wanted.binding.owner;
	__atomic_store_n(&near->options, wanted.binding.options, __ATOMIC_RELEASE);
	__atomic_store_n(&near->policy, wanted.binding.policy, __ATOMIC_RELEASE);
	return 0;
}

int binding_clear(struct kern *kern, uint32_t ifindex, struct error *err)
{
	int r = retire_old(kern, ifindex, NULL, err);

	if (r)
		return r;
	if (ifindex < SG_NEAR_IFINDEXES) {
		if (ifindex >= near_end(kern))
			return 0;
		r = reach(kern, ifindex + 1);
		if (r)
			return kern_error(err, -r, "cannot unbind interface index %u", ifindex);
		/* The rest stays until the entry is used again: a packet may be reading it. */
		__atomic_store_n(&kern->bindings[ifindex].policy, 0, __ATOMIC_RELEASE);
		return 0;
	}
	if (bpf_map_delete_elem(kern->maps[MAP_BINDINGS_FAR], &ifindex) && errno != ENOENT)
		return kern_error(err, errno, "cannot unbind interface index %u", ifindex);
	return 0;
}

int binding_each(const struct kern *kern,
		 int (*each)(uint32_t ifindex, const struct binding *binding, void *context),
		 void *context)
{
	int fd = kern->maps[MAP_BINDINGS_FAR];
	uint32_t key, *previous = NULL;
	uint32_t end = near_end(kern);
	struct binding binding;
	int r = reach(kern, end);

	if (r)
		return r;
	for (uint32_t i = 0; i < end; i++) {
		if (!kern->bindings[i].policy)
			continue;
		binding = joined(&kern->bindings[i], &kern->rest[i]);
		r = each(i, &binding, context);
		if (r)
			return r;
	}
	while (!bpf_map_get_next_key(fd, previous, &key)) {
		if (far_get(kern, key, &binding)) {
			r = each(key, &binding, context);
			if (r)
				return r;
		}
		previous = &key;
	}
	return 0;
}
