/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * yardstick.h - how quiet the machine is at a moment, by work that is always the
 * same.
 *
 * Other work, of this machine or of another guest of the same host, takes room
 * in the shared caches and turns of the core. What is measured then is dearer,
 * and by no means in proportion: ratios do not help. So two kinds of work are
 * timed that have nothing to do with what is measured, which is why to leave out
 * what they find disturbed favours no result: going through memory of twice the
 * size of this CPU's second level cache, and sums.
 */
#ifndef BENCH_YARDSTICK_H
#define BENCH_YARDSTICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct yardstick_line;

#define YARDSTICK_STEPS 1024

/* All times of one kind of work so far, by their logarithm. */
struct yardstick_times {
	uint32_t by_step[YARDSTICK_STEPS];
	uint32_t count;
};

struct yardstick {
	struct yardstick_line *lines; /* owned */
	size_t count;
	uint32_t at;
	struct yardstick_times memory;
	struct yardstick_times sums;
};

struct yardstick_reading {
	double memory_ns; /* to come from one line to the next */
	double sums_ns;	  /* of one turn of the loop */
};

/* Reads for a tenth of a second, to know what is calm here. -ENOMEM. */
int yardstick_init(struct yardstick *yardstick_out);
void yardstick_fini(struct yardstick *yardstick);

/*
 * Some hundred microseconds of work, before what is measured and behind it.
 * There the time of memory also tells how much of the lines was put out of the
 * third level cache meanwhile: by others, or by what is measured itself.
 */
struct yardstick_reading yardstick_begin(struct yardstick *yardstick);
struct yardstick_reading yardstick_end(struct yardstick *yardstick);

/*
 * How many times as long the work took as in the calmest moments so far, of the
 * two kinds the worse; as `memory_ns` for that of memory if it is more than those.
 */
double yardstick_noise(const struct yardstick *yardstick, struct yardstick_reading reading,
		       double memory_ns);

/* Whether it is as in those moments. A tenth more is what readings vary by on their own. */
static inline bool yardstick_is_calm(double noise)
{
	return noise <= 1.1;
}

#endif
