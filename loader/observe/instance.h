/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * instance.h - an instance as it is: what is stored and what is in force.
 */
#ifndef OBSERVE_INSTANCE_H
#define OBSERVE_INSTANCE_H

#include <jansson.h>

#include "control/control.h"

/* The document of an instance, as stored and as in force. NULL: out of memory. */
json_t *instance_state_document(const struct instance *instance,
				const struct instance_state *state);
/* The same, of an instance as it is now. */
int instance_document(struct control *control, const struct instance *instance,
		      json_t **document_out, struct error *err);

/*
 * How an instance uses its share of the connection table: entries, unreplied,
 * limit (0 while it is not attached), refused, replaced. All 0 without kern.
 */
int share_document(struct control *control, const struct kern *kern,
		   const struct instance *instance, json_t **document_out, struct error *err);

#endif
