/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arguments.h - arguments and options into objects of the model, checked.
 */
#ifndef CMD_ARGUMENTS_H
#define CMD_ARGUMENTS_H

#include "cmd/command.h"
#include "control/control.h"
#include "model/rule.h"

/* Append the rule that `text` says. */
int argument_rule(const char *text, struct rules *rules, struct error *err);

/*
 * The options that attach, instance add and instance set share, and of those
 * of instance set the others. change_out->options is the caller's to
 * instance_options_fini, on failure too.
 */
int argument_change(const struct invocation *invocation, struct instance_change *change_out,
		    struct error *err);

#endif
