/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plain.h - read a plain packet: Ethernet without tags, IPv4 without options or
 * IPv6 without extension headers, no fragment, TCP or UDP, headers in one
 * piece. Almost all packets are, so nothing here is copied, called or looped.
 *
 * It only recognises them. What is anything else, or wrong in any way, is
 * parse.h's to read and to judge, so a mistake in a packet has its reason there.
 */
#ifndef BPF_PLAIN_H
#define BPF_PLAIN_H

#include "parse.h"
#include "phase.h"

#define TCP_HEADER 20
#define UDP_HEADER 8

/*
 * A plain packet. What rejects most of those that nobody asked for is read first; what
 * else of it goes into its flow waits until it is needed.
 */
struct plain {
	const void *data_end; /* of the frame's first piece */
	struct flow *flow;    /* the remote address and the ports are filled, then the rest */
	const void *ip;	      /* its header, of the length that all have */
	const __u8 *behind;   /* TCP: its header from the data offset on */
	__u64 tcp_mask;	      /* TCP: all ones of 32 bits; else 0 */
	__u64 sent;	      /* all ones: by the instance, so that the source is its own; else 0 */
	__u32 length;	      /* of the frame, in bytes */
	__u32 payload;	      /* offset behind the transport header */
	__u32 key;	      /* SG_PORT_KEY */
	__u8 protocol;
};

/* What belongs to the instance of what the packet has of its source and its destination. */
static __always_inline __u64 local_of(const struct plain *plain, __u64 source, __u64 destination)
{
	return destination ^ ((source ^ destination) & plain->sent);
}

static __always_inline __u64 remote_of(const struct plain *plain, __u64 source, __u64 destination)
{
	return source ^ ((source ^ destination) & plain->sent);
}

/*
 * The transport header at `at`, `offset` bytes into the frame; the IP packet ends at `end`.
 *
 * TCP or UDP is no branch, since nobody can foresee which comes next: what the
 * other one has instead counts as what is right.
 */
static __always_inline bool plain_transport(struct plain *plain, const void *at, __u32 offset,
					    __u32 end, __u8 protocol)
{
	__u64 tcp_mask = ((__u64)(protocol ^ IPPROTO_TCP) - 1) >> 32;
	const __u8 *bytes;
	__u32 ports, size, length;
	__u64 twice;

	SG_OPAQUE(tcp_mask);
	bytes = at + (tcp_mask & (TCP_HEADER - UDP_HEADER));
	if (at + UDP_HEADER > plain->data_end ||
	    (const void *)(bytes + UDP_HEADER) > plain->data_end || end > plain->length)
		return false;
	length = bpf_ntohs(*(const __be16 *)(at + 4)) | tcp_mask;
	size = UDP_HEADER + (((bytes[0] >> 4) * 4 - UDP_HEADER) & tcp_mask);
	if (size < (TCP_HEADER & tcp_mask) || length < UDP_HEADER ||
	    (protocol ^ IPPROTO_UDP) & ~tcp_mask)
		return false;
	ports = bpf_ntohl(*(const __be32 *)at);
	plain->behind = bytes;
	plain->tcp_mask = tcp_mask;
	plain->protocol = protocol;
	plain->payload = offset + size;
	plain->key = SG_PORT_KEY(protocol, ports & 0xffff);
	/* the local one first: the source's as they are, else the one turned round into the other */
	twice = (__u64)ports << 32 | ports;
	plain->flow->ports = twice >> (16 & ~plain->sent);
	return plain->payload <= end;
}

static __always_inline bool plain_ipv4(struct plain *plain)
{
	const struct iphdr *ip = plain->ip;

	if ((const void *)(ip + 1) > plain->data_end || *(const __u8 *)ip != 0x45 ||
	    ip->frag_off & bpf_htons(IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK))
		return false;
	plain->flow->remote[1] = remote_of(plain, bpf_ntohl(ip->saddr), bpf_ntohl(ip->daddr));
	return plain_transport(plain, ip + 1, ETH_HLEN + sizeof(*ip),
			       ETH_HLEN + bpf_ntohs(ip->tot_len), ip->protocol);
}

static __always_inline bool plain_ipv6(struct plain *plain)
{
	const struct ipv6hdr *ip = plain->ip;
	__u64 source[2], destination[2];

	if ((const void *)(ip + 1) > plain->data_end || *(const __u8 *)ip >> 4 != 6)
		return false;
	read_halves(ip->saddr.in6_u.u6_addr32, source);
	read_halves(ip->daddr.in6_u.u6_addr32, destination);
	SG_UNROLL
	for (int i = 0; i < 2; i++)
		plain->flow->remote[i] = remote_of(plain, source[i], destination[i]);
	return plain_transport(plain, ip + 1, ETH_HLEN + sizeof(*ip),
			       ETH_HLEN + sizeof(*ip) + bpf_ntohs(ip->payload_len), ip->nexthdr);
}

/* Whether the frame, of an EtherType that fits, is a plain packet. */
static __always_inline bool plain_read(struct plain *plain, __u8 family)
{
	return family == SG_IPV4 ? plain_ipv4(plain) : plain_ipv6(plain);
}

static __always_inline void plain_local(const struct plain *plain, __u8 family)
{
	__u64 source[2] = {}, destination[2] = {};

	if (family == SG_IPV4) {
		const struct iphdr *ip = plain->ip;

		source[1] = bpf_ntohl(ip->saddr);
		destination[1] = bpf_ntohl(ip->daddr);
		plain->flow->remote[0] = 0;
	} else {
		const struct ipv6hdr *ip = plain->ip;

		read_halves(ip->saddr.in6_u.u6_addr32, source);
		read_halves(ip->daddr.in6_u.u6_addr32, destination);
	}
	SG_UNROLL
	for (int i = 0; i < 2; i++)
		plain->flow->local[i] = local_of(plain, source[i], destination[i]);
}

/* The rest of the flow; to do it twice does no harm. */
static __always_inline void plain_fill(const struct plain *plain, __u8 family)
{
	struct flow *flow = plain->flow;
	__u32 tcp_flags = plain->behind[1] & plain->tcp_mask;

	plain_local(plain, family);
	flow->family = family;
	flow->protocol = plain->protocol;
	flow->kind = FLOW_KIND(plain->protocol, 0, family);
	flow->tcp_flags = tcp_flags;
	flow->turns = tcp_turns(tcp_flags) & plain->tcp_mask;
	flow->opener = 0;
	flow->opener_known = 0;
	flow->is_answer = false;
	flow->keeps_no_state = false;
}

#endif
