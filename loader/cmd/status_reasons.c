// SPDX-License-Identifier: GPL-2.0-only
/*
 * status_reasons.c - why programs are where they are: each reason once, with
 * the interfaces that have it.
 */
#include "cmd/status_reasons.h"

#include <string.h>

#include "cmd/output.h"

/* More are counted. */
#define MAX_NAMED 3

struct with_reason {
	const char *reason;
	size_t from; /* no instance before has it */
};

static const char *member(const json_t *instance, const char *name)
{
	const char *text = json_string_value(json_object_get(instance, name));

	return text ? text : "";
}

static bool has_reason(const json_t *instance, const char *reason)
{
	return json_is_true(json_object_get(instance, "attached")) &&
	       !strcmp(member(instance, "hookReason"), reason);
}

/* "v0, v1, v2 and 7 more" */
static json_t *names(const json_t *instances, const struct with_reason *with)
{
	json_t *text = json_string("");
	size_t count = 0;

	for (size_t i = with->from; text && i < json_array_size(instances); i++) {
		const json_t *instance = json_array_get(instances, i);
		json_t *longer;

		if (!has_reason(instance, with->reason) || count++ >= MAX_NAMED)
			continue;
		longer = json_sprintf("%s%s%s", json_string_value(text), count > 1 ? ", " : "",
				      member(instance, "dev"));
		json_decref(text);
		text = longer;
	}
	if (text && count > MAX_NAMED) {
		json_t *longer =
			json_sprintf("%s and %zu more", json_string_value(text), count - MAX_NAMED);

		json_decref(text);
		text = longer;
	}
	return text;
}

static int print_one(const json_t *instances, const struct with_reason *with, struct error *err)
{
	AUTO_JSON json_t *devs = names(instances, with);
	AUTO_JSON json_t *line = json_sprintf("%s (%s)", with->reason, json_string_value(devs));

	return line ? output_line("", json_string_value(line), err) : out_of_memory(err);
}

int status_print_reasons(const json_t *instances, struct error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < json_array_size(instances); i++) {
		struct with_reason with = {
			.reason = member(json_array_get(instances, i), "hookReason"),
			.from = i,
		};
		bool is_first = has_reason(json_array_get(instances, i), with.reason);

		for (size_t before = 0; is_first && before < i; before++)
			is_first = !has_reason(json_array_get(instances, before), with.reason);
		if (is_first)
			r = print_one(instances, &with, err);
	}
	return r;
}
