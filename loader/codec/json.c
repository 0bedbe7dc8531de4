// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - objects of the model as JSON.
 */
#include "codec/json.h"

#include <stdio.h>
#include <string.h>

#include "codec/rule_info.h"
#include "codec/rule_text.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/printable.h"

json_t *json_text(const char *text)
{
	AUTO_FREE char *copy = strdup(text);

	if (!copy)
		return NULL;
	make_printable(copy);
	return json_string(copy);
}

void json_release(json_t **document)
{
	json_decref(*document);
}

json_t *json_rule(const struct rule *rule)
{
	AUTO_FREE char *text = rule_format(rule);
	json_t *object = text ? rule_info_format(rule, true) : NULL;

	if (object && json_object_set_new(object, "rule", json_string(text))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Append an element that may be NULL; the array is given up then. */
static json_t *append(json_t *array, json_t *element)
{
	if (array && !json_array_append_new(array, element))
		return array;
	json_decref(array ? array : element);
	return NULL;
}

json_t *json_rules(const struct rules *rules)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < rules->count; i++)
		array = append(array, json_rule(&rules->items[i]));
	return array;
}

static bool has_group(const struct instance *instance, const struct group *group)
{
	for (size_t i = 0; i < instance->group_count; i++) {
		if (instance->group_keys[i] == group->key)
			return true;
	}
	return false;
}

json_t *json_group_info(const struct group *group, json_t *instance_ids)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:o}", "securityGroupId", group->id,
			 "securityGroupName", group->name, "securityGroupStatus",
			 group->available ? "Available" : "Unavailable", "createTime",
			 group->create_time, "description",
			 group->description ? group->description : "", "isDefault",
			 group->is_default, "instanceIds", instance_ids);
}

json_t *json_group(const struct group *group, const struct instance *instances,
		   size_t instance_count)
{
	json_t *ids = json_array();
	json_t *object;

	for (size_t i = 0; ids && i < instance_count; i++) {
		if (has_group(&instances[i], group))
			ids = append(ids, json_string(instances[i].id));
	}
	object = json_group_info(group, ids);
	if (object && json_object_set_new(object, "ruleInfos", json_rules(&group->rules))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *addresses(const struct instance_options *options)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < options->address_count; i++) {
		char text[PREFIX_TEXT_MAX];

		prefix_format(&options->addresses[i], text);
		array = append(array, json_string(text));
	}
	return array;
}

static json_t *macs(const struct instance_options *options)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < options->mac_count; i++) {
		char text[MAC_TEXT_MAX];

		mac_format(&options->macs[i], text);
		array = append(array, json_string(text));
	}
	return array;
}

static json_t *ethertypes(const struct instance_options *options)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < ARRAY_SIZE(options->ethertypes); i++) {
		if (options->ethertypes[i])
			array = append(array, json_sprintf("0x%04x", options->ethertypes[i]));
	}
	return array;
}

static json_t *group_ids(const struct instance *instance)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < instance->group_count; i++)
		array = append(array, json_string(instance->groups[i]));
	return array;
}

json_t *json_instance(const struct instance *instance, const struct instance_view *view)
{
	const struct instance_options *options = &instance->options;

	return json_pack(
		"{s:s, s:s, s:b, s:o, s:s, s:s, s:o, s:b, s:s, s:s, s:s, s:s?, s:s, s:s, s:b, "
		"s:o, s:o, s:o, s:o}",
		"instanceId", instance->id, "dev", instance->dev, "matchAltname",
		options->match_altname, "ifindex",
		view->ifindex ? json_integer(view->ifindex) : json_null(), "instanceStatus",
		view->status, "createTime", instance->create_time, "securityGroupIds",
		group_ids(instance), "attached", view->is_attached, "mode",
		mode_text(options->mode), "rxHook", view->rx_hook, "txHook", view->tx_hook,
		"hookReason", view->hook_reason, "side", view->side, "noGroup", view->no_group,
		"strict", options->strict, "addresses", addresses(options), "macs", macs(options),
		"allowEthertypes", ethertypes(options), "connections",
		options->connections ? json_integer(options->connections) : json_null());
}
