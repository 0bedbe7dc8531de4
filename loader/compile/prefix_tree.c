// SPDX-License-Identifier: GPL-2.0-only
/*
 * prefix_tree.c - one node a distinct prefix, each with the port list of its
 * own rules.
 */
#include "compile/prefix_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/ports.h"
#include "compile/remotes.h"
#include "util/array.h"
#include "util/cleanup.h"

/* The mentions of one prefix. */
struct run {
	size_t first;
	size_t count;
};

/* A port list that was painted for a run, in the tree's lists. */
struct painted {
	struct run run;
	size_t first;
	uint32_t count;
};

/*
 * Prefixes with the same rules (the addresses of a remote group) have the same
 * list: painted once, as long as its place is not taken by another.
 */
#define PAINTED_PLACES 1024

struct builder {
	const struct ranking *ranking;
	struct remotes remotes;
	struct budget *budget;
	struct prefix_tree tree;
	struct painter painter;
	uint32_t *ranks; /* of one prefix; room for all */
	struct painted *painted;
};

static void builder_fini(struct builder *builder)
{
	remotes_fini(&builder->remotes);
	prefix_tree_fini(&builder->tree);
	painter_fini(&builder->painter);
	free(builder->ranks);
	free(builder->painted);
}

static int ascending(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left;
	uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* Paint the rules of a run: append their list to the tree's lists. */
static int paint_run(struct builder *builder, struct run run)
{
	const struct remotes *remotes = &builder->remotes;
	struct painter *painter = &builder->painter;
	size_t count = 0;
	int r;

	for (size_t i = 0; i < run.count; i++) {
		struct unit unit = remotes->units[remotes->mentions[run.first + i].unit];

		memcpy(builder->ranks + count, remotes->ranks + unit.first_rank,
		       unit.count * sizeof(*builder->ranks));
		count += unit.count;
	}
	r = budget_take(builder->budget, count);
	if (r)
		return r;
	if (run.count > 1)
		qsort(builder->ranks, count, sizeof(*builder->ranks), ascending);
	for (size_t i = 0; i < count; i++) {
		uint32_t rank = builder->ranks[i];

		r = painter_add(painter, builder->ranking->by_rank[rank]->rule,
				builder->tree.family, ranking_decision(builder->ranking, rank));
		if (r)
			return r;
	}
	r = budget_take(builder->budget, painter->count * BUDGET_STEPS_A_RECTANGLE);
	if (r)
		return r;
	return painter_finish(painter, &builder->tree.lists);
}

static bool run_equal(const struct builder *builder, struct run a, struct run b)
{
	const struct mention *mentions = builder->remotes.mentions;

	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++) {
		if (mentions[a.first + i].unit != mentions[b.first + i].unit)
			return false;
	}
	return true;
}

/* The list of a run's rules, painted now or before. */
static int run_list(struct builder *builder, struct run run, size_t *first_out, uint32_t *count_out)
{
	uint32_t hash = 0;
	struct painted *place;
	int r;

	for (size_t i = 0; i < run.count; i++)
		hash = (hash ^ builder->remotes.mentions[run.first + i].unit) * 0x9e3779b1U;
	place = &builder->painted[hash >> 16 & (PAINTED_PLACES - 1)];
	if (!run_equal(builder, place->run, run)) {
		size_t first = builder->tree.lists.count;

		r = paint_run(builder, run);
		if (r)
			return r;
		*place = (struct painted){
			.run = run,
			.first = first,
			.count = (uint32_t)(builder->tree.lists.count - first),
		};
	}
	*first_out = place->first;
	*count_out = place->count;
	return 0;
}

static int add_node(struct builder *builder, struct run run)
{
	const struct mention *prefix = &builder->remotes.mentions[run.first];
	struct prefix_tree *tree = &builder->tree;
	unsigned int width = tree->family == SG_IPV4 ? 32 : 128;
	unsigned int host_bits = width - prefix->length;
	struct prefix_node node = {.first = prefix->first, .parent = PREFIX_NONE};
	int r;

	r = run_list(builder, run, &node.own_first, &node.own_count);
	if (r || !node.own_count)
		return r;
	if (!prefix->length) {
		tree->any_first = node.own_first;
		tree->any_count = node.own_count;
		return 0;
	}
	node.last = node.first | (((address_value)1 << host_bits) - 1);
	if (ARRAY_GROW(tree->nodes, tree->count, tree->capacity))
		return -ENOMEM;
	tree->nodes[tree->count++] = node;
	return 0;
}

int prefix_tree_init(const struct ranking *ranking, enum sg_direction direction,
		     enum sg_family family, struct budget *budget, struct prefix_tree *tree_out)
{
	AUTO(builder_fini)
	struct builder builder = {
		.ranking = ranking,
		.budget = budget,
		.tree.family = family,
	};
	const struct remotes *remotes = &builder.remotes;
	struct run run = {0};
	int r;

	r = remotes_init(ranking, direction, family, &builder.remotes);
	if (r)
		return r;
	builder.ranks = calloc(remotes->rank_count + 1, sizeof(*builder.ranks));
	builder.painted = calloc(PAINTED_PLACES, sizeof(*builder.painted));
	if (!builder.ranks || !builder.painted)
		return -ENOMEM;
	for (; run.first < remotes->mention_count; run.first += run.count) {
		const struct mention *mention = &remotes->mentions[run.first];
		size_t left = remotes->mention_count - run.first;

		for (run.count = 1; run.count < left; run.count++) {
			if (mention[run.count].first != mention->first ||
			    mention[run.count].length != mention->length)
				break;
		}
		r = add_node(&builder, run);
		if (r)
			return r;
	}
	prefix_tree_link(&builder.tree);
	*tree_out = builder.tree;
	memset(&builder.tree, 0, sizeof(builder.tree));
	return 0;
}

void prefix_tree_fini(struct prefix_tree *tree)
{
	free(tree->nodes);
	free(tree->lists.items);
	memset(tree, 0, sizeof(*tree));
}

void prefix_tree_link(struct prefix_tree *tree)
{
	uint32_t before[2] = {PREFIX_NONE, PREFIX_NONE}; /* by layer */

	for (uint32_t i = 0; i < tree->count; i++) {
		struct prefix_node *node = &tree->nodes[i];
		uint32_t parent = before[node->is_wide];

		while (parent != PREFIX_NONE && tree->nodes[parent].last < node->first)
			parent = tree->nodes[parent].parent;
		node->parent = parent;
		before[node->is_wide] = i;
	}
}
