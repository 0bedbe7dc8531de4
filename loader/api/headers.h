/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * headers.h - the header fields of a request.
 */
#ifndef API_HEADERS_H
#define API_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#define HEADERS_MAX 64

/* Borrowed from the request. */
struct header {
	const char *name;
	const char *value; /* as it was received, without the blanks around it */
};

struct headers {
	struct header items[HEADERS_MAX];
	size_t count;
};

/* The value of a field, its name in any case; NULL when it is not there or there twice. */
const char *headers_get(const struct headers *headers, const char *name);
/* The same, of a name that is not a whole text. */
const char *headers_get_part(const struct headers *headers, const char *name, size_t length);
bool headers_have_twice(const struct headers *headers, const char *name);

#endif
