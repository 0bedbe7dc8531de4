/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * targets.h - the figures that must hold, computed from the cases.
 */
#ifndef BENCH_TARGETS_H
#define BENCH_TARGETS_H

#include "bench/bench.h"

/* Appends each target whose cases were measured. */
int targets_compute(struct bench_report *report, struct error *err);

#endif
