// SPDX-License-Identifier: GPL-2.0-only
/*
 * output_table.c - objects as rows with their columns aligned.
 */
#include "cmd/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/array.h"
#include "util/cleanup.h"
#include "util/printable.h"

#define COLUMN_GAP 2

/* Row by row, the first row being the titles. */
struct cells {
	struct cell {
		char *text; /* owned */
		size_t width;
	} * items;
	size_t count;
	size_t capacity;
	size_t columns;
};

static void cells_fini(struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		free(cells->items[i].text);
	free(cells->items);
}

/* Takes `text`; NULL is out of memory. -ENOMEM. */
static int cells_add(struct cells *cells, char *text)
{
	if (!text || ARRAY_GROW(cells->items, cells->count, cells->capacity)) {
		free(text);
		return -ENOMEM;
	}
	cells->items[cells->count++] = (struct cell){text, make_printable(text)};
	return 0;
}

static char *joined(const json_t *array)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	const json_t *element;
	size_t index;

	if (!stream)
		return NULL;
	json_array_foreach(array, index, element)
	{
		AUTO_FREE char *part = value_text(element);

		fprintf(stream, "%s%s", index ? ", " : "", part ? part : "");
	}
	if (ferror(stream) | fclose(stream)) {
		free(text);
		return NULL;
	}
	return text;
}

static char *number_text(json_int_t number)
{
	char *text = NULL;

	return asprintf(&text, "%lld", (long long)number) < 0 ? NULL : text;
}

static char *array_text(const json_t *array)
{
	if (!json_array_size(array))
		return strdup("-");
	if (json_is_object(json_array_get(array, 0)))
		return number_text(json_array_size(array));
	return joined(array);
}

char *value_text(const json_t *value)
{
	char *text = NULL;

	if (json_is_string(value))
		text = strdup(*json_string_value(value) ? json_string_value(value) : "-");
	else if (json_is_integer(value))
		text = number_text(json_integer_value(value));
	else if (json_is_boolean(value))
		text = strdup(json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		text = array_text(value);
	else
		text = strdup("-");
	if (text)
		make_printable(text);
	return text;
}

static size_t column_width(const struct cells *cells, size_t column)
{
	size_t widest = 0;

	for (size_t i = column; i < cells->count; i += cells->columns) {
		if (cells->items[i].width > widest)
			widest = cells->items[i].width;
	}
	return widest;
}

static int print(const struct cells *cells)
{
	AUTO_FREE size_t *widths = calloc(cells->columns, sizeof(*widths));

	if (!widths)
		return -ENOMEM;
	for (size_t column = 0; column < cells->columns; column++)
		widths[column] = column_width(cells, column);
	for (size_t i = 0; i < cells->count; i++) {
		size_t column = i % cells->columns;

		fputs(cells->items[i].text, stdout);
		if (column + 1 == cells->columns)
			putchar('\n');
		else
			printf("%*s", (int)(widths[column] - cells->items[i].width + COLUMN_GAP),
			       "");
	}
	return 0;
}

int output_table(const json_t *rows, const struct column *columns, struct error *err)
{
	AUTO(cells_fini) struct cells cells = {0};
	const json_t *row;
	size_t index;

	for (; columns[cells.columns].title; cells.columns++) {
		if (cells_add(&cells, strdup(columns[cells.columns].title)))
			return out_of_memory(err);
	}
	json_array_foreach(rows, index, row)
	{
		for (size_t column = 0; column < cells.columns; column++) {
			const json_t *value = json_object_get(row, columns[column].field);

			if (cells_add(&cells, value_text(value)))
				return out_of_memory(err);
		}
	}
	return print(&cells) ? out_of_memory(err) : 0;
}
