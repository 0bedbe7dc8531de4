/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * snapshot.h - what store and kernel have of all instances, read once.
 *
 * One pass over the interfaces, one over the connection table and a few system
 * calls an instance, so that it can be taken while a daemon has other work.
 */
#ifndef OBSERVE_SNAPSHOT_H
#define OBSERVE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control.h"

/* Connections of a larger table are not counted by state: that would take too long. */
#define SNAPSHOT_MAX_TABLE (1U << 20)

struct snapshot_row {
	const struct instance *instance;
	struct instance_state state;
	struct sg_counters counters;
	struct share_use share;
	uint32_t phases[SG_PHASE_COUNT]; /* connections by state */
};

struct snapshot {
	bool store_is_readable;
	struct error store_error; /* when it is not */
	bool kernel_is_readable;  /* or nothing was ever attached */
	bool has_phases;
	struct instances instances;
	struct snapshot_row *rows;  /* one an instance, in the same order */
	struct sg_counters unbound; /* of interfaces with a program and no entry */
	struct heap_use heap;	    /* all 0 before anything was attached */
	struct connection_table table;
};

/* Fails for want of memory only. */
int snapshot_take(struct control *control, struct snapshot *snapshot_out, struct error *err);
void snapshot_fini(struct snapshot *snapshot);

#endif
