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

/* What a plain packet says; integers in host byte order. Few and simple, so that they stay in registers. */
struct plain {
	__u64 source_high; /* 0 for IPv4 */
	__u64 source_low;
	__u64 destination_high;
	__u64 destination_low;
	__u32 payload; /* offset behind the transport header */
	__u32 end;     /* offset behind the IP packet */
	__u16 sport;
	__u16 dport;
	__u8 family; /* enum sg_family */
	__u8 protocol;
	__u8 tcp_flags;
};

/* The transport header at `at`, `offset` bytes into the frame. */
static __always_inline bool plain_transport(const void *at, const void *data_end, __u32 offset,
					    struct plain *plain)
{
	const __u8 *bytes = at;
	const __be16 *words = at;
	__u32 size;

	if (at + UDP_HEADER > data_end)
		return false;
	plain->sport = bpf_ntohs(words[0]);
	plain->dport = bpf_ntohs(words[1]);
	if (plain->protocol == IPPROTO_TCP) {
		if (at + TCP_HEADER > data_end)
			return false;
		size = (bytes[12] >> 4) * 4;
		plain->tcp_flags = bytes[13];
		plain->payload = offset + size;
		return size >= TCP_HEADER && plain->payload <= plain->end;
	}
	plain->tcp_flags = 0;
	plain->payload = offset + UDP_HEADER;
	return plain->protocol == IPPROTO_UDP && bpf_ntohs(words[2]) >= UDP_HEADER &&
	       plain->payload <= plain->end;
}

static __always_inline bool plain_ipv4(const void *at, const void *data_end, __u32 length,
				       struct plain *plain)
{
	const struct iphdr *ip = at;

	if ((const void *)(ip + 1) > data_end)
		return false;
	plain->family = SG_IPV4;
	plain->protocol = ip->protocol;
	plain->end = ETH_HLEN + bpf_ntohs(ip->tot_len);
	plain->source_high = 0;
	plain->source_low = bpf_ntohl(ip->saddr);
	plain->destination_high = 0;
	plain->destination_low = bpf_ntohl(ip->daddr);
	if (*(const __u8 *)ip != 0x45 || plain->end > length ||
	    ip->frag_off & bpf_htons(IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK))
		return false;
	return plain_transport(ip + 1, data_end, ETH_HLEN + sizeof(*ip), plain);
}

static __always_inline bool plain_ipv6(const void *at, const void *data_end, __u32 length,
				       struct plain *plain)
{
	const struct ipv6hdr *ip = at;
	__u64 halves[2];

	if ((const void *)(ip + 1) > data_end)
		return false;
	plain->family = SG_IPV6;
	plain->protocol = ip->nexthdr;
	plain->end = ETH_HLEN + sizeof(*ip) + bpf_ntohs(ip->payload_len);
	read_halves(ip->saddr.in6_u.u6_addr32, halves);
	plain->source_high = halves[0];
	plain->source_low = halves[1];
	read_halves(ip->daddr.in6_u.u6_addr32, halves);
	plain->destination_high = halves[0];
	plain->destination_low = halves[1];
	if (*(const __u8 *)ip >> 4 != 6 || plain->end > length)
		return false;
	return plain_transport(ip + 1, data_end, ETH_HLEN + sizeof(*ip), plain);
}

/* Fills *plain if the frame of `length` bytes is a plain packet. */
static __always_inline bool plain_read(const void *data, const void *data_end, __u32 length,
				       struct plain *plain)
{
	const __be16 *type = data + offsetof(struct ethhdr, h_proto);

	if (data + ETH_HLEN > data_end)
		return false;
	if (*type == bpf_htons(ETH_P_IP))
		return plain_ipv4(data + ETH_HLEN, data_end, length, plain);
	return *type == bpf_htons(ETH_P_IPV6) &&
	       plain_ipv6(data + ETH_HLEN, data_end, length, plain);
}

#endif
