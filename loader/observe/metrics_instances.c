// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics_instances.c - instances, and the packets that were judged for them.
 *
 * Their label is instance_id: a plain "instance" is Prometheus' own word for
 * whom it asked.
 */
#include <string.h>

#include "observe/exposition.h"
#include "observe/metrics_families.h"
#include "util/array.h"

/* No id has brackets. */
#define UNBOUND "(unbound)"

/* Packets or bytes of a slot: a series for each direction and reason that is not zero. */
static void put_counters(const struct family *family, const char *instance,
			 const struct sg_counters *counters, bool wants_bytes)
{
	static const char *const directions[] = {[SG_INGRESS] = "ingress", [SG_EGRESS] = "egress"};

	for (int direction = SG_INGRESS; direction <= SG_EGRESS; direction++) {
		for (int reason = 0; reason < SG_REASON_COUNT; reason++) {
			const struct sg_counter *counter = &counters->by[direction][reason];
			bool accepts = reason_verdict(reason) == SG_ACCEPT;

			if (!counter->packets)
				continue;
			family_integer(family,
				       LABELS({"instance_id", instance},
					      {"direction", directions[direction]},
					      {"verdict", accepts ? "accept" : "drop"},
					      {"reason", reason_label(reason)}),
				       wants_bytes ? counter->bytes : counter->packets);
		}
	}
}

static void put_traffic(struct family family, const struct snapshot *snapshot, bool wants_bytes)
{
	for (size_t i = 0; i < snapshot->instances.count; i++)
		put_counters(&family, snapshot->rows[i].instance->id, &snapshot->rows[i].counters,
			     wants_bytes);
	put_counters(&family, UNBOUND, &snapshot->unbound, wants_bytes);
}

static void put_info(FILE *stream, const struct snapshot *snapshot)
{
	struct family family =
		family_begin(stream, "sg_instance_info", "gauge", "An instance, and how it is.");

	for (size_t i = 0; i < snapshot->instances.count; i++) {
		const struct snapshot_row *row = &snapshot->rows[i];

		family_integer(&family,
			       LABELS({"instance_id", row->instance->id},
				      {"dev", row->instance->dev}, {"status", row->state.status},
				      {"side", row->state.side},
				      {"rx_hook", hook_text(row->state.rx)},
				      {"tx_hook", hook_text(row->state.tx)}),
			       1);
	}
}

static void put_in_force(FILE *stream, const struct snapshot *snapshot)
{
	struct family family =
		family_begin(stream, "sg_instance_in_force", "gauge",
			     "Whether an attached instance whose interface is there has its "
			     "programs and its entry in the kernel.");

	for (size_t i = 0; i < snapshot->instances.count; i++) {
		const struct snapshot_row *row = &snapshot->rows[i];
		const struct instance_state *state = &row->state;

		if (row->instance->enforced && state->has_link)
			family_integer(&family, LABELS({"instance_id", row->instance->id}),
				       state->is_bound && state->rx != SG_HOOK_NONE &&
					       state->tx != SG_HOOK_NONE);
	}
}

/* An orchestrator's own words for a status are counted together. */
static void put_statuses(FILE *stream, const struct snapshot *snapshot)
{
	static const char *const statuses[] = {"RUNNING", "STOPPED", "other"};
	struct family family =
		family_begin(stream, "sg_instances", "gauge", "Instances by status.");
	uint64_t counts[ARRAY_SIZE(statuses)] = {};
	size_t which;

	for (size_t i = 0; i < snapshot->instances.count; i++) {
		for (which = 0; which < ARRAY_SIZE(statuses) - 1; which++) {
			if (!strcmp(snapshot->rows[i].state.status, statuses[which]))
				break;
		}
		counts[which]++;
	}
	for (which = 0; which < ARRAY_SIZE(statuses); which++)
		family_integer(&family, LABELS({"status", statuses[which]}), counts[which]);
}

void metrics_put_instances(FILE *stream, const struct snapshot *snapshot)
{
	put_statuses(stream, snapshot);
	put_info(stream, snapshot);
	put_in_force(stream, snapshot);
	put_traffic(family_begin(stream, "sg_packets_total", "counter",
				 "Packets judged, as on the wire."),
		    snapshot, false);
	put_traffic(
		family_begin(stream, "sg_bytes_total", "counter", "Bytes judged, as on the wire."),
		snapshot, true);
}
