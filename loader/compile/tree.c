// SPDX-License-Identifier: GPL-2.0-only
/*
 * tree.c - lay out search trees, complete and in level order, by walking the
 * node indexes in the order of their keys.
 *
 * All nodes are full but the last one in level order, which is a leaf. Its
 * unused places repeat the greatest of its own answers. They can only be
 * reached by the greatest key of all, and that one comes to the leaf only when
 * no later start exists.
 */
#include "compile/tree.h"

#include <assert.h>
#include <stdbool.h>

size_t tree32_nodes(size_t starts)
{
	return (starts + SG_STARTS_32 - 1) / SG_STARTS_32;
}

size_t tree64_nodes(size_t starts)
{
	return (starts + SG_STARTS_64 - 1) / SG_STARTS_64;
}

struct fill32 {
	uint32_t unused; /* start of unused places */
	struct sg_node32 *nodes;
	size_t node_count;
	const struct start32 *next;
	size_t left; /* starts not placed yet */
	size_t last_used;
};

static void fill32_node(struct fill32 *fill, size_t index)
{
	struct sg_node32 *node = &fill->nodes[index];
	size_t used = index == fill->node_count - 1 ? fill->last_used : SG_STARTS_32;
	size_t child = index * SG_FANOUT_32 + 1;
	bool has_first = child < fill->node_count;

	if (has_first)
		fill32_node(fill, child);
	for (size_t i = 0; i < used; i++) {
		assert(fill->left);
		node->start[i] = fill->next->start;
		node->answer[i] = fill->next->answer;
		fill->next++;
		fill->left--;
		if (++child < fill->node_count) {
			node->answer[i] |= SG_ANSWER_CHILD;
			fill32_node(fill, child);
		}
	}
	for (size_t i = used; i < SG_STARTS_32; i++) {
		node->start[i] = fill->unused;
		node->answer[i] = node->answer[used - 1];
	}
	if (has_first)
		node->answer[SG_STARTS_32 - 1] |= SG_ANSWER_FIRST_CHILD;
}

void tree32_fill(struct sg_node32 *nodes, const struct start32 *starts, size_t count,
		 uint32_t unused)
{
	struct fill32 fill = {
		.nodes = nodes,
		.node_count = tree32_nodes(count),
		.unused = unused,
		.next = starts,
		.left = count,
	};

	assert(count);
	fill.last_used = count - (fill.node_count - 1) * SG_STARTS_32;
	fill32_node(&fill, 0);
	assert(!fill.left);
}

struct fill64 {
	struct sg_node64 *nodes;
	size_t node_count;
	const struct start64 *next;
	size_t left;
	size_t last_used;
};

static void fill64_node(struct fill64 *fill, size_t index)
{
	struct sg_node64 *node = &fill->nodes[index];
	size_t used = index == fill->node_count - 1 ? fill->last_used : SG_STARTS_64;
	size_t child = index * SG_FANOUT_64 + 1;

	node->has_first_child = child < fill->node_count;
	if (node->has_first_child)
		fill64_node(fill, child);
	for (size_t i = 0; i < used; i++) {
		assert(fill->left);
		node->start[i] = fill->next->start;
		node->answer[i] = fill->next->answer;
		fill->next++;
		fill->left--;
		if (++child < fill->node_count) {
			node->answer[i] |= SG_ANSWER_CHILD;
			fill64_node(fill, child);
		}
	}
	for (size_t i = used; i < SG_STARTS_64; i++) {
		node->start[i] = UINT64_MAX;
		node->answer[i] = node->answer[used - 1];
	}
}

void tree64_fill(struct sg_node64 *nodes, const struct start64 *starts, size_t count)
{
	struct fill64 fill = {
		.nodes = nodes,
		.node_count = tree64_nodes(count),
		.next = starts,
		.left = count,
	};

	assert(count);
	fill.last_used = count - (fill.node_count - 1) * SG_STARTS_64;
	fill64_node(&fill, 0);
	assert(!fill.left);
}
