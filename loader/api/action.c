// SPDX-License-Identifier: GPL-2.0-only
/*
 * action.c - the actions of the API: what each takes, and what does it.
 */
#include "api/action.h"

#include <string.h>

const struct action actions[] = {
	{"CreateSecurityGroup", TAKES_NAME, TAKES_RULES | TAKES_DESCRIPTION, create_group},
	{"DeleteSecurityGroup", TAKES_GROUP, 0, delete_group},
	{"DescribeSecurityGroups", 0, TAKES_GROUPS | TAKES_NAME_FILTER | TAKES_PAGE,
	 describe_groups},
	{"ModifySecurityGroupsAttribute", TAKES_GROUPS, TAKES_NAME | TAKES_DESCRIPTION,
	 modify_groups},
	{"AuthorizeSecurityGroupRule", TAKES_GROUP | TAKES_RULE, 0, authorize_rules},
	{"AuthorizeSecurityGroupRules", TAKES_GROUP | TAKES_RULES, 0, authorize_rules},
	{"RevokeSecurityGroupRules", TAKES_GROUP | TAKES_RULES, 0, revoke_rules},
	{"ConfigureSecurityGroupRules", TAKES_GROUP, TAKES_RULES, configure_rules},
	{"AssociateSecurityGroupInstance", TAKES_GROUP | TAKES_INSTANCE, 0, associate_instance},
	{"UnAssociateSecurityGroupInstance", TAKES_GROUP | TAKES_INSTANCE, 0, unassociate_instance},
	{"DescribeInstanceAvailableSecurityGroupResources", TAKES_INSTANCE, 0,
	 describe_available_groups},
	{"DescribeInstances", 0, TAKES_INSTANCES | TAKES_PAGE, describe_instances},
	{.name = NULL},
};

const struct action *action_find(const char *name)
{
	for (const struct action *action = actions; action->name; action++) {
		if (!strcmp(action->name, name))
			return action;
	}
	return NULL;
}
