// SPDX-License-Identifier: GPL-2.0-only
/*
 * find.c - groups and instances, as whoever asks for a change may name them.
 */
#include <errno.h>

#include "control/internal.h"
#include "model/code.h"

/* A daemon has others to serve, and its clients can try again. */
#define CLIENT_BUSY_MS 5000

void control_set_caller(struct control *control, enum control_caller caller)
{
	control->caller = caller;
	store_set_busy(control->store, caller == CALLER_CLIENT ? CLIENT_BUSY_MS : STORE_BUSY_MS);
}

int find_group(struct control *control, const char *name, struct group *group_out,
	       struct error *err)
{
	if (control->caller == CALLER_CLIENT)
		return store_group_find_id(control->store, name, group_out, err);
	return store_group_find(control->store, name, group_out, err);
}

int find_instance(struct control *control, const char *name, struct instance *instance_out,
		  struct error *err)
{
	if (control->caller == CALLER_CLIENT)
		return store_instance_find_id(control->store, name, instance_out, err);
	return store_instance_find(control->store, name, instance_out, err);
}

int find_own_group(struct control *control, const char *name, struct group *group_out,
		   struct error *err)
{
	int r = find_group(control, name, group_out, err);

	if (r || control->caller == CALLER_OPERATOR || !group_out->is_default)
		return r;
	group_fini(group_out);
	return error_set(err, EPERM, CODE_OPERATION_DENIED_DEFAULT_SECURITY_GROUP_NOT_SUPPORT,
			 "group \"%s\" is a default group: change it with sgate on its host",
			 group_out->id);
}
