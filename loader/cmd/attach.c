// SPDX-License-Identifier: GPL-2.0-only
/*
 * attach.c - put the programs on an interface, take them off.
 */
#include "cmd/commands.h"

#include "cmd/arguments.h"
#include "cmd/output.h"
#include "cmd/session.h"

/* Tell the instance that has the interface. */
static int output_attached(const struct invocation *invocation, struct control *control,
			   struct error *err)
{
	char id[ID_MAX + 1];
	int r;

	if (!invocation->json)
		return 0;
	r = instance_id_find(control, invocation->arguments[0], id, err);
	return r ? r : output_touched(invocation, "instanceId", id, err);
}

int cmd_attach(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	const char *dev = invocation->arguments[0];
	const char *id = option_value(invocation, "id");
	struct instance_change change = {0};
	int r = dev_name_check(dev, err);

	if (!r && id)
		r = id_check(id, "instance id", err);
	if (!r)
		r = argument_change(invocation, &change, err);
	if (!r)
		r = session_open(invocation, &control, err);
	if (!r)
		r = control_attach(control, dev, id, &change, err);
	instance_options_fini(&change.options);
	return r ? r : output_attached(invocation, control, err);
}

int cmd_detach(const struct invocation *invocation, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	char id[ID_MAX + 1];
	int r = session_open(invocation, &control, err);

	if (!r)
		r = instance_id_find(control, invocation->arguments[0], id, err);
	if (!r)
		r = control_detach(control, id, option_given(invocation, "forget"), err);
	return r ? r : output_touched(invocation, "instanceId", id, err);
}
