// SPDX-License-Identifier: GPL-2.0-only
/*
 * code.c - what a code is in HTTP, and the one error that every layer can meet.
 */
#include "model/code.h"

#include <errno.h>
#include <string.h>

#include "util/array.h"

unsigned int code_http_status(const char *code)
{
#define X(name, http) {#name, http},
	static const struct {
		const char *code;
		unsigned int status;
	} statuses[] = {CODES(X)};
#undef X

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (!strcmp(statuses[i].code, code))
			return statuses[i].status;
	}
	return 500;
}

int out_of_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
}
