// SPDX-License-Identifier: GPL-2.0-only
/*
 * tape.c - the samples of all rounds.
 */
#include "bench/tape.h"

#include <stdlib.h>

#include "util/array.h"
#include "util/cleanup.h"

struct bench_sample *tapes_next(struct tapes *tapes, uint32_t rounds)
{
	if (tapes->next == tapes->count) {
		if (ARRAY_GROW(tapes->items, tapes->count, tapes->capacity))
			return NULL;
		tapes->items[tapes->count] = calloc(rounds, sizeof(**tapes->items));
		if (!tapes->items[tapes->count])
			return NULL;
		tapes->count++;
	}
	return tapes->items[tapes->next++];
}

void tapes_rewind(struct tapes *tapes)
{
	tapes->next = 0;
}

void tapes_fini(struct tapes *tapes)
{
	for (size_t i = 0; i < tapes->count; i++)
		free(tapes->items[i]);
	free(tapes->items);
	*tapes = (struct tapes){0};
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double lowest_ns(const struct bench_sample *samples, uint32_t count, uint32_t tenths)
{
	AUTO_FREE double *sorted = calloc(count, sizeof(*sorted));

	if (!sorted)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		sorted[i] = samples[i].ns;
	qsort(sorted, count, sizeof(*sorted), compare_doubles);
	return sorted[count * tenths / 10];
}

struct bench_spread spread_of(double *values, size_t count)
{
	if (!count)
		return (struct bench_spread){0};
	qsort(values, count, sizeof(*values), compare_doubles);
	return (struct bench_spread){
		.median = (values[count / 2] + values[(count - 1) / 2]) / 2,
		.min = values[0],
		.max = values[count - 1],
	};
}
