/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rule_info.h - rules as the API has them, objects of the type RuleInfo.
 */
#ifndef CODEC_RULE_INFO_H
#define CODEC_RULE_INFO_H

#include <jansson.h>
#include <stdbool.h>

#include "model/rule.h"
#include "util/error.h"

/*
 * Read one; fields that are none of a rule's are ignored. Without a priority it
 * is PRIORITY_UNSAID. -EINVAL with the code of the field, the message beginning
 * with its name; -ENOMEM. *rule_out is the caller's to rule_fini.
 */
int rule_info_parse(const json_t *object, struct rule *rule_out, struct error *err);

/*
 * Append those of a list, in which the field `name` of a request has them; its
 * name and their index come first in messages ("ruleInfos[2].cidrIp: ...").
 * On failure *rules has those before.
 */
int rule_infos_parse(const json_t *array, const char *name, struct rules *rules, struct error *err);

/*
 * direction, policy, priority unless that is left out, ipProtocol, portRange
 * ("22/22,80/90"; "-1/-1" for all ports or none), cidrIp ("any" for both
 * families) or remoteGroupId, icmpType (when given), description. A new
 * reference, NULL when out of memory. rule_info_parse reads it back.
 */
json_t *rule_info_format(const struct rule *rule, bool with_priority);

#endif
