// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot.c - read store, interfaces, counters and connections of all
 * instances.
 */
#include "observe/snapshot.h"

#include <stdlib.h>

#include "control/reading.h"
#include "model/code.h"
#include "net/link.h"
#include "util/cleanup.h"

/* Of packets that met a program on an interface without a readable entry. */
#define UNBOUND_SLOT 0

static int read_instances(struct control *control, struct snapshot *snapshot)
{
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, &snapshot->store_error);

	if (!r)
		r = store_instance_list(store, &snapshot->instances, &snapshot->store_error);
	return r;
}

/* A failure is seen in zeroes and in kernel_is_readable. */
static void read_kernel(const struct kern *kern, struct snapshot *snapshot)
{
	struct error ignored;
	int failures = 0;

	for (size_t i = 0; i < snapshot->instances.count; i++) {
		struct snapshot_row *row = &snapshot->rows[i];
		uint32_t slot = row->instance->slot;

		failures += counters_read(kern, slot, &row->counters, &ignored);
		failures += share_tally(kern, slot, &row->share, &ignored);
	}
	failures += counters_read(kern, UNBOUND_SLOT, &snapshot->unbound, &ignored);
	heap_use(kern, &snapshot->heap);
	connection_table(kern, &snapshot->table);
	snapshot->kernel_is_readable = !failures;
}

struct phase_count {
	struct snapshot_row **rows; /* by slot */
};

static int count_phase(const struct connection *connection, void *context)
{
	const struct phase_count *count = context;
	struct snapshot_row *row = count->rows[connection->slot];

	if (row && connection->entry.phase < SG_PHASE_COUNT)
		row->phases[connection->entry.phase]++;
	return 0;
}

static int read_phases(const struct kern *kern, struct snapshot *snapshot, struct error *err)
{
	AUTO_FREE struct snapshot_row **rows =
		calloc(SG_SLOTS(snapshot->table.instances), sizeof(*rows));
	struct phase_count count = {.rows = rows};

	if (!rows)
		return out_of_memory(err);
	for (size_t i = 0; i < snapshot->instances.count; i++) {
		uint32_t slot = snapshot->rows[i].instance->slot;

		if (slot <= snapshot->table.instances)
			rows[slot] = &snapshot->rows[i];
	}
	snapshot->has_phases = snapshot->table.entries <= SNAPSHOT_MAX_TABLE &&
			       !connections_each(kern, 0, count_phase, &count);
	return 0;
}

static int fill(struct control *control, struct snapshot *snapshot, struct error *err)
{
	AUTO(links_fini) struct links links = {};
	struct error ignored;
	struct kern *kern = NULL;

	/* without interfaces when they cannot be read */
	(void)links_dump(&links, &ignored);
	snapshot->store_is_readable = !read_instances(control, snapshot);
	snapshot->rows = calloc(snapshot->instances.count + 1, sizeof(*snapshot->rows));
	if (!snapshot->rows)
		return out_of_memory(err);
	snapshot->kernel_is_readable = !reading_kern(control, &kern, &ignored);
	for (size_t i = 0; i < snapshot->instances.count; i++) {
		const struct instance *instance = &snapshot->instances.items[i];
		struct link_info link;
		bool has_link = !control_link_among(control, instance, &links, &link);

		snapshot->rows[i].instance = instance;
		snapshot->rows[i].state =
			control_instance_state_on(control, instance, has_link ? &link : NULL);
	}
	if (!kern)
		return 0;
	read_kernel(kern, snapshot);
	return read_phases(kern, snapshot, err);
}

int snapshot_take(struct control *control, struct snapshot *snapshot_out, struct error *err)
{
	struct snapshot snapshot = {};
	int r = fill(control, &snapshot, err);

	if (r)
		snapshot_fini(&snapshot);
	else
		*snapshot_out = snapshot;
	return r;
}

void snapshot_fini(struct snapshot *snapshot)
{
	free(snapshot->rows);
	instances_fini(&snapshot->instances);
	*snapshot = (struct snapshot){};
}
