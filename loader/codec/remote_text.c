// SPDX-License-Identifier: GPL-2.0-only
/*
 * remote_text.c - the remote of a rule, as people write it.
 */
#include "codec/rule_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/code.h"
#include "util/quote.h"

#define GROUP_PREFIX "group:"

void remote_format(const struct remote *remote, char text[REMOTE_TEXT_MAX])
{
	_Static_assert(REMOTE_TEXT_MAX >= PREFIX_TEXT_MAX, "room for a prefix");

	switch (remote->kind) {
	case REMOTE_ANY:
		strcpy(text, "any");
		break;
	case REMOTE_PREFIX:
		prefix_format(&remote->prefix, text);
		break;
	case REMOTE_GROUP:
		snprintf(text, REMOTE_TEXT_MAX, GROUP_PREFIX "%s", remote->group);
		break;
	}
}

static int group_parse(const char *id, struct remote *remote, struct error *err)
{
	struct error cause;

	/* what is wrong with the id, but the code of the rule's field */
	if (id_check(id, "group id", &cause))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP,
				 "%s", cause.message);
	remote->kind = REMOTE_GROUP;
	strcpy(remote->group, id);
	return 0;
}

int remote_parse(const char *text, struct remote *remote_out, struct error *err)
{
	struct remote remote = {0};
	int r = 0;

	if (!strcmp(text, "any")) {
		remote.kind = REMOTE_ANY;
	} else if (!strncmp(text, GROUP_PREFIX, strlen(GROUP_PREFIX))) {
		r = group_parse(text + strlen(GROUP_PREFIX), &remote, err);
	} else if (!strpbrk(text, ".:")) {
		r = error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP,
			      "unknown remote \"%s\": use an IPv4 or IPv6 address or CIDR, any or "
			      "group:ID",
			      quote(text).text);
	} else {
		remote.kind = REMOTE_PREFIX;
		r = prefix_parse(text, &remote.prefix, err);
	}
	if (r)
		return r;
	*remote_out = remote;
	return 0;
}
