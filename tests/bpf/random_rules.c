// SPDX-License-Identifier: GPL-2.0-only
/*
 * random_rules.c - choose rules.
 */
#include "bpf/random_rules.h"

#include "bpf/traffic.h"

static const char *const remotes[] = {
	"any",
	"any",
	"any",
	"0.0.0.0/0",
	"::/0",
	"192.0.2.0/24",
	"192.0.2.1/32",
	"2001:db8:1::/48",
	"2001:db8:1::2/128",
	"198.51.100.0/24",
};

static const uint16_t protocols[] = {
	PROTOCOL_ALL,  PROTOCOL_ALL,	PROTOCOL_TCP, PROTOCOL_TCP,  PROTOCOL_TCP, PROTOCOL_UDP,
	PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_GRE, PROTOCOL_SCTP, 50,
};

/* Types of ICMP: requests, answers, with all codes or one; errors. */
static const struct port_range icmp_ranges[] = {
	{0x0800, 0x08ff}, {0x0800, 0x0800}, {0x0801, 0x0801}, {0x0000, 0x00ff},
	{0x0d00, 0x0dff}, {0x0300, 0x0bff}, {0x0000, 0x0000}, {0x0e00, 0x0eff},
};
static const struct port_range icmp6_ranges[] = {
	{0x8000, 0x80ff}, {0x8000, 0x8000}, {0x8001, 0x8001}, {0x8100, 0x81ff},
	{0x0100, 0x04ff}, {0x8700, 0x8700}, {0x8100, 0x8100},
};

static struct port_range choose_range(struct gen_random *random, uint16_t protocol)
{
	uint16_t port = traffic_ports[gen_below(random, TRAFFIC_PORTS)];

	if (protocol == PROTOCOL_ICMP)
		return icmp_ranges[gen_below(random, ARRAY_SIZE(icmp_ranges))];
	if (protocol == PROTOCOL_ICMPV6)
		return icmp6_ranges[gen_below(random, ARRAY_SIZE(icmp6_ranges))];
	return (struct port_range){port, gen_below(random, 3) ? port : 65535};
}

static bool has_ports(uint16_t protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
	case PROTOCOL_UDP:
	case PROTOCOL_SCTP:
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return true;
	default:
		return false;
	}
}

static void choose_rule(struct gen_random *random, struct rule_row *row)
{
	*row = (struct rule_row){
		.policy = gen_below(random, 4) ? RULE_ACCEPT : RULE_DENY,
		.protocol = protocols[gen_below(random, ARRAY_SIZE(protocols))],
		.priority = (uint8_t)(1 + gen_below(random, 3)),
		.remote = remotes[gen_below(random, ARRAY_SIZE(remotes))],
		.direction = gen_below(random, 2),
	};
	if (!has_ports(row->protocol) || !gen_below(random, 3))
		return;
	row->ports.count = 1;
	row->ports.ranges[0] = choose_range(random, row->protocol);
}

void random_rules(struct gen_random *random, struct random_rules *rules)
{
	struct rule_row rows[TABLE_ROWS];
	size_t count = 1 + gen_below(random, TABLE_ROWS);

	if (!gen_below(random, 16)) {
		rules->policy = (struct policy){
			.without_groups = true,
			.pass = gen_below(random, 2),
		};
		return;
	}
	for (size_t i = 0; i < count; i++)
		choose_rule(random, &rows[i]);
	table_fill(&rules->table, rows, count);
	rules->policy = rules->table.policy;
}
