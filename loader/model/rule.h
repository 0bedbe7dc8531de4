/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rule.h - a rule of a security group: a rectangle of traffic and what becomes
 * of it.
 */
#ifndef MODEL_RULE_H
#define MODEL_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/address.h"
#include "model/name.h"
#include "model/port_set.h"
#include "util/error.h"

enum rule_policy {
	RULE_ACCEPT,
	RULE_DENY,
};

/*
 * 0-255 is that IP protocol in the families of the remote. `icmp` and `icmpv6`
 * are not the numbers 1 and 58: they match in one family only and can have
 * types. The numbers 6, 17, 47 and 132 are the same as the names tcp, udp, gre
 * and sctp.
 */
enum {
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_GRE = 47,
	PROTOCOL_SCTP = 132,
	PROTOCOL_ALL = 256,
	PROTOCOL_ICMP = 257,
	PROTOCOL_ICMPV6 = 258,
};

enum remote_kind {
	REMOTE_ANY, /* every address of both families */
	REMOTE_PREFIX,
	REMOTE_GROUP, /* every address of that group's instances */
};

struct remote {
	enum remote_kind kind;
	struct prefix prefix;	/* REMOTE_PREFIX */
	char group[ID_MAX + 1]; /* REMOTE_GROUP: a group's id */
};

#define PRIORITY_MIN 1
#define PRIORITY_MAX 100
#define PRIORITY_DEFAULT 1
/*
 * Of a rule that is named without its priority, by who may not know it: the
 * rules of a group that are the same but for theirs. Never stored.
 */
#define PRIORITY_UNSAID 0
#define RULE_DESCRIPTION_MAX 255 /* characters (UTF-8 code points) */

struct rule {
	int64_t id; /* the store's, never used again; 0 for a rule not stored */
	enum sg_direction direction;
	enum rule_policy policy;
	uint16_t protocol;
	uint8_t priority;
	struct port_set ports;
	struct remote remote;
	char *description; /* owned; NULL is empty */
};

/* Rules, owned. All zeroes is an empty one. */
struct rules {
	struct rule *items;
	size_t count;
	size_t capacity;
};

void rule_fini(struct rule *rule);
void rules_fini(struct rules *rules);

/* Append, taking over *rule, which is all zeroes afterwards. 0 or -ENOMEM (*rule kept). */
int rules_add(struct rules *rules, struct rule *rule);

/* Order of everything but id and description; 0 is the same rule. */
int rule_compare(const struct rule *a, const struct rule *b);

/*
 * Whether two of the rules are the same, a PRIORITY_UNSAID being the same as
 * any priority; their indexes, the smaller one first. -ENOMEM, else 0.
 */
int rules_find_repeat(const struct rules *rules, bool *found_out, size_t indexes_out[2]);

/* Whether the protocol has destination ports; ICMP and ICMPv6 types do not count. */
bool protocol_has_ports(uint16_t protocol);
bool protocol_has_types(uint16_t protocol);

/*
 * Bring a filled rule into its normal form (ports; an empty description is
 * NULL) and check what its fields must hold together: ports only with a
 * protocol that has them, one type at most for ICMP, priority and description
 * within bounds, description valid UTF-8 without control characters. -EINVAL
 * with the code of the field, and the rule as it was.
 */
int rule_check(struct rule *rule, struct error *err);
/* The same of a rule that may be named without its priority. */
int rule_check_named(struct rule *rule, struct error *err);

#endif
