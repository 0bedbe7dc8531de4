// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits.c - how many groups, and rules of a group, there may be.
 */
#include <errno.h>

#include "control/internal.h"
#include "model/code.h"

static int read_limits(struct store *store, struct limits *limits, struct error *err)
{
	int r = store_limit_get(store, LIMIT_GROUPS, STORE_MAX_GROUPS, &limits->groups, err);

	return r ? r
		 : store_limit_get(store, LIMIT_RULES_PER_GROUP, STORE_MAX_RULES_PER_GROUP,
				   &limits->rules_per_group, err);
}

int control_limits_read(struct control *control, struct limits *limits_out, struct error *err)
{
	int r = store_begin_read(control->store, err);

	if (r)
		return r;
	r = read_limits(control->store, limits_out, err);
	store_rollback(control->store);
	return r;
}

static int set_limit(struct store *store, const char *name, uint32_t limit, uint32_t most,
		     struct error *err)
{
	if (!limit)
		return 0;
	if (limit > most)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_MAXIMUM,
				 "limit %u is too high: %u is the most", limit, most);
	return store_setting_set(store, name, limit, err);
}

int control_limits_set(struct control *control, const struct limits *limits, struct error *err)
{
	struct change change;
	int r = change_begin(control, &change, err);

	if (r)
		return r;
	r = set_limit(control->store, LIMIT_GROUPS, limits->groups, STORE_MAX_GROUPS, err);
	if (!r)
		r = set_limit(control->store, LIMIT_RULES_PER_GROUP, limits->rules_per_group,
			      STORE_MAX_RULES_PER_GROUP, err);
	return change_end(&change, r, err);
}
