/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flow.h - a packet as a part of a connection: the same tuple for both
 * directions, and where the table keeps it.
 */
#ifndef BPF_FLOW_H
#define BPF_FLOW_H

#include "maps.h"
#include "parse.h"

#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO_REQUEST 8
#define ICMP_TIMESTAMP_REQUEST 13
#define ICMP_TIMESTAMP_REPLY 14
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

/*
 * ICMP: queries and their answers belong together by identifier and code.
 * Both sides may ask with the same identifier; those are two connections.
 * Everything else has none.
 */
static __always_inline void flow_icmp(const struct headers *headers, struct flow *flow)
{
	__u8 type = headers->low16 >> 8, request = type;

	if (headers->family == SG_IPV4) {
		if (type == ICMP_ECHO_REPLY)
			request = ICMP_ECHO_REQUEST;
		if (type == ICMP_TIMESTAMP_REPLY)
			request = ICMP_TIMESTAMP_REQUEST;
		flow->keeps_no_state =
			request != ICMP_ECHO_REQUEST && request != ICMP_TIMESTAMP_REQUEST;
	} else {
		if (type == ICMPV6_ECHO_REPLY)
			request = ICMPV6_ECHO_REQUEST;
		flow->keeps_no_state = request != ICMPV6_ECHO_REQUEST;
	}
	flow->is_answer = request != type;
	flow->opener = flow->is_egress != flow->is_answer ? SG_CONNECTION_EGRESS : 0;
	flow->opener_known = SG_CONNECTION_EGRESS;
	flow->ports = (__u32)headers->sport << 16 | request << 8 | (headers->low16 & 0xff);
}

/* Whose it is. false: the instance has no policy, or none yet. */
static __always_inline bool flow_begin(struct flow *flow, __u32 ifindex,
				       const struct sg_binding *binding)
{
	flow->policy = *(const volatile __u64 *)&binding->policy;
	flow->owner = binding->owner;
	flow->ifindex = ifindex;
	return flow->policy;
}

/* The first bucket of the owner's window. */
static __always_inline __u32 flow_window(const struct flow *flow)
{
	return SG_WINDOW(SG_OWNER_SLOT(flow->owner));
}

/* Which it is. */
static __always_inline void flow_fill(const struct headers *headers, bool is_egress,
				      struct flow *flow)
{
	__u16 local = is_egress ? headers->sport : headers->low16;
	__u16 remote = is_egress ? headers->low16 : headers->sport;

	flow->local[0] = is_egress ? headers->source[0] : headers->destination[0];
	flow->local[1] = is_egress ? headers->source[1] : headers->destination[1];
	flow->remote[0] = is_egress ? headers->destination[0] : headers->source[0];
	flow->remote[1] = is_egress ? headers->destination[1] : headers->source[1];
	flow->ports = (__u32)local << 16 | remote;
	flow->protocol = headers->protocol;
	flow->family = headers->family;
	flow->tcp_flags = headers->tcp_flags;
	flow->opener = 0;
	flow->opener_known = 0;
	flow->is_egress = is_egress;
	flow->is_answer = false;
	flow->keeps_no_state = false;
	if (is_icmp(headers))
		flow_icmp(headers, flow);
	flow->kind = FLOW_KIND(flow->protocol, flow->opener, flow->family);
}

/* The last 16 bits of the key under which the rules judge the first packet of a connection. */
static __always_inline __u16 flow_opening_low16(const struct flow *flow, bool opened_by_egress)
{
	bool icmp = protocol_is_icmp(flow->family, flow->protocol);

	return icmp || opened_by_egress ? flow->ports : flow->ports >> 16;
}

/* The last 16 bits of a reply's key, whatever of the connection is at hand. */
static __always_inline __u16 flow_reply_low16(const struct flow *flow, bool reply_is_egress)
{
	bool icmp = protocol_is_icmp(flow->family, flow->protocol);
	__u8 request = flow->ports >> 8, code = flow->ports;

	if (!icmp)
		return reply_is_egress ? flow->ports : flow->ports >> 16;
	if (flow->family == SG_IPV6)
		return ICMPV6_ECHO_REPLY << 8 | code;
	return (request == ICMP_ECHO_REQUEST ? ICMP_ECHO_REPLY : ICMP_TIMESTAMP_REPLY) << 8 | code;
}

/*
 * NH (Black and others, UMAC, 1999): the sum of products of keyed 32-bit
 * words. Without the keys nobody can choose flows that meet in a bucket more
 * often than by chance.
 */
static __always_inline __u64 flow_hash(const __u32 *key, const struct flow *flow, __u8 family)
{
	__u64 hash;

	hash = (__u64)(__u32)((__u32)flow->local[1] + key[0]) *
	       (__u32)((__u32)flow->remote[1] + key[1]);
	hash += (__u64)(__u32)(flow->ports + key[2]) * (__u32)(flow->owner + key[3]);
	hash += (__u64)(__u32)(flow->kind + key[4]) * key[5];
	if (family == SG_IPV6) {
		hash += (__u64)(__u32)((__u32)(flow->local[1] >> 32) + key[6]) *
			(__u32)((__u32)(flow->remote[1] >> 32) + key[7]);
		hash += (__u64)(__u32)((__u32)flow->local[0] + key[8]) *
			(__u32)((__u32)flow->remote[0] + key[9]);
		hash += (__u64)(__u32)((__u32)(flow->local[0] >> 32) + key[10]) *
			(__u32)((__u32)(flow->remote[0] >> 32) + key[11]);
	}
	return hash;
}

/*
 * The first of its two buckets, and what the rest follows from. The family is the
 * flow's: known to the compiler, where it is, it saves asking for it. The hash is
 * spread by a multiplication by a random odd number.
 */
static __always_inline void place_begin(const struct sg_settings *settings, const struct flow *flow,
					__u8 family, struct place *place)
{
	__u64 hash = flow_hash(settings->secret, flow, family);

	hash ^= hash >> 32;
	hash *= settings->multiplier[0];
	place->hash = hash;
	place->first = (flow_window(flow) + (hash >> 40 & settings->window_mask >> 1)) &
		       settings->bucket_mask;
}

/* The rest. */
static __always_inline void place_end(const struct sg_settings *settings, const struct flow *flow,
				      __u8 family, struct place *place)
{
	__u32 half = settings->window_mask >> 1, bucket = place->hash >> 40 & half, other;
	__u64 zero;

	/* one of the other half, by other bits of the hash, with the same lock */
	other = ((bucket ^ (__u32)(place->hash >> 20) * SG_LOCKS) & half) |
		(settings->window_mask ^ half);
	place->second = (flow_window(flow) + other) & settings->bucket_mask;
	place->tag = SG_TAG(place->hash, family);
	/* without a branch */
	zero = ((__u64)place->tag - 1) >> 63;
	place->tag |= zero * SG_TAG_ZERO;
}

static __always_inline void flow_place(const struct sg_settings *settings, const struct flow *flow,
				       __u8 family, struct place *place)
{
	place_begin(settings, flow, family, place);
	place_end(settings, flow, family, place);
}

/*
 * Stands for the whole flow: the hash and a second one, whose keys are two words
 * further as in UMAC.
 */
static __always_inline __u64 flow_signature(const struct sg_settings *settings,
					    const struct place *place, const struct flow *flow,
					    __u8 family)
{
	/* what goes into it is read once more: there are not registers enough to keep it */
	asm volatile("" ::: "memory");
	return place->hash +
	       flow_hash(settings->secret + 2, flow, family) * settings->multiplier[1];
}

#endif
