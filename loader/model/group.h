/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * group.h - a security group.
 */
#ifndef MODEL_GROUP_H
#define MODEL_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "model/rule.h"

struct group {
	int64_t key; /* the store's, ascending with creation, never used again */
	char id[ID_MAX + 1];
	char name[NAME_MAX_LENGTH + 1];
	char *description;    /* owned; NULL is empty */
	bool available;	      /* status Available; else Unavailable */
	bool is_default;      /* every instance added later gets it */
	char create_time[24]; /* RFC 3339, UTC, seconds: 2026-01-31T12:00:00Z */
	struct rules rules;   /* filled where asked for */
};

void group_fini(struct group *group);

#endif
