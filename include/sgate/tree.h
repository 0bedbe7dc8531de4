/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tree.h - the search trees of a policy image (sgate/policy.h), and the steps
 * that the programs and the loader take in them.
 *
 * A tree says for each key in which interval it lies. It is static: first its
 * root, then level by level all inner nodes, then all leaves, which lie equally
 * deep. An inner node holds where each of its children but the first one
 * begins; the children lie one behind the other. A leaf holds interval starts
 * and the answer of each interval, from the one on in which it begins itself.
 * So the number of steps is the tree's and not the key's, no step waits for an
 * answer, and nothing in it is a branch that depends on the key.
 *
 * A large tree of addresses begins with a table instead of its upper levels:
 * the root is a struct sg_table, then come the entries, one for each value of the
 * upper bits of a key. An entry says where in the list of all starts of the
 * next level its own ones are; they are compared as those of an inner node.
 */
#ifndef SGATE_TREE_H
#define SGATE_TREE_H

#include <linux/types.h>
#include <stdbool.h>

#include "sgate/inline.h"
#include "sgate/limits.h"

/*
 * Reference of a tree: its root, and how many levels of inner nodes are above
 * the leaves.
 */
#define SG_TREE(node, levels) ((__u32)(levels) << 24 | (__u32)(node))
#define SG_TREE_NODE(tree) ((tree)&0xffffffU)
#define SG_TREE_LEVELS(tree) ((tree) >> 24 & SG_MAX_LEVELS)
/* A tree of addresses: it begins with a table. */
#define SG_TREE_TABLE 0x08000000U

/*
 * Reference of a short port list, which most are: no tree, but a part of a node.
 * A node has units of two starts and their answers each; a list is one to four of them.
 */
#define SG_SHORT_LIST 0x08000000U
#define SG_SHORT_LIST_AT(node, unit, units) \
	((__u32)(unit) << 28 | SG_SHORT_LIST | ((__u32)(units)-1) << 24 | (__u32)(node))
#define SG_SHORT_LIST_UNIT(list) ((list) >> 28 & (SG_UNITS - 1))
#define SG_SHORT_LIST_UNITS(list) (((list) >> 24 & (SG_UNITS - 1)) + 1)
#define SG_UNITS 4 /* in a node */
#define SG_UNIT_BYTES 16UL
#define SG_SHORT_LIST_STARTS (2UL * SG_UNITS)

/* What kind of reference it is. */
#define SG_TREE_KIND(tree) ((tree)&0x4f000000U)

/* Reference of a table of ports. Only the rules for any remote have one. */
#define SG_PORT_TABLE 0x40000000U
#define SG_PORT_TABLE_AT(node) (SG_PORT_TABLE | (__u32)(node))

/*
 * In a tree of IPv6 addresses an answer may be another tree, to be searched for
 * the low half of the address. The answer of an address is the reference of a
 * port list (a tree as well) or 0 for none, that of a port list a decision,
 * below.
 */
#define SG_ANSWER_LOW_HALF 0x40000000U
#define SG_ANSWER_VALUE 0x3fffffffU

/*
 * Inner nodes compare two starts at a time, in the halves of a word: bits 0 to
 * 28 and 31 to 59. A start S is written as 2^29 - S, and the key is added, so
 * that the bit above a half is set where the start is not above the key. An
 * unused place is 0. Starts of IPv4 addresses are in units of a block, see
 * below.
 */
#define SG_HALF_BITS 29
#define SG_HALF_SHIFT 31
#define SG_HALF_ABOVE ((__u64)1 << SG_HALF_BITS)
#define SG_HALVES(value) ((__u64)(value) | (__u64)(value) << SG_HALF_SHIFT)
#define SG_CHILDREN_32 16

struct sg_inner32 {
	__u64 starts[7]; /* of children 1 to 14 */
	__u64 last;	 /* low half: start of child 15; above it: place of child 0 in the tree */
};

/*
 * The same for trees with keys of 64 bits and of IPv6 addresses, one start a
 * word: of the upper 64 bits of the key the first 63, as 2^63 - S.
 */
#define SG_CHILDREN_64 8

struct sg_inner64 {
	__u64 starts[SG_CHILDREN_64 - 1];
	__u64 children; /* place of child 0 in the tree */
};

/*
 * Entries are the words of the list, as in inner nodes, to begin with: that one
 * and the seven behind it have all starts of the entry's keys. The list has the
 * start of each node of the level but the first one.
 */
struct sg_table {
	__u64 first; /* key >> shift of entry 0, which is for all smaller ones too */
	__u64 last;  /* entry, which is for all greater ones too */
	__u32 shift;
	__u32 list;  /* places in the tree */
	__u32 level; /* of its first node */
	__u32 reserved[9];
};

#define SG_TABLE_ENTRIES 16 /* in a node */
#define SG_LIST_WORDS 8	    /* that a key is compared with */

/*
 * Unused places at the end of a leaf repeat the last answer. What begins a leaf
 * that is not the tree's first one is a multiple of a block of keys.
 */
#define SG_LEAF_32 8
#define SG_LEAF_64 6
#define SG_LEAF_128 4
#define SG_LEAF_PORTS 8
#define SG_LEAF_128_BITS 126 /* of an address, that are compared */
#define SG_BLOCK_SHIFT_32 3
#define SG_BLOCK_SHIFT_64 1 /* of 128 bits, of the upper half */

struct sg_leaf32 {
	__u32 start[SG_LEAF_32]; /* the first one is not above any key that comes here */
	__u32 answer[SG_LEAF_32];
};

/* Low halves of IPv6 addresses, and MAC addresses. */
struct sg_leaf64 {
	__u64 start[SG_LEAF_64 - 1]; /* of the second interval and so on */
	__u32 answer[SG_LEAF_64];
};

/*
 * IPv6 addresses. All that come to a leaf have the same two uppermost bits as its
 * starts, or it has one answer only. So 126 bits are compared, as two numbers of
 * 63; a start S is written as 2^63 - S of each, like those of inner nodes.
 */
struct sg_leaf128 {
	__u64 high[SG_LEAF_128 - 1]; /* of the second interval and so on */
	__u64 low[SG_LEAF_128 - 1];
	__u32 answer[SG_LEAF_128];
};

/*
 * A leaf of a port list: all starts as in an inner node, and below the first one
 * SG_DECISION_NONE.
 */
struct sg_leaf_ports {
	__u64 starts[SG_LEAF_PORTS / 2];
	__u32 answer[SG_LEAF_PORTS];
};

/*
 * A long port list without inner nodes. First comes for each protocol where its
 * entries are and how many ports one of them is for; then the entries, each the
 * place of a leaf in the table; then the leaves, which are those of a port list.
 */
#define SG_PORTS_OF(entry, shift) ((__u32)(entry) << 5 | (__u32)(shift))
#define SG_PORT_PROTOCOLS 16 /* in a node */
#define SG_PORT_ENTRIES 32   /* in a node */

typedef __u16 sg_port_entry;

/* Of all entries, counted from the first byte of the table, the one for a key. */
static __always_inline __u32 sg_port_entry_index(__u32 ports_of, __u32 key)
{
	return (ports_of >> 5) + ((key & 0xffff) >> (ports_of & 31));
}

_Static_assert(sizeof(struct sg_table) == 64, "one cache line");
_Static_assert(sizeof(struct sg_inner32) == 64, "one cache line");
_Static_assert(sizeof(struct sg_inner64) == 64, "one cache line");
_Static_assert(sizeof(struct sg_leaf32) == 64, "one cache line");
_Static_assert(sizeof(struct sg_leaf64) == 64, "one cache line");
_Static_assert(sizeof(struct sg_leaf128) == 64, "one cache line");
_Static_assert(sizeof(struct sg_leaf_ports) == 64, "one cache line");

/* The entry of a table for a key. */
static __always_inline __u64 sg_table_index(const struct sg_table *table, __u64 key)
{
	__s64 index = (key >> (table->shift & 63)) - table->first, sign = index >> 63, left;

	/* no smaller than 0 and no greater than the last one, without a branch */
	SG_OPAQUE(sign);
	index &= ~sign;
	left = table->last - index;
	SG_OPAQUE(left);
	return index + (left & left >> 63);
}

/* How many of the halves that are set in `sum`, which is a sum of such words. */
static __always_inline __u64 sg_halves_count(__u64 sum)
{
	return (sum >> SG_HALF_BITS & 0xf) + (sum >> (SG_HALF_BITS + SG_HALF_SHIFT));
}

/*
 * One step down: the place in the tree of the child for the key whose
 * SG_HALVES are `key`. Two sums, so that neither is a long chain.
 */
static __always_inline __u64 sg_inner32_child(const struct sg_inner32 *node, __u64 key)
{
	__u64 both = SG_HALVES(SG_HALF_ABOVE), even = 0, odd = 0, last = node->last;

	SG_OPAQUE(both);
	SG_UNROLL
	for (int i = 0; i < 6; i += 2) {
		even += (node->starts[i] + key) & both;
		odd += (node->starts[i + 1] + key) & both;
		SG_OPAQUE(odd);
	}
	even += (node->starts[6] + key) & both;
	odd += (last + key) & SG_HALF_ABOVE;
	return (last >> SG_HALF_SHIFT) + sg_halves_count(even + odd);
}

/* How many of the starts in a part of a table's list are not above the key; else the same. */
static __always_inline __u64 sg_list32_count(const __u64 *words, __u64 key)
{
	__u64 both = SG_HALVES(SG_HALF_ABOVE), even = 0, odd = 0;

	SG_OPAQUE(both);
	SG_UNROLL
	for (int i = 0; i < SG_LIST_WORDS; i += 2) {
		even += (words[i] + key) & both;
		odd += (words[i + 1] + key) & both;
		SG_OPAQUE(odd);
	}
	return sg_halves_count(even + odd);
}

/* The same of 64-bit keys, of which `key` are the upper 63 bits. */
static __always_inline __u64 sg_starts64_count(const __u64 *words, int count, __u64 key)
{
	__u64 even = 0, odd = 0;

	/* a constant number of turns, or it is not unrolled */
	SG_UNROLL
	for (int i = 0; i < SG_LIST_WORDS; i++) {
		__u64 sum;

		if (i >= count)
			break;
		sum = words[i] + key;

		SG_OPAQUE(sum);
		if (i % 2)
			odd += sum >> 63;
		else
			even += sum >> 63;
		SG_OPAQUE(odd);
	}
	return even + odd;
}

static __always_inline __u64 sg_inner64_child(const struct sg_inner64 *node, __u64 key)
{
	return node->children + sg_starts64_count(node->starts, SG_CHILDREN_64 - 1, key);
}

/* What a leaf answers. */
static __always_inline __u32 sg_leaf32_answer(const struct sg_leaf32 *leaf, __u32 key)
{
	__u64 below = 0, odd = 0;

	SG_UNROLL
	for (int i = 1; i < SG_LEAF_32; i++) {
		/* start - key - 1 is negative exactly when start <= key */
		__u64 rest = leaf->start[i] + ~(__u64)key;

		SG_OPAQUE(rest);
		if (i % 2)
			odd += rest >> 63;
		else
			below += rest >> 63;
		SG_OPAQUE(odd);
	}
	return leaf->answer[(below + odd) & (SG_LEAF_32 - 1)];
}

/* The borrow of x - y - borrow, `rest`, in its highest bit (Hacker's Delight 2-13). */
static __always_inline __u64 sg_borrow(__u64 x, __u64 y, __u64 rest)
{
	return (~x & y) | ((~x | y) & rest);
}

static __always_inline __u32 sg_leaf64_answer(const struct sg_leaf64 *leaf, __u64 key)
{
	__u64 below = SG_LEAF_64 - 1;

	SG_UNROLL
	for (int i = 0; i < SG_LEAF_64 - 1; i++) {
		__u64 start = leaf->start[i], above = sg_borrow(key, start, key - start);

		SG_OPAQUE(above);
		below -= above >> 63;
	}
	/* it always is; the comparison is for the verifier, and the compiler must not know */
	SG_OPAQUE(below);
	return below < SG_LEAF_64 ? leaf->answer[below] : 0;
}

/* What of an IPv6 address a leaf compares: bits 125 to 63, below bits that are not, and 62 to 0. */
#define SG_LEAF_128_HIGH(high, low) ((high) << 1 | (low) >> 63)
#define SG_LEAF_128_LOW(low) ((low) << 1 >> 1)

static __always_inline __u32 sg_leaf128_answer(const struct sg_leaf128 *leaf, __u64 high, __u64 low)
{
	__u64 below = 0, upper = SG_LEAF_128_HIGH(high, low) - 1, lower = SG_LEAF_128_LOW(low);

	SG_OPAQUE(upper);
	SG_OPAQUE(lower);
	SG_UNROLL
	for (int i = 0; i < SG_LEAF_128 - 1; i++) {
		__u64 sum = leaf->low[i] + lower;

		SG_OPAQUE(sum);
		/* upper - start - 1, or upper - start where the lower part is not less */
		sum = (sum >> 63) + leaf->high[i] + upper;
		SG_OPAQUE(sum);
		below += sum >> 63;
	}
	/* the mask is for the verifier, and the compiler must not know */
	SG_OPAQUE(below);
	return leaf->answer[below & (SG_LEAF_128 - 1)];
}

/* For a key whose SG_HALVES are `key`. */
static __always_inline __u32 sg_leaf_ports_answer(const struct sg_leaf_ports *leaf, __u64 key)
{
	__u64 both = SG_HALVES(SG_HALF_ABOVE), sum = 0;

	SG_OPAQUE(both);
	SG_UNROLL
	for (int i = 0; i < SG_LEAF_PORTS / 2; i++)
		sum += (leaf->starts[i] + key) & both;
	/* without a branch: of none, which is -1 here, the upper bits are SG_DECISION_NONE */
	sum = sg_halves_count(sum) - 1;
	return leaf->answer[sum & (SG_LEAF_PORTS - 1)] | (__u32)(sum >> 34);
}

/*
 * The same of a short list: first the starts of all its units, as above, then
 * the answers. What lies behind it is read as well, up to SG_UNITS units.
 */
static __always_inline __u32 sg_short_list_answer(const __u64 *list, __u32 units, __u64 key)
{
	__u64 both = SG_HALVES(SG_HALF_ABOVE), sum = 0;

	SG_OPAQUE(both);
	SG_UNROLL
	for (int i = 0; i < SG_UNITS; i++) {
		/* negative if the word is one of the list's, which the first one always is */
		__s64 own = i - (__s64)units;

		SG_OPAQUE(own);
		sum += (list[i] + key) & both & (i ? own >> 63 : -1);
	}
	sum = sg_halves_count(sum) - 1;
	SG_OPAQUE(sum);
	return (((const __u32 *)(list + units))[sum & (SG_SHORT_LIST_STARTS - 1)] |
		(__u32)(sum >> 34)) &
	       SG_ANSWER_VALUE;
}

#endif
