/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - the filter of a policy image (sgate/policy.h). Most packets that no
 * rule matches are known by it from one word, without a search; so what an
 * attacker sends is dropped at a low price, however many rules there are. Most
 * that only rules for any remote match are known as well: their addresses need
 * not be searched for.
 *
 * It is a Bloom filter with one word for an address and a kind of protocol.
 * Addresses are cut into equal blocks, and a hash of its block and of the kind says
 * which word is an address's. Keys of protocol and port fall into 64 classes,
 * each of which has a bit. A rule sets the bits of all classes that it has a key
 * in: one that names a prefix in the words of all blocks that this has an
 * address in, one for any remote in `any`. So where a bit is not set none of these
 * rules matches; where it is, one may.
 *
 * Nothing about it is secret: who knows the rules can send what it does not
 * exclude, and has made us search, which costs the same whatever they are.
 */
#ifndef SGATE_FILTER_H
#define SGATE_FILTER_H

#include <linux/types.h>

#include "sgate/tree.h"

/* The words are in the nodes behind it. */
struct sg_filter {
	__u64 any;   /* a word, for all addresses and kinds of protocols */
	__u32 shift; /* a block is so many bits of an IPv4 address, or of an IPv6 one's upper half */
	__u32 mask;  /* words less one; they are a power of two */
	__u64 reserved[6];
};

#define SG_FILTER_WORDS 8 /* in a node */

_Static_assert(sizeof(struct sg_filter) == 64, "one cache line");

/*
 * Which bit an SG_PORT_KEY has. Services are mostly below port 1,024, where
 * only every 32nd has the same one; above, 2,048 ports in a row have, so that a
 * range of ports sets few of them.
 */
#define SG_FILTER_LOW_PORTS 1024
#define SG_FILTER_LOW_CLASSES 32
#define SG_FILTER_HIGH_SHIFT 11

static __always_inline __u32 sg_filter_class(__u32 key)
{
	__u32 port = key & 0xffff, high = port >> SG_FILTER_HIGH_SHIFT | 32;
	__u64 is_low = ((__u64)port - SG_FILTER_LOW_PORTS) >> 32; /* a mask of 32 bits */

	SG_OPAQUE(is_low);
	return (high ^ ((high ^ (port & 31)) & (__u32)is_low) ^ key >> 16) & 63;
}

/*
 * The bits of an SG_PORT_KEY that say of which of four kinds its protocol is. TCP,
 * UDP, ICMP and ICMPv6 differ in them.
 */
#define SG_FILTER_KIND(key) ((key)&0x110000U)
#define SG_FILTER_KIND_SHIFT 4 /* to bits of a block that differ less than its lowest ones */

/*
 * Which word an address has for a key: an IPv4 address or the upper half of an
 * IPv6 one, in host byte order.
 */
static __always_inline __u64 sg_filter_index(const struct sg_filter *filter, __u64 address,
					     __u32 key)
{
	__u64 block = address >> (filter->shift & 63);

	block ^= (__u64)SG_FILTER_KIND(key) << SG_FILTER_KIND_SHIFT;
	return block * 0x9e3779b97f4a7c15ULL >> 40 & filter->mask;
}

/* Bit 0: whether a rule may have a key of the class, of those that set bits in the word. */
static __always_inline __u64 sg_filter_may_match(__u64 word, __u32 class)
{
	return word >> class;
}

#endif
