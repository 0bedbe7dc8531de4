/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ports.h - port lists: which decision each SG_PORT_KEY gets.
 *
 * A port list is ascending starts with decisions, neighbours different; below
 * the first start the decision is SG_DECISION_NONE. So equal lists have equal
 * bytes.
 */
#ifndef COMPILE_PORTS_H
#define COMPILE_PORTS_H

#include "compile/tree.h"
#include "model/rule.h"

/* A run of SG_PORT_KEYs. */
struct key_range {
	uint32_t first;
	uint32_t last;
};

/* What a rule covers in a family: how many ranges, perhaps none. */
size_t rule_key_ranges(const struct rule *rule, enum sg_family family,
		       struct key_range ranges_out[PORT_SET_MAX]);

/* The rules of one list are collected in a painter, which is used again for the next list. */
struct painter {
	struct port_rectangle *rectangles; /* all owned */
	size_t count;
	size_t rectangle_capacity;
	struct port_point *points;
	size_t point_capacity;
	uint32_t *cell_of;
	size_t cell_of_capacity;
	struct port_cell *cells;
	size_t cell_capacity;
};

void painter_fini(struct painter *painter);

/* Add what a rule covers in a family, perhaps nothing; stronger rules first. 0 or -ENOMEM. */
int painter_add(struct painter *painter, const struct rule *rule, enum sg_family family,
		uint32_t decision);

/* Append the list of the rules added to *list, and forget them. 0 or -ENOMEM. */
int painter_finish(struct painter *painter, struct starts32 *list);

/* Put the stronger decision of two lists at each key into *list, replacing it. 0 or -ENOMEM. */
int ports_minimum(const struct start32 *a, size_t a_count, const struct start32 *b, size_t b_count,
		  struct starts32 *list);

#endif
