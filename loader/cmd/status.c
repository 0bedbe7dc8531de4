// SPDX-License-Identifier: GPL-2.0-only
/*
 * status.c - show the document of observe/status.h.
 */
#include "cmd/commands.h"

#include "cmd/output.h"
#include "cmd/session.h"
#include "cmd/status_reasons.h"

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
	bool is_healthy;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = observe_status(control, &document, &is_healthy, err);
	if (r)
		return r;
	return invocation->json ? output_json(document, err) : print_status(document, err);
}
