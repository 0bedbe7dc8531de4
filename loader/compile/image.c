// SPDX-License-Identifier: GPL-2.0-only
/*
 * image.c - put an image together.
 *
 * A tree is written at the end of the image and taken back if an equal one is
 * there: inside a tree nothing refers to where it lies.
 */
#include "compile/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"

#define TABLE_IDS (sizeof(union sg_node) / sizeof(uint32_t))
#define FIRST_TREE 2
#define MOST_NODES SG_TREE_NODE(UINT32_MAX)

int image_builder_init(size_t rules, uint32_t max_nodes, struct image_builder *builder_out)
{
	struct image_builder builder = {
		.count = FIRST_TREE,
		.max_nodes = max_nodes < MOST_NODES ? max_nodes : MOST_NODES,
		.reserved = (rules + TABLE_IDS - 1) / TABLE_IDS,
		.budget.steps = BUDGET_STEPS,
	};

	if (builder.count + builder.reserved > builder.max_nodes)
		return -EFBIG;
	if (array_reserve(&builder.nodes, &builder.capacity, FIRST_TREE, sizeof(*builder.nodes)))
		return -ENOMEM;
	memset(builder.nodes, 0, FIRST_TREE * sizeof(*builder.nodes));
	*builder_out = builder;
	return 0;
}

void image_builder_fini(struct image_builder *builder)
{
	free(builder->nodes);
	free(builder->trees);
	free(builder->firsts);
	free(builder->places);
	free(builder->lists.items);
	memset(builder, 0, sizeof(*builder));
}

/* Multiply and fold, eight bytes at a time: good enough to tell images apart, and fast. */
static uint64_t hash_words(const void *words, size_t bytes, uint64_t hash)
{
	for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, (const char *)words + at, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	return hash;
}

static uint64_t hash_nodes(const union sg_node *nodes, size_t count, uint64_t hash)
{
	return hash_words(nodes, count * sizeof(*nodes), hash);
}

/* Room for `count` nodes behind the image's end; NULL: out of memory. */
static union sg_node *reserve_nodes(struct image_builder *builder, size_t count)
{
	if (array_reserve(&builder->nodes, &builder->capacity, builder->count + count,
			  sizeof(*builder->nodes)))
		return NULL;
	return builder->nodes + builder->count;
}

/* The bytes of a tree, or of a list in a part of a node. */
static const void *tree_bytes(const struct image_builder *builder, const struct image_tree *tree)
{
	const union sg_node *node = builder->nodes + SG_TREE_NODE(tree->ref);

	return tree->nodes ? (const void *)node : node->units[SG_SHORT_LIST_UNIT(tree->ref)];
}

static bool is_like(const struct image_builder *builder, const struct image_tree *tree,
		    const struct image_tree *wanted)
{
	size_t bytes = tree->nodes ? tree->nodes * sizeof(*builder->nodes)
				   : SG_SHORT_LIST_UNITS(tree->ref) * SG_UNIT_BYTES;

	return tree->hash == wanted->hash && tree->nodes == wanted->nodes &&
	       tree->is_list == wanted->is_list &&
	       SG_TREE_KIND(tree->ref) == SG_TREE_KIND(wanted->ref) &&
	       !memcmp(tree_bytes(builder, tree), tree_bytes(builder, wanted), bytes);
}

/* The place of a tree like `wanted`, which is no part of the image yet, or an empty place. */
static uint32_t *find_place(const struct image_builder *builder, const struct image_tree *wanted)
{
	size_t mask = builder->place_count - 1;

	for (size_t at = wanted->hash & mask;; at = (at + 1) & mask) {
		if (!builder->places[at] ||
		    is_like(builder, &builder->trees[builder->places[at] - 1], wanted))
			return &builder->places[at];
	}
}

/* At most half of the places are taken. */
static int reserve_places(struct image_builder *builder)
{
	size_t count = builder->place_count ? builder->place_count * 2 : 256;
	uint32_t *places;

	if (2 * (builder->tree_count + 1) <= builder->place_count)
		return 0;
	places = calloc(count, sizeof(*places));
	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < builder->tree_count; i++) {
		size_t at = builder->trees[i].hash & (count - 1);

		while (places[at])
			at = (at + 1) & (count - 1);
		places[at] = (uint32_t)(i + 1);
	}
	free(builder->places);
	builder->places = places;
	builder->place_count = count;
	return 0;
}

/*
 * Keep what was written for the tree, with `count` nodes behind the image's end,
 * unless there is an equal one. Only what is kept counts against the limit.
 */
static int keep(struct image_builder *builder, const struct image_tree *tree, size_t count,
		size_t *tree_out)
{
	uint32_t *place;

	if (reserve_places(builder) ||
	    ARRAY_GROW(builder->trees, builder->tree_count, builder->tree_capacity))
		return -ENOMEM;
	place = find_place(builder, tree);
	if (!*place) {
		if (count > builder->max_nodes - builder->reserved - builder->count)
			return -EFBIG;
		builder->trees[builder->tree_count++] = *tree;
		builder->count += count;
		*place = (uint32_t)builder->tree_count;
	}
	*tree_out = *place - 1;
	return 0;
}

/* The same for a tree of that size. */
static int keep_tree(struct image_builder *builder, struct tree_size size, bool is_list,
		     size_t *tree_out)
{
	const struct image_tree tree = {
		.hash = hash_nodes(builder->nodes + builder->count, size.nodes, size.nodes),
		.ref = tree_ref(size, builder->count),
		.nodes = (uint32_t)size.nodes,
		.is_list = is_list,
	};

	return size.levels > SG_MAX_LEVELS ? -EFBIG : keep(builder, &tree, size.nodes, tree_out);
}

/* Room for a number a leaf, which a tree is made with. */
static int reserve_firsts(struct image_builder *builder, size_t leaves)
{
	return array_reserve(&builder->firsts, &builder->first_capacity, leaves,
			     sizeof(*builder->firsts))
		       ? -ENOMEM
		       : 0;
}

int image_add_addresses(struct image_builder *builder, const struct address_starts *starts,
			enum tree_keys keys, uint32_t *ref_out)
{
	const struct address_keys all = {starts->items, starts->count, keys};
	size_t leaves = address_tree_leaves(&all), tree;
	struct tree_size size;
	union sg_node *nodes;
	int r;

	if (reserve_firsts(builder, leaves))
		return -ENOMEM;
	size = address_tree_size(&all, leaves, builder->firsts);
	nodes = reserve_nodes(builder, size.nodes);
	if (!nodes)
		return -ENOMEM;
	address_tree_fill(nodes, &size, &all, builder->firsts);
	r = keep_tree(builder, size, false, &tree);
	if (!r)
		*ref_out = builder->trees[tree].ref;
	return r;
}

/*
 * How many units are free at the beginning of the fullest node with so many.
 * All of them: in a new node. There the last unit stays empty if only one is
 * wanted: what is read behind that one is to be in the same node.
 */
static uint32_t free_units(const struct image_builder *builder, uint32_t wanted)
{
	for (uint32_t left = wanted; left < SG_UNITS; left++) {
		if (builder->open_nodes[left])
			return left;
	}
	return SG_UNITS;
}

/* A list that needs only a part of a node. */
static int keep_short_list(struct image_builder *builder, const struct start32 *starts,
			   size_t count, size_t *tree_out)
{
	uint32_t units = short_list_units(count), left = free_units(builder, units), unit;
	bool is_new = left == SG_UNITS;
	size_t node = is_new ? builder->count : builder->open_nodes[left];
	union sg_node *nodes = reserve_nodes(builder, 1);
	struct image_tree tree = {.is_list = true};
	size_t kept = builder->tree_count;
	__u64 *list;
	int r;

	if (!nodes)
		return -ENOMEM;
	if (is_new)
		memset(nodes, 0, sizeof(*nodes));
	unit = left - units - (is_new && units == 1);
	list = builder->nodes[node].units[unit];
	short_list_fill(list, starts, count);
	tree.ref = SG_SHORT_LIST_AT(node, unit, units);
	tree.hash = hash_words(list, units * SG_UNIT_BYTES, 0);
	r = keep(builder, &tree, is_new, tree_out);
	if (r || builder->tree_count == kept) {
		memset(list, 0, units * SG_UNIT_BYTES);
		return r;
	}
	if (!is_new)
		builder->open_nodes[left] = 0;
	builder->open_nodes[unit] = node;
	return 0;
}

static int keep_list(struct image_builder *builder, const struct start32 *starts, size_t count,
		     size_t *tree_out)
{
	struct tree_size size = ports_tree_size(count);
	union sg_node *nodes;

	if (count <= SG_SHORT_LIST_STARTS)
		return keep_short_list(builder, starts, count, tree_out);
	nodes = reserve_nodes(builder, size.nodes);
	if (!nodes || reserve_firsts(builder, size.leaves))
		return -ENOMEM;
	ports_tree_fill(nodes, size, starts, count, builder->firsts);
	return keep_tree(builder, size, true, tree_out);
}

int image_add_list(struct image_builder *builder, const struct start32 *starts, size_t count,
		   size_t *tree_out)
{
	struct starts32 *lists = &builder->lists;
	int r = keep_list(builder, starts, count, tree_out);
	struct image_tree *tree;

	if (r)
		return r;
	tree = &builder->trees[*tree_out];
	if (tree->count)
		return 0;
	if (array_reserve(&lists->items, &lists->capacity, lists->count + count,
			  sizeof(*lists->items)))
		return -ENOMEM;
	memcpy(lists->items + lists->count, starts, count * sizeof(*starts));
	tree->first = lists->count;
	tree->count = (uint32_t)count;
	lists->count += count;
	return 0;
}

int image_add_any(struct image_builder *builder, const struct start32 *starts, size_t count,
		  uint32_t *ref_out)
{
	struct port_table_size size;
	union sg_node *nodes;
	size_t tree;
	int r;

	if (!port_table_size(starts, count, &size)) {
		r = image_add_list(builder, starts, count, &tree);
	} else {
		struct image_tree table = {
			.ref = SG_PORT_TABLE_AT(builder->count),
			.nodes = (uint32_t)size.nodes,
		};

		nodes = reserve_nodes(builder, size.nodes);
		if (!nodes)
			return -ENOMEM;
		port_table_fill(nodes, &size, starts, count);
		table.hash = hash_nodes(nodes, size.nodes, size.nodes);
		r = keep(builder, &table, size.nodes, &tree);
	}
	if (!r)
		*ref_out = builder->trees[tree].ref;
	return r;
}

int image_add_nodes(struct image_builder *builder, const union sg_node *nodes, uint32_t count,
		    uint32_t *ref_out)
{
	union sg_node *room = reserve_nodes(builder, count);
	size_t tree;
	int r;

	if (!room)
		return -ENOMEM;
	memcpy(room, nodes, count * sizeof(*nodes));
	r = keep_tree(builder, (struct tree_size){.nodes = count}, false, &tree);
	if (!r)
		*ref_out = builder->trees[tree].ref;
	return r;
}

static int add_rule_table(struct image_builder *builder, const struct ranking *ranking)
{
	size_t node_count = builder->reserved;
	union sg_node *nodes;

	if (!node_count)
		return 0;
	nodes = reserve_nodes(builder, node_count);
	if (!nodes)
		return -ENOMEM;
	memset(nodes, 0, node_count * sizeof(*nodes));
	for (size_t rank = 0; rank < ranking->count; rank++)
		nodes[rank / TABLE_IDS].rule_id[rank % TABLE_IDS] =
			(uint32_t)ranking->by_rank[rank]->rule->id;
	builder->nodes[1].header.rule_table = (uint32_t)builder->count;
	builder->count += node_count;
	builder->reserved = 0;
	return 0;
}

int image_finish(struct image_builder *builder, const struct ranking *ranking,
		 struct image *image_out)
{
	struct sg_image_header *header;
	int r;

	r = add_rule_table(builder, ranking);
	if (r)
		return r;
	header = &builder->nodes[1].header;
	header->magic = SG_IMAGE_MAGIC;
	header->nodes = (uint32_t)builder->count;
	header->rules = ranking->count;
	header->hash = hash_nodes(builder->nodes + FIRST_TREE, builder->count - FIRST_TREE,
				  hash_nodes(builder->nodes, 1, ranking->count));
	*image_out = (struct image){builder->nodes, (uint32_t)builder->count};
	builder->nodes = NULL;
	return 0;
}

void image_fini(struct image *image)
{
	free(image->nodes);
	image->nodes = NULL;
	image->count = 0;
}
