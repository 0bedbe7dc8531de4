/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf.h - cycles and instructions of this thread in the kernel, where the
 * machine counts them.
 */
#ifndef BENCH_PERF_H
#define BENCH_PERF_H

#include <stdbool.h>
#include <stdint.h>

struct perf {
	int cycles; /* leader of the group; -1: not there */
	int instructions;
};

struct perf_counts {
	uint64_t cycles;
	uint64_t instructions;
};

/* Whether the machine counts; virtual machines often do not. */
bool perf_open(struct perf *perf_out);
void perf_close(struct perf *perf);
/* Zeroes where nothing is counted. */
struct perf_counts perf_read(const struct perf *perf);

#endif
