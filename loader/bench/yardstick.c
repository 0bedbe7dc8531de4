// SPDX-License-Identifier: GPL-2.0-only
/*
 * yardstick.c - lines of memory, each of which says which one is next; and sums.
 *
 * The lines are one ring in an order that no prefetcher foresees. A cache that is
 * too small for a ring that is gone through again and again has none of it.
 */
#include "bench/yardstick.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/random.h"
#include "util/monotonic.h"

#define LINE_BYTES 64
#define CACHE_BYTES (512L << 10) /* where the C library does not know */
#define MAX_CACHE_BYTES (4L << 20)
#define TURNS 40000
#define FIRST_READINGS 200

/* Steps for each doubling of a time, so that one is 1.1 %; the first is that of 2^-6 ns. */
#define STEPS_OF_DOUBLE 64
#define FIRST_STEP (6 * STEPS_OF_DOUBLE)
/* The calmest moments are so small a part of all: the least time of all is luck. */
#define CALMEST_PART 50

struct yardstick_line {
	uint32_t next;
	char rest[LINE_BYTES - sizeof(uint32_t)];
};

static size_t count_lines(void)
{
	long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);

	if (bytes <= 0)
		bytes = CACHE_BYTES;
	return 2 * (size_t)(bytes < MAX_CACHE_BYTES ? bytes : MAX_CACHE_BYTES) / LINE_BYTES;
}

/* One ring of all lines, at random (Sattolo's algorithm). */
static void make_ring(struct yardstick *yardstick)
{
	struct random random = random_seeded(1);

	for (uint32_t i = 0; i < yardstick->count; i++)
		yardstick->lines[i].next = i;
	for (uint32_t i = (uint32_t)yardstick->count - 1; i; i--) {
		uint32_t other = random_below(&random, i), next = yardstick->lines[i].next;

		yardstick->lines[i].next = yardstick->lines[other].next;
		yardstick->lines[other].next = next;
	}
}

static double go_through_memory(struct yardstick *yardstick)
{
	uint64_t start = monotonic_ns();
	uint32_t at = yardstick->at;

	for (size_t i = 0; i < yardstick->count; i++)
		at = *(const volatile uint32_t *)&yardstick->lines[at].next;
	yardstick->at = at;
	return (double)(monotonic_ns() - start) / (double)yardstick->count;
}

/* Six chains at a time, for all that a core can do at once: half of that if another thread has its part. */
static double make_sums(void)
{
	uint64_t start = monotonic_ns(), a = 1, b = 3, c = 5, d = 7, e = 9, f = 11;

	for (int i = 0; i < TURNS; i++) {
		a = a * 3 + 1;
		b ^= b >> 7;
		c += c << 3;
		d = d * 5 + 3;
		e ^= e << 5;
		f += f >> 3;
		/* none of it is left out, nor done at compile time */
		asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	}
	return (double)(monotonic_ns() - start) / TURNS;
}

static int step_of(double ns)
{
	double step = FIRST_STEP + log2(ns) * STEPS_OF_DOUBLE;

	return (int)fmin(fmax(step, 0), YARDSTICK_STEPS - 1);
}

static void note(struct yardstick_times *times, double ns)
{
	times->by_step[step_of(ns)]++;
	times->count++;
}

/* What the work takes in the calmest moments. */
static double calmest(const struct yardstick_times *times)
{
	uint32_t calmer = 0;
	int step = 0;

	while (step < YARDSTICK_STEPS - 1 &&
	       (calmer += times->by_step[step]) * CALMEST_PART < times->count)
		step++;
	return exp2((step - FIRST_STEP) / (double)STEPS_OF_DOUBLE);
}

struct yardstick_reading yardstick_begin(struct yardstick *yardstick)
{
	struct yardstick_reading reading;

	/* work of our own has put the lines out of the caches */
	go_through_memory(yardstick);
	reading = yardstick_end(yardstick);
	note(&yardstick->memory, reading.memory_ns);
	note(&yardstick->sums, reading.sums_ns);
	return reading;
}

struct yardstick_reading yardstick_end(struct yardstick *yardstick)
{
	double memory_ns = go_through_memory(yardstick);

	return (struct yardstick_reading){memory_ns, make_sums()};
}

double yardstick_noise(const struct yardstick *yardstick, struct yardstick_reading reading,
		       double memory_ns)
{
	return fmax(reading.memory_ns / fmax(calmest(&yardstick->memory), memory_ns),
		    reading.sums_ns / calmest(&yardstick->sums));
}

int yardstick_init(struct yardstick *yardstick_out)
{
	struct yardstick yardstick = {.count = count_lines()};

	yardstick.lines = aligned_alloc(LINE_BYTES, yardstick.count * sizeof(*yardstick.lines));
	if (!yardstick.lines)
		return -ENOMEM;
	make_ring(&yardstick);
	for (int i = 0; i < FIRST_READINGS; i++)
		yardstick_begin(&yardstick);
	*yardstick_out = yardstick;
	return 0;
}

void yardstick_fini(struct yardstick *yardstick)
{
	free(yardstick->lines);
	yardstick->lines = NULL;
}
