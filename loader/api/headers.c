// SPDX-License-Identifier: GPL-2.0-only
/*
 * headers.c - the header fields of a request.
 *
 * A field that is there twice has no value: whoever stands in between may have
 * taken the other one.
 */
#include "api/headers.h"

#include <string.h>
#include <strings.h>

static size_t count_of(const struct headers *headers, const char *name, size_t length,
		       const char **value_out)
{
	size_t count = 0;

	for (size_t i = 0; i < headers->count; i++) {
		const struct header *header = &headers->items[i];

		if (strncasecmp(header->name, name, length) || header->name[length])
			continue;
		*value_out = header->value;
		count++;
	}
	return count;
}

const char *headers_get_part(const struct headers *headers, const char *name, size_t length)
{
	const char *value = NULL;

	return count_of(headers, name, length, &value) == 1 ? value : NULL;
}

const char *headers_get(const struct headers *headers, const char *name)
{
	return headers_get_part(headers, name, strlen(name));
}

bool headers_have_twice(const struct headers *headers, const char *name)
{
	const char *value;

	return count_of(headers, name, strlen(name), &value) > 1;
}
