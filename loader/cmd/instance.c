// SPDX-License-Identifier: GPL-2.0-only
/*
 * instance.c - the commands about instances.
 */
#include "cmd/commands.h"

#include <string.h>

#include "cmd/arguments.h"
#include "cmd/output.h"
#include "cmd/session.h"
#include "codec/json.h"

int cmd_instance_add(const struct invocation *invocation, struct error *err)
{
	AUTO(instance_fini) struct instance instance = {0};
	AUTO_SESSION struct control *control = NULL;
	struct instance_change change = {0};
	int r = id_check(invocation->arguments[0], "instance id", err);

	if (r)
		return r;
	r = argument_change(invocation, &change, err);
	instance.options = change.options; /* and what they own */
	if (r)
		return r;
	strcpy(instance.id, invocation->arguments[0]);
	strcpy(instance.dev, change.dev);
	r = session_open(invocation, &control, err);
	if (!r)
		r = control_instance_add(control, &instance, err);
	return r ? r : output_touched(invocation, "instanceId", instance.id, err);
}

static int instances_document(struct control *control, json_t *array, struct error *err)
{
	AUTO(instances_fini) struct instances instances = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_instance_list(store, &instances, err);
	for (size_t i = 0; !r && i < instances.count; i++) {
		json_t *document = NULL;

		r = instance_document(control, &instances.items[i], &document, err);
		if (!r && json_array_append_new(array, document))
			r = out_of_memory(err);
	}
	return r;
}

int cmd_instance_list(const struct invocation *invocation, struct error *err)
{
	static const struct column columns[] = {
		{"ID", "instanceId"},		{"DEV", "dev"},
		{"IFINDEX", "ifindex"},		{"STATUS", "instanceStatus"},
		{"ATTACHED", "attached"},	{"SIDE", "side"},
		{"GROUPS", "securityGroupIds"}, {NULL, NULL},
	};
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = json_pack("{s:[]}", "instances");
	json_t *instances = json_object_get(document, "instances");
	int r = session_open(invocation, &control, err);

	if (!r)
		r = instances_document(control, instances, err);
	if (r)
		return r;
	return invocation->json ? output_json(document, err)
				: output_table(instances, columns, err);
}

/* The rules of its groups, each with the group's id, one group after the other. */
static int add_rules(struct store *store, const struct instance *instance, json_t *rule_infos,
		     struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < instance->group_count; i++) {
		AUTO(rules_fini) struct rules rules = {0};

		r = store_rules_load(store, instance->group_keys[i], &rules, err);
		for (size_t n = 0; !r && n < rules.count; n++) {
			json_t *rule = json_rule(&rules.items[n]);

			if (json_object_set_new(rule, "securityGroupId",
						json_string(instance->groups[i])) ||
			    json_array_append(rule_infos, rule))
				r = out_of_memory(err);
			json_decref(rule);
		}
	}
	return r;
}

/* The document of an instance with the rules of its groups. */
static int instance_find_document(struct control *control, const char *id_or_dev,
				  json_t **document_out, struct error *err)
{
	AUTO(instance_fini) struct instance instance = {0};
	AUTO_READING struct store *store = NULL;
	AUTO_JSON json_t *document = NULL;
	json_t *rule_infos;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_instance_find(store, id_or_dev, &instance, err);
	if (!r)
		r = instance_document(control, &instance, &document, err);
	if (r)
		return r;
	rule_infos = json_array();
	if (json_object_set_new(document, "ruleInfos", rule_infos))
		return out_of_memory(err);
	r = add_rules(store, &instance, rule_infos, err);
	if (!r)
		*document_out = TAKE_PTR(document);
	return r;
}

int cmd_instance_show(const struct invocation *invocation, struct error *err)
{
	static const struct column columns[] = {
		{"id", "instanceId"},
		{"dev", "dev"},
		{"match altname", "matchAltname"},
		{"ifindex", "ifindex"},
		{"status", "instanceStatus"},
		{"created", "createTime"},
		{"attached", "attached"},
		{"mode", "mode"},
		{"received packets", "rxHook"},
		{"sent packets", "txHook"},
		{"reason", "hookReason"},
		{"side", "side"},
		{"no group", "noGroup"},
		{"strict", "strict"},
		{"addresses", "addresses"},
		{"macs", "macs"},
		{"allowed ethertypes", "allowEthertypes"},
		{"connections", "connections"},
		{"groups", "securityGroupIds"},
		{"rules", "ruleInfos"},
		{NULL, NULL},
	};
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = NULL;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = instance_find_document(control, invocation->arguments[0], &document, err);
	if (r)
		return r;
	if (invocation->json)
		return output_json(document, err);
	r = output_fields(document, columns, err);
	return r ? r : output_rules("  ", json_object_get(document, "ruleInfos"), err);
}

static bool changes_nothing(const struct instance_change *change)
{
	return !(change->set_dev || change->set_match_altname || change->set_status ||
		 change->set_mode || change->set_side || change->set_no_group ||
		 change->set_strict || change->set_ethertypes || change->set_macs ||
		 change->set_addresses || change->set_connections);
}

int cmd_instance_set(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	struct instance_change change = {0};
	char id[ID_MAX + 1];
	int r = argument_change(invocation, &change, err);

	if (!r && changes_nothing(&change))
		return usage_error(invocation, err, "nothing to set: give an option");
	if (!r)
		r = session_open(invocation, &control, err);
	if (!r)
		r = instance_id_find(control, invocation->arguments[0], id, err);
	if (!r)
		r = control_instance_set(control, id, &change, err);
	instance_options_fini(&change.options);
	return r ? r : output_touched(invocation, "instanceId", id, err);
}

int cmd_instance_remove(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	char id[ID_MAX + 1];
	int r = session_open(invocation, &control, err);

	if (!r)
		r = instance_id_find(control, invocation->arguments[0], id, err);
	if (!r)
		r = control_instance_remove(control, id, err);
	return r ? r : output_touched(invocation, "instanceId", id, err);
}
