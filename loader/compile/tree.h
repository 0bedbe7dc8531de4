/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tree.h - interval starts in ascending order -> the search trees of
 * sgate/policy.h.
 */
#ifndef COMPILE_TREE_H
#define COMPILE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sgate/policy.h"

/* From `start` on, up to the next start, the answer is `answer`. */
struct start32 {
	uint32_t start;
	uint32_t answer;
};

/* A growing array; all zeroes is an empty one. */
struct starts32 {
	struct start32 *items; /* owned */
	size_t count;
	size_t capacity;
};

/* A key: an IPv6 address, or what has fewer bits. */
__extension__ typedef unsigned __int128 address_value;

struct address_start {
	address_value start;
	uint32_t answer; /* of TREE_KEYS_128 perhaps with SG_ANSWER_LOW_HALF */
};

struct address_starts {
	struct address_start *items; /* owned */
	size_t count;
	size_t capacity;
};

/* How wide a tree's keys are. */
enum tree_keys {
	TREE_KEYS_PORTS, /* SG_PORT_KEY */
	TREE_KEYS_32,
	TREE_KEYS_64,  /* has no table */
	TREE_KEYS_128, /* no more than SG_LEAF_128 - 1 starts with the same 63 upper bits */
};

struct tree_size {
	size_t nodes;
	size_t leaves;
	unsigned int levels;  /* of inner nodes; without those that a table stands for */
	size_t table_entries; /* 0: there is no table */
	uint64_t table_first; /* as in struct sg_table */
	unsigned int table_shift;
};

/* SG_TREE of the tree of that size at `node`. */
uint32_t tree_ref(struct tree_size size, size_t node);

/*
 * A port list: distinct and ascending starts, and not none. In front of the
 * first one there may be keys, whose answer is SG_DECISION_NONE. `firsts` has
 * room for a number a leaf.
 */
struct tree_size ports_tree_size(size_t count);
void ports_tree_fill(union sg_node *nodes, struct tree_size size, const struct start32 *starts,
		     size_t count, uint64_t *firsts);

/* The same of no more than SG_SHORT_LIST_STARTS: how many units they need. */
uint32_t short_list_units(size_t count);
void short_list_fill(__u64 *list, const struct start32 *starts, size_t count);

/* The same starts as a table of ports (sgate/tree.h), for the rules for any remote. */
struct port_table_size {
	uint8_t shift[256]; /* of each protocol's ports */
	size_t leaves;
	size_t nodes;
};
/* false: they are too few to be worth it. */
bool port_table_size(const struct start32 *starts, size_t count, struct port_table_size *size_out);
void port_table_fill(union sg_node *nodes, const struct port_table_size *size,
		     const struct start32 *starts, size_t count);

/* Distinct and ascending; the first one is 0. */
struct address_keys {
	const struct address_start *starts;
	size_t count;
	enum tree_keys keys;
};

/* How many leaves it will have. */
size_t address_tree_leaves(const struct address_keys *all);
/* Its size; firsts has room for a number for each of so many leaves, here and below. */
struct tree_size address_tree_size(const struct address_keys *all, size_t leaves, uint64_t *firsts);
void address_tree_fill(union sg_node *nodes, const struct tree_size *size,
		       const struct address_keys *all, uint64_t *firsts);

#endif
