// SPDX-License-Identifier: GPL-2.0-only
/*
 * snapshot.c - read store, interfaces, counters and connections of all
 * instances.
 */
#include "observe/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/reading.h"
#include "model/code.h"
#include "net/link.h"
#include "util/cleanup.h"

/* Of packets that met a program on an interface without a readable entry. */
#define UNBOUND_SLOT 0

/* Interfaces by name. */
struct names {
	struct links links;
	const struct link_info **sorted;
};

static void names_fini(struct names *names)
{
	links_fini(&names->links);
	free(names->sorted);
}

static int by_name(const void *a, const void *b)
{
	const struct link_info *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

/* Without interfaces when they cannot be read. */
static int names_read(struct names *names, struct error *err)
{
	struct error ignored;

	(void)links_dump(&names->links, &ignored);
	names->sorted = calloc(names->links.count + 1, sizeof(struct link_info *));
	if (!names->sorted)
		return out_of_memory(err);
	for (size_t i = 0; i < names->links.count; i++)
		names->sorted[i] = &names->links.items[i];
	qsort(names->sorted, names->links.count, sizeof(struct link_info *), by_name);
	return 0;
}

/* By name, else into *altname_link by the instance's rules for alternative names. */
static const struct link_info *names_find(struct control *control, const struct names *names,
					  const struct instance *instance,
					  struct link_info *altname_link)
{
	struct link_info wanted = {};
	const struct link_info *key = &wanted, **found;

	snprintf(wanted.name, sizeof(wanted.name), "%s", instance->dev);
	found = bsearch(&key, names->sorted, names->links.count, sizeof(struct link_info *),
			by_name);
	if (found)
		return *found;
	if (!instance->options.match_altname ||
	    control_link_among(control, instance, &names->links, altname_link))
		return NULL;
	return altname_link;
}

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
	struct snapshot_row *rows[SG_MAX_SLOTS]; /* by slot */
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
	AUTO_FREE struct phase_count *count = calloc(1, sizeof(*count));

	if (!count)
		return out_of_memory(err);
	for (size_t i = 0; i < snapshot->instances.count; i++)
		count->rows[snapshot->rows[i].instance->slot] = &snapshot->rows[i];
	snapshot->has_phases = snapshot->table.entries <= SNAPSHOT_MAX_TABLE &&
			       !connections_each(kern, 0, count_phase, count);
	return 0;
}

static int fill(struct control *control, struct snapshot *snapshot, struct error *err)
{
	AUTO(names_fini) struct names names = {};
	struct error ignored;
	struct kern *kern = NULL;
	int r = names_read(&names, err);

	if (r)
		return r;
	snapshot->store_is_readable = !read_instances(control, snapshot);
	snapshot->rows = calloc(snapshot->instances.count + 1, sizeof(*snapshot->rows));
	if (!snapshot->rows)
		return out_of_memory(err);
	snapshot->kernel_is_readable = !reading_kern(control, &kern, &ignored);
	for (size_t i = 0; i < snapshot->instances.count; i++) {
		const struct instance *instance = &snapshot->instances.items[i];

		struct link_info link;

		snapshot->rows[i].instance = instance;
		snapshot->rows[i].state = control_instance_state_on(
			control, instance, names_find(control, &names, instance, &link));
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
