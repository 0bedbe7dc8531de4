// SPDX-License-Identifier: GPL-2.0-only
/*
 * tree_ports.c - lay out a port list as a tree.
 */
#include <string.h>

#include "compile/tree.h"
#include "compile/tree_inner.h"

_Static_assert(SG_PORT_KEY_LAST < SG_HALF_ABOVE, "a key fits into a half");

struct tree_size ports_tree_size(size_t count)
{
	size_t leaves = (count + SG_LEAF_PORTS - 1) / SG_LEAF_PORTS;
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
	union sg_node *leaf = nodes + size.nodes - size.leaves;

	memset(leaf, 0, size.leaves * sizeof(*leaf));
	for (size_t i = 0; i < count; i++) {
		struct sg_leaf_ports *ports = &leaf[i / SG_LEAF_PORTS].leaf_ports;
		size_t place = i % SG_LEAF_PORTS;

		if (!place)
			firsts[i / SG_LEAF_PORTS] = starts[i].start;
		inner_put_start(ports->starts, place, starts[i].start, TREE_KEYS_PORTS);
		ports->answer[place] = starts[i].answer;
	}
	inner_fill(nodes, size.nodes - size.leaves, size.leaves, size.levels, TREE_KEYS_PORTS,
		   firsts);
}

uint32_t short_list_units(size_t count)
{
	return (uint32_t)(count + 1) / 2;
}

void short_list_fill(__u64 *list, const struct start32 *starts, size_t count)
{
	uint32_t units = short_list_units(count);
	uint32_t *answers = (uint32_t *)(list + units);

	memset(list, 0, units * SG_UNIT_BYTES);
	for (size_t i = 0; i < count; i++) {
		inner_put_start(list, i, starts[i].start, TREE_KEYS_PORTS);
		answers[i] = starts[i].answer;
	}
}
