// SPDX-License-Identifier: GPL-2.0-only
/*
 * error.c - fill a struct error.
 */
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *err, int number, const char *code, const char *format, ...)
{
	va_list args;

	if (!err)
		return -number;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	for (unsigned char *c = (unsigned char *)err->message; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return -number;
}
