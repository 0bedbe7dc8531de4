/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - the policy image: what the rules of at most two groups become.
 *
 * An image is a run of 64-byte nodes in the policy heap. References inside it
 * count nodes from its first one, so an image can lie anywhere; 0 means none,
 * because node 0 is the root and nothing refers back to it. All integers are
 * in host byte order; addresses and ports are converted before a search.
 *
 *   node 0   struct sg_root: per direction and family, where to search
 *   node 1   struct sg_image_header: for the loader, not read for a packet
 *   ...      search trees
 *   ...      filters
 *   ...      rule table: rank -> rule id, 16 a node, for the loader
 */
#ifndef SGATE_POLICY_H
#define SGATE_POLICY_H

#include <linux/types.h>
#include <stdbool.h>

#include "sgate/filter.h"
#include "sgate/limits.h"
#include "sgate/tree.h"

enum sg_direction {
	SG_INGRESS, /* to the instance */
	SG_EGRESS,  /* from the instance */
};

enum sg_family {
	SG_IPV4,
	SG_IPV6,
};

/*
 * A decision is rank << 1 | accept. Ranks count the rules of the image in the
 * order in which they win: lower priority number first, then deny, then older
 * group and rule. So of two decisions the smaller one wins.
 */
#define SG_DECISION_NONE SG_ANSWER_VALUE
#define SG_DECISION(rank, accept) ((__u32)(rank) << 1 | ((accept) ? 1U : 0U))
#define SG_MAX_RANKS ((SG_ANSWER_VALUE >> 1) - 1)

/*
 * What a port list is searched for: protocol << 16 | destination port, or
 * protocol << 16 | type << 8 | code for ICMP and ICMPv6, or protocol << 16 for
 * all others.
 */
#define SG_PORT_KEY(protocol, low16) ((__u32)(protocol) << 16 | (__u32)(low16))
#define SG_PORT_KEY_LAST 0x00ffffffU

/*
 * Few rules are not worth a tree. They are lines of a list, one for each prefix
 * and port range of each rule, the strongest first: the first that matches
 * decides. A line that is not used has keys that no packet has.
 */
struct sg_line32 {
	__u32 address;
	__u32 mask;  /* of the prefix */
	__u32 first; /* SG_PORT_KEY */
	__u32 span;  /* keys behind the first one */
	__u32 decision;
};

struct sg_line64 {
	__u64 high;
	__u64 low;
	__u64 high_mask;
	__u64 low_mask;
	__u32 first;
	__u32 span;
	__u32 decision;
	__u32 reserved[5];
};

#define SG_LINES_32 3 /* of IPv4 in a node */
#define SG_LINES_64 1

struct sg_list32 {
	struct sg_line32 line[SG_LINES_32];
	__u32 reserved;
};

/* A line costs about a sixth of a tree's node; a policy with more has trees. */
#define SG_MAX_LINES 9
#define SG_LINE_UNUSED 0xffffffffU /* as first */

/* Where to search for one direction and family. */
struct sg_layers {
	__u32 any;    /* port list or table of the rules for any remote; or the list, and then */
	__u32 narrow; /* address tree; or the list's nodes */
	__u32 wide;   /* address tree of the prefixes that would be copied too often in the other */
	__u32 flags;  /* SG_LAYERS_*, and SG_LAYERS_FILTER_AT */
};

/* The image is that of an instance without groups: its packets are dropped. */
#define SG_LAYERS_NO_GROUP_DROP 0x1U
/* The same, but they pass. */
#define SG_LAYERS_NO_GROUP_PASS 0x2U

/* Every reply to what this direction accepts is accepted by the rules of the other. */
#define SG_LAYERS_REPLIES_ACCEPTED 0x4U

/* There are no trees but a list. */
#define SG_LAYERS_LIST 0x8U

/* Reference of the filter that is asked before the layers, 0 for none. */
#define SG_LAYERS_FILTER_AT(node) ((__u32)(node) << 8)
#define SG_LAYERS_FILTER(flags) ((flags) >> 8)

struct sg_root {
	struct sg_layers layers[2 * 2]; /* SG_LAYERS_INDEX */
};

#define SG_LAYERS_INDEX(direction, family) ((direction)*2 + (family))

/*
 * Root of a guard image: the addresses that an instance may send from, as
 * trees whose answer is not 0 for one of them. Header and trees as above.
 */
struct sg_guard {
	__u32 mac;  /* 64-bit starts; the address's six bytes as a number. 0: any MAC */
	__u32 ipv4; /* address trees; searched if has_addresses */
	__u32 ipv6;
	__u32 has_addresses; /* else any IP address */
	__u32 reserved[12];
};

#define SG_IMAGE_MAGIC 0x3165746167736773ULL

/* Facts about an image that the loader finds again from a binding alone. */
struct sg_image_header {
	__u64 magic;
	__u64 hash;	  /* of every node but this one */
	__u32 nodes;	  /* of the whole image */
	__u32 rules;	  /* entries of the rule table */
	__u32 rule_table; /* reference of its first node */
	__u32 generation; /* unique to this publication */
	__u64 reserved[4];
};

union sg_node {
	struct sg_root root;
	struct sg_guard guard;
	struct sg_image_header header;
	struct sg_filter filter;
	__u64 filter_word[SG_FILTER_WORDS];
	struct sg_table table;
	__u32 entry[SG_TABLE_ENTRIES];
	__u32 ports_of[SG_PORT_PROTOCOLS];
	sg_port_entry port_entry[SG_PORT_ENTRIES];
	__u64 list[SG_LIST_WORDS];
	struct sg_inner32 inner32;
	struct sg_inner64 inner64;
	struct sg_leaf32 leaf32;
	struct sg_leaf64 leaf64;
	struct sg_leaf128 leaf128;
	struct sg_leaf_ports leaf_ports;
	__u64 units[SG_UNITS][SG_UNIT_BYTES / sizeof(__u64)];
	struct sg_list32 list32;
	struct sg_line64 list64;
	__u32 rule_id[16];
};

_Static_assert(SG_DECISION_NONE == (__u32)(~0ULL >> 34), "see sg_leaf_ports_answer");
_Static_assert(SG_HEAP_NODES <= 1 << 24, "the reference of a filter has 24 bits");
_Static_assert(sizeof(struct sg_list32) == 64, "one cache line");
_Static_assert(sizeof(struct sg_line64) == 64, "one cache line");
_Static_assert(sizeof(struct sg_root) == 64, "one cache line");
_Static_assert(sizeof(struct sg_guard) == 64, "one cache line");
_Static_assert(sizeof(struct sg_image_header) == 64, "one cache line");
_Static_assert(sizeof(union sg_node) == 64, "one cache line");

/* Nothing here branches on a part of a line: with many flows nobody could foresee it. */
static __always_inline bool sg_line_is(__u64 difference, __u32 key, __u32 first, __u32 span)
{
	/* negative exactly when key is not one of the line's */
	__u64 rest = (__u64)span - (__u32)(key - first);

	SG_OPAQUE(rest);
	difference |= rest >> 63;
	SG_OPAQUE(difference);
	return !difference;
}

static __always_inline bool sg_line32_matches(const struct sg_line32 *line, __u32 address,
					      __u32 key)
{
	return sg_line_is((address ^ line->address) & line->mask, key, line->first, line->span);
}

static __always_inline bool sg_line64_matches(const struct sg_line64 *line, __u64 high, __u64 low,
					      __u32 key)
{
	return sg_line_is(((high ^ line->high) & line->high_mask) |
				  ((low ^ line->low) & line->low_mask),
			  key, line->first, line->span);
}

#endif
