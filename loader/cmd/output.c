// SPDX-License-Identifier: GPL-2.0-only
/*
 * output.c - print documents, fields, lines and errors.
 */
#include "cmd/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "util/cleanup.h"
#include "util/printable.h"

int out_of_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
}

void json_release(json_t **document)
{
	json_decref(*document);
}

json_t *json_text(const char *text)
{
	AUTO_FREE char *copy = strdup(text);

	if (!copy)
		return NULL;
	make_printable(copy);
	return json_string(copy);
}

int output_line(const char *prefix, const char *text, struct error *err)
{
	AUTO_FREE char *copy = strdup(text);

	if (!copy)
		return out_of_memory(err);
	make_printable(copy);
	printf("%s%s\n", prefix, copy);
	return 0;
}

static int output_field(const char *title, const json_t *value, struct error *err)
{
	AUTO_FREE char *text = value_text(value);

	if (!text)
		return out_of_memory(err);
	printf("%s: %s\n", title, text);
	return 0;
}

int output_fields(const json_t *object, const struct column *columns, struct error *err)
{
	int r = 0;

	for (; !r && columns->title; columns++)
		r = output_field(columns->title, json_object_get(object, columns->field), err);
	return r;
}

int output_object(json_t *object, struct error *err)
{
	const char *name;
	json_t *value;

	if (!object)
		return out_of_memory(err);
	json_object_foreach(object, name, value)
	{
		int r = output_field(name, value, err);

		if (r)
			return r;
	}
	return 0;
}

int output_json(const json_t *document, struct error *err)
{
	AUTO_FREE char *text =
		document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;

	if (!text)
		return out_of_memory(err);
	puts(text);
	return 0;
}

void output_error(bool json, const struct error *err)
{
	const char *code = err->code ? err->code : CODE_INTERNAL_SERVER_ERROR;
	struct error shown = *err;
	AUTO_FREE char *text = NULL;
	AUTO_JSON json_t *document = NULL;

	make_printable(shown.message);
	if (json) {
		document = json_pack("{s:{s:s, s:s}}", "error", "code", code, "message",
				     shown.message);
		text = document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(12))
				: NULL;
	}
	if (text)
		fprintf(stderr, "%s\n", text);
	else
		fprintf(stderr, "sgate: %s: %s\n", code, shown.message);
}
