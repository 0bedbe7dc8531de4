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
 * often than by chance. The second of two lanes has keys two words further.
 */
static __always_inline void hash_words(__u64 *hash, int lanes, const __u32 *key, __u32 x, __u32 y)
{
	SG_UNROLL
	for (int i = 0; i < lanes; i++) {
		hash[i] += (__u64)(__u32)(x + key[2 * i]) * (__u32)(y + key[2 * i + 1]);
		SG_OPAQUE(hash[i]);
	}
}

/* `lanes`, 1 or 2, is a constant. */
static __always_inline void flow_hash(const __u32 *key, const struct flow *flow, __u8 family,
				      int lanes, __u64 *hash_out)
{
	__u64 hash[2] = {};

	hash_words(hash, lanes, key, flow->local[1], flow->remote[1]);
	hash_words(hash, lanes, key + 2, flow->ports, flow->owner);
	hash_words(hash, lanes, key + 4, flow->kind, 0);
	if (family == SG_IPV6) {
		hash_words(hash, lanes, key + 6, flow->local[1] >> 32, flow->remote[1] >> 32);
		hash_words(hash, lanes, key + 8, flow->local[0], flow->remote[0]);
		hash_words(hash, lanes, key + 10, flow->local[0] >> 32, flow->remote[0] >> 32);
	}
	for (int i = 0; i < lanes; i++)
		hash_out[i] = hash[i];
}

/*
 * The first of the two buckets of a flow with this hash, and what the rest follows
 * from. The hash is spread by a multiplication by a random odd number.
 */
static __always_inline void place_begin(const struct sg_settings *settings, const struct flow *flow,
					__u64 hash, struct place *place)
{
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
	__u64 hash;

	/* the family is the flow's: known to the compiler, where it is, it saves asking for it */
	flow_hash(settings->secret, flow, family, 1, &hash);
	place_begin(settings, flow, hash, place);
	place_end(settings, flow, family, place);
}

#endif
