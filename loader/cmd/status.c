// SPDX-License-Identifier: GPL-2.0-only
/*
 * status.c - what is attached where, what this kernel can do, what is wrong.
 *
 * It answers whatever state things are in: what cannot be read is a problem to
 * show, not a reason to stop.
 */
#include "cmd/commands.h"

#include <errno.h>

#include "cmd/output.h"
#include "cmd/session.h"
#include "cmd/status_reasons.h"

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
	return json_pack("{s:I, s:I, s:I}", "entries", (json_int_t)table.entries, "window",
			 (json_int_t)table.window, "instances", (json_int_t)table.instances);
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

static int status_document(const struct invocation *invocation, struct control *control,
			   json_t **document_out, struct error *err)
{
	struct error kern_error = {0};
	struct kern *kern = NULL;
	json_t *instances = json_array();
	json_t *problems;
	int r = control_kern(control, &kern, &kern_error);

	if (r == -ENOENT && !kern_error.code)
		*kern_error.message = '\0';
	if (r)
		kern = NULL;
	problems = problems_document(control, &kern_error);
	*document_out = json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
				  SGATE_VERSION, "healthy", !json_array_size(problems), "stateDir",
				  json_text(session_state_dir(invocation)), "bpffs",
				  json_text(session_bpffs(invocation)), "kernel", kernel_document(),
				  "policyHeap", heap_document(kern), "connectionTable",
				  table_document(kern), "drift", problems, "instances", instances);
	if (!*document_out)
		return out_of_memory(err);
	r = add_instances(control, kern, instances, err);
	return r ? r : add_used(*document_out, err);
}

/* A number or a flag inside a member object. */
static long long member(const json_t *document, const char *object, const char *name)
{
	const json_t *value = json_object_get(json_object_get(document, object), name);

	return json_is_true(value) ? 1 : json_integer_value(value);
}

static json_t *heap_text(const json_t *document)
{
	long long nodes = member(document, "policyHeap", "nodes");

	if (!nodes)
		return json_string("not made yet: nothing was attached");
	return json_sprintf("%lld of %lld nodes used (%lld bytes), images: %lld",
			    member(document, "policyHeap", "used"), nodes,
			    member(document, "policyHeap", "bytes"),
			    member(document, "policyHeap", "images"));
}

static json_t *table_text(const json_t *document)
{
	if (!member(document, "connectionTable", "entries"))
		return json_string("not made yet: nothing was attached");
	return json_sprintf("%lld of %lld entries used, at most %lld by an instance",
			    member(document, "connectionTable", "used"),
			    member(document, "connectionTable", "entries"),
			    member(document, "connectionTable", "window"));
}

static json_t *instances_text(const json_t *document)
{
	long long room = member(document, "connectionTable", "instances");
	size_t count = json_array_size(json_object_get(document, "instances"));

	return room ? json_sprintf("%zu, room for %lld", count, room) : json_sprintf("%zu", count);
}

static int print_summary(const json_t *document, struct error *err)
{
	const json_t *kernel = json_object_get(document, "kernel");
	size_t problems = json_array_size(json_object_get(document, "drift"));
	AUTO_JSON json_t *summary = json_pack(
		"{s:O, s:O, s:o, s:O, s:O, s:o, s:o, s:o, s:o}", "version",
		json_object_get(document, "version"), "kernel", json_object_get(kernel, "release"),
		"kernel features",
		json_sprintf("tcx %s, xdp fragments %s, jit %s",
			     member(document, "kernel", "tcx") ? "yes" : "no",
			     member(document, "kernel", "xdpFrags") ? "yes" : "no",
			     member(document, "kernel", "jit") ? "yes" : "no"),
		"state directory", json_object_get(document, "stateDir"), "bpffs directory",
		json_object_get(document, "bpffs"), "policy heap", heap_text(document),
		"connection table", table_text(document), "instances", instances_text(document),
		"health",
		problems ? json_sprintf("%zu problem%s", problems, problems > 1 ? "s" : "")
			 : json_string("ok"));

	return output_object(summary, err);
}

static int print_status(const json_t *document, struct error *err)
{
	static const struct column columns[] = {
		{"ID", "instanceId"},
		{"DEV", "dev"},
		{"IFINDEX", "ifindex"},
		{"STATUS", "instanceStatus"},
		{"RX", "rxHook"},
		{"TX", "txHook"},
		{"SIDE", "side"},
		{"GROUPS", "securityGroupIds"},
		{"CONNECTIONS", "connectionsUsed"},
		{"LIMIT", "connectionsLimit"},
		{"HEALTH", "health"},
		{NULL, NULL},
	};
	const json_t *drift = json_object_get(document, "drift");
	const json_t *sentence;
	size_t index;
	int r = print_summary(document, err);

	json_array_foreach(drift, index, sentence)
	{
		if (!r)
			r = output_line("  ", json_string_value(sentence), err);
	}
	if (!r)
		r = status_print_reasons(json_object_get(document, "instances"), err);
	return r ? r : output_table(json_object_get(document, "instances"), columns, err);
}

int cmd_status(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = NULL;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = status_document(invocation, control, &document, err);
	if (r)
		return r;
	return invocation->json ? output_json(document, err) : print_status(document, err);
}
