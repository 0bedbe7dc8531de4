// SPDX-License-Identifier: GPL-2.0-only
/*
 * action_instance.c - actions about instances, and which groups they have.
 */
#include "api/action.h"
#include "api/answer.h"
#include "control/reading.h"
#include "model/code.h"
#include "util/cleanup.h"

int associate_instance(struct control *control, struct call *call, FILE *out, struct error *err)
{
	(void)out;
	return control_associate(control, call->group, call->instance, err);
}

int unassociate_instance(struct control *control, struct call *call, FILE *out, struct error *err)
{
	(void)out;
	return control_dissociate(control, call->group, call->instance, err);
}

int describe_available_groups(struct control *control, struct call *call, FILE *out,
			      struct error *err)
{
	AUTO(groups_fini) struct groups groups = {0};
	json_t *list;
	int r = control_associable(control, call->instance, &groups, err);

	if (r)
		return r;
	list = json_array();
	for (size_t i = 0; i < groups.count; i++) {
		const struct group *group = &groups.items[i];

		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "securityGroupId",
						      group->id, "securityGroupName", group->name,
						      "isDefault", group->is_default));
	}
	if (json_array_size(list) != groups.count) {
		json_decref(list);
		return out_of_memory(err);
	}
	return answer_add(out, "instanceAvailableSecurityGroups", list, err);
}

int describe_instances(struct control *control, struct call *call, FILE *out, struct error *err)
{
	const struct page page = page_of(call);
	AUTO(instances_fini) struct instances instances = {0};
	AUTO_READING struct store *store = NULL;
	int64_t total = 0;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_instance_page(store, &page, &instances, &total, err);
	return r ? r : answer_instances(out, control, &instances, total, err);
}
