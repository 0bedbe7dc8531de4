// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics_tables.c - how the connection table and the policy heap are used.
 */
#include "observe/exposition.h"
#include "observe/metrics_families.h"

static void put_states(FILE *stream, const struct snapshot *snapshot)
{
	struct family family = family_begin(stream, "sg_connections", "gauge",
					    "Connections by instance and state.");

	for (size_t i = 0; snapshot->has_phases && i < snapshot->instances.count; i++) {
		const struct snapshot_row *row = &snapshot->rows[i];

		for (int phase = 0; phase < SG_PHASE_COUNT; phase++) {
			if (row->phases[phase])
				family_integer(&family,
					       LABELS({"instance_id", row->instance->id},
						      {"state", phase_label(phase)}),
					       row->phases[phase]);
		}
	}
}

static uint64_t share_limit(const struct snapshot_row *row)
{
	return row->state.is_bound ? row->state.binding.share : 0;
}

static uint64_t share_entries(const struct snapshot_row *row)
{
	return row->share.entries;
}

static uint64_t share_refused(const struct snapshot_row *row)
{
	return row->share.refused;
}

static uint64_t share_replaced(const struct snapshot_row *row)
{
	return row->share.replaced;
}

/* A number of each instance's share of the table. */
static void put_share(FILE *stream, const struct snapshot *snapshot, const char *name,
		      const char *type, const char *help,
		      uint64_t (*value)(const struct snapshot_row *row))
{
	struct family family = family_begin(stream, name, type, help);

	for (size_t i = 0; i < snapshot->instances.count; i++)
		family_integer(&family, LABELS({"instance_id", snapshot->rows[i].instance->id}),
			       value(&snapshot->rows[i]));
}

static void put_gauge(FILE *stream, const char *name, const char *help, uint64_t value)
{
	struct family family = family_begin(stream, name, "gauge", help);

	family_integer(&family, NO_LABELS, value);
}

void metrics_put_tables(FILE *stream, const struct snapshot *snapshot)
{
	put_states(stream, snapshot);
	put_share(stream, snapshot, "sg_connection_share_limit", "gauge",
		  "Connections an instance may have; 0 while it is not attached.", share_limit);
	put_share(stream, snapshot, "sg_connection_share_used", "gauge",
		  "Entries that count against the limit; may hold expired ones.", share_entries);
	put_share(stream, snapshot, "sg_connections_refused_total", "counter",
		  "Connections that found the share, or their places, full.", share_refused);
	put_share(stream, snapshot, "sg_connections_replaced_total", "counter",
		  "Connections without an answer that made room for newer ones.", share_replaced);
	put_gauge(stream, "sg_connection_table_entries", "Entries of the connection table.",
		  snapshot->table.entries);
	put_gauge(stream, "sg_policy_heap_bytes", "Size of the policy heap.",
		  (uint64_t)snapshot->heap.nodes * sizeof(union sg_node));
	put_gauge(stream, "sg_policy_heap_used_bytes",
		  "Bytes of the policy heap that live images take.",
		  (uint64_t)snapshot->heap.used * sizeof(union sg_node));
	put_gauge(stream, "sg_policy_images", "Live images in the policy heap.",
		  snapshot->heap.images);
}
