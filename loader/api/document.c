// SPDX-License-Identifier: GPL-2.0-only
/*
 * document.c - what answers are made of.
 */
#include "api/document.h"

#include <string.h>

#include "codec/json.h"
#include "codec/rule_info.h"
#include "codec/rule_text.h"
#include "model/code.h"
#include "util/cleanup.h"

int document_add(json_t *object, const char *name, json_t *value, struct error *err)
{
	return json_object_set_new(object, name, value) ? out_of_memory(err) : 0;
}

struct page page_of(const struct call *call)
{
	return (struct page){
		.ids = call->ids,
		.id_count = call->id_count,
		.name = call->name,
		.offset = (call->page_number - 1) * call->page_size,
		.size = call->page_size,
	};
}

int add_page(json_t *response, int64_t total, json_t *data, int r, struct error *err)
{
	if (r) {
		json_decref(data);
		return r;
	}
	r = document_add(response, "dataSet", data, err);
	return r ? r : document_add(response, "totalCount", json_integer(total), err);
}

static int append(json_t *array, json_t *element, struct error *err)
{
	return json_array_append_new(array, element) ? out_of_memory(err) : 0;
}

/* Whether an earlier rule was the same but for its priority; notes it in `seen`. */
static int is_repeat(json_t *seen, const struct rule *rule, bool *is_repeat_out, struct error *err)
{
	struct rule matter = *rule;
	AUTO_FREE char *text = NULL;

	matter.priority = PRIORITY_DEFAULT;
	matter.description = NULL;
	text = rule_format(&matter);
	if (!text)
		return out_of_memory(err);
	*is_repeat_out = json_object_get(seen, text);
	return *is_repeat_out ? 0 : document_add(seen, text, json_true(), err);
}

static int add_rules(const struct rules *rules, bool with_priority, json_t *seen, json_t *array,
		     struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		bool repeats = false;

		if (!with_priority)
			r = is_repeat(seen, rule, &repeats, err);
		if (!r && !repeats)
			r = append(array, rule_info_format(rule, with_priority), err);
	}
	return r;
}

static int add_members(struct store *store, int64_t group_key, json_t *array, struct error *err)
{
	AUTO(ids_fini) struct ids ids = {0};
	int r = store_member_ids(store, group_key, &ids, err);

	for (size_t i = 0; !r && i < ids.count; i++)
		r = append(array, json_string(ids.items[i]), err);
	return r;
}

int add_group(struct store *store, struct group *group, bool with_priority, json_t *array,
	      struct error *err)
{
	json_t *rules = json_array(), *members = json_array(), *seen = json_object();
	int r = store_rules_load(store, group->key, &group->rules, err);

	if (!r)
		r = add_rules(&group->rules, with_priority, seen, rules, err);
	if (!r)
		r = add_members(store, group->key, members, err);
	json_decref(seen);
	if (!r)
		return append(array, json_group_info(group, members, rules), err);
	json_decref(rules);
	json_decref(members);
	return r;
}

static int add_text(json_t *array, const char *text, struct error *err)
{
	return append(array, json_string(text), err);
}

/* A single address without its length. */
static int add_address(json_t *array, const struct prefix *prefix, struct error *err)
{
	char text[PREFIX_TEXT_MAX];

	prefix_format(prefix, text);
	if (prefix->length == (prefix->family == SG_IPV4 ? 32 : 128))
		*strchr(text, '/') = '\0';
	return add_text(array, text, err);
}

int add_instance(struct control *control, const struct instance *instance, json_t *array,
		 struct error *err)
{
	const struct instance_options *options = &instance->options;
	json_t *groups = json_array(), *addresses = json_array();
	struct instance_state state;
	int r = control_instance_state(control, instance, &state, err);

	for (size_t i = 0; !r && i < instance->group_count; i++)
		r = add_text(groups, instance->groups[i], err);
	for (size_t i = 0; !r && i < options->address_count; i++)
		r = add_address(addresses, &options->addresses[i], err);
	if (r) {
		json_decref(groups);
		json_decref(addresses);
		return r;
	}
	return append(array,
		      json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "instanceId", instance->id,
				"instanceName", instance->dev, "instanceStatus", state.status,
				"securityGroupIds", groups, "privateIpAddresses", addresses,
				"createTime", instance->create_time),
		      err);
}
