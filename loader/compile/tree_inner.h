/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tree_inner.h - the levels of inner nodes above the leaves of a tree.
 */
#ifndef COMPILE_TREE_INNER_H
#define COMPILE_TREE_INNER_H

#include "compile/tree.h"

/* Whether a word has one start and not two. */
bool keys_are_words(enum tree_keys keys);

/* How many parents so many nodes have, and how many levels there are up to a single one. */
size_t inner_parents(size_t nodes, enum tree_keys keys);
unsigned int inner_levels(size_t leaves, enum tree_keys keys);
/* Nodes of so many levels above so many leaves. */
size_t inner_nodes(size_t leaves, unsigned int levels, enum tree_keys keys);

/* From where the nodes of a level begin to where their parents do. Returns how many these are. */
size_t inner_firsts(uint64_t *firsts, size_t count, enum tree_keys keys);

/*
 * Fill levels upwards from the leaves, which are at nodes + leaf and lie behind
 * what is filled. Of each leaf firsts says where it begins, in leaf blocks;
 * then it does so of each node of the last level. Returns the place of that
 * level.
 */
size_t inner_fill(union sg_node *nodes, size_t leaf, size_t leaves, unsigned int levels,
		  enum tree_keys keys, uint64_t *firsts);

/* Put a start, in leaf blocks, among those that are compared. */
void inner_put_start(__u64 *words, size_t place, uint64_t start, enum tree_keys keys);

#endif
