/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - from the first byte of a frame to its transport header.
 *
 * Fills struct packet and answers SG_UNDECIDED, or the reason for which the
 * packet needs no rules. No port is ever read from anywhere but a transport
 * header that lies wholly inside the IP packet.
 */
#ifndef BPF_PARSE_H
#define BPF_PARSE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>

#include "packet.h"

#define IPPROTO_ICMPV6_ 58
#define IPPROTO_SCTP_ 132

#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET_MASK 0x1fff /* in units of 8 bytes */
#define IPV6_OFFSET_MASK 0xfff8 /* in bytes */
#define IPV6_MORE_FRAGMENTS 0x0001
#define MAX_IP_BYTES 65535

/* Whether the instance lets this EtherType through unread. */
static __always_inline bool ethertype_is_allowed(const struct sg_binding *binding, __be16 type)
{
	bool found = false;

#pragma unroll
	for (int i = 0; i < SG_MAX_ETHERTYPES; i++)
		found |= binding->ethertype[i] == type;
	return found && type;
}

/* What becomes of a packet by its EtherType alone. */
static __always_inline enum sg_reason parse_ethertype(struct packet *pkt,
						      const struct sg_binding *binding, __be16 type)
{
	if (type == bpf_htons(ETH_P_IP)) {
		pkt->family = SG_IPV4;
		return SG_UNDECIDED;
	}
	if (type == bpf_htons(ETH_P_IPV6)) {
		pkt->family = SG_IPV6;
		return SG_UNDECIDED;
	}
	if (type == bpf_htons(ETH_P_ARP))
		return SG_REASON_ARP;
	if (ethertype_is_allowed(binding, type))
		return SG_REASON_ETHERTYPE_ALLOWED;
	return SG_REASON_ETHERTYPE;
}

/* The link header and up to two VLAN tags, counting one that is in the metadata. */
static __always_inline enum sg_reason parse_link(struct packet *pkt,
						 const struct sg_binding *binding)
{
	const __be16 *field;
	__be16 type;
	__u16 copy;

	pkt->network = 0;
	if (pkt->options & SG_OPTION_NO_LINK_HEADER)
		return parse_ethertype(pkt, binding, pkt->metadata_proto);
	field = packet_bytes(pkt, offsetof(struct ethhdr, h_proto), sizeof(copy), &copy);
	if (!field)
		return SG_REASON_MALFORMED;
	type = *field;
	if (packet_hides_link(pkt, type))
		return parse_ethertype(pkt, binding, pkt->metadata_proto);
	pkt->network = ETH_HLEN;
#pragma unroll
	for (__u32 tags = 0; tags < SG_MAX_VLAN_TAGS; tags++) {
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if (tags + pkt->metadata_tags >= SG_MAX_VLAN_TAGS)
			break;
		/* tag control information, then the next EtherType */
		field = packet_bytes(pkt, pkt->network + 2, sizeof(copy), &copy);
		if (!field)
			return SG_REASON_MALFORMED;
		type = *field;
		pkt->network += 4;
	}
	return parse_ethertype(pkt, binding, type);
}

/*
 * A fragment: `offset` bytes into its packet, `payload` bytes long; `headers`
 * bytes of the whole packet count with it (IPv6: those behind the IP header).
 */
static __always_inline enum sg_reason parse_fragment(struct packet *pkt, __u32 offset,
						     __u32 payload, __u32 headers, bool more)
{
	if (headers + offset + payload > MAX_IP_BYTES)
		return SG_REASON_MALFORMED;
	if (more && (!payload || payload % 8))
		return SG_REASON_MALFORMED;
	/* Eight bytes in lie the flags of a TCP header: nobody sends that but to hide them. */
	if (offset == 8)
		return SG_REASON_FRAGMENT_TINY;
	if (offset)
		return SG_REASON_FRAGMENT_UNKNOWN;
	pkt->is_fragment = more;
	return SG_UNDECIDED;
}

static __always_inline enum sg_reason parse_ipv4(struct packet *pkt)
{
	const struct iphdr *ip;
	struct iphdr copy;
	__u32 available, total, header, fragment;

	ip = packet_bytes(pkt, pkt->network, sizeof(*ip), &copy);
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return SG_REASON_MALFORMED;
	available = pkt->length - pkt->network;
	total = bpf_ntohs(ip->tot_len);
	/* A GSO packet of over 64 KiB has no length that fits (BIG TCP, Linux 6.3). */
	if (!total && pkt->segment_size)
		total = available;
	header = ip->ihl * 4;
	if (total < header || total > available)
		return SG_REASON_MALFORMED;
	pkt->transport = pkt->network + header;
	pkt->end = pkt->network + total;
	pkt->protocol = ip->protocol;
	pkt->source4 = bpf_ntohl(ip->saddr);
	pkt->destination4 = bpf_ntohl(ip->daddr);
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK))
		return parse_fragment(pkt, (fragment & IPV4_OFFSET_MASK) * 8, total - header,
				      header, fragment & IPV4_MORE_FRAGMENTS);
	return SG_UNDECIDED;
}

/* Any extension header as far as we need it: all are at least eight bytes. */
struct extension {
	__u8 next;
	__u8 length;	 /* of AH in 4 bytes less 2, of the others in 8 bytes less 1 */
	__be16 fragment; /* of the fragment header: offset and more-fragments flag */
	__u8 rest[4];
};

static __always_inline bool is_extension(__u8 header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING ||
	       header == IPPROTO_FRAGMENT || header == IPPROTO_AH || header == IPPROTO_DSTOPTS;
}

/* From pkt->transport, whose header is pkt->protocol, to the transport header (RFC 8200). */
static __always_inline enum sg_reason parse_extensions(struct packet *pkt)
{
	const struct extension *header;
	struct extension copy;
	enum sg_reason reason;
	__u32 length, fragment;
	bool fragmented = false;

	for (int i = 0; i < SG_MAX_EXTENSION_HEADERS; i++) {
		if (!is_extension(pkt->protocol))
			return SG_UNDECIDED;
		if (pkt->transport + sizeof(*header) > pkt->end)
			return pkt->is_fragment ? SG_REASON_FRAGMENT_TINY : SG_REASON_MALFORMED;
		header = packet_bytes(pkt, pkt->transport, sizeof(*header), &copy);
		if (!header)
			return SG_REASON_MALFORMED;
		length = (header->length + 1) * 8;
		if (pkt->protocol == IPPROTO_AH)
			length = (header->length + 2) * 4;
		if (pkt->protocol == IPPROTO_FRAGMENT)
			length = sizeof(*header);
		pkt->transport += length;
		if (pkt->transport > pkt->end)
			return pkt->is_fragment ? SG_REASON_FRAGMENT_TINY : SG_REASON_MALFORMED;
		if (pkt->protocol == IPPROTO_FRAGMENT) {
			/* a fragment of a fragment is nobody's packet */
			if (fragmented)
				return SG_REASON_MALFORMED;
			fragmented = true;
			fragment = bpf_ntohs(header->fragment);
			reason = parse_fragment(
				pkt, fragment & IPV6_OFFSET_MASK, pkt->end - pkt->transport,
				pkt->transport - length - pkt->network - sizeof(struct ipv6hdr),
				fragment & IPV6_MORE_FRAGMENTS);
			if (reason != SG_UNDECIDED)
				return reason;
		}
		pkt->protocol = header->next;
	}
	return is_extension(pkt->protocol) ? SG_REASON_EXTENSION_HEADERS : SG_UNDECIDED;
}

static __always_inline enum sg_reason parse_ipv6(struct packet *pkt)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr copy;
	const __be32 *word;
	__u32 available, total;

	ip = packet_bytes(pkt, pkt->network, sizeof(*ip), &copy);
	if (!ip || ip->version != 6)
		return SG_REASON_MALFORMED;
	available = pkt->length - pkt->network;
	total = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	/* BIG TCP, as above; Linux 5.19. */
	if (!ip->payload_len && pkt->segment_size)
		total = available;
	if (total > available)
		return SG_REASON_MALFORMED;
	pkt->transport = pkt->network + sizeof(*ip);
	pkt->end = pkt->network + total;
	pkt->protocol = ip->nexthdr;
	word = ip->saddr.in6_u.u6_addr32;
	pkt->source6[0] = (__u64)bpf_ntohl(word[0]) << 32 | bpf_ntohl(word[1]);
	pkt->source6[1] = (__u64)bpf_ntohl(word[2]) << 32 | bpf_ntohl(word[3]);
	word = ip->daddr.in6_u.u6_addr32;
	pkt->destination6[0] = (__u64)bpf_ntohl(word[0]) << 32 | bpf_ntohl(word[1]);
	pkt->destination6[1] = (__u64)bpf_ntohl(word[2]) << 32 | bpf_ntohl(word[3]);
	return parse_extensions(pkt);
}

/* What a transport header must have, in bytes; 0: nothing of it is read. */
static __always_inline __u32 transport_size(const struct packet *pkt)
{
	switch (pkt->protocol) {
	case IPPROTO_TCP:
		return 20;
	case IPPROTO_UDP:
		return 8;
	case IPPROTO_SCTP_:
		return 12;
	case IPPROTO_ICMP:
		return pkt->family == SG_IPV4 ? 8 : 0;
	case IPPROTO_ICMPV6_:
		return pkt->family == SG_IPV6 ? 8 : 0;
	default:
		return 0;
	}
}

/* The first bytes of a transport header, as each protocol means them. */
struct transport {
	union {
		struct {
			__be16 source;
			__be16 destination;
		} port;
		struct {
			__u8 type;
			__u8 code;
		} icmp;
	};
	__be16 udp_length; /* SCTP and TCP: part of something longer */
	__u8 rest[2];
};

/* Ports, or type and code. */
static __always_inline enum sg_reason parse_transport(struct packet *pkt)
{
	enum sg_reason truncated = pkt->is_fragment ? SG_REASON_FRAGMENT_TINY : SG_REASON_MALFORMED;
	__u32 size = transport_size(pkt), tcp_header;
	const struct transport *header;
	struct transport copy;
	const __u8 *offset;
	__u8 offset_copy;

	if (!size)
		return SG_UNDECIDED;
	if (pkt->transport + size > pkt->end)
		return truncated;
	header = packet_bytes(pkt, pkt->transport, sizeof(*header), &copy);
	if (!header)
		return SG_REASON_MALFORMED;
	pkt->headers_end = pkt->transport + size;
	if (pkt->protocol == IPPROTO_ICMP || pkt->protocol == IPPROTO_ICMPV6_) {
		pkt->low16 = header->icmp.type << 8 | header->icmp.code;
		return SG_UNDECIDED;
	}
	pkt->sport = bpf_ntohs(header->port.source);
	pkt->low16 = bpf_ntohs(header->port.destination);
	if (pkt->protocol == IPPROTO_UDP) {
		/* zero: a jumbogram of IPv6, or a GSO packet that needs none */
		if (header->udp_length && bpf_ntohs(header->udp_length) < size)
			return SG_REASON_MALFORMED;
		if (!header->udp_length && pkt->family == SG_IPV4)
			return SG_REASON_MALFORMED;
	}
	if (pkt->protocol == IPPROTO_TCP) {
		offset = packet_bytes(pkt, pkt->transport + 12, 1, &offset_copy);
		if (!offset)
			return SG_REASON_MALFORMED;
		tcp_header = (*offset >> 4) * 4;
		if (tcp_header < size)
			return SG_REASON_MALFORMED;
		if (pkt->transport + tcp_header > pkt->end)
			return truncated;
		pkt->headers_end = pkt->transport + tcp_header;
	}
	return SG_UNDECIDED;
}

static __always_inline enum sg_reason packet_parse(struct packet *pkt,
						   const struct sg_binding *binding)
{
	enum sg_reason reason = parse_link(pkt, binding);

	if (reason != SG_UNDECIDED)
		return reason;
	reason = pkt->family == SG_IPV4 ? parse_ipv4(pkt) : parse_ipv6(pkt);
	if (reason != SG_UNDECIDED)
		return reason;
	return parse_transport(pkt);
}

#endif
