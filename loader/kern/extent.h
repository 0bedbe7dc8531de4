/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * extent.h - runs of nodes in the policy heap, and the room between them.
 */
#ifndef KERN_EXTENT_H
#define KERN_EXTENT_H

#include <stddef.h>
#include <stdint.h>

#include "sgate/abi.h"

/* A set of extents that do not overlap. All zeroes is an empty one. */
struct extents {
	struct sg_extent *items; /* owned; ascending after extents_sort */
	size_t count;
	size_t capacity;
};

void extents_fini(struct extents *extents);

/* Append one; one without nodes is left out. 0 or -ENOMEM. */
int extents_add(struct extents *extents, struct sg_extent extent);

/* Put one into its place among sorted ones; its nodes are nobody's yet. 0 or -ENOMEM. */
int extents_insert(struct extents *extents, struct sg_extent extent);

/* Sort, and drop repeats of the same first node. */
void extents_sort(struct extents *extents);

/* The first node of a gap of `nodes` between sorted extents of the heap; 0 when there is none. */
uint32_t extents_find_room(const struct extents *extents, uint32_t nodes);

/* Nodes in all. */
uint32_t extents_nodes(const struct extents *extents);

#endif
