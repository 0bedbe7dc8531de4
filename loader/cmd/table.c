// SPDX-License-Identifier: GPL-2.0-only
/*
 * table.c - all commands: what they take, what they do in a few words, and the
 * functions that do it.
 */
#include "cmd/command.h"
#include "cmd/commands.h"

#define FLAG(option_name, text) \
	{ \
		.name = (option_name), .summary = (text) \
	}
#define VALUE(option_name, value_name, text) \
	{ \
		.name = (option_name), .value = (value_name), .summary = (text) \
	}
#define VALUES(option_name, value_name, text) \
	{ \
		.name = (option_name), .value = (value_name), .summary = (text), \
		.is_repeatable = true \
	}
#define NO_MORE_OPTIONS \
	{ \
		.name = NULL \
	}

static const char rule_details[] =
	"A rule is one argument, so put it into quotes:\n"
	"  DIRECTION POLICY PROTOCOL [PORTS] [from|to REMOTE] [priority N] [description TEXT]\n"
	"  DIRECTION  ingress (with from) or egress (with to)\n"
	"  POLICY     accept or deny\n"
	"  PROTOCOL   all, tcp, udp, sctp, icmp, icmpv6, gre, or a number 0-255\n"
	"  PORTS      destination ports such as 22 or 80,443,8000-8999; of icmp TYPE or TYPE/CODE\n"
	"  REMOTE     an address or CIDR, any, or group:ID\n"
	"  N          1-100, the smallest is judged first; 1 unless given\n"
	"as in \"ingress accept tcp 22 from 203.0.113.0/24\".\n";

static const char set_details[] =
	"A repeatable option replaces what was set; its value none clears it.\n"
	"The status RUNNING or STOPPED hands the status back to the interface.\n";

static const struct option_spec group_create_options[] = {
	VALUE("id", "ID", "its id; made up unless given"),
	VALUE("description", "TEXT", "2-255 characters"),
	FLAG("default", "every instance added later gets it"),
	VALUES("rule", "RULE", "a rule of it"),
	NO_MORE_OPTIONS,
};

static const struct option_spec group_set_options[] = {
	VALUE("name", "N", "its new name"),
	VALUE("description", "T", "its new description; empty for none"),
	VALUE("status", "Available|Unavailable", "whether it can be associated"),
	NO_MORE_OPTIONS,
};

static const struct option_spec rule_replace_options[] = {
	VALUE("f", "FILE", "a rule a line, # comments; - is standard input"),
	NO_MORE_OPTIONS,
};

/* What attach, instance add and instance set share. */
#define INSTANCE_OPTIONS \
	VALUE("mode", "auto|tc|xdp|xdp-generic", "how programs are attached"), \
		VALUE("side", "host|guest", "whether it is this host or at the other end"), \
		VALUES("mac", "M", "a MAC address of it"), \
		VALUES("address", "A", "an address or CIDR of it"), \
		VALUE("no-group", "drop|pass", "what becomes of packets while it has no group"), \
		FLAG("strict", "neighbour discovery, MLD and DHCP need rules as well"), \
		VALUES("allow-ethertype", "0xNNNN", "let this EtherType pass beside IP and ARP"), \
		VALUE("connections", "N|default", "connections that it may have at a time")

static const struct option_spec attach_options[] = {
	VALUE("id", "INSTANCE", "the instance's id; DEV unless given"),
	INSTANCE_OPTIONS,
	NO_MORE_OPTIONS,
};

static const struct option_spec instance_add_options[] = {
	{.name = "dev", .value = "DEV", .summary = "its interface", .is_required = true},
	FLAG("match-altname", "DEV may be an alternative name of the interface"),
	INSTANCE_OPTIONS,
	NO_MORE_OPTIONS,
};

static const struct option_spec instance_set_options[] = {
	VALUE("dev", "DEV", "its interface"),
	FLAG("match-altname", "DEV may be an alternative name of the interface"),
	FLAG("no-match-altname", "the opposite"),
	VALUE("status", "WORD", "its status, such as REBOOTING"),
	INSTANCE_OPTIONS,
	FLAG("no-strict", "the opposite of --strict"),
	NO_MORE_OPTIONS,
};

static const struct option_spec detach_options[] = {
	FLAG("forget", "remove the instance as well"),
	NO_MORE_OPTIONS,
};

static const char connections_details[] =
	"Connections are kept where the rules do not accept the replies anyway.\n"
	"The direction is that of the first packet, as the instance sees it.\n";

static const char settings_details[] =
	"Timeouts and the share are in force at once, the share no further than the parts of\n"
	"instances in the table were made for. The size of the table and of the parts, twice\n"
	"the share, and the number of instances are used when the maps are next made: after a\n"
	"reboot, or when the bpffs directory is new. The word default sets what is used when\n"
	"nothing is set.\n"
	"  PHASE    half-open, established, closing, closed, udp-unreplied, udp-replied,\n"
	"           icmp-unreplied, icmp-replied, other-unreplied or other-replied\n"
	"  SECONDS  1-31536000\n";

static const struct option_spec settings_options[] = {
	VALUES("timeout", "PHASE=SECONDS", "how long a connection lives without a packet"),
	VALUE("fragment-timeout", "SECONDS", "how long later fragments are waited for"),
	VALUE("share", "N", "connections an instance may have when it has no number of its own"),
	VALUE("table", "N", "connections of all; a power of two, rounded up"),
	VALUE("instances", "N",
	      "instances that there can be, up to 65535; each takes 768 bytes a CPU"),
	NO_MORE_OPTIONS,
};

static const struct option_spec limits_options[] = {
	VALUE("groups", "N|default", "groups in all; 100000 unless set"),
	VALUE("rules", "N|default", "rules of a group; 100000 unless set"),
	NO_MORE_OPTIONS,
};

static const struct option_spec reconcile_options[] = {
	FLAG("check", "only tell the differences; exit status 1 when there are any"),
	NO_MORE_OPTIONS,
};

static const char daemon_details[] =
	"It stays in the foreground and follows the interfaces of the instances: one that\n"
	"comes is enforced at once, one that goes is let go. Every so often, and at its start,\n"
	"it makes the kernel match the stored state. Enforcement goes on when it ends.\n"
	"Each event is one line of JSON on standard error. SIGHUP reads the keys again,\n"
	"SIGTERM and SIGINT end it.\n";

static const struct option_spec daemon_options[] = {
	VALUE("listen", "ADDR:PORT|unix:PATH", "where the HTTP API listens; nowhere unless given"),
	VALUE("keys", "FILE", "keys of the API's clients"),
	VALUE("tls-cert", "FILE", "certificate of the API's TLS, and the chain above it"),
	VALUE("tls-key", "FILE", "its private key"),
	FLAG("allow-plaintext", "listen without TLS beyond loopback as well"),
	VALUE("rate", "N", "requests a second that a key may make, 0 for any; 1000 unless given"),
	VALUE("client-timeout", "SECONDS", "for a request, and for its answer; 10 unless given"),
	VALUE("metrics", "ADDR:PORT", "where Prometheus metrics are served; nowhere unless given"),
	VALUE("reconcile", "SECONDS", "how often store and kernel are compared; 60 unless given"),
	VALUE("log-level", "LEVEL", "debug, info, warning or error; info unless given"),
	VALUE("store", "sqlite", "where the state is kept; sqlite is all there is"),
	NO_MORE_OPTIONS,
};

static const char bench_details[] =
	"Runs the programs on frames of its own, in maps of its own: interfaces and their groups\n"
	"are left alone. Figures are less those of an empty program that took turns; x REF is how\n"
	"many times those of the reference, a program that reads Ethernet, IP and TCP and looks\n"
	"one address up in a hash. Takes a few minutes, and 20 seconds with --quick.\n"
	"Cases are called HOOK/FAMILY/MIX/RULESxGROUPS/WHAT/HEAT; hot is one packet again and\n"
	"again, cold is another one each time.\n";

static const struct option_spec bench_options[] = {
	FLAG("quick", "only what the targets need, in fewer rounds"),
	VALUE("only", "PATTERN", "only cases with this in their name, or matching it (* and ?)"),
	VALUE("rounds", "N", "how often each case is measured, 1-1000"),
	VALUE("seed", "N", "of the rules and packets; the same ones for the same seed"),
	VALUE("svg", "DIR", "write plots into this directory"),
	FLAG("check", "exit status 1 when a target is missed"),
	NO_MORE_OPTIONS,
};

const struct command commands[] = {
	{"group create", "NAME", "make a security group and print its id", rule_details,
	 group_create_options, cmd_group_create},
	{"group list", "", "list the groups", NULL, NULL, cmd_group_list},
	{"group show", "GROUP", "show a group, by id or by a name that is unique", NULL, NULL,
	 cmd_group_show},
	{"group set", "GROUP", "change a group's name, description or status", NULL,
	 group_set_options, cmd_group_set},
	{"group delete", "GROUP", "delete a group that nothing has or refers to", NULL, NULL,
	 cmd_group_delete},
	{"rule add", "GROUP RULE...", "add rules to a group, all or none", rule_details, NULL,
	 cmd_rule_add},
	{"rule remove", "GROUP RULE...", "remove rules from a group, all or none", rule_details,
	 NULL, cmd_rule_remove},
	{"rule replace", "GROUP [RULE...]", "make these the rules of a group; none empties it",
	 rule_details, rule_replace_options, cmd_rule_replace},
	{"rule list", "GROUP", "list a group's rules, a line each", NULL, NULL, cmd_rule_list},
	{"instance add", "ID", "add an instance whose interface may not be there yet", NULL,
	 instance_add_options, cmd_instance_add},
	{"instance list", "", "list the instances", NULL, NULL, cmd_instance_list},
	{"instance show", "INSTANCE", "show an instance and the rules of its groups", NULL, NULL,
	 cmd_instance_show},
	{"instance set", "INSTANCE", "change an instance", set_details, instance_set_options,
	 cmd_instance_set},
	{"instance remove", "INSTANCE", "detach and forget an instance", NULL, NULL,
	 cmd_instance_remove},
	{"attach", "DEV", "enforce security groups on an interface", NULL, attach_options,
	 cmd_attach},
	{"detach", "DEV|INSTANCE", "stop enforcing on an interface", NULL, detach_options,
	 cmd_detach},
	{"associate", "GROUP INSTANCE", "give an instance a group", NULL, NULL, cmd_associate},
	{"dissociate", "GROUP INSTANCE", "take a group from an instance", NULL, NULL,
	 cmd_dissociate},
	{"status", "", "show what is attached where and what is wrong", NULL, NULL, cmd_status},
	{"stats", "[INSTANCE]", "show packets and bytes by verdict and reason", NULL, NULL,
	 cmd_stats},
	{"connections list", "[INSTANCE]", "show the connections that are kept",
	 connections_details, NULL, cmd_connections_list},
	{"connections count", "[INSTANCE]", "count them by instance", connections_details, NULL,
	 cmd_connections_count},
	{"connections flush", "[INSTANCE]", "forget them", NULL, NULL, cmd_connections_flush},
	{"connections set", "", "change timeouts and sizes of the connection table",
	 settings_details, settings_options, cmd_connections_set},
	{"connections settings", "", "show timeouts and sizes of the connection table",
	 settings_details, NULL, cmd_connections_settings},
	{"limits", "", "show or set how many groups and rules there may be", NULL, limits_options,
	 cmd_limits},
	{"reconcile", "", "make the kernel match the stored state", NULL, reconcile_options,
	 cmd_reconcile},
	{"daemon", "", "follow interfaces and serve the HTTP API", daemon_details, daemon_options,
	 cmd_daemon},
	{"bench", "", "measure what a packet costs in the programs, on this kernel", bench_details,
	 bench_options, cmd_bench},
	{"version", "", "print the version", NULL, NULL, cmd_version},
	{"help", "[COMMAND...]", "print help on a command", NULL, NULL, cmd_help},
	{.name = NULL},
};
