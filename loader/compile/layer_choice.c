// SPDX-License-Identifier: GPL-2.0-only
/*
 * layer_choice.c - which prefixes go into the wide layer.
 *
 * In a layer, a prefix's list holds its own rules and those of all prefixes
 * around it. So a prefix with many rules and many prefixes inside is copied
 * often: 10,000 ports on 10.0.0.0/8 and 10,000 hosts in it would make 100
 * million intervals. In a layer of its own it is not copied at all; a packet
 * pays one more search for that. With the prefixes that would be copied most
 * in the wide layer, N rules take N^1.5 intervals at worst.
 */
#include "compile/prefix_tree.h"

#include <errno.h>
#include <stdlib.h>

#include "util/cleanup.h"

/* Up to this many intervals for each that the rules have themselves, one layer is enough. */
#define GOOD_RATIO 4
#define GOOD_EXTRA 4096

struct candidate {
	uint64_t copied; /* intervals: its own times the prefixes inside */
	uint32_t node;
};

static int most_copied_first(const void *left, const void *right)
{
	const struct candidate *a = left;
	const struct candidate *b = right;

	if (a->copied != b->copied)
		return a->copied > b->copied ? -1 : 1;
	return (a->node > b->node) - (a->node < b->node);
}

/*
 * Intervals that both layers would have: the sum of all lists, each no longer
 * than the lists it is made from. sizes has room for two numbers a node. The
 * parents are those of one layer, that is, nothing is wide yet.
 */
static uint64_t layers_cost(const struct prefix_tree *tree, const bool *is_wide,
			    uint64_t (*sizes)[2])
{
	uint64_t sum = 0;

	for (size_t i = 0; i < tree->count; i++) {
		const struct prefix_node *node = &tree->nodes[i];

		for (int layer = 0; layer < 2; layer++)
			sizes[i][layer] =
				node->parent == PREFIX_NONE ? 0 : sizes[node->parent][layer];
		sizes[i][is_wide[i]] += node->own_count;
		sum += sizes[i][is_wide[i]];
	}
	return sum;
}

/* All prefixes that have others inside, the most copied first. Returns how many. */
static size_t rank_candidates(const struct prefix_tree *tree, struct candidate *candidates)
{
	size_t kept = 0;

	for (uint32_t i = 0; i < tree->count; i++)
		candidates[i] = (struct candidate){0, i};
	for (size_t i = tree->count; i-- > 0;) {
		uint32_t parent = tree->nodes[i].parent;

		if (parent != PREFIX_NONE)
			candidates[parent].copied += 1 + candidates[i].copied;
	}
	for (size_t i = 0; i < tree->count; i++) {
		struct candidate candidate = candidates[i];

		candidate.copied *= tree->nodes[i].own_count;
		if (candidate.copied)
			candidates[kept++] = candidate;
	}
	qsort(candidates, kept, sizeof(*candidates), most_copied_first);
	return kept;
}

int prefix_tree_choose_layers(struct prefix_tree *tree)
{
	AUTO_FREE struct candidate *candidates = calloc(tree->count + 1, sizeof(*candidates));
	AUTO_FREE uint64_t(*sizes)[2] = calloc(tree->count + 1, sizeof(*sizes));
	AUTO_FREE bool *is_wide = calloc(tree->count + 1, sizeof(*is_wide));
	uint64_t total = 0, least;
	size_t candidate_count, best = 0;

	if (!candidates || !sizes || !is_wide)
		return -ENOMEM;
	for (size_t i = 0; i < tree->count; i++)
		total += tree->nodes[i].own_count;
	least = layers_cost(tree, is_wide, sizes);
	if (least <= GOOD_RATIO * total + GOOD_EXTRA)
		return 0;
	candidate_count = rank_candidates(tree, candidates);
	for (size_t tried = 0, wide = 1; tried < candidate_count; wide *= 2) {
		uint64_t cost;

		for (; tried < wide && tried < candidate_count; tried++)
			is_wide[candidates[tried].node] = true;
		cost = layers_cost(tree, is_wide, sizes);
		if (cost < least) {
			least = cost;
			best = tried;
		}
	}
	for (size_t i = 0; i < best; i++)
		tree->nodes[candidates[i].node].is_wide = true;
	prefix_tree_link(tree);
	return 0;
}
