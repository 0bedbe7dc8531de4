// SPDX-License-Identifier: GPL-2.0-only
/*
 * search.c - search the trees of an image as the BPF programs do, with the same
 * steps. A reference that leaves the image finds nothing.
 */
#include "compile/search.h"

/* A node of the tree; NULL: it is not there. */
static const union sg_node *tree_node(const struct image *image, uint32_t tree, uint64_t place)
{
	uint32_t root = SG_TREE_NODE(tree);

	if (!root || root >= image->count || place >= image->count - root)
		return NULL;
	return &image->nodes[root + place];
}

/* What `count` numbers of `bytes` each are, from a place in the tree on; NULL: not there. */
static const void *tree_array(const struct image *image, uint32_t tree, uint64_t place,
			      uint64_t index, size_t count, size_t bytes)
{
	uint64_t first = place * sizeof(union sg_node) + index * bytes;
	const union sg_node *root = tree_node(image, tree, 0);

	if (!tree_node(image, tree, first / sizeof(*root)) ||
	    !tree_node(image, tree, (first + count * bytes - 1) / sizeof(*root)))
		return NULL;
	return (const char *)root + first;
}

/*
 * Where the levels begin for a key, which is `step` as sg_inner32_child or
 * sg_inner64_child take it. false: it is not there.
 */
static bool find_top(const struct image *image, uint32_t tree, uint64_t key, uint64_t step,
		     bool is_64, uint64_t *place_out)
{
	const union sg_node *root = tree_node(image, tree, 0);
	const uint32_t *entry;
	const __u64 *list;

	*place_out = 0;
	if (!(tree & SG_TREE_TABLE) || !root)
		return root;
	entry = tree_array(image, tree, 1, sg_table_index(&root->table, key), 1, sizeof(*entry));
	if (!entry)
		return false;
	list = tree_array(image, tree, root->table.list, *entry, SG_LIST_WORDS, sizeof(*list));
	if (!list)
		return false;
	*place_out =
		root->table.level + (is_64 ? *entry + sg_starts64_count(list, SG_LIST_WORDS, step)
					   : 2 * (uint64_t)*entry + sg_list32_count(list, step));
	return true;
}

/* The leaf for a key as sg_inner32_child or sg_inner64_child take it, from `place` on. */
static const union sg_node *find_leaf(const struct image *image, uint32_t tree, uint64_t place,
				      uint64_t key, bool is_64)
{
	for (unsigned int level = 0; level < SG_TREE_LEVELS(tree); level++) {
		const union sg_node *node = tree_node(image, tree, place);

		if (!node)
			return NULL;
		place = is_64 ? sg_inner64_child(&node->inner64, key)
			      : sg_inner32_child(&node->inner32, key);
	}
	return tree_node(image, tree, place);
}

uint32_t image_search_ports(const struct image *image, uint32_t list, uint32_t key)
{
	const union sg_node *leaf;
	const __u64 *units;

	if (list & SG_SHORT_LIST) {
		units = tree_array(image, list, 0, SG_SHORT_LIST_UNIT(list), SG_UNITS,
				   SG_UNIT_BYTES);
		return units ? sg_short_list_answer(units, SG_SHORT_LIST_UNITS(list),
						    SG_HALVES(key))
			     : SG_DECISION_NONE;
	}
	leaf = find_leaf(image, list, 0, SG_HALVES(key), false);
	return leaf ? sg_leaf_ports_answer(&leaf->leaf_ports, SG_HALVES(key)) : SG_DECISION_NONE;
}

static uint32_t search_port_table(const struct image *image, uint32_t table, uint32_t key)
{
	const uint32_t *entries =
		tree_array(image, table, 0, key >> 16 & 0xff, 1, sizeof(*entries));
	const union sg_node *leaf;
	const sg_port_entry *entry;

	if (!entries)
		return SG_DECISION_NONE;
	entry = tree_array(image, table, 0, sg_port_entry_index(*entries, key), 1, sizeof(*entry));
	leaf = entry ? tree_node(image, table, *entry) : NULL;
	return leaf ? sg_leaf_ports_answer(&leaf->leaf_ports, SG_HALVES(key)) : SG_DECISION_NONE;
}

uint32_t image_search_any(const struct image *image, uint32_t any, uint32_t key)
{
	return any & SG_PORT_TABLE ? search_port_table(image, any, key)
				   : image_search_ports(image, any, key);
}

static uint32_t search32(const struct image *image, uint32_t tree, uint32_t key)
{
	uint64_t step = SG_HALVES(key >> SG_BLOCK_SHIFT_32), place;
	const union sg_node *leaf;

	if (!find_top(image, tree, key, step, false, &place))
		return 0;
	leaf = find_leaf(image, tree, place, step, false);
	return leaf ? sg_leaf32_answer(&leaf->leaf32, key) : 0;
}

uint32_t image_search64(const struct image *image, uint32_t tree, uint64_t key)
{
	const union sg_node *leaf = find_leaf(image, tree, 0, key >> SG_BLOCK_SHIFT_64, true);

	return leaf ? sg_leaf64_answer(&leaf->leaf64, key) : 0;
}

static uint32_t search128(const struct image *image, uint32_t tree, uint64_t high, uint64_t low)
{
	uint64_t step = high >> SG_BLOCK_SHIFT_64, place;
	const union sg_node *leaf;
	uint32_t answer;

	if (!find_top(image, tree, high, step, true, &place))
		return 0;
	leaf = find_leaf(image, tree, place, step, true);
	answer = leaf ? sg_leaf128_answer(&leaf->leaf128, high, low) : 0;
	return answer & SG_ANSWER_LOW_HALF ? image_search64(image, answer, low) : answer;
}

uint64_t read_be(const uint8_t *bytes, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

uint32_t image_search_address(const struct image *image, uint32_t tree, enum sg_family family,
			      const uint8_t address[16])
{
	if (family == SG_IPV4)
		return search32(image, tree, (uint32_t)read_be(address, 4));
	return search128(image, tree, read_be(address, 8), read_be(address + 8, 8));
}

struct filter_says image_filter_ask(const struct image *image, const struct sg_layers *layers,
				    enum sg_family family, const uint8_t address[16], uint32_t key)
{
	const struct filter_says all = {true, true};
	uint32_t ref = SG_LAYERS_FILTER(layers->flags), class = sg_filter_class(key);
	const union sg_node *node = tree_node(image, ref, 0);
	const uint64_t *word;

	if (!node)
		return all;
	word = tree_array(
		image, ref, 1,
		sg_filter_index(&node->filter, read_be(address, family == SG_IPV4 ? 4 : 8), key), 1,
		sizeof(*word));
	if (!word)
		return all;
	return (struct filter_says){.prefixes = sg_filter_may_match(*word, class) & 1,
				    .any = sg_filter_may_match(node->filter.any, class) & 1};
}

static uint32_t search_node(const union sg_node *node, enum sg_family family,
			    const uint8_t address[16], uint32_t key)
{
	if (family == SG_IPV6)
		return sg_line64_matches(&node->list64, read_be(address, 8),
					 read_be(address + 8, 8), key)
			       ? node->list64.decision
			       : SG_DECISION_NONE;
	for (int i = 0; i < SG_LINES_32; i++) {
		const struct sg_line32 *line = &node->list32.line[i];

		if (sg_line32_matches(line, (uint32_t)read_be(address, 4), key))
			return line->decision;
	}
	return SG_DECISION_NONE;
}

uint32_t image_search_list(const struct image *image, const struct sg_layers *layers,
			   enum sg_family family, const uint8_t address[16], uint32_t key)
{
	uint32_t decision = SG_DECISION_NONE;

	for (uint32_t i = 0; i < layers->narrow && decision == SG_DECISION_NONE; i++) {
		if (layers->any + i >= image->count)
			break;
		decision = search_node(&image->nodes[layers->any + i], family, address, key);
	}
	return decision;
}
