/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * refused.h - what tests of parsers expect of a text that is not accepted.
 *
 * Include it after cmocka.h.
 */
#ifndef TESTS_UNIT_REFUSED_H
#define TESTS_UNIT_REFUSED_H

#include <errno.h>
#include <string.h>

#include "util/error.h"

/* `r` is -EINVAL, the code is this one and the message contains `fragment`. */
static inline void check_refused(const char *input, int r, const struct error *err,
				 const char *code, const char *fragment)
{
	if (r != -EINVAL)
		fail_msg("\"%s\": returned %d, not -EINVAL", input, r);
	if (strcmp(err->code, code) != 0)
		fail_msg("\"%s\": code %s, not %s: %s", input, err->code, code, err->message);
	if (!strstr(err->message, fragment))
		fail_msg("\"%s\": \"%s\" is not in the message: %s", input, fragment, err->message);
}

#endif
