/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * image.h - an image while it grows. Equal trees are kept once.
 */
#ifndef COMPILE_IMAGE_H
#define COMPILE_IMAGE_H

#include "compile/budget.h"
#include "compile/compile.h"
#include "compile/rank.h"
#include "compile/tree.h"

/* A tree in the image. */
struct image_tree {
	uint64_t hash;
	uint32_t ref;	/* SG_TREE or SG_SHORT_LIST_AT */
	uint32_t nodes; /* 0: a short list */
	bool is_list;	/* of the builder's intervals first ... first + count - 1 */
	size_t first;
	uint32_t count;
};

struct image_builder {
	union sg_node *nodes; /* owned */
	size_t count;
	size_t capacity;
	size_t max_nodes; /* for what is still to come as well */
	size_t reserved;  /* nodes of max_nodes kept for the rule table */
	struct budget budget;
	struct image_tree *trees; /* owned */
	size_t tree_count;
	size_t tree_capacity;
	size_t open_nodes[SG_UNITS]; /* by how many units at its end are free; 0: there is none */
	uint64_t *firsts;	     /* owned; for tree.h */
	size_t first_capacity;
	uint32_t *places; /* owned; open addressing: index of a tree + 1, 0 for empty */
	size_t place_count;
	struct starts32 lists; /* intervals of port lists, to make others from */
};

/* Room for the root, the header and the rule table is set aside. -EFBIG, -ENOMEM. */
int image_builder_init(size_t rules, uint32_t max_nodes, struct image_builder *builder_out);
void image_builder_fini(struct image_builder *builder);

/* Add an address tree (tree.h): *ref_out is its reference. -EFBIG, -ENOMEM. */
int image_add_addresses(struct image_builder *builder, const struct address_starts *starts,
			enum tree_keys keys, uint32_t *ref_out);

/* Add a port list, which is not empty: *tree_out is its index in trees. */
int image_add_list(struct image_builder *builder, const struct start32 *starts, size_t count,
		   size_t *tree_out);

/* Add the list of the rules for any remote, which is not empty: *ref_out is its reference. */
int image_add_any(struct image_builder *builder, const struct start32 *starts, size_t count,
		  uint32_t *ref_out);

/* Add nodes that are no tree, shared as trees are: *ref_out is the first one's reference. */
int image_add_nodes(struct image_builder *builder, const union sg_node *nodes, uint32_t count,
		    uint32_t *ref_out);

/* Rule table and header; the image is then the caller's. -ENOMEM. */
int image_finish(struct image_builder *builder, const struct ranking *ranking,
		 struct image *image_out);

#endif
