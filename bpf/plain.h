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

#define TCP_HEADER 20
#define UDP_HEADER 8

/* A plain packet: what of it goes into its flow, and where its payload is. */
struct plain {
	const void *data_end; /* of the frame's first piece */
	struct flow *flow;    /* addresses, ports, protocol, family and flags are filled */
	__u32 length;	      /* of the frame, in bytes */
	__u32 payload;	      /* offset behind the transport header */
	bool is_egress;
};

/* The transport header at `at`, `offset` bytes into the frame; the IP packet ends at `end`. */
static __always_inline bool plain_transport(struct plain *plain, const void *at, __u32 offset,
					    __u32 end, __u8 protocol)
{
	const __u8 *bytes = at;
	const __be16 *words = at;
	__u32 source, destination, size = UDP_HEADER;
	__u8 tcp_flags = 0;

	if (at + UDP_HEADER > plain->data_end || end > plain->length)
		return false;
	source = bpf_ntohs(words[0]);
	destination = bpf_ntohs(words[1]);
	if (protocol == IPPROTO_TCP) {
		if (at + TCP_HEADER > plain->data_end)
			return false;
		size = (bytes[12] >> 4) * 4;
		tcp_flags = bytes[13];
		if (size < TCP_HEADER)
			return false;
	} else if (protocol != IPPROTO_UDP || bpf_ntohs(words[2]) < UDP_HEADER) {
		return false;
	}
	plain->payload = offset + size;
	plain->flow->protocol = protocol;
	plain->flow->tcp_flags = tcp_flags;
	plain->flow->ports =
		plain->is_egress ? source << 16 | destination : destination << 16 | source;
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
	flow->local[1] = plain->is_egress ? source : destination;
	flow->remote[0] = 0;
	flow->remote[1] = plain->is_egress ? destination : source;
	return plain_transport(plain, ip + 1, ETH_HLEN + sizeof(*ip),
			       ETH_HLEN + bpf_ntohs(ip->tot_len), ip->protocol);
}

static __always_inline bool plain_ipv6(struct plain *plain, const void *at)
{
	const struct ipv6hdr *ip = at;
	struct flow *flow = plain->flow;

	if ((const void *)(ip + 1) > plain->data_end || *(const __u8 *)ip >> 4 != 6)
		return false;
	flow->family = SG_IPV6;
	read_halves(ip->saddr.in6_u.u6_addr32, plain->is_egress ? flow->local : flow->remote);
	read_halves(ip->daddr.in6_u.u6_addr32, plain->is_egress ? flow->remote : flow->local);
	return plain_transport(plain, ip + 1, ETH_HLEN + sizeof(*ip),
			       ETH_HLEN + sizeof(*ip) + bpf_ntohs(ip->payload_len), ip->nexthdr);
}

/* Whether the frame is a plain packet; what is filled is filled then. */
static __always_inline bool plain_read(struct plain *plain, const void *data)
{
	const __be16 *type = data + offsetof(struct ethhdr, h_proto);

	if (data + ETH_HLEN > plain->data_end)
		return false;
	if (*type == bpf_htons(ETH_P_IP))
		return plain_ipv4(plain, data + ETH_HLEN);
	return *type == bpf_htons(ETH_P_IPV6) && plain_ipv6(plain, data + ETH_HLEN);
}

#endif
