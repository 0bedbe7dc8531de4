// SPDX-License-Identifier: GPL-2.0-only
/*
 * associate.c - give an instance a group, take it away.
 */
#include "cmd/commands.h"

#include "cmd/output.h"
#include "cmd/session.h"

typedef int association_change(struct control *control, const char *group, const char *instance,
			       struct error *err);

/*
 * Names are resolved below, in the order in which the errors of associating
 * are promised; here only for what is said afterwards.
 */
static int change(const struct invocation *invocation, association_change *apply, struct error *err)
{
	AUTO_SESSION struct control *control = NULL;
	const char *group = invocation->arguments[0];
	const char *instance = invocation->arguments[1];
	char group_id[ID_MAX + 1], instance_id[ID_MAX + 1];
	AUTO_JSON json_t *document = NULL;
	int r = session_open(invocation, &control, err);

	if (!r)
		r = apply(control, group, instance, err);
	if (r || !invocation->json)
		return r;
	r = group_id_find(control, group, group_id, err);
	if (!r)
		r = instance_id_find(control, instance, instance_id, err);
	if (r)
		return r;
	document = json_pack("{s:s, s:s}", "securityGroupId", group_id, "instanceId", instance_id);
	return output_json(document, err);
}

int cmd_associate(const struct invocation *invocation, struct error *err)
{
	return change(invocation, control_associate, err);
}

int cmd_dissociate(const struct invocation *invocation, struct error *err)
{
	return change(invocation, control_dissociate, err);
}
