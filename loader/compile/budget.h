/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * budget.h - how much time and memory one compilation may take, whatever the
 * rules are. What exceeds it is refused (-EFBIG) as too large.
 */
#ifndef COMPILE_BUDGET_H
#define COMPILE_BUDGET_H

#include <errno.h>
#include <stdint.h>

/*
 * A step is one interval of a port list copied: 5-10 ns and at most 16 bytes.
 * 20,000 rules of 32 port ranges for any remote take 5 million steps.
 */
#define BUDGET_STEPS (UINT64_C(1) << 25)
/* Painting a rectangle sorts two points: dearer than copying. */
#define BUDGET_STEPS_A_RECTANGLE 4
/*
 * Prefixes of one direction and family. Each is two starts in an address tree
 * of eight a node, so more of them hardly fit into the heap.
 */
#define BUDGET_PREFIXES ((size_t)1 << 21)

struct budget {
	uint64_t steps; /* left */
};

static inline int budget_take(struct budget *budget, uint64_t steps)
{
	if (steps > budget->steps)
		return -EFBIG;
	budget->steps -= steps;
	return 0;
}

#endif
