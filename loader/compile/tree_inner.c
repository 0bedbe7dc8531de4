// SPDX-License-Identifier: GPL-2.0-only
/*
 * tree_inner.c - the levels above the leaves, from the lowest one up.
 */
#include "compile/tree_inner.h"

#include <stddef.h>
#include <string.h>

bool keys_are_words(enum tree_keys keys)
{
	return keys == TREE_KEYS_64 || keys == TREE_KEYS_128;
}

static size_t fanout(enum tree_keys keys)
{
	return keys_are_words(keys) ? SG_CHILDREN_64 : SG_CHILDREN_32;
}

size_t inner_parents(size_t nodes, enum tree_keys keys)
{
	return (nodes + fanout(keys) - 1) / fanout(keys);
}

uint32_t tree_ref(struct tree_size size, size_t node)
{
	return SG_TREE(node, size.levels) | (size.table_entries ? SG_TREE_TABLE : 0);
}

unsigned int inner_levels(size_t leaves, enum tree_keys keys)
{
	unsigned int levels = 0;

	for (size_t count = leaves; count > 1; levels++)
		count = inner_parents(count, keys);
	return levels;
}

size_t inner_nodes(size_t leaves, unsigned int levels, enum tree_keys keys)
{
	size_t nodes = 0;

	for (size_t count = leaves; levels; levels--) {
		count = inner_parents(count, keys);
		nodes += count;
	}
	return nodes;
}

void inner_put_start(__u64 *words, size_t place, uint64_t start, enum tree_keys keys)
{
	if (keys_are_words(keys))
		words[place] = ((uint64_t)1 << 63) - start;
	else
		words[place / 2] |= (SG_HALF_ABOVE - start) << (place % 2 ? SG_HALF_SHIFT : 0);
}

#define LAST_WORD (sizeof(__u64) * (SG_LIST_WORDS - 1))

/* Starts of children 1 ... count - 1, and where child 0 is. */
static void fill_node(union sg_node *node, const uint64_t *firsts, size_t count, uint64_t child,
		      enum tree_keys keys)
{
	__u64 words[SG_LIST_WORDS] = {0};

	for (size_t i = 1; i < count; i++)
		inner_put_start(words, i - 1, firsts[i], keys);
	words[SG_LIST_WORDS - 1] |= keys_are_words(keys) ? child : child << SG_HALF_SHIFT;
	memcpy(node, words, sizeof(words));
}

size_t inner_firsts(uint64_t *firsts, size_t count, enum tree_keys keys)
{
	size_t parents = inner_parents(count, keys);

	for (size_t i = 0; i < parents; i++)
		firsts[i] = firsts[i * fanout(keys)];
	return parents;
}

size_t inner_fill(union sg_node *nodes, size_t leaf, size_t leaves, unsigned int levels,
		  enum tree_keys keys, uint64_t *firsts)
{
	size_t below = leaf, count = leaves;

	for (; levels; levels--) {
		size_t parents = inner_parents(count, keys);
		size_t level = below - parents;

		for (size_t i = 0; i < parents; i++) {
			size_t child = i * fanout(keys);
			size_t left = count - child;

			fill_node(nodes + level + i, firsts + child,
				  left < fanout(keys) ? left : fanout(keys), below + child, keys);
		}
		below = level;
		count = inner_firsts(firsts, count, keys);
	}
	return below;
}

_Static_assert(offsetof(struct sg_inner32, last) == LAST_WORD, "see fill_node");
_Static_assert(offsetof(struct sg_inner64, children) == LAST_WORD, "see fill_node");
