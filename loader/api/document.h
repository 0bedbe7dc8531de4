/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * document.h - what answers are made of.
 */
#ifndef API_DOCUMENT_H
#define API_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>

#include "api/call.h"
#include "control/control.h"
#include "util/error.h"

/* Set a field; takes the value, which may be NULL for want of memory. -ENOMEM. */
int document_add(json_t *object, const char *name, json_t *value, struct error *err);

/* What of a list the call asks for; borrows from it. */
struct page page_of(const struct call *call);
/* Set totalCount and dataSet; takes `data`, and returns `r`, of what was done, if it is not 0. */
int add_page(json_t *response, int64_t total, json_t *data, int r, struct error *err);

/*
 * Append the SecurityGroupInfo of a group, loading its rules into *group.
 * Without priorities, rules that differ in nothing else are shown once.
 */
int add_group(struct store *store, struct group *group, bool with_priority, json_t *array,
	      struct error *err);

int add_instance(struct control *control, const struct instance *instance, json_t *array,
		 struct error *err);

#endif
