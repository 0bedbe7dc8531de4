/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * short_list.h - few rules as a list of lines instead of trees.
 */
#ifndef COMPILE_SHORT_LIST_H
#define COMPILE_SHORT_LIST_H

#include <stdbool.h>

#include "compile/image.h"

/*
 * Write the rules of a direction and family as a list, if they are few enough:
 * *done_out tells, and *layers_out is filled then. 0, -EFBIG or -ENOMEM.
 */
int short_list_build(const struct ranking *ranking, enum sg_direction direction,
		     enum sg_family family, struct image_builder *builder,
		     struct sg_layers *layers_out, bool *done_out);

#endif
