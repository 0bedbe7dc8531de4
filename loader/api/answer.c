// SPDX-License-Identifier: GPL-2.0-only
/*
 * answer.c - what answers are made of.
 */
#include "api/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "codec/json.h"
#include "codec/rule_info.h"
#include "codec/rule_text.h"
#include "model/code.h"
#include "util/cleanup.h"

/* A group that is full of long rules has half of it. */
#define ANSWER_MAX_BYTES ((long)64 << 20)

/* Takes the value. */
static int write_value(FILE *out, json_t *value, size_t flags, struct error *err)
{
	int r = value ? json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY | flags) : -1;

	json_decref(value);
	return r ? out_of_memory(err) : 0;
}

int answer_add(FILE *out, const char *name, json_t *value, struct error *err)
{
	fprintf(out, ",\"%s\":", name);
	return write_value(out, value, 0, err);
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

static void begin_page(FILE *out, int64_t total)
{
	fprintf(out, ",\"totalCount\":%" PRId64 ",\"dataSet\":[", total);
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
	if (*is_repeat_out || !json_object_set_new(seen, text, json_true()))
		return 0;
	return out_of_memory(err);
}

static int check_size(FILE *out, struct error *err)
{
	if (ftell(out) <= ANSWER_MAX_BYTES)
		return 0;
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
			 "pageSize is too much: the answer would have over %ld bytes, ask for "
			 "fewer groups at a time",
			 ANSWER_MAX_BYTES);
}

/* `seen` NULL: with their priorities. */
static int write_rules(FILE *out, const struct rules *rules, json_t *seen, struct error *err)
{
	const char *comma = "";
	int r = 0;

	for (size_t i = 0; !r && i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		bool repeats = false;

		if (seen)
			r = is_repeat(seen, rule, &repeats, err);
		if (r || repeats)
			continue;
		fputs(comma, out);
		comma = ",";
		r = write_value(out, rule_info_format(rule, !seen), 0, err);
		if (!r)
			r = check_size(out, err);
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

static int write_group(FILE *out, struct store *store, struct group *group, bool with_priority,
		       struct error *err)
{
	json_t *members = json_array();
	json_t *seen = NULL;
	int r = store_rules_load(store, group->key, &group->rules, err);

	if (!r)
		r = add_members(store, group->key, members, err);
	if (r) {
		json_decref(members);
		return r;
	}
	fputc('{', out);
	r = write_value(out, json_group_info(group, members), JSON_EMBED, err);
	fputs(",\"ruleInfos\":[", out);
	if (!r && !with_priority) {
		seen = json_object();
		r = seen ? 0 : out_of_memory(err);
	}
	if (!r)
		r = write_rules(out, &group->rules, seen, err);
	fputs("]}", out);
	json_decref(seen);
	return r;
}

int answer_groups(FILE *out, struct store *store, struct groups *groups, int64_t total,
		  bool with_priority, struct error *err)
{
	int r = 0;

	begin_page(out, total);
	for (size_t i = 0; !r && i < groups->count; i++) {
		if (i)
			fputc(',', out);
		r = write_group(out, store, &groups->items[i], with_priority, err);
		rules_fini(&groups->items[i].rules);
	}
	fputc(']', out);
	return r;
}

/* A single address without its length. */
static int add_address(json_t *array, const struct prefix *prefix, struct error *err)
{
	char text[PREFIX_TEXT_MAX];

	prefix_format(prefix, text);
	if (prefix->length == (prefix->family == SG_IPV4 ? 32 : 128))
		*strchr(text, '/') = '\0';
	return append(array, json_string(text), err);
}

static int write_instance(FILE *out, struct control *control, const struct instance *instance,
			  struct error *err)
{
	const struct instance_options *options = &instance->options;
	json_t *groups = json_array(), *addresses = json_array();
	int r = 0;

	for (size_t i = 0; !r && i < instance->group_count; i++)
		r = append(groups, json_string(instance->groups[i]), err);
	for (size_t i = 0; !r && i < options->address_count; i++)
		r = add_address(addresses, &options->addresses[i], err);
	if (r) {
		json_decref(groups);
		json_decref(addresses);
		return r;
	}
	return write_value(out,
			   json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "instanceId", instance->id,
				     "instanceName", instance->dev, "instanceStatus",
				     control_instance_status(control, instance), "securityGroupIds",
				     groups, "privateIpAddresses", addresses, "createTime",
				     instance->create_time),
			   0, err);
}

int answer_instances(FILE *out, struct control *control, const struct instances *instances,
		     int64_t total, struct error *err)
{
	int r = 0;

	begin_page(out, total);
	for (size_t i = 0; !r && i < instances->count; i++) {
		if (i)
			fputc(',', out);
		r = write_instance(out, control, &instances->items[i], err);
	}
	fputc(']', out);
	return r;
}
