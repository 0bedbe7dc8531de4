/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * status_reasons.h - why programs are where they are.
 */
#ifndef CMD_STATUS_REASONS_H
#define CMD_STATUS_REASONS_H

#include <jansson.h>

#include "util/error.h"

/* A line for each reason, of the instances that are attached. */
int status_print_reasons(const json_t *instances, struct error *err);

#endif
