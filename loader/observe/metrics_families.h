/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metrics_families.h - the parts of the text that metrics.h promises.
 *
 * A label has few values, or is the id of an instance.
 */
#ifndef OBSERVE_METRICS_FAMILIES_H
#define OBSERVE_METRICS_FAMILIES_H

#include <stdio.h>

#include "observe/metrics.h"
#include "observe/snapshot.h"

/* Instances, and what was judged for them. */
void metrics_put_instances(FILE *stream, const struct snapshot *snapshot);
/* Connections, policy heap. */
void metrics_put_tables(FILE *stream, const struct snapshot *snapshot);
/* What the daemon counts, and itself as a process. */
void metrics_put_daemon(FILE *stream, const struct metrics_daemon *daemon);

#endif
