// SPDX-License-Identifier: GPL-2.0-only
/*
 * accepts_all.c - whether the rules of a direction and family accept every
 * packet, whatever it is. Then replies need no connection.
 *
 * It may say no when the answer is yes (the rules for 0.0.0.0/1 and
 * 128.0.0.0/1 are not put together), never the other way.
 */
#include "compile/prefix_tree.h"

static bool is_accept(uint32_t decision)
{
	return decision != SG_DECISION_NONE && decision & 1;
}

/* The list covers every key with accepts; *weakest_out is the one that others beat most easily. */
static bool list_accepts_all(const struct start32 *list, size_t count, uint32_t *weakest_out)
{
	uint32_t weakest = 0;

	/* below the first start no rule matches */
	if (!count || list[0].start)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!is_accept(list[i].answer))
			return false;
		if (list[i].answer > weakest)
			weakest = list[i].answer;
	}
	*weakest_out = weakest;
	return true;
}

bool prefix_tree_accepts_all(const struct prefix_tree *tree)
{
	uint32_t weakest;

	if (!tree->any_count ||
	    !list_accepts_all(tree->lists.items + tree->any_first, tree->any_count, &weakest))
		return false;
	/* the lists of all prefixes */
	for (size_t i = 0; i < tree->lists.count; i++) {
		uint32_t decision = tree->lists.items[i].answer;

		if (!is_accept(decision) && decision < weakest)
			return false;
	}
	return true;
}
