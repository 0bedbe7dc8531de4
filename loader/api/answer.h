/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answer.h - what answers are made of.
 *
 * An answer is written as it is found out, a rule after the other, so that the
 * memory it takes is that of its text. Each part begins with the comma that
 * parts it from what is there; when one fails, the whole is thrown away.
 */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "api/call.h"
#include "control/control.h"
#include "util/error.h"

/* A field. Takes the value, which may be NULL for want of memory. -ENOMEM. */
int answer_add(FILE *out, const char *name, json_t *value, struct error *err);

/* What of a list the call asks for; borrows from it. */
struct page page_of(const struct call *call);

/*
 * totalCount and dataSet, the SecurityGroupInfo of each. Without priorities,
 * rules that differ in nothing else are shown once. -EINVAL
 * INVALID_PARAMETER_EXCEED_MAXIMUM when they are too much for one answer.
 */
int answer_groups(FILE *out, struct store *store, struct groups *groups, int64_t total,
		  bool with_priority, struct error *err);
/* The same of instances. */
int answer_instances(FILE *out, struct control *control, const struct instances *instances,
		     int64_t total, struct error *err);

#endif
