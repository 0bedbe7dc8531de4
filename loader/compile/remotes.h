/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * remotes.h - which rules name which prefix.
 *
 * Rules that borrow the same array of prefixes (those for one remote group)
 * are one unit, so that 1,000 rules for a group of 1,000 addresses are 1,000
 * mentions, not a million.
 */
#ifndef COMPILE_REMOTES_H
#define COMPILE_REMOTES_H

#include <stdbool.h>

#include "compile/prefix_tree.h"

struct unit {
	uint32_t first_rank; /* index in remotes.ranks */
	uint32_t count;
};

/* A prefix is named by the rules of a unit. */
struct mention {
	address_value first;
	uint32_t unit; /* index in remotes.units */
	uint8_t length;
};

struct remotes {
	uint32_t *ranks; /* of the direction's rules, unit by unit, ascending in each */
	uint32_t rank_count;
	struct unit *units;
	uint32_t unit_count;
	struct mention *mentions; /* ascending by first address, length, unit; none twice */
	size_t mention_count;
	size_t mention_capacity;
};

/* -EFBIG (too many prefixes), -ENOMEM. */
int remotes_init(const struct ranking *ranking, enum sg_direction direction, enum sg_family family,
		 struct remotes *remotes_out);
void remotes_fini(struct remotes *remotes);

#endif
