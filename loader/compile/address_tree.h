/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * address_tree.h - address intervals -> the address trees of sgate/policy.h.
 */
#ifndef COMPILE_ADDRESS_TREE_H
#define COMPILE_ADDRESS_TREE_H

#include "compile/image.h"
#include "compile/prefix_tree.h"

address_value address_last(enum sg_family family);
/* The first address of a prefix. */
address_value address_first(const struct prefix *prefix);

/*
 * From `start` on the answer is another one, in front of the first start it is
 * 0. Starts come ascending; the last of equal ones holds. -ENOMEM.
 */
int address_starts_add(struct address_starts *starts, address_value start, uint32_t answer);
void address_starts_fini(struct address_starts *starts);

/* *ref_out is 0 when there are no starts. -EFBIG, -ENOMEM. */
int address_tree_add(struct image_builder *builder, enum sg_family family,
		     const struct address_starts *starts, uint32_t *ref_out);

#endif
