// SPDX-License-Identifier: GPL-2.0-only
/*
 * tree_address.c - lay out a tree of addresses, with a table if it is large.
 *
 * Inner nodes compare in units of a block of a few keys. So no leaf begins
 * inside of a block: where a block's first key is no start, the leaf gets one
 * there, with the answer of the interval that goes on. A leaf has room for all
 * starts of a block.
 *
 * A leaf of IPv6 addresses does not compare their two uppermost bits. So it ends
 * where those of its keys change, and where no start is there, a leaf without
 * any begins.
 */
#include <assert.h>
#include <string.h>

#include "compile/tree.h"
#include "compile/tree_inner.h"

_Static_assert(1 << SG_BLOCK_SHIFT_32 <= SG_LEAF_32, "a block fits into a leaf");
_Static_assert(1 << SG_BLOCK_SHIFT_64 <= SG_LEAF_64, "a block fits into a leaf");
_Static_assert(32 - SG_BLOCK_SHIFT_32 <= SG_HALF_BITS, "a block's number fits into a half");

/*
 * A look-up in the table and one in its list take as long as two levels of
 * inner nodes, in a table of many cache lines longer.
 */
#define TABLE_LEVELS 2
#define MIN_TABLE 16
#define LARGE_TABLE 16384 /* entries */
#define MAX_TABLE 65536

/* The starts of a leaf: from `first` to before `end`, for the keys from `begin` on. */
struct leaf_span {
	address_value begin;
	size_t first;
	size_t end;
};

static size_t leaf_places(enum tree_keys keys)
{
	switch (keys) {
	case TREE_KEYS_128:
		return SG_LEAF_128;
	case TREE_KEYS_64:
		return SG_LEAF_64;
	default:
		return SG_LEAF_32;
	}
}

/* Of what a table sees of a key: of an IPv6 address the upper half. */
static unsigned int upper_shift(enum tree_keys keys)
{
	return keys == TREE_KEYS_128 ? 64 : 0;
}

static uint64_t upper_of(const struct address_start *start, enum tree_keys keys)
{
	return (uint64_t)(start->start >> upper_shift(keys));
}

/* Of a block in what a table sees. */
static unsigned int upper_block_shift(enum tree_keys keys)
{
	return keys_are_words(keys) ? SG_BLOCK_SHIFT_64 : SG_BLOCK_SHIFT_32;
}

static unsigned int block_shift(enum tree_keys keys)
{
	return upper_shift(keys) + upper_block_shift(keys);
}

/* Whether in front of the leaf's starts is what goes on of the interval before. */
static bool goes_on(const struct address_keys *all, const struct leaf_span *leaf)
{
	return leaf->first == leaf->end || all->starts[leaf->first].start != leaf->begin;
}

/* Keys with the same quarter have the same bits that a leaf does not compare. */
static unsigned int quarter_of(address_value key)
{
	return (unsigned int)(key >> SG_LEAF_128_BITS);
}

/* The first key behind the quarter of the leaf; 0: there is none. */
static address_value quarter_end(const struct leaf_span *leaf)
{
	return (address_value)(quarter_of(leaf->begin) + 1) << SG_LEAF_128_BITS;
}

/* Whether the leaf's keys must not go on up to the next start, and end with their quarter. */
static bool ends_with_quarter(const struct address_keys *all, const struct leaf_span *leaf)
{
	unsigned int shift = block_shift(all->keys);
	address_value end = quarter_end(leaf);

	if (all->keys != TREE_KEYS_128 || !end || leaf->end - leaf->first + goes_on(all, leaf) < 2)
		return false;
	return leaf->end == all->count || all->starts[leaf->end].start >> shift > end >> shift;
}

/* Go to the leaf behind this one, which is all zeroes before the first one. false: there is none. */
static bool next_leaf(const struct address_keys *all, struct leaf_span *leaf)
{
	unsigned int shift = block_shift(all->keys);

	if (ends_with_quarter(all, leaf)) {
		leaf->begin = quarter_end(leaf);
		leaf->first = leaf->end;
		return true;
	}
	if (leaf->end == all->count)
		return false;
	leaf->first = leaf->end;
	leaf->begin = all->starts[leaf->first].start >> shift << shift;
	leaf->end = leaf->first + leaf_places(all->keys);
	leaf->end -= goes_on(all, leaf);
	if (leaf->end > all->count)
		leaf->end = all->count;
	while (leaf->end < all->count &&
	       all->starts[leaf->end].start >> shift == all->starts[leaf->end - 1].start >> shift)
		leaf->end--;
	while (quarter_of(all->starts[leaf->end - 1].start) != quarter_of(leaf->begin))
		leaf->end--;
	assert(leaf->end > leaf->first);
	return true;
}

size_t address_tree_leaves(const struct address_keys *all)
{
	struct leaf_span leaf = {0};
	size_t leaves = 0;

	while (next_leaf(all, &leaf))
		leaves++;
	return leaves;
}

/* Starts that an entry's part of the list can have before it. */
static size_t list_first(size_t node, enum tree_keys keys)
{
	return keys_are_words(keys) ? node : node / 2 * 2;
}

static size_t list_room(enum tree_keys keys)
{
	return keys_are_words(keys) ? SG_LIST_WORDS : 2 * SG_LIST_WORDS;
}

/* The node of a level for a key in blocks, from `node` on. */
static size_t find_node(const uint64_t *firsts, size_t count, uint64_t key, size_t node)
{
	while (node + 1 < count && firsts[node + 1] <= key)
		node++;
	return node;
}

/* The first key, in blocks, that an entry is for; of one behind the last, what no key reaches. */
static uint64_t entry_key(const struct address_keys *all, const struct tree_size *size,
			  size_t entry)
{
	/* all smaller and all greater keys have the first and the last entry */
	if (!entry)
		return 0;
	if (entry == size->table_entries)
		return UINT64_MAX;
	return (size->table_first + entry) << (size->table_shift - upper_block_shift(all->keys));
}

/* Whether no entry has more nodes of the level than are compared for one. */
static bool table_fits(const struct address_keys *all, const struct tree_size *size,
		       const uint64_t *firsts, size_t count)
{
	size_t node = 0;

	for (size_t entry = 0; entry < size->table_entries; entry++) {
		size_t begin = find_node(firsts, count, entry_key(all, size, entry), node);

		node = find_node(firsts, count, entry_key(all, size, entry + 1) - 1, begin);
		if (node - list_first(begin, all->keys) > list_room(all->keys))
			return false;
	}
	return true;
}

/* The smallest table for a level of `count` nodes. false: it would have too many entries. */
static bool choose_table(const struct address_keys *all, const uint64_t *firsts, size_t count,
			 struct tree_size *size)
{
	uint64_t first = upper_of(&all->starts[1], all->keys);
	uint64_t last = upper_of(&all->starts[all->count - 1], all->keys);

	for (unsigned int shift = all->keys == TREE_KEYS_32 ? 31 : 63;
	     shift > upper_block_shift(all->keys); shift--) {
		uint64_t entries = (last >> shift) - (first >> shift) + 1;

		/* no more nodes than the leaves have */
		if (entries > MAX_TABLE || entries > size->leaves * SG_TABLE_ENTRIES)
			return false;
		if (entries < MIN_TABLE)
			continue;
		size->table_entries = (size_t)entries;
		size->table_first = first >> shift;
		size->table_shift = shift;
		if (table_fits(all, size, firsts, count))
			return true;
	}
	return false;
}

static size_t table_nodes(const struct tree_size *size)
{
	return 1 + (size->table_entries + SG_TABLE_ENTRIES - 1) / SG_TABLE_ENTRIES;
}

/* With room for what is compared from its last word on. */
static size_t list_nodes(size_t count, enum tree_keys keys)
{
	return count / list_room(keys) + 2;
}

/* Nodes of the level that the table leads to. */
static size_t level_nodes(const struct tree_size *size, enum tree_keys keys)
{
	size_t count = size->leaves;

	for (unsigned int level = 0; level < size->levels; level++)
		count = inner_parents(count, keys);
	return count;
}

static unsigned int cost(const struct tree_size *size)
{
	if (!size->table_entries)
		return size->levels;
	return size->levels + TABLE_LEVELS + (size->table_entries > LARGE_TABLE);
}

struct tree_size address_tree_size(const struct address_keys *all, size_t leaves, uint64_t *firsts)
{
	struct tree_size best = {
		.leaves = leaves,
		.levels = inner_levels(leaves, all->keys),
	};
	struct tree_size size = {.leaves = leaves};
	struct leaf_span leaf = {0};
	size_t count = 0;

	assert(all->count && !all->starts[0].start);
	while (next_leaf(all, &leaf))
		firsts[count++] = (uint64_t)(leaf.begin >> block_shift(all->keys));
	for (; all->keys != TREE_KEYS_64 && best.levels > size.levels + TABLE_LEVELS;
	     size.levels++) {
		if (choose_table(all, firsts, count, &size) && cost(&size) < cost(&best))
			best = size;
		count = inner_firsts(firsts, count, all->keys);
	}
	best.nodes = inner_nodes(leaves, best.levels, all->keys) + leaves;
	if (best.table_entries)
		best.nodes +=
			table_nodes(&best) + list_nodes(level_nodes(&best, all->keys), all->keys);
	return best;
}

/* As in struct sg_leaf128. */
static uint64_t leaf_word(uint64_t start)
{
	return ((uint64_t)1 << 63) - start;
}

static void put_interval(union sg_node *leaf, size_t place, struct address_start interval,
			 enum tree_keys keys)
{
	uint64_t high = (uint64_t)(interval.start >> 64), low = (uint64_t)interval.start;

	switch (keys) {
	case TREE_KEYS_128:
		if (place) {
			leaf->leaf128.high[place - 1] = leaf_word(SG_LEAF_128_HIGH(high, low));
			leaf->leaf128.low[place - 1] = leaf_word(SG_LEAF_128_LOW(low));
		}
		leaf->leaf128.answer[place] = interval.answer;
		return;
	case TREE_KEYS_64:
		if (place)
			leaf->leaf64.start[place - 1] = (uint64_t)interval.start;
		leaf->leaf64.answer[place] = interval.answer;
		return;
	default:
		leaf->leaf32.start[place] = (uint32_t)interval.start;
		leaf->leaf32.answer[place] = interval.answer;
	}
}

static void fill_leaf(const struct address_keys *all, const struct leaf_span *span,
		      union sg_node *leaf)
{
	struct address_start interval = {.start = span->begin};
	size_t place = 0;

	if (goes_on(all, span)) {
		interval.answer = all->starts[span->first - 1].answer;
		put_interval(leaf, place++, interval, all->keys);
	}
	for (size_t i = span->first; i < span->end; i++) {
		interval = all->starts[i];
		put_interval(leaf, place++, interval, all->keys);
	}
	/* the last one of the quarter */
	interval.start = span->begin | (((address_value)1 << SG_LEAF_128_BITS) - 1);
	for (; place < leaf_places(all->keys); place++)
		put_interval(leaf, place, interval, all->keys);
}

/* The root, the table and its list in front of a level of `count` nodes at place `level`. */
static void fill_table(const struct address_keys *all, const struct tree_size *size,
		       union sg_node *nodes, size_t level, const uint64_t *firsts, size_t count)
{
	size_t list = table_nodes(size), node = 0;
	uint32_t *entries = nodes[1].entry;
	__u64 *words = nodes[list].list;

	memset(nodes, 0, level * sizeof(*nodes));
	nodes[0].table = (struct sg_table){
		.first = size->table_first,
		.last = size->table_entries - 1,
		.shift = size->table_shift,
		.list = (uint32_t)list,
		.level = (uint32_t)level,
	};
	for (size_t i = 1; i < count; i++)
		inner_put_start(words, i - 1, firsts[i], all->keys);
	for (size_t i = 0; i < size->table_entries; i++) {
		node = find_node(firsts, count, entry_key(all, size, i), node);
		entries[i] = (uint32_t)(list_first(node, all->keys) * SG_LIST_WORDS /
					list_room(all->keys));
	}
}

void address_tree_fill(union sg_node *nodes, const struct tree_size *size,
		       const struct address_keys *all, uint64_t *firsts)
{
	size_t leaves = size->nodes - size->leaves, count = 0, level;
	struct leaf_span leaf = {0};

	while (next_leaf(all, &leaf)) {
		fill_leaf(all, &leaf, &nodes[leaves + count]);
		firsts[count++] = (uint64_t)(leaf.begin >> block_shift(all->keys));
	}
	level = inner_fill(nodes, leaves, size->leaves, size->levels, all->keys, firsts);
	if (size->table_entries)
		fill_table(all, size, nodes, level, firsts, level_nodes(size, all->keys));
}
