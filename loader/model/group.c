// SPDX-License-Identifier: GPL-2.0-only
/*
 * group.c - what a security group owns.
 */
#include "model/group.h"

#include <stdlib.h>

void group_fini(struct group *group)
{
	free(group->description);
	group->description = NULL;
	rules_fini(&group->rules);
}
