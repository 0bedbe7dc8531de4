/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - objects of the model as JSON, with the field names of the API.
 *
 * Each function returns a new reference for the caller, NULL when out of
 * memory. jansson takes NULL for a value and fails, so a caller may build on
 * without looking and check the whole.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/group.h"
#include "model/instance.h"
#include "model/rule.h"

/* A string of the text made printable, which JSON can hold whatever it was. */
json_t *json_text(const char *text);

/* A reference given back at the end of the block. */
void json_release(json_t **document);
#define AUTO_JSON __attribute__((cleanup(json_release)))

/* RuleInfo, see rule_info.h, with `rule` beside it, its canonical text. */
json_t *json_rule(const struct rule *rule);
json_t *json_rules(const struct rules *rules);

/* SecurityGroupInfo without its ruleInfos. Takes the list, which may be NULL for want of memory. */
json_t *json_group_info(const struct group *group, json_t *instance_ids);

/*
 * SecurityGroupInfo, with the group's rules. instanceIds are those of
 * `instances` that have the group.
 */
json_t *json_group(const struct group *group, const struct instance *instances,
		   size_t instance_count);

/* What is known about an instance beyond what is stored. Static or borrowed text. */
struct instance_view {
	const char *status;
	int ifindex; /* 0: its interface is not there */
	bool is_attached;
	const char *rx_hook, *tx_hook; /* programs of received and of sent packets */
	const char *hook_reason;       /* NULL: none */
	const char *side, *no_group;   /* what they became; "auto" before that */
};

json_t *json_instance(const struct instance *instance, const struct instance_view *view);

#endif
