/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * action.h - the actions of the API: what each takes and does.
 */
#ifndef API_ACTION_H
#define API_ACTION_H

#include <stdio.h>

#include "api/call.h"
#include "control/control.h"
#include "util/error.h"

/*
 * Do what the call asks for, and write the fields of the answer (answer.h).
 * When it fails, nothing was changed.
 */
typedef int action_run(struct control *control, struct call *call, FILE *out, struct error *err);

struct action {
	const char *name;
	unsigned int required; /* TAKES_... */
	unsigned int optional;
	action_run *run;
};

/* All of them, up to one without a name. */
extern const struct action actions[];

/* NULL when there is none. */
const struct action *action_find(const char *name);

action_run create_group;
action_run delete_group;
action_run describe_groups;
action_run modify_groups;
action_run authorize_rules;
action_run revoke_rules;
action_run configure_rules;
action_run associate_instance;
action_run unassociate_instance;
action_run describe_available_groups;
action_run describe_instances;

#endif
