// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - packets and bytes by direction, verdict and reason.
 */
#include "cmd/commands.h"

#include "cmd/output.h"
#include "cmd/session.h"

/* Of packets that met a program on an interface without a readable entry. */
#define UNBOUND_SLOT 0

static const char *verdict_text(enum sg_verdict verdict)
{
	return verdict == SG_ACCEPT ? "accept" : "drop";
}

static json_t *row(const char *direction, const char *verdict, const char *reason,
		   const struct sg_counter *counter)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I}", "direction", direction, "verdict", verdict,
			 "reason", reason, "packets", (json_int_t)counter->packets, "bytes",
			 (json_int_t)counter->bytes);
}

/* A row each direction and reason, and their sums by verdict. */
static int add_counters(json_t *object, const struct sg_counters *counters, struct error *err)
{
	static const char *const directions[] = {[SG_INGRESS] = "ingress", [SG_EGRESS] = "egress"};
	struct sg_counter sums[2] = {0};
	json_t *rows = json_array(), *totals = json_array();
	int failures = json_object_set_new(object, "counters", rows);

	failures += json_object_set_new(object, "totals", totals);
	if (failures)
		return out_of_memory(err);
	for (int direction = SG_INGRESS; direction <= SG_EGRESS; direction++) {
		for (int reason = 0; reason < SG_REASON_COUNT; reason++) {
			const struct sg_counter *counter = &counters->by[direction][reason];
			enum sg_verdict verdict = reason_verdict(reason);

			sums[verdict].packets += counter->packets;
			sums[verdict].bytes += counter->bytes;
			failures += json_array_append_new(rows, row(directions[direction],
								    verdict_text(verdict),
								    reason_label(reason), counter));
		}
	}
	for (int verdict = SG_DROP; verdict <= SG_ACCEPT; verdict++)
		failures += json_array_append_new(
			totals, row("both", verdict_text(verdict), "total", &sums[verdict]));
	return failures ? out_of_memory(err) : 0;
}

/* Without maps every counter is zero. */
static int add_slot(const struct kern *kern, uint32_t slot, json_t *object, struct error *err)
{
	struct sg_counters counters = {0};
	int r = 0;

	if (kern)
		r = counters_read(kern, slot, &counters, err);
	return r ? r : add_counters(object, &counters, err);
}

static int add_instance(struct control *control, const struct kern *kern,
			const struct instance *instance, json_t *array, struct error *err)
{
	json_t *object = json_pack("{s:s, s:s}", "instanceId", instance->id, "dev", instance->dev);
	json_t *share = NULL;
	int r;

	if (json_array_append_new(array, object))
		return out_of_memory(err);
	r = share_document(control, kern, instance, &share, err);
	if (r)
		return r;
	if (json_object_set_new(object, "connections", share))
		return out_of_memory(err);
	return add_slot(kern, instance->slot, object, err);
}

/* The instance that is named, else all. */
static int add_instances(struct control *control, const struct kern *kern, const char *name,
			 json_t *array, struct error *err)
{
	AUTO(instance_fini) struct instance instance = {0};
	AUTO(instances_fini) struct instances instances = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (r)
		return r;
	if (name) {
		r = store_instance_find(store, name, &instance, err);
		return r ? r : add_instance(control, kern, &instance, array, err);
	}
	r = store_instance_list(store, &instances, err);
	for (size_t i = 0; !r && i < instances.count; i++)
		r = add_instance(control, kern, &instances.items[i], array, err);
	return r;
}

/* One row of the table: packets of an instance, when there are any or it is a total. */
static int add_table_rows(json_t *table, const char *name, const json_t *rows, bool keep_zeroes)
{
	const json_t *counters;
	size_t index;
	int failures = 0;

	json_array_foreach(rows, index, counters)
	{
		json_t *copy;

		if (!keep_zeroes && !json_integer_value(json_object_get(counters, "packets")))
			continue;
		copy = json_copy((json_t *)counters);
		failures += json_object_set_new(copy, "instance", json_string(name));
		failures += json_array_append_new(table, copy);
	}
	return failures;
}

static int add_table(json_t *table, const char *name, const json_t *object)
{
	return add_table_rows(table, name, json_object_get(object, "counters"), false) +
	       add_table_rows(table, name, json_object_get(object, "totals"), true);
}

static int print_stats(const json_t *document, struct error *err)
{
	static const struct column columns[] = {
		{"INSTANCE", "instance"},
		{"DIRECTION", "direction"},
		{"VERDICT", "verdict"},
		{"REASON", "reason"},
		{"PACKETS", "packets"},
		{"BYTES", "bytes"},
		{NULL, NULL},
	};
	const json_t *unbound = json_object_get(document, "unbound");
	AUTO_JSON json_t *table = json_array();
	const json_t *instance;
	size_t index;
	int failures = 0;

	json_array_foreach(json_object_get(document, "instances"), index, instance)
	{
		const json_t *id = json_object_get(instance, "instanceId");

		failures += add_table(table, json_string_value(id), instance);
	}
	if (unbound)
		failures += add_table(table, "(unbound)", unbound);
	return failures ? out_of_memory(err) : output_table(table, columns, err);
}

static int stats_document(struct control *control, const char *name, json_t *document,
			  struct error *err)
{
	struct kern *kern = NULL;
	json_t *unbound;
	int r = reading_kern(control, &kern, err);

	if (r)
		return r;
	r = add_instances(control, kern, name, json_object_get(document, "instances"), err);
	if (r || name)
		return r;
	unbound = json_object();
	if (json_object_set_new(document, "unbound", unbound))
		return out_of_memory(err);
	return add_slot(kern, UNBOUND_SLOT, unbound, err);
}

int cmd_stats(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = json_pack("{s:[]}", "instances");
	const char *name = invocation->argument_count ? invocation->arguments[0] : NULL;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = stats_document(control, name, document, err);
	if (r)
		return r;
	return invocation->json ? output_json(document, err) : print_stats(document, err);
}
