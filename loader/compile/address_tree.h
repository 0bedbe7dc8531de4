/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * address_tree.h - address intervals -> the address trees of sgate/policy.h.
 */
#ifndef COMPILE_ADDRESS_TREE_H
#define COMPILE_ADDRESS_TREE_H

#include "compile/image.h"
#include "compile/prefix_tree.h"

struct address_start {
	address_value start;
	uint32_t ref; /* of a port list; 0 for none */
};

/* Ascending starts, neighbours with different references; below the first one there is none. */
struct address_starts {
	struct address_start *items; /* owned */
	size_t count;
	size_t capacity;
};

address_value address_last(enum sg_family family);
/* The first address of a prefix. */
address_value address_first(const struct prefix *prefix);

/* From `start` on the list is `ref`. Starts come ascending; the last of equal ones holds. -ENOMEM. */
int address_starts_add(struct address_starts *starts, address_value start, uint32_t ref);
void address_starts_fini(struct address_starts *starts);

/* *ref_out is 0 when there are no starts. -EFBIG, -ENOMEM. */
int address_tree_add(struct image_builder *builder, enum sg_family family,
		     const struct address_starts *starts, uint32_t *ref_out);

#endif
