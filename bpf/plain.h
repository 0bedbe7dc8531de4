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

/* A plain packet: what of it goes into its flow, and where its payload is. */
struct plain {
	const void *data_end; /* of the frame's first piece */
	struct flow *flow;    /* addresses, ports, protocol, family and flags are filled */
	__u32 length;	      /* of the frame, in bytes */
	__u32 payload;	      /* offset behind the transport header */
	__u32 key;	      /* SG_PORT_KEY */
	__u64 sent;	      /* all ones: by the instance, so that the source is its own; else 0 */
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
					    __u32 end, __u8 protocol, __u8 family)
{
	__u64 tcp_mask = ((__u64)(protocol ^ IPPROTO_TCP) - 1) >> 32; /* of 32 bits */
	const __u8 *bytes;
	const __be16 *words = at;
	__u32 source, destination, size, length, tcp_flags;

	SG_OPAQUE(tcp_mask);
	/* of TCP from the data offset on */
	bytes = at + (tcp_mask & (TCP_HEADER - UDP_HEADER));
	if (at + UDP_HEADER > plain->data_end ||
	    (const void *)(bytes + UDP_HEADER) > plain->data_end || end > plain->length)
		return false;
	source = bpf_ntohs(words[0]);
	destination = bpf_ntohs(words[1]);
	length = bpf_ntohs(words[2]) | tcp_mask;
	size = UDP_HEADER + (((bytes[0] >> 4) * 4 - UDP_HEADER) & tcp_mask);
	tcp_flags = bytes[1] & tcp_mask;
	if (size < (TCP_HEADER & tcp_mask) || length < UDP_HEADER ||
	    (protocol ^ IPPROTO_UDP) & ~tcp_mask)
		return false;
	plain->payload = offset + size;
	plain->key = SG_PORT_KEY(protocol, destination);
	plain->flow->protocol = protocol;
	plain->flow->kind = FLOW_KIND(protocol, 0, family);
	plain->flow->tcp_flags = tcp_flags;
	plain->flow->turns = tcp_turns(tcp_flags) & tcp_mask;
	plain->flow->ports =
		local_of(plain, source << 16 | destination, destination << 16 | source);
	return plain->payload <= end;
}

static __always_inline bool plain_ipv4(struct plain *plain, const void *at)
{
	const struct iphdr *ip = at;
	__u64 source, destination;
	struct flow *flow = plain->flow;

	if ((const void *)(ip + 1) > plain->data_end || *(const __u8 *)ip != 0x45 ||
	    ip->frag_off & bpf_htons(IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK))
		return false;
	source = bpf_ntohl(ip->saddr);
	destination = bpf_ntohl(ip->daddr);
	flow->family = SG_IPV4;
	flow->local[0] = 0;
	flow->local[1] = local_of(plain, source, destination);
	flow->remote[0] = 0;
	flow->remote[1] = remote_of(plain, source, destination);
	return plain_transport(plain, ip + 1, ETH_HLEN + sizeof(*ip),
			       ETH_HLEN + bpf_ntohs(ip->tot_len), ip->protocol, SG_IPV4);
}

static __always_inline bool plain_ipv6(struct plain *plain, const void *at)
{
	const struct ipv6hdr *ip = at;
	struct flow *flow = plain->flow;
	__u64 source[2], destination[2];

	if ((const void *)(ip + 1) > plain->data_end || *(const __u8 *)ip >> 4 != 6)
		return false;
	flow->family = SG_IPV6;
	read_halves(ip->saddr.in6_u.u6_addr32, source);
	read_halves(ip->daddr.in6_u.u6_addr32, destination);
	SG_UNROLL
	for (int i = 0; i < 2; i++) {
		flow->local[i] = local_of(plain, source[i], destination[i]);
		flow->remote[i] = remote_of(plain, source[i], destination[i]);
	}
	return plain_transport(plain, ip + 1, ETH_HLEN + sizeof(*ip),
			       ETH_HLEN + sizeof(*ip) + bpf_ntohs(ip->payload_len), ip->nexthdr,
			       SG_IPV6);
}

/* Whether the frame, of an EtherType that fits, is a plain packet; what is filled is filled then. */
static __always_inline bool plain_read(struct plain *plain, const void *network, __u8 family)
{
	return family == SG_IPV4 ? plain_ipv4(plain, network) : plain_ipv6(plain, network);
}

#endif
