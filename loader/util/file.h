/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * file.h - whole files into memory, up to a bound.
 */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stddef.h>

#include "util/error.h"

/*
 * Read all of `path`, "-" being standard input. The text has a NUL after its
 * last byte and is the caller's to free. -EFBIG when there is more than
 * max_bytes, -ENOMEM, or the errno of open or read. The error has no code.
 */
int file_read(const char *path, size_t max_bytes, char **text_out, size_t *length_out,
	      struct error *err);

#endif
