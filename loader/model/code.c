// SPDX-License-Identifier: GPL-2.0-only
/*
 * code.c - the one error that every layer can meet.
 */
#include "model/code.h"

#include <errno.h>

int out_of_memory(struct error *err)
{
	return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
}
