// SPDX-License-Identifier: GPL-2.0-only
/*
 * perf.c - perf_event_open for two counters.
 */
#include "bench/perf.h"

#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/cleanup.h"

static int open_counter(uint64_t what, int leader)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = what,
		.read_format = PERF_FORMAT_GROUP,
		.exclude_user = 1,
		.exclude_hv = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, 0, -1, leader, PERF_FLAG_FD_CLOEXEC);
}

bool perf_open(struct perf *perf_out)
{
	struct perf perf = {.cycles = open_counter(PERF_COUNT_HW_CPU_CYCLES, -1),
			    .instructions = -1};

	if (perf.cycles >= 0)
		perf.instructions = open_counter(PERF_COUNT_HW_INSTRUCTIONS, perf.cycles);
	if (perf.instructions < 0)
		perf_close(&perf);
	*perf_out = perf;
	return perf.cycles >= 0;
}

void perf_close(struct perf *perf)
{
	cleanup_close(&perf->instructions);
	cleanup_close(&perf->cycles);
	*perf = (struct perf){-1, -1};
}

struct perf_counts perf_read(const struct perf *perf)
{
	uint64_t values[3] = {0}; /* how many, and each */

	if (perf->cycles < 0 || read(perf->cycles, values, sizeof(values)) != sizeof(values))
		return (struct perf_counts){0};
	return (struct perf_counts){values[1], values[2]};
}
