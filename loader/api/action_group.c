// SPDX-License-Identifier: GPL-2.0-only
/*
 * action_group.c - actions about groups and their rules.
 */
#include <string.h>

#include "api/action.h"
#include "api/answer.h"
#include "control/reading.h"
#include "model/code.h"
#include "util/cleanup.h"

int create_group(struct control *control, struct call *call, FILE *out, struct error *err)
{
	AUTO(group_fini) struct group group = {0};
	int r;

	strcpy(group.name, call->name);
	if (call->description && *call->description) {
		group.description = strdup(call->description);
		if (!group.description)
			return out_of_memory(err);
	}
	group.rules = call->rules;
	call->rules = (struct rules){0};
	r = control_group_create(control, &group, err);
	if (r)
		return r;
	return answer_add(out, "securityGroupId", json_string(group.id), err);
}

int delete_group(struct control *control, struct call *call, FILE *out, struct error *err)
{
	(void)out;
	return control_group_delete(control, call->group, err);
}

int modify_groups(struct control *control, struct call *call, FILE *out, struct error *err)
{
	const struct group_change change = {.name = call->name, .description = call->description};

	(void)out;
	return control_groups_set(control, call->ids, call->id_count, &change, err);
}

int authorize_rules(struct control *control, struct call *call, FILE *out, struct error *err)
{
	(void)out;
	return control_rules_add(control, call->group, &call->rules, err);
}

int revoke_rules(struct control *control, struct call *call, FILE *out, struct error *err)
{
	(void)out;
	return control_rules_remove(control, call->group, &call->rules, err);
}

int configure_rules(struct control *control, struct call *call, FILE *out, struct error *err)
{
	(void)out;
	return control_rules_replace(control, call->group, &call->rules, err);
}

int describe_groups(struct control *control, struct call *call, FILE *out, struct error *err)
{
	const struct page page = page_of(call);
	AUTO(groups_fini) struct groups groups = {0};
	AUTO_READING struct store *store = NULL;
	int64_t total = 0;
	int r = reading_begin(control, &store, err);

	if (!r)
		r = store_group_page(store, &page, &groups, &total, err);
	return r ? r : answer_groups(out, store, &groups, total, call->with_priority, err);
}
