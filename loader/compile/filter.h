/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - the filter of the rules for a direction and family
 * (include/sgate/filter.h).
 */
#ifndef COMPILE_FILTER_H
#define COMPILE_FILTER_H

#include "compile/image.h"
#include "compile/prefix_tree.h"

/*
 * Add it to the image: *ref_out is its reference, 0 if it would exclude too
 * little. is_list: the rules are a short list, not trees. -EFBIG, -ENOMEM.
 */
int filter_add(const struct prefix_tree *tree, bool is_list, struct image_builder *builder,
	       uint32_t *ref_out);

#endif
