// SPDX-License-Identifier: GPL-2.0-only
/*
 * connections.c - what is in the connection table: shown, counted, forgotten.
 */
#include "cmd/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/connection.h"
#include "cmd/output.h"
#include "cmd/session.h"
#include "util/array.h"

/* Which connections are asked for, and those found. */
struct finding {
	struct instances instances; /* the one that was named, or all */
	uint32_t slot;		    /* 0: all */
	struct connection *items;
	size_t count;
	size_t capacity;
};

static void finding_fini(struct finding *finding)
{
	instances_fini(&finding->instances);
	free(finding->items);
}

/* The instance that is named, else all. */
static int find_instances(struct control *control, const char *name, struct finding *finding,
			  struct error *err)
{
	struct instances *instances = &finding->instances;
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (r || !name)
		return r ? r : store_instance_list(store, instances, err);
	if (ARRAY_GROW(instances->items, instances->count, instances->capacity))
		return out_of_memory(err);
	r = store_instance_find(store, name, &instances->items[0], err);
	if (r)
		return r;
	instances->count = 1;
	finding->slot = instances->items[0].slot;
	return 0;
}

static const char *name_argument(const struct invocation *invocation)
{
	return invocation->argument_count ? invocation->arguments[0] : NULL;
}

static int add_connection(const struct connection *connection, void *context)
{
	struct finding *finding = context;

	if (ARRAY_GROW(finding->items, finding->count, finding->capacity))
		return -ENOMEM;
	finding->items[finding->count++] = *connection;
	return 0;
}

/* By instance, then by what it is, so that two lists can be compared. */
static int in_order(const void *left, const void *right)
{
	const struct connection *a = left;
	const struct connection *b = right;
	const struct sg_connection *x = &a->entry;
	const struct sg_connection *y = &b->entry;
	int r;

	if (a->slot != b->slot)
		return a->slot < b->slot ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	r = connection_compare_addresses(a, b);
	return r ? r : (x->ports > y->ports) - (x->ports < y->ports);
}

static const char *instance_of(const struct finding *finding, uint32_t slot)
{
	for (size_t i = 0; i < finding->instances.count; i++) {
		if (finding->instances.items[i].slot == slot)
			return finding->instances.items[i].id;
	}
	return NULL;
}

static int list(const struct invocation *invocation, struct control *control,
		struct finding *finding, json_t *array, struct error *err)
{
	struct kern *kern = NULL;
	int r = find_instances(control, name_argument(invocation), finding, err);

	if (!r)
		r = reading_kern(control, &kern, err);
	if (r || !kern)
		return r;
	if (connections_each(kern, finding->slot, add_connection, finding))
		return out_of_memory(err);
	if (finding->count)
		qsort(finding->items, finding->count, sizeof(*finding->items), in_order);
	for (size_t i = 0; i < finding->count; i++) {
		const struct connection *connection = &finding->items[i];
		const char *id = instance_of(finding, connection->slot);

		/* its instance was removed since */
		if (!id)
			continue;
		if (json_array_append_new(array, connection_document(connection, id)))
			return out_of_memory(err);
	}
	return 0;
}

int cmd_connections_list(const struct invocation *invocation, struct error *err)
{
	AUTO(finding_fini) struct finding finding = {0};
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = json_pack("{s:[]}", "connections");
	json_t *array = json_object_get(document, "connections");
	int r = session_open(invocation, &control, err);

	if (!r)
		r = list(invocation, control, &finding, array, err);
	if (r)
		return r;
	return invocation->json ? output_json(document, err) : connections_print(array, err);
}

static int count(const struct invocation *invocation, struct control *control,
		 struct finding *finding, json_t *array, struct error *err)
{
	struct kern *kern = NULL;
	int r = find_instances(control, name_argument(invocation), finding, err);

	if (!r)
		r = reading_kern(control, &kern, err);
	for (size_t i = 0; !r && i < finding->instances.count; i++) {
		const struct instance *instance = &finding->instances.items[i];
		json_t *share = NULL;

		r = share_document(control, kern, instance, &share, err);
		if (r)
			return r;
		if (json_object_set_new(share, "instanceId", json_string(instance->id)) |
		    json_array_append_new(array, share))
			return out_of_memory(err);
	}
	return r;
}

int cmd_connections_count(const struct invocation *invocation, struct error *err)
{
	static const struct column columns[] = {
		{"INSTANCE", "instanceId"},
		{"ENTRIES", "entries"},
		{"UNREPLIED", "unreplied"},
		{"LIMIT", "limit"},
		{"REFUSED", "refused"},
		{"REPLACED", "replaced"},
		{NULL, NULL},
	};
	AUTO(finding_fini) struct finding finding = {0};
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = json_pack("{s:[]}", "instances");
	json_t *array = json_object_get(document, "instances");
	int r = session_open(invocation, &control, err);

	if (!r)
		r = count(invocation, control, &finding, array, err);
	if (r)
		return r;
	return invocation->json ? output_json(document, err) : output_table(array, columns, err);
}

int cmd_connections_flush(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = NULL;
	const char *name = name_argument(invocation);
	char id[ID_MAX + 1];
	int r = session_open(invocation, &control, err);

	if (!r && name)
		r = instance_id_find(control, name, id, err);
	if (!r)
		r = control_connections_flush(control, name ? id : NULL, err);
	if (r || !invocation->json)
		return r;
	document = json_pack("{s:s?}", "instanceId", name ? id : NULL);
	return output_json(document, err);
}
