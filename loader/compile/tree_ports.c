// SPDX-License-Identifier: GPL-2.0-only
/*
 * tree_ports.c - lay out a port list as a tree.
 */
#include <string.h>

#include "compile/tree.h"
#include "compile/tree_inner.h"

_Static_assert(SG_PORT_KEY_LAST < SG_HALF_ABOVE, "a key fits into a half");

/* Whether the keys below the first start are an interval of their own. */
static size_t has_none(const struct start32 *starts)
{
	return starts[0].start ? 1 : 0;
}

struct tree_size ports_tree_size(const struct start32 *starts, size_t count)
{
	size_t intervals = count + has_none(starts);
	size_t leaves = (intervals + SG_LEAF_32 - 1) / SG_LEAF_32;
	unsigned int levels = inner_levels(leaves, TREE_KEYS_PORTS);

	return (struct tree_size){
		.nodes = inner_nodes(leaves, levels, TREE_KEYS_PORTS) + leaves,
		.leaves = leaves,
		.levels = levels,
	};
}

void ports_tree_fill(union sg_node *nodes, struct tree_size size, const struct start32 *starts,
		     size_t count, uint64_t *firsts)
{
	const struct start32 none = {0, SG_DECISION_NONE};
	size_t leaves = size.leaves, before = has_none(starts), next = 0;
	union sg_node *leaf = nodes + size.nodes - leaves;

	for (size_t i = 0; i < leaves; i++, leaf++) {
		struct start32 interval = none;

		memset(leaf, 0, sizeof(*leaf));
		for (size_t place = 0; place < SG_LEAF_32; place++) {
			bool is_used = next < count + before;

			if (is_used) {
				interval = next < before ? none : starts[next - before];
				next++;
			}
			if (!place)
				firsts[i] = interval.start;
			else if (is_used)
				inner_put_start(leaf->leaf_ports.starts, place, interval.start,
						TREE_KEYS_PORTS);
			leaf->leaf_ports.answer[place] = interval.answer;
		}
	}
	inner_fill(nodes, size.nodes - leaves, leaves, size.levels, TREE_KEYS_PORTS, firsts);
}
