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
static json_t *heap_document(const struct kern *kern)
{
	struct heap_use use = {0};

	if (kern)
		heap_use(kern, &use);
	return json_pack("{s:I, s:I, s:I, s:I}", "nodes", (json_int_t)use.nodes, "used",
			 (json_int_t)use.used, "images", (json_int_t)use.images, "bytes",
			 (json_int_t)use.used * (json_int_t)sizeof(union sg_node));
}

/* Without maps the table has no entries. */
static json_t *table_document(const struct kern *kern)
{
	struct connection_table table = {0};

	if (kern)
		connection_table(kern, &table);
	return json_pack("{s:I, s:I}", "entries", (json_int_t)table.entries, "window",
			 (json_int_t)table.window);
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

/* Add how it uses its share; what is wrong with that, NULL for nothing, in *wrong_out. */
static int add_share(const struct kern *kern, const struct instance *instance,
		     const struct instance_state *state, json_t *document, json_t **wrong_out)
{
	uint32_t limit = state->is_bound ? state->binding.share : 0;
	struct share_use use = {0};
	struct error cause = {0};
	int failures = 0;

	if (kern && share_use(kern, instance->slot, &use, &cause))
		*wrong_out = json_text(cause.message);
	else if (limit && use.entries > (uint64_t)limit * FULL_PERCENT / 100)
		*wrong_out = json_sprintf("connections nearly full: %u of %u", use.entries, limit);
	failures += json_object_set_new(document, "connectionsUsed", json_integer(use.entries));
	failures += json_object_set_new(document, "connectionsLimit", json_integer(limit));
	failures += json_object_set_new(document, "connectionsRefused",
					json_integer((json_int_t)use.refused));
	return failures;
}

/* An instance whose state cannot be read has that as its health. */
static json_t *health_document(struct control *control, const struct kern *kern,
			       const struct instance *instance)
{
	json_t *wrong = NULL;
	const char *text;
	int failures;
	struct instance_state state;
	struct error cause = {0};
	json_t *document;

	if (control_instance_state(control, instance, &state, &cause))
		return json_pack("{s:s, s:s, s:o}", "instanceId", instance->id, "dev",
				 instance->dev, "health", json_text(cause.message));
	document = instance_state_document(instance, &state);
	text = health_text(instance, &state);
	failures = add_share(state.is_bound ? kern : NULL, instance, &state, document, &wrong);
	if (wrong && text == health_ok)
		failures += json_object_set(document, "health", wrong);
	else
		failures += json_object_set_new(document, "health", json_string(text));
	json_decref(wrong);
	if (failures) {
		json_decref(document);
		return NULL;
	}
	return document;
}

static int add_instances(struct control *control, const struct kern *kern, json_t *array,
			 struct error *err)
{
	AUTO(instances_fini) struct instances instances = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_instance_list(store, &instances, err);
	for (size_t i = 0; !r && i < instances.count; i++) {
		if (json_array_append_new(array,
					  health_document(control, kern, &instances.items[i])))
			r = out_of_memory(err);
	}
	return r;
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
static json_t *problems_document(struct control *control, const struct error *kern_error)
{
	AUTO(drift_fini) struct drift drift = {0};
	struct error cause = {0};

	if (*kern_error->message)
		return json_pack("[o]", json_text(kern_error->message));
	if (control_reconcile(control, true, &drift, &cause))
		return json_pack("[o]", json_text(cause.message));
	return drift_document(&drift);
}

int observe_status(struct control *control, json_t **document_out, bool *healthy_out,
		   struct error *err)
{
	struct error kern_error = {0};
	struct kern *kern = NULL;
	AUTO_JSON json_t *document = NULL;
	json_t *instances = json_array();
	json_t *problems;
	int r = control_kern(control, &kern, &kern_error);

	if (r == -ENOENT && !kern_error.code)
		*kern_error.message = '\0';
	if (r)
		kern = NULL;
	problems = problems_document(control, &kern_error);
	document = json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
			     SGATE_VERSION, "healthy", !json_array_size(problems), "stateDir",
			     json_text(control_state_dir(control)), "bpffs",
			     json_text(control_bpffs(control)), "kernel", kernel_document(),
			     "policyHeap", heap_document(kern), "connectionTable",
			     table_document(kern), "drift", problems, "instances", instances);
	if (!document)
		return out_of_memory(err);
	r = add_instances(control, kern, instances, err);
	if (!r)
		r = add_used(document, err);
	if (r)
		return r;
	*healthy_out = json_is_true(json_object_get(document, "healthy"));
	*document_out = TAKE_PTR(document);
	return 0;
}
