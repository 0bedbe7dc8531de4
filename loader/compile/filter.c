// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - make a filter.
 *
 * It has two to four words for each prefix, and its blocks are the smallest with
 * which all prefixes together have a part in no more blocks than there are
 * words. A prefix of nearly all addresses sets every word.
 */
#include "compile/filter.h"

#include <errno.h>
#include <stdlib.h>

#include "util/array.h"
#include "util/cleanup.h"

#define MIN_WORDS SG_FILTER_WORDS
#define MAX_WORDS 32768U /* 256 KiB: 20,000 prefixes have as many as they can use */

/* A prefix shorter than this is nearly all addresses. */
#define MIN_LENGTH 5

/* Of a whole word, for a filter to be worth its price. */
#define MAX_BITS 32

/* A key of each kind of protocols. */
static const uint32_t kinds[] = {SG_PORT_KEY(0x00, 0), SG_PORT_KEY(0x01, 0), SG_PORT_KEY(0x10, 0),
				 SG_PORT_KEY(0x11, 0)};

/* Bits of each kind. */
struct bits {
	uint64_t of[ARRAY_SIZE(kinds)];
};

/* Those of a port list. */
struct known {
	bool is_there;
	size_t first; /* of the tree's lists */
	struct bits bits;
};

/*
 * The addresses of a remote group have the same list: its bits are gathered
 * once, as long as their place is not taken by another.
 */
#define KNOWN_PLACES 256

/* A filter in the making. */
struct maker {
	const struct prefix_tree *tree;
	unsigned int width; /* bits of an address that count */
	struct sg_filter head;
	__u64 *words;	 /* head.mask + 1 */
	__u64 every;	 /* bits of every word */
	bool has_search; /* that a word without a bit spares */
	struct known known[KNOWN_PLACES];
};

static uint64_t upper_bits(const struct maker *maker, address_value address)
{
	return (uint64_t)(maker->tree->family == SG_IPV4 ? address : address >> 64);
}

static bool is_nearly_all(const struct maker *maker, const struct prefix_node *node)
{
	uint64_t others = upper_bits(maker, node->last) - upper_bits(maker, node->first);

	return others >> (maker->width - MIN_LENGTH);
}

/* The blocks of 2^shift addresses that a prefix has a part in. */
static uint64_t first_block(const struct maker *maker, const struct prefix_node *node,
			    unsigned int shift)
{
	return upper_bits(maker, node->first) >> shift;
}

static uint64_t count_blocks(const struct maker *maker, const struct prefix_node *node,
			     unsigned int shift)
{
	return (upper_bits(maker, node->last) >> shift) - first_block(maker, node, shift) + 1;
}

/* Whether blocks are large enough: no prefix has a great part of the words, nor have all together. */
static bool are_few(const struct maker *maker, unsigned int shift)
{
	const struct prefix_tree *tree = maker->tree;
	uint64_t words = maker->head.mask + 1ULL, sum = 0;
	uint64_t most = words > tree->count ? words : tree->count;

	for (size_t i = 0; i < tree->count; i++) {
		uint64_t blocks = count_blocks(maker, &tree->nodes[i], shift);

		if (is_nearly_all(maker, &tree->nodes[i]))
			continue;
		sum += blocks;
		if (blocks > words / 8 || sum > most)
			return false;
	}
	return true;
}

static bool are_all_set(const struct bits *bits)
{
	uint64_t all = UINT64_MAX;

	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		all &= bits->of[kind];
	return !~all;
}

static uint64_t *kind_of(struct bits *bits, uint32_t key)
{
	size_t kind = 0;

	while (kinds[kind] != SG_FILTER_KIND(key))
		kind++;
	return &bits->of[kind];
}

/* The keys from `first` to before `end`. */
static void add_range(struct bits *bits, uint32_t first, uint32_t end)
{
	uint32_t key = first, low = 0; /* low ports in a row */

	while (key < end && !are_all_set(bits)) {
		*kind_of(bits, key) |= 1ULL << sg_filter_class(key);
		if ((key & 0xffff) >= SG_FILTER_LOW_PORTS) {
			low = 0;
			key = (key | ((1U << SG_FILTER_HIGH_SHIFT) - 1)) + 1;
		} else if (++low < SG_FILTER_LOW_CLASSES) {
			key++;
		} else {
			key = (key | (SG_FILTER_LOW_PORTS - 1)) + 1;
		}
	}
}

/* The bits of the keys that a port list has a decision for. */
static struct bits list_bits(const struct prefix_tree *tree, size_t first, uint32_t count)
{
	const struct start32 *starts = tree->lists.items + first;
	struct bits bits = {0};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t end = i + 1 < count ? starts[i + 1].start : SG_PORT_KEY_LAST + 1;

		if (starts[i].answer != SG_DECISION_NONE)
			add_range(&bits, starts[i].start, end);
	}
	return bits;
}

static uint64_t any_bits(const struct prefix_tree *tree)
{
	struct bits bits = list_bits(tree, tree->any_first, tree->any_count);
	uint64_t any = 0;

	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		any |= bits.of[kind];
	return any;
}

/* In the words that a prefix has for a kind. */
static void set_kind(struct maker *maker, const struct prefix_node *node, uint32_t kind,
		     uint64_t bits)
{
	unsigned int shift = maker->head.shift;
	uint64_t block = first_block(maker, node, shift);

	for (uint64_t left = count_blocks(maker, node, shift); left; left--, block++)
		maker->words[sg_filter_index(&maker->head, block << shift, kind)] |= bits;
}

static const struct bits *own_bits(struct maker *maker, const struct prefix_node *node)
{
	uint64_t hash = node->own_first * 0x9e3779b97f4a7c15ULL;
	struct known *known = &maker->known[(hash >> 32) & (KNOWN_PLACES - 1)];

	if (!known->is_there || known->first != node->own_first)
		*known = (struct known){
			.is_there = true,
			.first = node->own_first,
			.bits = list_bits(maker->tree, node->own_first, node->own_count),
		};
	return &known->bits;
}

static void set_bits(struct maker *maker, const struct prefix_node *node)
{
	const struct bits *bits = own_bits(maker, node);
	bool everywhere = is_nearly_all(maker, node);

	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		if (everywhere)
			maker->every |= bits->of[kind];
		else if (bits->of[kind])
			set_kind(maker, node, kinds[kind], bits->of[kind]);
	}
}

static bool is_worth_it(const struct maker *maker)
{
	uint64_t words = maker->head.mask + 1ULL, bits = 0;
	/* who has no address to search for can but be dropped */
	uint64_t always = maker->has_search ? 0 : maker->head.any;

	for (uint64_t i = 0; i < words; i++)
		bits += (uint64_t)__builtin_popcountll(maker->words[i] | always);
	return bits <= words * MAX_BITS;
}

static void fill(struct maker *maker)
{
	const struct prefix_tree *tree = maker->tree;

	/* ends: a prefix that is not nearly all addresses is in one block in the end */
	while (!are_few(maker, maker->head.shift))
		maker->head.shift++;
	for (size_t i = 0; i < tree->count; i++)
		set_bits(maker, &tree->nodes[i]);
	for (uint32_t i = 0; i <= maker->head.mask; i++)
		maker->words[i] |= maker->every;
}

int filter_add(const struct prefix_tree *tree, bool is_list, struct image_builder *builder,
	       uint32_t *ref_out)
{
	AUTO_FREE union sg_node *nodes = NULL;
	uint64_t any = any_bits(tree);
	struct maker maker = {
		.tree = tree,
		.width = tree->family == SG_IPV4 ? 32 : 64,
		.head = {.any = any, .mask = MIN_WORDS - 1},
		.has_search = tree->count && !is_list,
	};
	uint32_t count;

	*ref_out = 0;
	/* without any rule no search is as short */
	if (!tree->count && !any)
		return 0;
	while (maker.head.mask + 1 < 2 * tree->count && maker.head.mask + 1 < MAX_WORDS)
		maker.head.mask = maker.head.mask * 2 + 1;
	count = 1 + (maker.head.mask + 1) / SG_FILTER_WORDS;
	nodes = calloc(count, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	maker.words = nodes[1].filter_word;
	fill(&maker);
	nodes->filter = maker.head;
	return is_worth_it(&maker) ? image_add_nodes(builder, nodes, count, ref_out) : 0;
}
