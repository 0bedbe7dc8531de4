/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tree.h - interval starts in ascending order -> the search trees of
 * sgate/policy.h.
 */
#ifndef COMPILE_TREE_H
#define COMPILE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "sgate/policy.h"

/* From `start` on, up to the next start, the answer is `answer`, without child flags. */
struct start32 {
	uint32_t start;
	uint32_t answer;
};

struct start64 {
	uint64_t start;
	uint32_t answer; /* may have SG_ANSWER_LOW_HALF */
};

/* A growing array; all zeroes is an empty one. */
struct starts32 {
	struct start32 *items; /* owned */
	size_t count;
	size_t capacity;
};

struct starts64 {
	struct start64 *items; /* owned */
	size_t count;
	size_t capacity;
};

/* Nodes of a tree with that many starts. */
size_t tree32_nodes(size_t starts);
size_t tree64_nodes(size_t starts);

/*
 * Fill all tree*_nodes(count) nodes. The starts are distinct and ascending; count is not 0. Unused
 * places get `unused` as start, which no key is above: UINT32_MAX, or SG_PORT_KEY_NONE in a list.
 */
void tree32_fill(struct sg_node32 *nodes, const struct start32 *starts, size_t count,
		 uint32_t unused);
void tree64_fill(struct sg_node64 *nodes, const struct start64 *starts, size_t count);

#endif
