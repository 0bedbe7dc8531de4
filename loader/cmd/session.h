/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - what commands need of the layers below: the store and kernel
 * that the settings name, and objects behind names.
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <jansson.h>

#include "cmd/command.h"
#include "control/control.h"
#include "control/reading.h"
#include "observe/instance.h"
#include "observe/status.h"
#include "util/cleanup.h"

/* The directory given by option, else by environment, else the default. */
const char *session_state_dir(const struct invocation *invocation);
const char *session_bpffs(const struct invocation *invocation);

int session_open(const struct invocation *invocation, struct control **control_out,
		 struct error *err);
void session_close(struct control **control);
#define AUTO_SESSION AUTO(session_close)

/* The id behind an id or name; of a group, of an instance. */
int group_id_find(struct control *control, const char *id_or_name, char id_out[ID_MAX + 1],
		  struct error *err);
int instance_id_find(struct control *control, const char *id_or_dev, char id_out[ID_MAX + 1],
		     struct error *err);

/*
 * What a change says when it has nothing to say: with --json the object
 * {field: id}, else nothing.
 */
int output_touched(const struct invocation *invocation, const char *field, const char *id,
		   struct error *err);

#endif
