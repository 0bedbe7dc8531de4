// SPDX-License-Identifier: GPL-2.0-only
/*
 * call.c - the parameters of an action, read from a request's JSON.
 */
#include "api/call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/action.h"
#include "codec/field.h"
#include "codec/rule_info.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/quote.h"

void call_fini(struct call *call)
{
	rules_fini(&call->rules);
}

int request_parse(const char *body, size_t length, json_t **request_out, struct error *err)
{
	json_error_t error;
	json_t *request = json_loadb(body, length, JSON_REJECT_DUPLICATES, &error);

	if (!request)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_TYPE,
				 "the body is not a JSON object, at byte %d: %s", error.position,
				 quote(error.text).text);
	if (!json_is_object(request)) {
		json_decref(request);
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_TYPE,
				 "the body is a JSON list: send an object");
	}
	*request_out = request;
	return 0;
}

static int id_read(const json_t *request, const char *name, const char **id_out, struct error *err)
{
	struct error cause;
	int r = field_text(request, name, id_out, err);

	if (!r && *id_out && id_check(*id_out, "id", &cause))
		r = field_error(name, &cause, NULL, err);
	return r;
}

static int ids_read(const json_t *request, const char *name, struct call *call, struct error *err)
{
	const json_t *array, *element;
	struct error cause;
	size_t index;
	int r = field_array(request, name, &array, err);

	if (!r && json_array_size(array) > CALL_MAX_IDS)
		r = error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
			      "%s has %zu ids: give at most %d", name, json_array_size(array),
			      CALL_MAX_IDS);
	if (r)
		return r;
	json_array_foreach(array, index, element)
	{
		char place[64];

		snprintf(place, sizeof(place), "%s[%zu]", name, index);
		if (!json_is_string(element))
			return field_mistyped(place, element, "a string", err);
		if (id_check(json_string_value(element), "id", &cause))
			return field_error(place, &cause, NULL, err);
		call->ids[call->id_count++] = json_string_value(element);
	}
	return 0;
}

/* Text that `check` has to find in order. */
static int checked_read(const json_t *request, const char *name,
			int (*check)(const char *text, struct error *err), const char **text_out,
			struct error *err)
{
	struct error cause;
	int r = field_text(request, name, text_out, err);

	if (!r && *text_out && check(*text_out, &cause))
		r = field_error(name, &cause, NULL, err);
	return r;
}

static int number_read(const json_t *request, const char *name, int64_t max, int64_t *number,
		       struct error *err)
{
	bool given = false;
	int r = field_integer(request, name, number, &given, err);

	if (r || !given || (*number >= 1 && *number <= max))
		return r;
	return error_set(err, EINVAL,
			 *number < 1 ? CODE_INVALID_PARAMETER_LESS_MINIMUM
				     : CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
			 "%s is %lld: give 1-%lld", name, (long long)*number, (long long)max);
}

static int page_read(const json_t *request, struct call *call, struct error *err)
{
	/* so that number times size is within an int64_t */
	int r = number_read(request, "pageNum", INT32_MAX, &call->page_number, err);

	return r ? r : number_read(request, "pageSize", CALL_MAX_PAGE_SIZE, &call->page_size, err);
}

static int refuse_repeats(const struct rules *rules, struct error *err)
{
	bool found = false;
	size_t indexes[2] = {0};

	if (rules_find_repeat(rules, &found, indexes))
		return out_of_memory(err);
	if (!found)
		return 0;
	return error_set(err, EPERM, CODE_OPERATION_DENIED_SECURITY_GROUP_EXIST_REPEAT_RULE,
			 "ruleInfos[%zu] and ruleInfos[%zu] are the same rule: give it once",
			 indexes[0], indexes[1]);
}

static int rules_read(const json_t *request, struct rules *rules, struct error *err)
{
	const json_t *array = NULL;
	int r = field_array(request, "ruleInfos", &array, err);

	if (!r)
		r = rule_infos_parse(array, "ruleInfos", rules, err);
	return r ? r : refuse_repeats(rules, err);
}

static int rule_read(const json_t *request, struct rules *rules, struct error *err)
{
	AUTO(rule_fini) struct rule rule = {0};
	int r = rule_info_parse(request, &rule, err);

	if (!r && rules_add(rules, &rule))
		r = out_of_memory(err);
	return r;
}

static int parameters_read(unsigned int takes, const json_t *request, struct call *call,
			   struct error *err)
{
	int r = 0;

	if (takes & TAKES_GROUP)
		r = id_read(request, "securityGroupId", &call->group, err);
	if (!r && takes & TAKES_INSTANCE)
		r = id_read(request, "instanceId", &call->instance, err);
	if (!r && takes & TAKES_GROUPS)
		r = ids_read(request, "securityGroupIds", call, err);
	if (!r && takes & TAKES_INSTANCES)
		r = ids_read(request, "instanceIds", call, err);
	if (!r && takes & TAKES_NAME)
		r = checked_read(request, "securityGroupName", group_name_check, &call->name, err);
	if (!r && takes & TAKES_NAME_FILTER)
		r = field_text(request, "securityGroupName", &call->name, err);
	if (!r && takes & TAKES_DESCRIPTION)
		r = checked_read(request, "description", group_description_check,
				 &call->description, err);
	if (!r && takes & TAKES_PAGE)
		r = page_read(request, call, err);
	return r;
}

/* Lists that are empty count as absent: some clients cannot send them. */
static int check_required(unsigned int required, const struct call *call, struct error *err)
{
	const struct {
		unsigned int takes;
		bool is_given;
		const char *name, *wanted;
	} rows[] = {
		{TAKES_GROUP, call->group, "securityGroupId", "the id of a group"},
		{TAKES_INSTANCE, call->instance, "instanceId", "the id of an instance"},
		{TAKES_GROUPS, call->id_count, "securityGroupIds", "a list of ids of groups"},
		{TAKES_NAME, call->name, "securityGroupName", "1-64 letters, digits, '-' and '.'"},
		{TAKES_RULES, call->rules.count, "ruleInfos", "a list of rules"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if ((required & rows[i].takes) && !rows[i].is_given)
			return field_missing(rows[i].name, rows[i].wanted, err);
	}
	return 0;
}

int call_parse(const struct action *action, const json_t *request, struct call *call_out,
	       struct error *err)
{
	const unsigned int takes = action->required | action->optional;
	struct call call = {
		.action = action,
		.page_number = 1,
		.page_size = CALL_DEFAULT_PAGE_SIZE,
	};
	int r = parameters_read(takes, request, &call, err);

	/* what is missing comes before what is wrong inside of rules */
	if (!r)
		r = check_required(action->required & ~(unsigned int)TAKES_RULES, &call, err);
	if (!r && takes & TAKES_RULES)
		r = rules_read(request, &call.rules, err);
	if (!r && takes & TAKES_RULE)
		r = rule_read(request, &call.rules, err);
	if (!r)
		r = check_required(action->required, &call, err);
	if (r) {
		call_fini(&call);
		return r;
	}
	*call_out = call;
	return 0;
}
