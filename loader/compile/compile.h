/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compile.h - the rules of at most two groups in, one policy image out. Pure:
 * no I/O, no globals, the same input gives the same bytes.
 */
#ifndef COMPILE_COMPILE_H
#define COMPILE_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/address.h"
#include "model/rule.h"
#include "sgate/policy.h"
#include "util/error.h"

/*
 * A rule as the compiler takes it: a remote group is replaced by the prefixes
 * of its instances. Borrows what it points to. Rules for the same remote group
 * should borrow the same array: compile() looks at it once then.
 */
struct policy_rule {
	const struct rule *rule;
	const struct prefix *remotes; /* unless rule->remote.kind is REMOTE_ANY */
	size_t remote_count;	      /* 0: matches nothing */
};

/*
 * The rules in any order: ranks come from (priority, deny first, rule->id), so
 * the order in which groups were associated cannot matter. rule->id must be
 * below 2^32 (-EOVERFLOW otherwise) and is what the rule table holds.
 */
struct policy {
	const struct policy_rule *rules;
	size_t count;
	/* For an instance without groups: what becomes of its packets. count is 0 then. */
	bool without_groups;
	bool pass;
};

struct image {
	union sg_node *nodes; /* owned; header.generation is 0 */
	uint32_t count;
};

void image_fini(struct image *image);

/*
 * -EFBIG (OPERATION_DENIED_POLICY_TOO_LARGE) when the image would have more
 * than max_nodes nodes, or take unreasonably long to make: noticed after a few
 * seconds and some hundred MiB at worst. -EOVERFLOW, -ENOMEM. The bytes depend on
 * nothing but the rules and their prefixes, in no order.
 */
int compile(const struct policy *policy, uint32_t max_nodes, struct image *image_out,
	    struct error *err);

/* A packet as the rules see it. */
struct packet_key {
	enum sg_direction direction;
	enum sg_family family;
	uint8_t remote[16]; /* network byte order; IPv4 in the first four */
	uint8_t protocol;
	uint16_t low16; /* destination port, type << 8 | code, or 0 */
};

/* A decision as SG_DECISION, or SG_DECISION_NONE when no rule matches. */
uint32_t image_classify(const struct image *image, const struct packet_key *packet);

/* The rule of a decision's rank. */
uint32_t image_rule_id(const struct image *image, uint32_t decision);

/*
 * The slow, obvious matcher: looks at every rule, keeps the best. Nothing but
 * tests uses it; it shares no code with the compiler or the image.
 */
struct slow_verdict {
	bool matched;
	bool accepted;
	int64_t rule_id; /* the deciding rule: lowest priority, deny first, lowest id */
};
struct slow_verdict slow_match(const struct policy *policy, const struct packet_key *packet);

#endif
