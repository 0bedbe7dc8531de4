// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule.c - rules: ownership, order, and what their fields must hold together.
 */
#include "model/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "util/array.h"

void rule_fini(struct rule *rule)
{
	free(rule->description);
	rule->description = NULL;
}

void rules_fini(struct rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		rule_fini(rules->items + i);
	free(rules->items);
	*rules = (struct rules){0};
}

int rules_add(struct rules *rules, struct rule *rule)
{
	int r = ARRAY_GROW(rules->items, rules->count, rules->capacity);

	if (r)
		return r;
	rules->items[rules->count++] = *rule;
	*rule = (struct rule){0};
	return 0;
}

static int remote_compare(const struct remote *a, const struct remote *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == REMOTE_PREFIX)
		return prefix_compare(&a->prefix, &b->prefix);
	if (a->kind == REMOTE_GROUP)
		return strcmp(a->group, b->group);
	return 0;
}

/* Without the priority. */
static int matter_compare(const struct rule *a, const struct rule *b)
{
	int difference;

	if (a->direction != b->direction)
		return a->direction < b->direction ? -1 : 1;
	if (a->policy != b->policy)
		return a->policy < b->policy ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	difference = port_set_compare(&a->ports, &b->ports);
	if (difference)
		return difference;
	return remote_compare(&a->remote, &b->remote);
}

int rule_compare(const struct rule *a, const struct rule *b)
{
	int difference = matter_compare(a, b);

	return difference ? difference : a->priority - b->priority;
}

static int compare_pointers(const void *a, const void *b)
{
	return rule_compare(*(const struct rule *const *)a, *(const struct rule *const *)b);
}

int rules_find_repeat(const struct rules *rules, bool *found_out, size_t indexes_out[2])
{
	const struct rule **sorted = calloc(rules->count + 1, sizeof(*sorted));
	bool found = false;
	size_t i;

	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < rules->count; i++)
		sorted[i] = &rules->items[i];
	qsort(sorted, rules->count, sizeof(*sorted), compare_pointers);
	/* an unsaid priority, being the smallest, is right before whatever it repeats */
	for (i = 1; !found && i < rules->count; i++) {
		const struct rule *a = sorted[i - 1], *b = sorted[i];

		found = !matter_compare(a, b) &&
			(a->priority == b->priority || a->priority == PRIORITY_UNSAID);
		if (found) {
			indexes_out[0] = (size_t)((a < b ? a : b) - rules->items);
			indexes_out[1] = (size_t)((a < b ? b : a) - rules->items);
		}
	}
	free(sorted);
	*found_out = found;
	return 0;
}

bool protocol_has_ports(uint16_t protocol)
{
	return protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP || protocol == PROTOCOL_SCTP;
}

bool protocol_has_types(uint16_t protocol)
{
	return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

/* One type with one code or with all of them: nothing else can be written. */
static bool is_type(const struct port_range *range)
{
	if (range->first == range->last)
		return true;
	return !(range->first & 0xff) && range->last == (range->first | 0xff);
}

static int ports_check(const struct rule *rule, struct error *err)
{
	const char *code = CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE;
	const struct port_set *ports = &rule->ports;

	if (!ports->count)
		return 0;
	if (ports->count > PORT_SET_MAX)
		return error_set(err, EINVAL, code,
				 "%u port ranges in a rule: at most %d, use more rules",
				 ports->count, PORT_SET_MAX);
	for (size_t i = 0; i < ports->count; i++) {
		if (ports->ranges[i].first > ports->ranges[i].last)
			return error_set(err, EINVAL, code,
					 "bad port range %u-%u: write the smaller port first",
					 ports->ranges[i].first, ports->ranges[i].last);
	}
	if (protocol_has_types(rule->protocol)) {
		if (ports->count > 1 || !is_type(ports->ranges))
			return error_set(err, EINVAL, code,
					 "more than one ICMP type in a rule: use a rule for each");
	} else if (!protocol_has_ports(rule->protocol)) {
		return error_set(err, EINVAL, code,
				 "the rule's protocol has no ports: leave the ports out, or use "
				 "tcp, udp or sctp");
	}
	return 0;
}

static int description_check(const struct rule *rule, struct error *err)
{
	long length = rule->description ? text_length(rule->description) : 0;

	if (length < 0)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_PATTERN_ERROR,
				 "the rule's description is not UTF-8 or has control characters: "
				 "use plain text");
	if (length > RULE_DESCRIPTION_MAX)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_EXCEED_LENGTH,
				 "the rule's description has %ld characters: at most %d", length,
				 RULE_DESCRIPTION_MAX);
	return 0;
}

int rule_check(struct rule *rule, struct error *err)
{
	int r = ports_check(rule, err);

	if (r)
		return r;
	if (rule->priority < PRIORITY_MIN || rule->priority > PRIORITY_MAX)
		return error_set(
			err, EINVAL, CODE_INVALID_PARAMETER_SECURITY_GROUP_PRIORITY,
			"bad priority %u: use a number %d-%d, the smallest is judged first",
			rule->priority, PRIORITY_MIN, PRIORITY_MAX);
	r = description_check(rule, err);
	if (r)
		return r;
	port_set_normalize(&rule->ports);
	if (rule->description && !*rule->description)
		rule_fini(rule);
	return 0;
}

int rule_check_named(struct rule *rule, struct error *err)
{
	const bool is_unsaid = rule->priority == PRIORITY_UNSAID;
	int r;

	if (is_unsaid)
		rule->priority = PRIORITY_DEFAULT;
	r = rule_check(rule, err);
	if (is_unsaid)
		rule->priority = PRIORITY_UNSAID;
	return r;
}
