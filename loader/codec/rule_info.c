// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_info.c - read rules as the API has them.
 */
#include "codec/rule_info.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "codec/field.h"
#include "codec/rule_text.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/quote.h"

static int direction_read(const json_t *object, struct rule *rule, struct error *err)
{
	const char *text;
	int r = field_text(object, "direction", &text, err);

	if (r)
		return r;
	if (!text)
		return field_missing("direction", "ingress or egress", err);
	if (strcmp(text, "ingress") && strcmp(text, "egress"))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "direction is \"%s\": give ingress or egress", quote(text).text);
	rule->direction = *text == 'i' ? SG_INGRESS : SG_EGRESS;
	return 0;
}

static int policy_read(const json_t *object, struct rule *rule, struct error *err)
{
	const char *text;
	int r = field_text(object, "policy", &text, err);

	if (r)
		return r;
	if (!text || !strcmp(text, "accept"))
		rule->policy = RULE_ACCEPT;
	else if (!strcmp(text, "deny") || !strcmp(text, "drop"))
		rule->policy = RULE_DENY;
	else
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_POLICY,
				 "policy is \"%s\": give accept or deny", quote(text).text);
	return 0;
}

static int priority_read(const json_t *object, struct rule *rule, struct error *err)
{
	int64_t priority = PRIORITY_UNSAID;
	bool given = false;
	int r = field_integer(object, "priority", &priority, &given, err);

	if (r)
		return r;
	if (given && (priority < PRIORITY_MIN || priority > PRIORITY_MAX))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PRIORITY,
				 "priority is %lld: give %d-%d, the smallest is judged first",
				 (long long)priority, PRIORITY_MIN, PRIORITY_MAX);
	rule->priority = (uint8_t)priority;
	return 0;
}

static int protocol_read(const json_t *object, struct rule *rule, struct error *err)
{
	struct error cause;
	const char *text;
	int r = field_text(object, "ipProtocol", &text, err);

	if (r)
		return r;
	if (!text)
		return field_missing("ipProtocol", "tcp, udp, icmp, all or another protocol", err);
	if (protocol_parse(text, &rule->protocol, &cause))
		return field_error("ipProtocol", &cause, NULL, err);
	return 0;
}

/* A/B is our A-B; all else is the same. */
static int ports_read(const json_t *object, struct rule *rule, struct error *err)
{
	AUTO_FREE char *copy = NULL;
	struct error cause;
	const char *text;
	int r = field_text(object, "portRange", &text, err);

	if (r || !text || !strcmp(text, "-1/-1") || !strcmp(text, "-1") || !strcmp(text, "all"))
		return r;
	if (!protocol_has_ports(rule->protocol))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE,
				 "portRange is \"%s\", but the protocol has no ports: give -1/-1",
				 quote(text).text);
	copy = strdup(text);
	if (!copy)
		return out_of_memory(err);
	for (char *c = copy; *c; c++) {
		if (*c == '/')
			*c = '-';
	}
	if (ports_parse(copy, rule->protocol, &rule->ports, &cause))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE,
				 "portRange is \"%s\": give A/B with A not over B, A alone, or up "
				 "to %d of those joined by commas, of 0-65535, or -1/-1 for all",
				 quote(text).text, PORT_SET_MAX);
	return 0;
}

static int type_read(const json_t *object, struct rule *rule, struct error *err)
{
	struct error cause;
	const char *text;
	int r = field_text(object, "icmpType", &text, err);

	if (r || !text)
		return r;
	if (!protocol_has_types(rule->protocol))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "icmpType is \"%s\", but the protocol has no types: leave it out",
				 quote(text).text);
	if (ports_parse(text, rule->protocol, &rule->ports, &cause))
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "icmpType is \"%s\": give TYPE or TYPE/CODE, each 0-255",
				 quote(text).text);
	return 0;
}

static int prefix_read(const char *text, struct remote *remote, struct error *err)
{
	struct error cause;

	if (!strcmp(text, "any")) {
		remote->kind = REMOTE_ANY;
		return 0;
	}
	remote->kind = REMOTE_PREFIX;
	if (prefix_parse(text, &remote->prefix, &cause))
		return field_error("cidrIp", &cause,
				   CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP, err);
	return 0;
}

static int remote_read(const json_t *object, struct rule *rule, struct error *err)
{
	struct error cause;
	const char *cidr, *group = NULL;
	int r = field_text(object, "cidrIp", &cidr, err);

	if (!r)
		r = field_text(object, "remoteGroupId", &group, err);
	if (r)
		return r;
	if (!group)
		return prefix_read(cidr ? cidr : "0.0.0.0/0", &rule->remote, err);
	if (cidr)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP,
				 "cidrIp and remoteGroupId in one rule: give either of them");
	if (id_check(group, "group id", &cause))
		return field_error("remoteGroupId", &cause, NULL, err);
	rule->remote.kind = REMOTE_GROUP;
	strcpy(rule->remote.group, group);
	return 0;
}

static int description_read(const json_t *object, struct rule *rule, struct error *err)
{
	const char *name = "description";
	struct error cause;
	const char *text;
	int r = field_text(object, name, &text, err);

	if (!r && !text) {
		name = "desc";
		r = field_text(object, name, &text, err);
	}
	if (r || !text)
		return r;
	rule->description = strdup(text);
	if (!rule->description)
		return out_of_memory(err);
	/* of all that it checks, only the description can still be wrong */
	return rule_check_named(rule, &cause) ? field_error(name, &cause, NULL, err) : 0;
}

/* Rules have no ids that a client could name. */
static int refuse_ids(const json_t *object, struct error *err)
{
	static const char *const names[] = {"ruleId", "securityGroupRuleId"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *value = json_object_get(object, names[i]);

		if (value && !json_is_null(value))
			return error_set(err, EINVAL,
					 CODE_INVALID_PARAMETER_SECURITY_GROUP_RULE_ID_NOT_ALLOW,
					 "%s is given: leave it out, rules are named by their "
					 "fields",
					 names[i]);
	}
	return 0;
}

static int fields_read(const json_t *object, struct rule *rule, struct error *err)
{
	int r = refuse_ids(object, err);

	if (!r)
		r = direction_read(object, rule, err);
	if (!r)
		r = policy_read(object, rule, err);
	if (!r)
		r = priority_read(object, rule, err);
	if (!r)
		r = protocol_read(object, rule, err);
	if (!r)
		r = ports_read(object, rule, err);
	if (!r)
		r = type_read(object, rule, err);
	if (!r)
		r = remote_read(object, rule, err);
	return r ? r : description_read(object, rule, err);
}

int rule_info_parse(const json_t *object, struct rule *rule_out, struct error *err)
{
	struct rule rule = {0};
	int r = fields_read(object, &rule, err);

	if (r) {
		rule_fini(&rule);
		return r;
	}
	*rule_out = rule;
	return 0;
}

static int element_parse(const json_t *element, const char *name, struct rules *rules,
			 struct error *err)
{
	AUTO(rule_fini) struct rule rule = {0};
	struct error cause;
	int r;

	if (!json_is_object(element))
		return field_mistyped(name, element, "an object", err);
	r = rule_info_parse(element, &rule, &cause);
	if (r)
		return error_set(err, -r, cause.code, "%s.%s", name, cause.message);
	return rules_add(rules, &rule) ? out_of_memory(err) : 0;
}

int rule_infos_parse(const json_t *array, const char *name, struct rules *rules, struct error *err)
{
	const json_t *element;
	size_t index;

	json_array_foreach(array, index, element)
	{
		char place[64];
		int r;

		snprintf(place, sizeof(place), "%s[%zu]", name, index);
		r = element_parse(element, place, rules, err);
		if (r)
			return r;
	}
	return 0;
}
