// SPDX-License-Identifier: GPL-2.0-only
/*
 * group.c - the commands about security groups.
 */
#include "cmd/commands.h"

#include <errno.h>
#include <string.h>

#include "cmd/arguments.h"
#include "cmd/output.h"
#include "cmd/session.h"
#include "codec/json.h"
#include "model/code.h"
#include "util/quote.h"

/* Fill a group from arguments and options. */
static int group_read(const struct invocation *invocation, struct group *group, struct error *err)
{
	const char *name = invocation->arguments[0];
	const char *id = option_value(invocation, "id");
	const char *description = option_value(invocation, "description");
	size_t position = 0;
	int r = group_name_check(name, err);

	if (!r && id)
		r = id_check(id, "group id", err);
	if (!r && description)
		r = group_description_check(description, err);
	if (r)
		return r;
	strcpy(group->name, name);
	strcpy(group->id, id ? id : "");
	group->available = true;
	group->is_default = option_given(invocation, "default");
	if (description && *description) {
		group->description = strdup(description);
		if (!group->description)
			return out_of_memory(err);
	}
	for (const char *rule; !r && (rule = option_next(invocation, "rule", &position));)
		r = argument_rule(rule, &group->rules, err);
	return r;
}

int cmd_group_create(const struct invocation *invocation, struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	AUTO_SESSION struct control *control = NULL;
	int r = group_read(invocation, &group, err);

	if (!r)
		r = session_open(invocation, &control, err);
	if (!r)
		r = control_group_create(control, &group, err);
	if (r)
		return r;
	if (!invocation->json)
		return output_line("", group.id, err);
	return output_touched(invocation, "securityGroupId", group.id, err);
}

/* Takes the rules of the group along. */
static int group_document(struct store *store, struct group *group,
			  const struct instances *instances, json_t **document_out,
			  struct error *err)
{
	int r = store_rules_load(store, group->key, &group->rules, err);

	if (r)
		return r;
	*document_out = json_group(group, instances->items, instances->count);
	return *document_out ? 0 : out_of_memory(err);
}

static int groups_document(struct control *control, json_t *array, struct error *err)
{
	AUTO(groups_fini) struct groups groups = {0};
	AUTO(instances_fini) struct instances instances = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_group_list(store, &groups, err);
	if (!r)
		r = store_instance_list(store, &instances, err);
	for (size_t i = 0; !r && i < groups.count; i++) {
		json_t *document = NULL;

		r = group_document(store, &groups.items[i], &instances, &document, err);
		if (!r && json_array_append_new(array, document))
			r = out_of_memory(err);
	}
	return r;
}

int cmd_group_list(const struct invocation *invocation, struct error *err)
{
	static const struct column columns[] = {
		{"ID", "securityGroupId"},
		{"NAME", "securityGroupName"},
		{"STATUS", "securityGroupStatus"},
		{"DEFAULT", "isDefault"},
		{"RULES", "ruleInfos"},
		{"INSTANCES", "instanceIds"},
		{"DESCRIPTION", "description"},
		{NULL, NULL},
	};
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = json_pack("{s:[]}", "securityGroups");
	json_t *groups = json_object_get(document, "securityGroups");
	int r = session_open(invocation, &control, err);

	if (!r)
		r = groups_document(control, groups, err);
	if (r)
		return r;
	return invocation->json ? output_json(document, err) : output_table(groups, columns, err);
}

static int group_find_document(struct control *control, const char *id_or_name,
			       json_t **document_out, struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	AUTO(instances_fini) struct instances instances = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_group_find(store, id_or_name, &group, err);
	if (!r)
		r = store_instance_list(store, &instances, err);
	if (!r)
		r = group_document(store, &group, &instances, document_out, err);
	return r;
}

int cmd_group_show(const struct invocation *invocation, struct error *err)
{
	static const struct column columns[] = {
		{"id", "securityGroupId"},
		{"name", "securityGroupName"},
		{"status", "securityGroupStatus"},
		{"default", "isDefault"},
		{"created", "createTime"},
		{"description", "description"},
		{"instances", "instanceIds"},
		{"rules", "ruleInfos"},
		{NULL, NULL},
	};
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = NULL;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = group_find_document(control, invocation->arguments[0], &document, err);
	if (r)
		return r;
	if (invocation->json)
		return output_json(document, err);
	r = output_fields(document, columns, err);
	if (!r)
		r = output_rules("  ", json_object_get(document, "ruleInfos"), err);
	return r;
}

int cmd_group_delete(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	char id[ID_MAX + 1];
	int r = session_open(invocation, &control, err);

	if (!r)
		r = group_id_find(control, invocation->arguments[0], id, err);
	if (!r)
		r = control_group_delete(control, id, err);
	return r ? r : output_touched(invocation, "securityGroupId", id, err);
}

static int available_parse(const char *text, bool *available_out, struct error *err)
{
	*available_out = !strcmp(text, "Available");
	if (*available_out || !strcmp(text, "Unavailable"))
		return 0;
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
			 "unknown group status \"%s\": use Available or Unavailable",
			 quote(text).text);
}

int cmd_group_set(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	const char *status = option_value(invocation, "status");
	struct group_change change = {
		.name = option_value(invocation, "name"),
		.description = option_value(invocation, "description"),
	};
	char id[ID_MAX + 1];
	bool available;
	int r = 0;

	if (!change.name && !change.description && !status)
		return usage_error(invocation, err,
				   "nothing to set: give --name, --description or --status");
	if (change.name)
		r = group_name_check(change.name, err);
	if (!r && change.description)
		r = group_description_check(change.description, err);
	if (!r && status) {
		r = available_parse(status, &available, err);
		change.available = &available;
	}
	if (!r)
		r = session_open(invocation, &control, err);
	if (!r)
		r = group_id_find(control, invocation->arguments[0], id, err);
	if (!r)
		r = control_group_set(control, id, &change, err);
	return r ? r : output_touched(invocation, "securityGroupId", id, err);
}
