/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * commands.h - the functions behind the table of commands.
 */
#ifndef CMD_COMMANDS_H
#define CMD_COMMANDS_H

#include <jansson.h>

#include "cmd/command.h"

command_run cmd_group_create, cmd_group_list, cmd_group_show, cmd_group_delete, cmd_group_set;
command_run cmd_rule_add, cmd_rule_remove, cmd_rule_replace, cmd_rule_list;
command_run cmd_instance_add, cmd_instance_list, cmd_instance_show, cmd_instance_set,
	cmd_instance_remove;
command_run cmd_attach, cmd_detach;
command_run cmd_associate, cmd_dissociate;
command_run cmd_status, cmd_stats, cmd_reconcile;
command_run cmd_connections_list, cmd_connections_count, cmd_connections_flush;
command_run cmd_connections_set, cmd_connections_settings;
command_run cmd_bench;
command_run cmd_version, cmd_help;

/* The canonical text of each of ruleInfos on a line of its own. */
int output_rules(const char *prefix, const json_t *rule_infos, struct error *err);

#endif
