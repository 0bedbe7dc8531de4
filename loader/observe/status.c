// SPDX-License-Identifier: GPL-2.0-only
/*
 * status.c - what is attached where, what this kernel can do, what is wrong.
 *
 * It answers whatever state things are in: what cannot be read is a problem to
 * show, not a reason to stop.
 */
#include "observe/status.h"

#include <errno.h>

#include "codec/json.h"
#include "control/reading.h"
#include "model/code.h"
#include "observe/instance.h"
#include "observe/snapshot.h"
#include "util/cleanup.h"

/* A share that is fuller has that as its instance's health. */
#define FULL_PERCENT 90

static const char health_ok[] = "ok";

static json_t *kernel_document(void)
{
	struct kern_features features;

	kern_features(&features);
	return json_pack("{s:s, s:b, s:b, s:b}", "release", features.release, "tcx", features.tcx,
			 "xdpFrags", features.xdp_frags, "jit", features.jit);
}

/* Without maps the heap has no nodes. */
static json_t *heap_document(const struct heap_use *use)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "nodes", (json_int_t)use->nodes, "used",
			 (json_int_t)use->used, "images", (json_int_t)use->images, "bytes",
			 (json_int_t)use->used * (json_int_t)sizeof(union sg_node));
}

/* Without maps the table has no entries. */
static json_t *table_document(const struct connection_table *table)
{
	return json_pack("{s:I, s:I, s:I}", "entries", (json_int_t)table->entries, "window",
			 (json_int_t)table->window, "instances", (json_int_t)table->instances);
}

static const char *health_text(const struct instance *instance, const struct instance_state *state)
{
	if (!instance->enforced)
		return "detached";
	if (!state->has_link)
		return "waits for its interface";
	if (!state->is_bound)
		return "not in force: the kernel has no entry of it";
	if (state->rx == SG_HOOK_NONE && state->tx == SG_HOOK_NONE)
		return "not in force: no program is on its interface";
	if (state->rx == SG_HOOK_NONE)
		return "received packets meet no program";
	if (state->tx == SG_HOOK_NONE)
		return "sent packets meet no program";
	return health_ok;
}

/* Connections of an instance; in a very large table some that are over may count. */
static uint32_t connections_used(const struct snapshot *snapshot, const struct snapshot_row *row)
{
	uint32_t used = 0;

	if (!row->state.is_bound)
		return 0;
	if (!snapshot->has_phases)
		return row->share.entries;
	for (int phase = 0; phase < SG_PHASE_COUNT; phase++)
		used += row->phases[phase];
	return used;
}

/* What is wrong with how it uses its share; NULL: nothing. */
static json_t *share_problem(const struct snapshot *snapshot, const struct snapshot_row *row)
{
	uint32_t used = connections_used(snapshot, row);
	uint32_t limit = row->state.is_bound ? row->state.binding.share : 0;

	if (row->state.is_bound && !snapshot->kernel_is_readable)
		return json_string("its counters and connections cannot be read");
	if (limit && used > (uint64_t)limit * FULL_PERCENT / 100)
		return json_sprintf("connections nearly full: %u of %u", used, limit);
	return NULL;
}

static json_t *health_document(const struct snapshot *snapshot, const struct snapshot_row *row)
{
	const struct instance_state *state = &row->state;
	json_t *document = instance_state_document(row->instance, state);
	const char *text = health_text(row->instance, state);
	json_t *health = text == health_ok ? share_problem(snapshot, row) : NULL;
	int failures = 0;

	failures += json_object_set_new(document, "connectionsUsed",
					json_integer(connections_used(snapshot, row)));
	failures += json_object_set_new(document, "connectionsLimit",
					json_integer(state->is_bound ? state->binding.share : 0));
	failures += json_object_set_new(
		document, "connectionsRefused",
		json_integer(state->is_bound ? (json_int_t)row->share.refused : 0));
	failures += json_object_set_new(document, "health", health ? health : json_string(text));
	if (failures) {
		json_decref(document);
		return NULL;
	}
	return document;
}

static int add_instances(const struct snapshot *snapshot, json_t *array, struct error *err)
{
	for (size_t i = 0; i < snapshot->instances.count; i++) {
		if (json_array_append_new(array, health_document(snapshot, &snapshot->rows[i])))
			return out_of_memory(err);
	}
	return 0;
}

/* Connections of all instances together. */
static int add_used(json_t *document, struct error *err)
{
	json_t *instances = json_object_get(document, "instances");
	json_int_t used = 0;
	json_t *instance;
	size_t index;

	json_array_foreach(instances, index, instance) used +=
		json_integer_value(json_object_get(instance, "connectionsUsed"));
	if (json_object_set_new(json_object_get(document, "connectionTable"), "used",
				json_integer(used)))
		return out_of_memory(err);
	return 0;
}

json_t *drift_document(const struct drift *drift)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < drift->count; i++) {
		if (json_array_append_new(array, json_text(drift->items[i]))) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

/* Where kernel and store differ, and what kept us from finding out. */
static json_t *problems_document(struct control *control)
{
	AUTO(drift_fini) struct drift drift = {0};
	struct error cause = {0};
	struct kern *kern;

	if (reading_kern(control, &kern, &cause))
		return json_pack("[o]", json_text(cause.message));
	if (control_reconcile(control, true, &drift, &cause))
		return json_pack("[o]", json_text(cause.message));
	return drift_document(&drift);
}

int observe_status(struct control *control, json_t **document_out, bool *healthy_out,
		   struct error *err)
{
	AUTO(snapshot_fini) struct snapshot snapshot = {0};
	AUTO_JSON json_t *document = NULL;
	json_t *instances, *problems;
	int r = snapshot_take(control, &snapshot, err);

	if (r)
		return r;
	if (!snapshot.store_is_readable) {
		*err = snapshot.store_error;
		return -EIO;
	}
	instances = json_array();
	problems = problems_document(control);
	document = json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
			     SGATE_VERSION, "healthy", !json_array_size(problems), "stateDir",
			     json_text(control_state_dir(control)), "bpffs",
			     json_text(control_bpffs(control)), "kernel", kernel_document(),
			     "policyHeap", heap_document(&snapshot.heap), "connectionTable",
			     table_document(&snapshot.table), "drift", problems, "instances",
			     instances);
	if (!document)
		return out_of_memory(err);
	r = add_instances(&snapshot, instances, err);
	if (!r)
		r = add_used(document, err);
	if (r)
		return r;
	*healthy_out = json_is_true(json_object_get(document, "healthy"));
	*document_out = TAKE_PTR(document);
	return 0;
}
