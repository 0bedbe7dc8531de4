// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits.c - how many groups, and rules of a group, there may be: shown and set.
 */
#include "cmd/commands.h"

#include <errno.h>
#include <string.h>

#include "cmd/output.h"
#include "cmd/session.h"
#include "model/code.h"
#include "util/number.h"
#include "util/quote.h"

/* 0 when it is not given; "default" is the most there can be. */
static int read_limit(const struct invocation *invocation, const char *option, uint32_t most,
		      uint32_t *limit_out, struct error *err)
{
	const char *text = option_value(invocation, option);
	uint64_t limit = text ? most : 0;

	if (text && strcmp(text, "default") != 0 && number_parse(text, 1, most, &limit))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "invalid value \"%s\" of --%s: use 1-%u, or default",
				 quote(text).text, option, most);
	*limit_out = (uint32_t)limit;
	return 0;
}

int cmd_limits(const struct invocation *invocation, struct error *err)
{
	static const struct column columns[] = {
		{"groups", "groups"},
		{"rules of a group", "rulesPerGroup"},
		{NULL, NULL},
	};
	AUTO_SESSION struct control *control = NULL;
	AUTO_JSON json_t *document = NULL;
	struct limits limits = {0};
	int r = read_limit(invocation, "groups", STORE_MAX_GROUPS, &limits.groups, err);

	if (!r)
		r = read_limit(invocation, "rules", STORE_MAX_RULES_PER_GROUP,
			       &limits.rules_per_group, err);
	if (!r)
		r = session_open(invocation, &control, err);
	if (!r && (limits.groups || limits.rules_per_group))
		r = control_limits_set(control, &limits, err);
	if (!r)
		r = control_limits_read(control, &limits, err);
	if (r)
		return r;
	document = json_pack("{s:I, s:I}", "groups", (json_int_t)limits.groups, "rulesPerGroup",
			     (json_int_t)limits.rules_per_group);
	if (invocation->json || !document)
		return output_json(document, err);
	return output_fields(document, columns, err);
}
