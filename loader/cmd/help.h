/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * help.h - how commands are used.
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include "util/error.h"

/* The commands and the options of all. */
void help_print_all(FILE *stream);

/* Of a command ("group create"), of a family ("group"), or of all (""); on standard output. */
int help_topic_print(const char *topic, bool json, struct error *err);

#endif
