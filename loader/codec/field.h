/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * field.h - fields of a JSON object that somebody else wrote.
 *
 * A field that is null is one that is absent. A field of another type than is
 * asked for: -EINVAL INVALID_PARAMETER_TYPE. Messages begin with its name.
 */
#ifndef CODEC_FIELD_H
#define CODEC_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Borrowed from the object; NULL when absent. */
int field_text(const json_t *object, const char *name, const char **text_out, struct error *err);
int field_array(const json_t *object, const char *name, const json_t **array_out,
		struct error *err);
/* *given_out false, and nothing else written, when absent. */
int field_integer(const json_t *object, const char *name, int64_t *integer_out, bool *given_out,
		  struct error *err);

/* -EINVAL MISSING_PARAMETER; `wanted` is what to give. */
int field_missing(const char *name, const char *wanted, struct error *err);
/* -EINVAL INVALID_PARAMETER_TYPE for the value that is there. */
int field_mistyped(const char *name, const json_t *value, const char *wanted, struct error *err);

/*
 * The error `cause` as one of the field: its name before the message, and
 * `code` in place of its own unless that is NULL. Returns -EINVAL.
 */
int field_error(const char *name, const struct error *cause, const char *code, struct error *err);

#endif
