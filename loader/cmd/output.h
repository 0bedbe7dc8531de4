/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - what commands say: JSON documents, the same documents as tables
 * and fields for people, lines, errors.
 *
 * A command makes its document once; text is a view of it, so the two cannot
 * disagree. All text goes through make_printable. Whether standard output took
 * it is checked once, at the end of the process.
 */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "codec/json.h"
#include "model/code.h"
#include "util/error.h"

/* Which fields of an object are shown to people, and under which title. */
struct column {
	const char *title;
	const char *field;
};

/*
 * A value as people read it: yes and no, arrays joined by ", ", of an array
 * of objects how many there are, "-" for what is empty. The caller frees it;
 * NULL: out of memory.
 */
char *value_text(const json_t *value);

/* A line of titles and a line an object, aligned. `columns` up to one without a title. */
int output_table(const json_t *rows, const struct column *columns, struct error *err);
/* A line "title: value" a column. */
int output_fields(const json_t *object, const struct column *columns, struct error *err);
/* A line a field, under its own name. NULL is "out of memory". */
int output_object(json_t *object, struct error *err);
/* One line. */
int output_line(const char *prefix, const char *text, struct error *err);

/* The document on a line of its own. NULL is "out of memory". */
int output_json(const json_t *document, struct error *err);

/* One line on standard error, as text or as JSON. */
void output_error(bool json, const struct error *err);

#endif
