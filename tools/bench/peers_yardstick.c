// SPDX-License-Identifier: GPL-2.0-only
/*
 * peers_yardstick.c - tell how noisy the machine is (bench/yardstick.h).
 *
 * Runs on one CPU and reads orders, a line each, from standard input; every
 * answer is one line.
 *
 *   begin            -> noise before something is measured
 *   end MEMORY_NS    -> noise behind it, what memory took in ns; MEMORY_NS: what it takes there
 *                       when nobody else is at work, 0 when that is not known
 */
#include <stdio.h>
#include <string.h>

#include "bench/yardstick.h"

static int obey(struct yardstick *yardstick, const char *order)
{
	struct yardstick_reading reading;
	double memory_ns;

	if (strcmp(order, "begin\n") == 0) {
		reading = yardstick_begin(yardstick);
		printf("%f\n", yardstick_noise(yardstick, reading, 0));
	} else if (sscanf(order, "end %lf", &memory_ns) == 1) {
		reading = yardstick_end(yardstick);
		printf("%f %f\n", yardstick_noise(yardstick, reading, memory_ns),
		       reading.memory_ns);
	} else {
		fprintf(stderr, "peers_yardstick: no such order: %s", order);
		return 2;
	}
	fflush(stdout);
	return 0;
}

int main(void)
{
	struct yardstick yardstick;
	char order[64];
	int status = 0;

	if (yardstick_init(&yardstick)) {
		fputs("peers_yardstick: out of memory\n", stderr);
		return 1;
	}
	while (!status && fgets(order, sizeof(order), stdin))
		status = obey(&yardstick, order);
	yardstick_fini(&yardstick);
	return status;
}
