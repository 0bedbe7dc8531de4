// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_info_format.c - write rules as the API has them.
 */
#include "codec/rule_info.h"

#include <stdio.h>

#include "codec/rule_text.h"

/* Any port list of the API, whatever the model holds: "65535/65535," each. */
#define PORT_RANGE_TEXT_MAX (PORT_SET_MAX * 12 + 8)

static json_t *port_range(const struct rule *rule)
{
	char text[PORT_RANGE_TEXT_MAX] = "-1/-1";
	char *end = text;

	if (!protocol_has_ports(rule->protocol))
		return json_string(text);
	for (size_t i = 0; i < rule->ports.count; i++) {
		const struct port_range *range = &rule->ports.ranges[i];

		end += sprintf(end, "%s%u/%u", i ? "," : "", range->first, range->last);
	}
	return json_string(text);
}

static int add_remote(json_t *object, const struct remote *remote)
{
	char text[PREFIX_TEXT_MAX];

	switch (remote->kind) {
	case REMOTE_GROUP:
		return json_object_set_new(object, "remoteGroupId", json_string(remote->group));
	case REMOTE_PREFIX:
		prefix_format(&remote->prefix, text);
		return json_object_set_new(object, "cidrIp", json_string(text));
	case REMOTE_ANY:
		break;
	}
	return json_object_set_new(object, "cidrIp", json_string("any"));
}

static int add_type(json_t *object, const struct rule *rule)
{
	char text[PORTS_TEXT_MAX];

	if (!protocol_has_types(rule->protocol) || !rule->ports.count)
		return 0;
	ports_format(rule->protocol, &rule->ports, text);
	return json_object_set_new(object, "icmpType", json_string(text));
}

json_t *rule_info_format(const struct rule *rule, bool with_priority)
{
	char protocol[8];
	json_t *object;

	protocol_format(rule->protocol, protocol);
	object = json_pack("{s:s, s:s, s:s, s:o}", "direction",
			   rule->direction == SG_INGRESS ? "ingress" : "egress", "policy",
			   rule->policy == RULE_ACCEPT ? "accept" : "deny", "ipProtocol", protocol,
			   "portRange", port_range(rule));
	if (!object)
		return NULL;
	if ((with_priority &&
	     json_object_set_new(object, "priority", json_integer(rule->priority))) ||
	    add_remote(object, &rule->remote) || add_type(object, rule) ||
	    json_object_set_new(object, "description",
				json_string(rule->description ? rule->description : ""))) {
		json_decref(object);
		return NULL;
	}
	return object;
}
