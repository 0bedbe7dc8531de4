/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tape.h - what rounds said, kept from one pass to the next.
 *
 * Each pass measures the same things in the same order, so the n-th thing of
 * a pass has the n-th tape.
 */
#ifndef BENCH_TAPE_H
#define BENCH_TAPE_H

#include <stddef.h>
#include <stdint.h>

#include "bench/bench.h"

/* Of one slice, for a packet. */
struct bench_sample {
	double ns;
	double cycles; /* 0: not counted */
	double instructions;
};

/* All zeroes: none yet. */
struct tapes {
	struct bench_sample **items; /* owned */
	size_t count;
	size_t capacity;
	size_t next;
};

/* The next one, with room for so many rounds, the same number in each pass. NULL: no memory. */
struct bench_sample *tapes_next(struct tapes *tapes, uint32_t rounds);
/* A pass begins. */
void tapes_rewind(struct tapes *tapes);
void tapes_fini(struct tapes *tapes);

/* Tenths of the rounds: of what figures are, and what they would be on a calm machine. */
#define BENCH_DECILE 1
#define BENCH_LEAST 0

/* The ns that so many tenths of all are below; 0: the least. No memory: 0. */
double lowest_ns(const struct bench_sample *samples, uint32_t count, uint32_t tenths);

/* Sorts the values. */
struct bench_spread spread_of(double *values, size_t count);

#endif
