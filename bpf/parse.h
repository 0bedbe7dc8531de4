/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse.h - from the first byte of a frame to its transport header.
 *
 * Fills struct headers and answers SG_UNDECIDED, or the reason for which the
 * packet needs no rules. No port is ever read from anywhere but a transport
 * header that lies wholly inside the IP packet. The same functions read the
 * packet that an ICMP error quotes (is_quoted).
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
#define QUOTED_TRANSPORT 8 /* bytes of a transport header that an ICMP error quotes at least */

/* Whether the instance lets this EtherType through unread. */
static __always_inline bool ethertype_is_allowed(const struct sg_rest *rest, __be16 type)
{
	bool found = false;

	SG_UNROLL
	for (int i = 0; i < SG_MAX_ETHERTYPES; i++)
		found |= rest->ethertype[i] == type;
	return found && type;
}

/* What becomes of a packet by its EtherType alone. */
static __always_inline enum sg_reason parse_ethertype(const struct sg_rest *rest, __be16 type,
						      struct headers *headers)
{
	headers->family = type == bpf_htons(ETH_P_IPV6) ? SG_IPV6 : SG_IPV4;
	if (type == bpf_htons(ETH_P_IP) || type == bpf_htons(ETH_P_IPV6))
		return SG_UNDECIDED;
	if (type == bpf_htons(ETH_P_ARP))
		return SG_REASON_ARP;
	if (ethertype_is_allowed(rest, type))
		return SG_REASON_ETHERTYPE_ALLOWED;
	return SG_REASON_ETHERTYPE;
}

/* The link header and up to two VLAN tags, counting one that is in the metadata. */
static __always_inline enum sg_reason parse_link(const struct frame *frame, bool received,
						 __u32 options, const struct sg_rest *rest,
						 struct headers *headers)
{
	const __be16 *field;
	__be16 type;
	__u16 copy;

	headers->network = 0;
	if (options & SG_OPTION_NO_LINK_HEADER)
		return parse_ethertype(rest, frame->metadata_proto, headers);
	field = frame_bytes(frame, offsetof(struct ethhdr, h_proto), sizeof(copy), &copy);
	if (!field)
		return SG_REASON_MALFORMED;
	type = *field;
	if (received && frame_hides_link(frame, type))
		return parse_ethertype(rest, frame->metadata_proto, headers);
	headers->network = ETH_HLEN;
	SG_UNROLL
	for (__u32 tags = 0; tags < SG_MAX_VLAN_TAGS; tags++) {
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		if (tags + frame->metadata_tags >= SG_MAX_VLAN_TAGS)
			break;
		/* tag control information, then the next EtherType */
		field = frame_bytes(frame, headers->network + 2, sizeof(copy), &copy);
		if (!field)
			return SG_REASON_MALFORMED;
		type = *field;
		headers->network += 4;
	}
	return parse_ethertype(rest, type, headers);
}

/*
 * A fragment: `offset` bytes into what is fragmented, of which it brings
 * `length`; `before` bytes of headers are in front in each fragment.
 */
static __always_inline enum sg_reason parse_fragment(struct headers *headers, __u32 offset,
						     __u32 length, __u32 before, bool more)
{
	if (before + offset + length > MAX_IP_BYTES)
		return SG_REASON_MALFORMED;
	if (more && (!length || length % 8) && !headers->is_quoted)
		return SG_REASON_MALFORMED;
	headers->fragment_at = offset;
	headers->fragment_end = length;
	headers->fragment_protocol = headers->protocol;
	headers->is_first_fragment = more && !offset;
	return SG_UNDECIDED;
}

static __always_inline enum sg_reason parse_ipv4(const struct frame *frame, __u32 limit,
						 struct headers *headers)
{
	const struct iphdr *ip;
	struct iphdr copy;
	__u32 available, total, size, fragment;

	ip = frame_bytes(frame, headers->network, sizeof(*ip), &copy);
	if (!ip || ip->version != 4 || ip->ihl < 5)
		return SG_REASON_MALFORMED;
	available = limit - headers->network;
	total = bpf_ntohs(ip->tot_len);
	/* A GSO packet of over 64 KiB has no length that fits (BIG TCP, Linux 6.3). */
	if (!total && frame->segment_size)
		total = available;
	size = ip->ihl * 4;
	if (total > available && headers->is_quoted)
		total = available;
	/* behind the end of an ICMP error is no quoted header, only padding */
	if (total > available || total < size)
		return SG_REASON_MALFORMED;
	headers->transport = headers->network + size;
	headers->end = headers->network + total;
	headers->protocol = ip->protocol;
	headers->source[0] = 0;
	headers->source[1] = bpf_ntohl(ip->saddr);
	headers->destination[0] = 0;
	headers->destination[1] = bpf_ntohl(ip->daddr);
	fragment = bpf_ntohs(ip->frag_off);
	if (!(fragment & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)))
		return SG_UNDECIDED;
	headers->fragment_id = bpf_ntohs(ip->id);
	return parse_fragment(headers, (fragment & IPV4_OFFSET_MASK) * 8, total - size, size,
			      fragment & IPV4_MORE_FRAGMENTS);
}

/* Any extension header as far as we need it: all are at least eight bytes. */
struct extension {
	__u8 next;
	__u8 length;	 /* of AH in 4 bytes less 2, of the others in 8 bytes less 1 */
	__be16 fragment; /* of the fragment header: offset and more-fragments flag */
	__be32 id;
};

static __always_inline bool is_extension(__u8 header)
{
	return header == IPPROTO_HOPOPTS || header == IPPROTO_ROUTING ||
	       header == IPPROTO_FRAGMENT || header == IPPROTO_AH || header == IPPROTO_DSTOPTS;
}

/* What is wrong when a header goes on behind the end of the packet. */
static __always_inline enum sg_reason truncated(const struct headers *headers)
{
	return headers->is_first_fragment ? SG_REASON_FRAGMENT_TINY : SG_REASON_MALFORMED;
}

/* A fragment header ends before headers->transport and is `length` bytes long. */
static __always_inline enum sg_reason parse_fragment_header(const struct extension *header,
							    __u32 length, struct headers *headers)
{
	__u32 fragment = bpf_ntohs(header->fragment);

	/* neither offset nor more to come: a whole packet (RFC 6946) */
	if (!(fragment & (IPV6_OFFSET_MASK | IPV6_MORE_FRAGMENTS)))
		return SG_UNDECIDED;
	headers->fragment_id = bpf_ntohl(header->id);
	return parse_fragment(
		headers, fragment & IPV6_OFFSET_MASK, headers->end - headers->transport,
		headers->transport - length - headers->network - sizeof(struct ipv6hdr),
		fragment & IPV6_MORE_FRAGMENTS);
}

/* From headers->transport, whose header is headers->protocol, to the transport header (RFC 8200). */
static __always_inline enum sg_reason walk_extensions(const struct frame *frame,
						      struct headers *headers)
{
	struct extension header;
	enum sg_reason reason;
	bool fragmented = false;
	__u8 protocol;
	__u32 length;

	for (int i = 0; i < SG_MAX_EXTENSION_HEADERS; i++) {
		protocol = headers->protocol;
		if (!is_extension(protocol))
			return SG_UNDECIDED;
		if (headers->transport + sizeof(header) > headers->end)
			return truncated(headers);
		if (!frame_copy(frame, headers->transport, sizeof(header), &header))
			return SG_REASON_MALFORMED;
		length = (header.length + 1) * 8;
		if (protocol == IPPROTO_AH)
			length = (header.length + 2) * 4;
		if (protocol == IPPROTO_FRAGMENT)
			length = sizeof(header);
		headers->transport += length;
		if (headers->transport > headers->end)
			return truncated(headers);
		headers->protocol = header.next;
		if (protocol != IPPROTO_FRAGMENT)
			continue;
		/* a fragment of a fragment is nobody's packet */
		if (fragmented)
			return SG_REASON_MALFORMED;
		fragmented = true;
		reason = parse_fragment_header(&header, length, headers);
		if (reason != SG_UNDECIDED || headers->fragment_at)
			return reason;
	}
	return is_extension(headers->protocol) ? SG_REASON_EXTENSION_HEADERS : SG_UNDECIDED;
}

/*
 * The same for the headers in sg_scratch, or those of the quoted packet there.
 * A function of its own, like all that few packets need: the verifier checks
 * it once and not in each place that calls it.
 */
__noinline int sg_walk_extensions(SG_CONTEXT *ctx, __u32 is_quoted)
{
	struct sg_scratch *scratch = scratch_get();
	struct frame frame;

	if (!scratch)
		return SG_REASON_MALFORMED;
	frame_read(ctx, &frame);
	return walk_extensions(&frame, is_quoted ? &scratch->quoted : &scratch->headers);
}

/* 128 bits in network byte order to two halves. */
static __always_inline void read_halves(const __be32 *word, __u64 halves[2])
{
	const __be64 *half = (const void *)word;

	halves[0] = bpf_be64_to_cpu(half[0]);
	halves[1] = bpf_be64_to_cpu(half[1]);
}

static __always_inline enum sg_reason parse_ipv6(const struct frame *frame, __u32 limit,
						 struct headers *headers)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr copy;
	__u32 available, total;

	ip = frame_bytes(frame, headers->network, sizeof(*ip), &copy);
	if (!ip || ip->version != 6)
		return SG_REASON_MALFORMED;
	available = limit - headers->network;
	total = bpf_ntohs(ip->payload_len) + sizeof(*ip);
	/* BIG TCP, as above; Linux 5.19. */
	if (!ip->payload_len && frame->segment_size)
		total = available;
	if (total > available && headers->is_quoted)
		total = available;
	if (total > available || total < sizeof(*ip))
		return SG_REASON_MALFORMED;
	headers->transport = headers->network + sizeof(*ip);
	headers->end = headers->network + total;
	headers->protocol = ip->nexthdr;
	read_halves(ip->saddr.in6_u.u6_addr32, headers->source);
	read_halves(ip->daddr.in6_u.u6_addr32, headers->destination);
	if (!is_extension(headers->protocol))
		return SG_UNDECIDED;
	return sg_walk_extensions(frame->ctx, headers->is_quoted);
}

/* Whether the protocol is that family's ICMP. */
static __always_inline bool protocol_is_icmp(__u8 family, __u8 protocol)
{
	return protocol == (family == SG_IPV4 ? IPPROTO_ICMP : IPPROTO_ICMPV6_);
}

static __always_inline bool is_icmp(const struct headers *headers)
{
	return protocol_is_icmp(headers->family, headers->protocol);
}

/* What a transport header must have, in bytes; 0: nothing of it is read. */
static __always_inline __u32 transport_size(const struct headers *headers)
{
	if (is_icmp(headers))
		return 8;
	switch (headers->protocol) {
	case IPPROTO_TCP:
		return headers->is_quoted ? QUOTED_TRANSPORT : 20;
	case IPPROTO_UDP:
		return 8;
	case IPPROTO_SCTP_:
		return headers->is_quoted ? QUOTED_TRANSPORT : 12;
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
			__be16 checksum;
		} icmp;
	};
	union {
		__be16 udp_length;
		__be16 icmp_identifier;
	};
	__u8 rest[2];
};

/* Length and flags of a TCP header. */
static __always_inline enum sg_reason parse_tcp(const struct frame *frame, struct headers *headers)
{
	const __u8 *offset_and_flags;
	__u8 copy[2];
	__u32 size;

	if (headers->is_quoted)
		return SG_UNDECIDED;
	offset_and_flags = frame_bytes(frame, headers->transport + 12, sizeof(copy), copy);
	if (!offset_and_flags)
		return SG_REASON_MALFORMED;
	size = (offset_and_flags[0] >> 4) * 4;
	if (size < 20)
		return SG_REASON_MALFORMED;
	headers->tcp_flags = offset_and_flags[1];
	headers->payload = headers->transport + size;
	return headers->payload > headers->end ? truncated(headers) : SG_UNDECIDED;
}

/* Ports, or type, code and identifier. */
static __always_inline enum sg_reason parse_transport(const struct frame *frame,
						      struct headers *headers)
{
	__u32 size = transport_size(headers);
	const struct transport *header;
	struct transport copy;

	if (!size)
		return SG_UNDECIDED;
	if (headers->transport + size > headers->end)
		return truncated(headers);
	header = frame_bytes(frame, headers->transport, sizeof(*header), &copy);
	if (!header)
		return SG_REASON_MALFORMED;
	headers->payload = headers->transport + size;
	if (is_icmp(headers)) {
		headers->low16 = header->icmp.type << 8 | header->icmp.code;
		headers->sport = bpf_ntohs(header->icmp_identifier);
		return SG_UNDECIDED;
	}
	headers->sport = bpf_ntohs(header->port.source);
	headers->low16 = bpf_ntohs(header->port.destination);
	if (headers->protocol == IPPROTO_TCP)
		return parse_tcp(frame, headers);
	if (headers->protocol != IPPROTO_UDP)
		return SG_UNDECIDED;
	/* zero is a jumbogram of IPv6 (RFC 2675) */
	if (!header->udp_length && headers->family == SG_IPV6)
		return SG_UNDECIDED;
	return bpf_ntohs(header->udp_length) < size ? SG_REASON_MALFORMED : SG_UNDECIDED;
}

/* From the IP header at headers->network on; the frame's bytes up to `limit` belong to it. */
static __always_inline enum sg_reason parse_network(const struct frame *frame, __u32 limit,
						    struct headers *headers)
{
	enum sg_reason reason = headers->family == SG_IPV4 ? parse_ipv4(frame, limit, headers)
							   : parse_ipv6(frame, limit, headers);

	/* a later fragment has no transport header */
	if (reason != SG_UNDECIDED || headers->fragment_at)
		return reason;
	return parse_transport(frame, headers);
}

#endif
