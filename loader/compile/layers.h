/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * layers.h - a prefix tree -> what a packet of its direction and family is
 * searched in.
 */
#ifndef COMPILE_LAYERS_H
#define COMPILE_LAYERS_H

#include "compile/image.h"
#include "compile/prefix_tree.h"

/* -EFBIG (over the budget or the image's limit), -ENOMEM. */
int layers_build(const struct prefix_tree *tree, struct image_builder *builder,
		 struct sg_layers *layers_out);

#endif
