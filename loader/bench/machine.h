/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * machine.h - where it was measured.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>

struct machine {
	char cpu[128];	 /* "unknown" where the kernel does not tell */
	char kernel[65]; /* release */
	char arch[65];
	char date[24]; /* RFC 3339, UTC, seconds */
	long cpus;     /* online */
	bool jit;
};

void machine_describe(struct machine *machine_out);

#endif
