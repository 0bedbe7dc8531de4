/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_table.h - small policies written as tables: rules, and which of them
 * decides which packet. A rule's id is its number in the table, from 1.
 */
#ifndef TESTS_POLICY_TABLE_H
#define TESTS_POLICY_TABLE_H

#include "compile/compile.h"
#include "util/array.h"

struct rule_row {
	enum rule_policy policy;
	uint16_t protocol;
	uint8_t priority;
	const char *remote; /* "any", a CIDR, or a group's: "GROUP CIDR CIDR" */
	struct port_set ports;
	enum sg_direction direction;
};

/* Further fields may follow: PORTS({22, 22}, {80, 90}), .direction = SG_EGRESS. */
#define ACCEPT(protocol_, priority_, remote_, ...) \
	{ \
		.policy = RULE_ACCEPT, .protocol = (protocol_), .priority = (priority_), \
		.remote = (remote_), __VA_ARGS__ \
	}
#define DENY(protocol_, priority_, remote_, ...) \
	{ \
		.policy = RULE_DENY, .protocol = (protocol_), .priority = (priority_), \
		.remote = (remote_), __VA_ARGS__ \
	}
#define PORTS(...) \
	.ports = {.count = ARRAY_SIZE(((struct port_range[]){__VA_ARGS__})), \
		  .ranges = {__VA_ARGS__}}

struct expectation {
	const char *remote;
	uint8_t protocol;
	uint16_t low16;
	int rule; /* 0: none */
	enum sg_direction direction;
};

#define IN(remote, protocol, low16, rule) \
	{ \
		(remote), (protocol), (low16), (rule), SG_INGRESS \
	}
#define OUT(remote, protocol, low16, rule) \
	{ \
		(remote), (protocol), (low16), (rule), SG_EGRESS \
	}

#define TABLE_ROWS 12
#define TABLE_REMOTES 4 /* a row */

/* A policy that borrows from its own struct, so it must stay where it is. */
struct table {
	struct rule rules[TABLE_ROWS];
	struct policy_rule policy_rules[TABLE_ROWS];
	struct prefix remotes[TABLE_ROWS][TABLE_REMOTES];
	struct policy policy;
};

/* Fails the test when a row is wrong. */
void table_fill(struct table *table, const struct rule_row *rows, size_t count);

/* Where the rules for what the instance receives are searched. */
const struct sg_layers *image_ingress(const struct image *image, enum sg_family family);

/* What the filters exclude is searched for now. */
void image_drop_filters(struct image *image);

/* The image and the slow matcher must both decide as expected. */
void table_check(const struct rule_row *rows, size_t row_count, const struct expectation *expected,
		 size_t count);

#define CHECK(rows, expected) table_check(rows, ARRAY_SIZE(rows), expected, ARRAY_SIZE(expected))

#endif
