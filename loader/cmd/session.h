/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - what commands need of the layers below: the store and kernel
 * that the settings name, read transactions, and objects as documents.
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include <jansson.h>

#include "cmd/command.h"
#include "control/control.h"
#include "util/cleanup.h"

/* The directory given by option, else by environment, else the default. */
const char *session_state_dir(const struct invocation *invocation);
const char *session_bpffs(const struct invocation *invocation);

int session_open(const struct invocation *invocation, struct control **control_out,
		 struct error *err);
void session_close(struct control **control);
#define AUTO_SESSION AUTO(session_close)

/* A read transaction, for the rest of the block. */
int reading_begin(struct control *control, struct store **store_out, struct error *err);
void reading_end(struct store **store);
#define AUTO_READING AUTO(reading_end)

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

/* An array of the sentences. */
json_t *drift_document(const struct drift *drift);

/* The kernel side, NULL when nothing was ever attached. */
int reading_kern(struct control *control, struct kern **kern_out, struct error *err);

/*
 * How an instance uses its share of the connection table: entries, unreplied,
 * limit (0 while it is not attached), refused, replaced. All 0 without kern.
 */
int share_document(struct control *control, const struct kern *kern,
		   const struct instance *instance, json_t **document_out, struct error *err);

/* The document of an instance, as stored and as in force. NULL: out of memory. */
json_t *instance_state_document(const struct instance *instance,
				const struct instance_state *state);
/* The same, of an instance as it is now. */
int instance_document(struct control *control, const struct instance *instance,
		      json_t **document_out, struct error *err);

#endif
