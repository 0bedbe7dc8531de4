// SPDX-License-Identifier: GPL-2.0-only
/*
 * heap.c - put policy images into the heap and find room for them.
 *
 * An image is complete before its root is named by a binding, and is never
 * changed after. What is in use is written down nowhere: it is what the
 * bindings name (looked up once a transaction), what this transaction has
 * published, and what was given up so lately that a packet may still be
 * reading it (meta->dirty). So a process that ends too early can neither leak
 * space nor free what is in use.
 */
#include <errno.h>
#include <string.h>

#include "kern/extent.h"
#include "kern/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"

static int reach(const struct kern *kern, uint32_t end)
{
	return memory_reach(kern, MAP_HEAP, end * sizeof(*kern->heap));
}

/* The image whose root is at a heap index; without nodes when none can be there. -errno. */
static int extent_at(const struct kern *kern, uint32_t root, struct sg_extent *extent_out)
{
	const struct sg_image_header *header;
	int r;

	*extent_out = (struct sg_extent){};
	if (!root || root >= SG_HEAP_NODES - 1)
		return 0;
	r = reach(kern, root + 2);
	if (r)
		return r;
	header = &kern->heap[root + 1].header;
	if (header->magic == SG_IMAGE_MAGIC && header->nodes <= SG_HEAP_NODES - root)
		*extent_out = (struct sg_extent){.first = root, .nodes = header->nodes};
	return 0;
}

struct bound_images {
	const struct kern *kern;
	struct extents *extents;
};

static int add_image(const struct bound_images *images, uint32_t root)
{
	struct sg_extent extent;
	int r = extent_at(images->kern, root, &extent);

	return r ? r : extents_add(images->extents, extent);
}

static int add_bound(uint32_t ifindex, const struct binding *binding, void *context)
{
	struct bound_images *images = context;
	int r = add_image(images, SG_POLICY_ROOT(binding->policy));

	(void)ifindex;
	return r ? r : add_image(images, binding->guard);
}

/* Images that a binding names. */
static int bound_extents(const struct kern *kern, struct extents *extents)
{
	struct bound_images images = {.kern = kern, .extents = extents};
	int r = binding_each(kern, add_bound, &images);

	if (!r)
		extents_sort(extents);
	return r;
}

int heap_begin(struct kern *kern, struct error *err)
{
	int r;

	extents_fini(&kern->used);
	r = bound_extents(kern, &kern->used);
	return r ? kern_error(err, -r, "cannot look through the policy heap") : 0;
}

static uint32_t dirty_count(const struct kern *kern)
{
	uint32_t count = kern->meta->dirty_count;

	return count < SG_MAX_DIRTY_EXTENTS ? count : SG_MAX_DIRTY_EXTENTS;
}

/* After this, nothing that was given up before is being read. */
static int clean(struct kern *kern, struct error *err)
{
	int r = grace_period_wait(err);

	if (!r)
		__atomic_store_n(&kern->meta->dirty_count, 0, __ATOMIC_RELEASE);
	return r;
}

/* Room that is neither used nor dirty; 0 for none. -ENOMEM. */
static int find_clean_room(const struct kern *kern, uint32_t nodes, uint32_t *first_out)
{
	AUTO(extents_fini) struct extents taken = {};
	int r = 0;

	if (!dirty_count(kern)) {
		*first_out = extents_find_room(&kern->used, nodes);
		return 0;
	}
	for (size_t i = 0; !r && i < kern->used.count; i++)
		r = extents_add(&taken, kern->used.items[i]);
	for (uint32_t i = 0; !r && i < dirty_count(kern); i++)
		r = extents_add(&taken, kern->meta->dirty[i]);
	if (r)
		return r;
	extents_sort(&taken);
	*first_out = extents_find_room(&taken, nodes);
	return 0;
}

static int allocate(struct kern *kern, uint32_t nodes, uint32_t *first_out, struct error *err)
{
	uint32_t first = 0;
	int r = find_clean_room(kern, nodes, &first);

	if (r)
		return kern_error(err, -r, "cannot find room in the policy heap");
	if (!first && dirty_count(kern)) {
		r = clean(kern, err);
		if (r)
			return r;
		first = extents_find_room(&kern->used, nodes);
	}
	if (!first)
		return error_set(err, ENOSPC, CODE_OPERATION_DENIED_POLICY_TOO_LARGE,
				 "the policy heap has no room for %u nodes, %u of %u are in use: "
				 "use fewer rules, or fewer different sets of groups",
				 nodes, extents_nodes(&kern->used), SG_HEAP_NODES);
	*first_out = first;
	return 0;
}

/* Whether the nodes at `root` are the image's, but for what publishing writes. */
static bool same_image(const struct kern *kern, uint32_t root, const struct image *image)
{
	const union sg_node *there = &kern->heap[root];
	struct sg_image_header header;
	struct sg_extent extent;

	if (extent_at(kern, root, &extent) || extent.nodes != image->count ||
	    reach(kern, root + image->count))
		return false;
	header = there[1].header;
	header.generation = image->nodes[1].header.generation;
	return !memcmp(&header, &image->nodes[1], sizeof(header)) &&
	       !memcmp(there, image->nodes, sizeof(*there)) &&
	       !memcmp(there + 2, image->nodes + 2, (image->count - 2) * sizeof(*there));
}

bool heap_holds(const struct kern *kern, uint64_t word, const struct image *image)
{
	uint32_t root = SG_POLICY_ROOT(word);

	return same_image(kern, root, image) &&
	       kern->heap[root + 1].header.generation == SG_POLICY_GENERATION(word);
}

/* The policy word of an image that is there. */
static uint64_t word_of(const struct kern *kern, uint32_t root)
{
	const union sg_node *nodes = &kern->heap[root];
	uint64_t word = SG_POLICY_WORD(root, nodes[1].header.generation);

	for (size_t i = 0; i < ARRAY_SIZE(nodes->root.layers); i++) {
		if (!(nodes->root.layers[i].flags & SG_LAYERS_REPLIES_ACCEPTED))
			word |= SG_POLICY_STATEFUL(i);
	}
	return word;
}

/* The same of one like it; 0 for none. */
static uint64_t find_same(const struct kern *kern, const struct image *image)
{
	for (size_t i = 0; i < kern->used.count; i++) {
		uint32_t root = kern->used.items[i].first;

		if (same_image(kern, root, image))
			return word_of(kern, root);
	}
	return 0;
}

static uint32_t next_generation(struct kern *kern)
{
	if (!++kern->meta->last_generation)
		++kern->meta->last_generation;
	return kern->meta->last_generation;
}

int heap_publish(struct kern *kern, const struct image *image, uint64_t *word_out,
		 struct error *err)
{
	struct sg_image_header *header;
	uint64_t word = find_same(kern, image);
	uint32_t root = 0;
	int r;

	if (word) {
		*word_out = word;
		return 0;
	}
	r = allocate(kern, image->count, &root, err);
	if (r)
		return r;
	r = reach(kern, root + image->count);
	if (!r)
		r = extents_insert(&kern->used,
				   (struct sg_extent){.first = root, .nodes = image->count});
	if (r)
		return kern_error(err, -r, "cannot publish a policy");
	memcpy(&kern->heap[root], image->nodes, image->count * sizeof(*image->nodes));
	header = &kern->heap[root + 1].header;
	header->generation = next_generation(kern);
	/* All of it is written before a binding can name it. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*word_out = word_of(kern, root);
	return 0;
}

int heap_retire(struct kern *kern, uint32_t root, struct error *err)
{
	struct sg_meta *meta = kern->meta;
	struct sg_extent extent;
	uint32_t count;
	int r = extent_at(kern, root, &extent);

	if (r)
		return kern_error(err, -r, "cannot look through the policy heap");
	if (!extent.nodes)
		return 0;
	for (uint32_t i = 0; i < dirty_count(kern); i++) {
		if (meta->dirty[i].first == extent.first)
			return 0;
	}
	/* No room to remember it: let the others become clean. It is still in use itself. */
	if (dirty_count(kern) == SG_MAX_DIRTY_EXTENTS) {
		r = clean(kern, err);
		if (r)
			return r;
	}
	count = dirty_count(kern);
	meta->dirty[count] = extent;
	__atomic_store_n(&meta->dirty_count, count + 1, __ATOMIC_RELEASE);
	return 0;
}

int heap_publish_guard(struct kern *kern, const struct image *image, uint32_t *root_out,
		       struct error *err)
{
	uint64_t word = 0;
	int r = heap_publish(kern, image, &word, err);

	if (!r)
		*root_out = SG_POLICY_ROOT(word);
	return r;
}

bool heap_holds_guard(const struct kern *kern, uint32_t root, const struct image *image)
{
	return same_image(kern, root, image);
}

void heap_use(const struct kern *kern, struct heap_use *use_out)
{
	AUTO(extents_fini) struct extents bound = {};

	*use_out = (struct heap_use){.nodes = SG_HEAP_NODES};
	if (bound_extents(kern, &bound))
		return;
	use_out->used = extents_nodes(&bound);
	use_out->images = bound.count;
}
