// SPDX-License-Identifier: GPL-2.0-only
/*
 * layers.c - port lists of prefixes and address intervals of a layer.
 *
 * Prefixes are nested or apart, never half in each other. So going through
 * them from the lowest address, an interval starts where a prefix begins, and
 * where one has ended: there the one around it goes on.
 */
#include "compile/layers.h"

#include <errno.h>
#include <stdlib.h>

#include "compile/address_tree.h"
#include "compile/ports.h"
#include "util/array.h"
#include "util/cleanup.h"

/* A list made of a prefix's own and its parent's. */
struct made {
	size_t own_first;
	size_t parent; /* index of its list + 1, 0 for none */
	size_t list;   /* index + 1, 0 for an unused place */
};

/*
 * The addresses of a remote group have the same own list, and often the same
 * parent: what was made lately is found again without making it.
 */
#define MADE_PLACES 1024

/* One layer's work. */
struct layer {
	const struct prefix_tree *tree;
	struct image_builder *builder;
	size_t *lists;	/* of the prefixes so far, index + 1 */
	uint32_t *refs; /* the same as references */
	struct made *made;
	struct starts32 scratch;
	struct address_starts starts;
};

static void layer_fini(struct layer *layer)
{
	free(layer->lists);
	free(layer->refs);
	free(layer->made);
	free(layer->scratch.items);
	address_starts_fini(&layer->starts);
}

/* The prefix's own rules and those of its parent's list, as a list of the image. */
static int make_list(struct layer *layer, const struct prefix_node *node, size_t parent,
		     size_t *list_out)
{
	struct image_builder *builder = layer->builder;
	const struct start32 *own = layer->tree->lists.items + node->own_first;
	const struct image_tree *around = parent ? &builder->trees[parent - 1] : NULL;
	int r;

	r = budget_take(&builder->budget, (uint64_t)node->own_count + (around ? around->count : 0));
	if (r)
		return r;
	if (!around)
		return image_add_list(builder, own, node->own_count, list_out);
	r = ports_minimum(builder->lists.items + around->first, around->count, own, node->own_count,
			  &layer->scratch);
	if (r)
		return r;
	return image_add_list(builder, layer->scratch.items, layer->scratch.count, list_out);
}

static int add_prefix_list(struct layer *layer, uint32_t index)
{
	const struct prefix_node *node = &layer->tree->nodes[index];
	size_t parent = node->parent == PREFIX_NONE ? 0 : layer->lists[node->parent];
	uint64_t hash = (node->own_first ^ (uint64_t)parent << 32) * 0x9e3779b97f4a7c15ULL;
	struct made *made = &layer->made[(hash >> 32) & (MADE_PLACES - 1)];

	if (!made->list || made->own_first != node->own_first || made->parent != parent) {
		size_t list;
		int r = make_list(layer, node, parent, &list);

		if (r)
			return r;
		*made = (struct made){node->own_first, parent, list + 1};
	}
	layer->lists[index] = made->list;
	layer->refs[index] = layer->builder->trees[made->list - 1].ref;
	return 0;
}

/* Prefixes from `node` up to `end` are over: go on with those around them. */
static int end_prefixes(struct layer *layer, uint32_t node, uint32_t end)
{
	const struct prefix_tree *tree = layer->tree;

	for (; node != end; node = tree->nodes[node].parent) {
		uint32_t parent = tree->nodes[node].parent;
		int r;

		if (tree->nodes[node].last == address_last(tree->family))
			continue;
		r = address_starts_add(&layer->starts, tree->nodes[node].last + 1,
				       parent == PREFIX_NONE ? 0 : layer->refs[parent]);
		if (r)
			return r;
	}
	return 0;
}

static int add_prefixes(struct layer *layer, bool is_wide)
{
	const struct prefix_tree *tree = layer->tree;
	uint32_t before = PREFIX_NONE;

	for (uint32_t i = 0; i < tree->count; i++) {
		const struct prefix_node *node = &tree->nodes[i];
		int r;

		if (node->is_wide != is_wide)
			continue;
		r = add_prefix_list(layer, i);
		if (!r)
			r = end_prefixes(layer, before, node->parent);
		if (!r)
			r = address_starts_add(&layer->starts, node->first, layer->refs[i]);
		if (r)
			return r;
		before = i;
	}
	return end_prefixes(layer, before, PREFIX_NONE);
}

static int build_layer(const struct prefix_tree *tree, bool is_wide, struct image_builder *builder,
		       uint32_t *ref_out)
{
	AUTO(layer_fini)
	struct layer layer = {
		.tree = tree,
		.builder = builder,
		.lists = calloc(tree->count + 1, sizeof(*layer.lists)),
		.refs = calloc(tree->count + 1, sizeof(*layer.refs)),
		.made = calloc(MADE_PLACES, sizeof(*layer.made)),
	};
	int r;

	if (!layer.lists || !layer.refs || !layer.made)
		return -ENOMEM;
	r = add_prefixes(&layer, is_wide);
	if (r)
		return r;
	return address_tree_add(builder, tree->family, &layer.starts, ref_out);
}

int layers_build(const struct prefix_tree *tree, struct image_builder *builder,
		 struct sg_layers *layers_out)
{
	struct sg_layers layers = {0};
	int r = 0;

	if (tree->any_count)
		r = image_add_any(builder, tree->lists.items + tree->any_first, tree->any_count,
				  &layers.any);
	if (r)
		return r;
	r = build_layer(tree, false, builder, &layers.narrow);
	if (r)
		return r;
	r = build_layer(tree, true, builder, &layers.wide);
	if (r)
		return r;
	*layers_out = layers;
	return 0;
}
