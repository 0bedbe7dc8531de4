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
	return memory_reach(kern, MAP_BINDINGS, end * sizeof(*kern->bindings));
}

bool binding_get(const struct kern *kern, uint32_t ifindex, struct sg_binding *binding_out)
{
	if (ifindex < SG_NEAR_IFINDEXES) {
		if (ifindex >= near_end(kern) || reach(kern, ifindex + 1) ||
		    !__atomic_load_n(&kern->bindings[ifindex].policy, __ATOMIC_ACQUIRE))
			return false;
		*binding_out = kern->bindings[ifindex];
		return true;
	}
	return !bpf_map_lookup_elem(kern->maps[MAP_BINDINGS_FAR], &ifindex, binding_out);
}

/* Images that the interface's entry names, and `next` (NULL: none) does not, may soon be free. */
static int retire_old(struct kern *kern, uint32_t ifindex, const struct sg_binding *next,
		      struct error *err)
{
	struct sg_binding old;
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

int binding_set(struct kern *kern, uint32_t ifindex, const struct sg_binding *binding,
		struct error *err)
{
	int r = retire_old(kern, ifindex, binding, err);
	struct sg_binding *near;

	if (r)
		return r;
	if (ifindex >= SG_NEAR_IFINDEXES) {
		if (bpf_map_update_elem(kern->maps[MAP_BINDINGS_FAR], &ifindex, binding, BPF_ANY))
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
	if (near->policy && meaning_changes(near, binding)) {
		__atomic_store_n(&near->policy, NO_IMAGE, __ATOMIC_RELEASE);
		r = grace_period_wait(err);
		if (r)
			return r;
	}
	near->owner = binding->owner;
	near->options = binding->options;
	memcpy(near->ethertype, binding->ethertype, sizeof(near->ethertype));
	__atomic_store_n(&near->guard, binding->guard, __ATOMIC_RELEASE);
	near->window = binding->window;
	near->share = binding->share;
	__atomic_store_n(&near->starts_until, binding->starts_until, __ATOMIC_RELEASE);
	__atomic_store_n(&near->policy, binding->policy, __ATOMIC_RELEASE);
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
		 int (*each)(uint32_t ifindex, const struct sg_binding *binding, void *context),
		 void *context)
{
	int fd = kern->maps[MAP_BINDINGS_FAR];
	uint32_t key, *previous = NULL;
	uint32_t end = near_end(kern);
	struct sg_binding binding;
	int r = reach(kern, end);

	if (r)
		return r;
	for (uint32_t i = 0; i < end; i++) {
		if (!kern->bindings[i].policy)
			continue;
		binding = kern->bindings[i];
		r = each(i, &binding, context);
		if (r)
			return r;
	}
	while (!bpf_map_get_next_key(fd, previous, &key)) {
		if (!bpf_map_lookup_elem(fd, &key, &binding)) {
			r = each(key, &binding, context);
			if (r)
				return r;
		}
		previous = &key;
	}
	return 0;
}
