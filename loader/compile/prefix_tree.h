/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * prefix_tree.h - the remote prefixes of one direction and family, nested in
 * each other, with the port lists of the rules that name them.
 */
#ifndef COMPILE_PREFIX_TREE_H
#define COMPILE_PREFIX_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compile/budget.h"
#include "compile/rank.h"
#include "compile/tree.h"

#define PREFIX_NONE UINT32_MAX

struct prefix_node {
	address_value first;
	address_value last;
	uint32_t parent;  /* the longest prefix around this one in the same layer, or PREFIX_NONE */
	bool is_wide;	  /* in the wide layer, else in the narrow one */
	size_t own_first; /* its rules alone: a list in prefix_tree.lists, not empty */
	uint32_t own_count;
};

/* Nodes ascend by first address, the shorter prefix first: what contains comes before. */
struct prefix_tree {
	enum sg_family family;
	struct prefix_node *nodes; /* owned */
	size_t count;
	size_t capacity;
	struct starts32 lists; /* port lists, one behind the other */
	size_t any_first; /* the list of the rules for any remote and for prefixes of length 0 */
	uint32_t any_count;
};

/* All in the narrow layer. -EFBIG (over the budget), -ENOMEM. */
int prefix_tree_init(const struct ranking *ranking, enum sg_direction direction,
		     enum sg_family family, struct budget *budget, struct prefix_tree *tree_out);
void prefix_tree_fini(struct prefix_tree *tree);

/*
 * Decide which prefixes go into the wide layer, so that copying the port lists
 * of prefixes into those inside them stays small. 0 or -ENOMEM.
 */
int prefix_tree_choose_layers(struct prefix_tree *tree);

/* Find the parents, after nodes were added or moved between layers. */
void prefix_tree_link(struct prefix_tree *tree);

/*
 * Whether every packet of the direction and family is accepted. May be false
 * when they all are, never true when one is not.
 */
bool prefix_tree_accepts_all(const struct prefix_tree *tree);

#endif
