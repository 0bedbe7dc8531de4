// SPDX-License-Identifier: GPL-2.0-only
/*
 * field.c - fields of a JSON object that somebody else wrote.
 */
#include "codec/field.h"

#include <errno.h>

#include "model/code.h"

static const char *type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a real number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		break;
	}
	return "null";
}

int field_missing(const char *name, const char *wanted, struct error *err)
{
	return error_set(err, EINVAL, CODE_MISSING_PARAMETER, "%s is missing: give %s", name,
			 wanted);
}

int field_mistyped(const char *name, const json_t *value, const char *wanted, struct error *err)
{
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_TYPE, "%s is %s: give %s", name,
			 type_name(value), wanted);
}

int field_error(const char *name, const struct error *cause, const char *code, struct error *err)
{
	return error_set(err, EINVAL, code ? code : cause->code, "%s: %s", name, cause->message);
}

/* NULL when absent. */
static const json_t *value_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

int field_text(const json_t *object, const char *name, const char **text_out, struct error *err)
{
	const json_t *value = value_of(object, name);

	if (value && !json_is_string(value))
		return field_mistyped(name, value, "a string", err);
	*text_out = value ? json_string_value(value) : NULL;
	return 0;
}

int field_array(const json_t *object, const char *name, const json_t **array_out, struct error *err)
{
	const json_t *value = value_of(object, name);

	if (value && !json_is_array(value))
		return field_mistyped(name, value, "a list", err);
	*array_out = value;
	return 0;
}

int field_integer(const json_t *object, const char *name, int64_t *integer_out, bool *given_out,
		  struct error *err)
{
	const json_t *value = value_of(object, name);

	if (value && !json_is_integer(value))
		return field_mistyped(name, value, "an integer", err);
	*given_out = value;
	if (value)
		*integer_out = json_integer_value(value);
	return 0;
}
