// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule.c - the commands about rules of a group.
 */
#include "cmd/commands.h"

#include <errno.h>
#include <string.h>

#include "cmd/arguments.h"
#include "cmd/output.h"
#include "cmd/session.h"
#include "codec/json.h"
#include "codec/rule_text.h"
#include "model/code.h"
#include "util/file.h"
#include "util/quote.h"

/* A group full of rules of 300 bytes each is half of it. */
#define RULES_FILE_BYTES (64U << 20)

/* The rules among the arguments, after the group. */
static int rules_read(const struct invocation *invocation, struct rules *rules, struct error *err)
{
	const char *first = invocation->argument_count > 1 ? invocation->arguments[1] : "";
	int r = 0;

	if (!strcmp(first, "ingress") || !strcmp(first, "egress"))
		return usage_error(invocation, err,
				   "\"%s\" alone is no rule: quote each rule, as in "
				   "\"%s accept tcp 22\"",
				   first, first);
	for (size_t i = 1; !r && i < invocation->argument_count; i++)
		r = argument_rule(invocation->arguments[i], rules, err);
	return r;
}

static int rules_read_file(const char *path, struct rules *rules, struct error *err)
{
	AUTO_FREE char *text = NULL;
	struct error cause = {0};
	size_t length;
	int r = file_read(path, RULES_FILE_BYTES, &text, &length, &cause);

	if (r)
		return error_set(err, -r, CODE_INVALID_PARAMETER_VALUE,
				 "%s: name a file of rules, or - for standard input",
				 cause.message);
	r = rules_parse_lines(text, length, rules, &cause);
	if (r)
		return error_set(err, -r, cause.code, "%s: %s",
				 strcmp(path, "-") ? quote(path).text : "standard input",
				 cause.message);
	return 0;
}

/* Change rules of the group that is the first argument. */
typedef int rules_change(struct control *control, const char *group, struct rules *rules,
			 struct error *err);

static int change_rules(const struct invocation *invocation, rules_change *change,
			struct rules *rules, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	char id[ID_MAX + 1];
	int r = session_open(invocation, &control, err);

	if (!r)
		r = group_id_find(control, invocation->arguments[0], id, err);
	if (!r)
		r = change(control, id, rules, err);
	return r ? r : output_touched(invocation, "securityGroupId", id, err);
}

int cmd_rule_add(const struct invocation *invocation, struct error *err)
{
	AUTO(rules_fini) struct rules rules = {0};
	int r = rules_read(invocation, &rules, err);

	return r ? r : change_rules(invocation, control_rules_add, &rules, err);
}

static int remove_rules(struct control *control, const char *group, struct rules *rules,
			struct error *err)
{
	return control_rules_remove(control, group, rules, err);
}

int cmd_rule_remove(const struct invocation *invocation, struct error *err)
{
	AUTO(rules_fini) struct rules rules = {0};
	int r = rules_read(invocation, &rules, err);

	return r ? r : change_rules(invocation, remove_rules, &rules, err);
}

int cmd_rule_replace(const struct invocation *invocation, struct error *err)
{
	AUTO(rules_fini) struct rules rules = {0};
	const char *path = option_value(invocation, "f");
	int r;

	if (path && invocation->argument_count > 1)
		return usage_error(invocation, err,
				   "rules from -f and as arguments: give either of them");
	r = path ? rules_read_file(path, &rules, err) : rules_read(invocation, &rules, err);
	return r ? r : change_rules(invocation, control_rules_replace, &rules, err);
}

int output_rules(const char *prefix, const json_t *rule_infos, struct error *err)
{
	const json_t *rule;
	size_t index;
	int r = 0;

	json_array_foreach(rule_infos, index, rule)
	{
		r = output_line(prefix, json_string_value(json_object_get(rule, "rule")), err);
		if (r)
			break;
	}
	return r;
}

static int rules_document(struct control *control, const char *id_or_name, json_t **document_out,
			  struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	AUTO_READING struct store *store = NULL;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_group_find(store, id_or_name, &group, err);
	if (!r)
		r = store_rules_load(store, group.key, &group.rules, err);
	if (r)
		return r;
	*document_out = json_pack("{s:s, s:o}", "securityGroupId", group.id, "ruleInfos",
				  json_rules(&group.rules));
	return *document_out ? 0 : out_of_memory(err);
}

int cmd_rule_list(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = NULL;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = rules_document(control, invocation->arguments[0], &document, err);
	if (r)
		return r;
	if (invocation->json)
		return output_json(document, err);
	return output_rules("", json_object_get(document, "ruleInfos"), err);
}
