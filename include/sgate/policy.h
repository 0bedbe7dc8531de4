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
 *   ...      rule table: rank -> rule id, 16 a node, for the loader
 *
 * A tree is static, complete and in level order: node N's children are nodes
 * N * fanout + 1 ... N * fanout + fanout of the tree. A node holds interval
 * starts in ascending order and, for each start, the answer for keys from it
 * on. A search keeps the answer of the greatest start not above the key, which
 * is the one found deepest. Unused places at the end of a node repeat the last
 * answer with the greatest possible start, so they never change a result.
 */
#ifndef SGATE_POLICY_H
#define SGATE_POLICY_H

#include <linux/types.h>
#include <stdbool.h>

#include "sgate/limits.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

enum sg_direction {
	SG_INGRESS, /* to the instance */
	SG_EGRESS,  /* from the instance */
};

enum sg_family {
	SG_IPV4,
	SG_IPV6,
};

#define SG_STARTS_32 8
#define SG_FANOUT_32 (SG_STARTS_32 + 1)
#define SG_STARTS_64 5
#define SG_FANOUT_64 (SG_STARTS_64 + 1)

/*
 * An answer is 30 bits of value and two flags.
 *
 * In an address tree the value is the reference of a port list (a tree of
 * 32-bit starts), 0 for none. In a port list it is a decision, below.
 */
#define SG_ANSWER_VALUE 0x3fffffffU
/* The child to the right of this start exists. */
#define SG_ANSWER_CHILD 0x80000000U
/* 32-bit nodes, the last answer only: the child left of the first start exists. */
#define SG_ANSWER_FIRST_CHILD (SG_ANSWER_CHILD >> 1)
/* 64-bit nodes only: the value is a tree to be searched for the low half. */
#define SG_ANSWER_LOW_HALF 0x40000000U

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
/* Above every key: the start of unused places in a port list. */
#define SG_PORT_KEY_NONE 0x0fffffffU

struct sg_node32 {
	__u32 start[SG_STARTS_32];
	__u32 answer[SG_STARTS_32];
};

struct sg_node64 {
	__u64 start[SG_STARTS_64];
	__u32 answer[SG_STARTS_64];
	__u32 has_first_child; /* the child left of the first start exists */
};

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
	__u32 any;    /* port list of the rules for any remote; or the list, and then */
	__u32 narrow; /* address tree; or the list's nodes */
	__u32 wide;   /* address tree of the prefixes that would be copied too often in the other */
	__u32 flags;  /* SG_LAYERS_* */
};

/* The image is that of an instance without groups: its packets are dropped. */
#define SG_LAYERS_NO_GROUP_DROP 0x1U
/* The same, but they pass. */
#define SG_LAYERS_NO_GROUP_PASS 0x2U

/* Every reply to what this direction accepts is accepted by the rules of the other. */
#define SG_LAYERS_REPLIES_ACCEPTED 0x4U

/* There are no trees but a list. */
#define SG_LAYERS_LIST 0x8U

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
	struct sg_node32 n32;
	struct sg_node64 n64;
	struct sg_list32 list32;
	struct sg_line64 list64;
	__u32 rule_id[16];
};

_Static_assert(sizeof(struct sg_node32) == 64, "one cache line");
_Static_assert(sizeof(struct sg_node64) == 64, "one cache line");
_Static_assert(sizeof(struct sg_list32) == 64, "one cache line");
_Static_assert(sizeof(struct sg_line64) == 64, "one cache line");
_Static_assert(sizeof(struct sg_root) == 64, "one cache line");
_Static_assert(sizeof(struct sg_guard) == 64, "one cache line");
_Static_assert(sizeof(struct sg_image_header) == 64, "one cache line");
_Static_assert(sizeof(union sg_node) == 64, "one cache line");

/*
 * Keeps the compiler from turning the sums below into compare-and-branch:
 * with random keys a branch a start costs far more than the arithmetic.
 */
#define SG_OPAQUE(value) asm volatile("" : "+r"(value))

#ifdef __clang__
#define SG_UNROLL _Pragma("unroll")
#else
#define SG_UNROLL _Pragma("GCC unroll 8")
#endif

/*
 * What a step ends with, when `below` of the node's starts are not above the
 * key. Without a branch for none, which nobody could foresee: then the last
 * place is looked at, which has the other flag, and the answer stays.
 */
static __always_inline bool sg_node32_found(const struct sg_node32 *node, __u64 below, __u32 child,
					    __u32 *index, __u32 *answer)
{
	__u64 none = (below - 1) >> 63;
	__u32 a = node->answer[(below - 1) & (SG_STARTS_32 - 1)];

	SG_OPAQUE(none);
	*index = child + (__u32)below;
	*answer ^= (*answer ^ (a & SG_ANSWER_VALUE)) & ((__u32)none - 1);
	return a << none & SG_ANSWER_CHILD;
}

/*
 * One step of a search: look for `key` in a node whose leftmost child is at
 * `child` (index * fanout + 1, in the caller's count). True: the search goes on
 * at *index. What it found so far is in *answer.
 *
 * Nothing but this is on the way from one node to the next, so it is short: the
 * children's place does not wait for the comparisons, and those are summed up
 * in two chains. The verifier must not be made to compare an index, or it
 * follows every value that one can have; hence the flags.
 */
static __always_inline bool sg_node32_step(const struct sg_node32 *node, __u32 key, __u32 child,
					   __u32 *index, __u32 *answer)
{
	__u64 below = 0, odd = 0;

	SG_UNROLL
	for (int i = 0; i < SG_STARTS_32; i += 2) {
		/* start - key - 1 is negative exactly when start <= key */
		__u64 x = (__u64)node->start[i] - key - 1, y = (__u64)node->start[i + 1] - key - 1;

		SG_OPAQUE(x);
		SG_OPAQUE(y);
		below += x >> 63;
		odd += y >> 63;
		SG_OPAQUE(odd);
	}
	return sg_node32_found(node, below + odd, child, index, answer);
}

/*
 * The same in a port list, for sg_ports_lanes(key). Keys and starts leave bit 28
 * free, so it tells of two starts at a time which ones are not above the key.
 */
static __always_inline __u64 sg_ports_lanes(__u32 key)
{
	return (key | 1ULL << 28) * 0x100000001ULL;
}

static __always_inline bool sg_ports_step(const struct sg_node32 *node, __u64 lanes, __u32 child,
					  __u32 *index, __u32 *answer)
{
	const __u64 *pairs = (const __u64 *)node->start;
	__u64 below = 0;

	SG_UNROLL
	for (int i = 0; i < SG_STARTS_32 / 2; i++)
		below += (lanes - pairs[i]) & 0x1000000010000000ULL;
	below = (below >> 28 & 0xf) + (below >> 60);
	return sg_node32_found(node, below, child, index, answer);
}

/* The same for 64-bit starts; *answer keeps SG_ANSWER_LOW_HALF. */
static __always_inline bool sg_node64_step(const struct sg_node64 *node, __u64 key, __u32 child,
					   __u32 *index, __u32 *answer)
{
	__u64 below = SG_STARTS_64;
	__u32 a;

	SG_UNROLL
	for (int i = 0; i < SG_STARTS_64; i++) {
		__u64 start = node->start[i];
		/* the borrow of key - start, that is start > key (Hacker's Delight 2-13) */
		__u64 above = (~key & start) | ((~key | start) & (key - start));

		SG_OPAQUE(above);
		below -= above >> 63;
	}
	*index = child + (__u32)below;
	if (!below)
		return node->has_first_child;
	/* below is 1 to 5; the comparison is for the verifier */
	if (below > SG_STARTS_64)
		return false;
	a = node->answer[below - 1];
	*answer = a & (SG_ANSWER_VALUE | SG_ANSWER_LOW_HALF);
	return a & SG_ANSWER_CHILD;
}

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
