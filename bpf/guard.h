/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard.h - anti-spoofing: what an instance sends must come from its own
 * addresses, as far as they are known. ARP and neighbour discovery say
 * addresses in their payload as well.
 */
#ifndef BPF_GUARD_H
#define BPF_GUARD_H

#include "classify.h"
#include "exempt.h"

#define ICMPV6_ROUTER_SOLICITATION 133
#define ICMPV6_ROUTER_ADVERTISEMENT 134
#define ICMPV6_NEIGHBOR_SOLICITATION 135
#define ICMPV6_MLD_REPORT 131
#define ICMPV6_MLD_DONE 132

#define ND_OPTION_SOURCE 1 /* link-layer addresses: RFC 4861, 4.6.1 */
#define ND_OPTION_TARGET 2
#define ARP_HARDWARE_ETHERNET 1
#define ARP_BYTES 28 /* of Ethernet and IPv4, with the target that is not read */

#define MAX_ND_OPTIONS 4 /* a message with more is not from a host */

struct guard {
	__u32 root; /* heap index */
	__u32 mac;  /* trees, as in struct sg_guard */
	__u32 ipv4;
	__u32 ipv6;
	bool has_addresses;
};

static __always_inline bool is_own(__u32 answer)
{
	return answer == 1;
}

/* Six bytes in network byte order as a number. */
static __always_inline __u64 mac_read(const __u8 *bytes)
{
	__u64 mac = 0;

	SG_UNROLL
	for (int i = 0; i < ETH_ALEN; i++)
		mac = mac << 8 | bytes[i];
	return mac;
}

static __always_inline bool guard_permits_mac(const struct guard *guard, __u64 mac)
{
	return !guard->mac || is_own(sg_search_64(guard->root, guard->mac, mac));
}

static __always_inline bool guard_permits_ip(const struct guard *guard, __u8 family, __u64 high,
					     __u64 low)
{
	__u32 tree = family == SG_IPV4 ? guard->ipv4 : guard->ipv6;

	if (!guard->has_addresses)
		return true;
	return tree && is_own(sg_search_address(guard->root, tree, family, high, low));
}

/* Ethernet and IPv4 (RFC 826). */
struct arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[ETH_ALEN];
	__u8 sender_ip[4];
} __attribute__((packed));

static __always_inline bool guard_read(__u32 root, struct guard *guard)
{
	const union sg_node *node = heap_node(heap_get(), root);

	if (!node)
		return false;
	guard->root = root;
	guard->mac = node->guard.mac;
	guard->ipv4 = node->guard.ipv4;
	guard->ipv6 = node->guard.ipv6;
	guard->has_addresses = node->guard.has_addresses;
	return true;
}

/* ARP at offset `network`; the guard at heap index `root`. Not 0: it is permitted. */
__noinline int sg_guard_permits_arp(SG_CONTEXT *ctx, __u32 root, __u32 network)
{
	const struct arp *arp;
	struct guard guard;
	struct frame frame;
	struct arp copy;
	__u32 sender;

	frame_read(ctx, &frame);
	if (!guard_read(root, &guard))
		return 0;
	arp = frame_bytes(&frame, network, sizeof(copy), &copy);
	if (!arp || arp->hardware != bpf_htons(ARP_HARDWARE_ETHERNET) ||
	    arp->protocol != bpf_htons(ETH_P_IP) || arp->hardware_length != ETH_ALEN ||
	    arp->protocol_length != 4 || network + ARP_BYTES > frame.length)
		return 0;
	if (!guard_permits_mac(&guard, mac_read(arp->sender_mac)))
		return 0;
	sender = (__u32)arp->sender_ip[0] << 24 | arp->sender_ip[1] << 16 | arp->sender_ip[2] << 8 |
		 arp->sender_ip[3];
	/* 0.0.0.0 asks whether an address is free (RFC 5227) */
	return !sender || guard_permits_ip(&guard, SG_IPV4, 0, sender);
}

/* The link-layer options of a neighbour discovery message, from `offset` on. */
static __always_inline bool guard_permits_nd_options(const struct guard *guard,
						     const struct frame *frame, __u32 offset,
						     __u32 end)
{
	__u8 copy[8];

	for (int i = 0; i < MAX_ND_OPTIONS; i++) {
		const __u8 *option;

		if (offset + sizeof(copy) > end)
			return true;
		option = frame_bytes(frame, offset, sizeof(copy), copy);
		if (!option || !option[1])
			return false;
		if ((option[0] == ND_OPTION_SOURCE || option[0] == ND_OPTION_TARGET) &&
		    !guard_permits_mac(guard, mac_read(option + 2)))
			return false;
		offset += option[1] * 8;
	}
	return offset + sizeof(copy) > end;
}

/* Whom a neighbour advertisement speaks for. */
static __always_inline bool guard_permits_target(const struct guard *guard,
						 const struct frame *frame, __u32 transport,
						 __u32 end)
{
	const __be32 *target;
	__be32 copy[4];
	__u64 halves[2];

	target = frame_bytes(frame, transport + 8, sizeof(copy), copy);
	if (!target || transport + 24 > end)
		return false;
	read_halves(target, halves);
	return guard_permits_ip(guard, SG_IPV6, halves[0], halves[1]);
}

/* Neighbour discovery of this type. Not 0: it is permitted. */
__noinline int sg_guard_permits_nd(SG_CONTEXT *ctx, __u32 root, __u32 transport, __u32 end,
				   __u32 type)
{
	__u32 options = 24; /* bytes before them, of solicitation and advertisement */
	struct guard guard;
	struct frame frame;

	frame_read(ctx, &frame);
	if (!guard_read(root, &guard))
		return 0;
	if (type == ICMPV6_NEIGHBOR_ADVERTISEMENT &&
	    !guard_permits_target(&guard, &frame, transport, end))
		return 0;
	if (type == ICMPV6_ROUTER_SOLICITATION)
		options = 8;
	if (type == ICMPV6_ROUTER_ADVERTISEMENT)
		options = 16;
	return guard_permits_nd_options(&guard, &frame, transport + options, end);
}

/* A source that is no address yet: DHCP client, duplicate address detection, MLD before it. */
static __always_inline bool is_unspecified_source(const struct headers *headers)
{
	__u8 type = headers->low16 >> 8;

	if (headers->source[0] || headers->source[1] || headers->fragment_at)
		return false;
	if (headers->family == SG_IPV4)
		return is_dhcp_client(headers, SG_EGRESS);
	return is_icmp(headers) &&
	       (type == ICMPV6_ROUTER_SOLICITATION || type == ICMPV6_NEIGHBOR_SOLICITATION ||
		type == ICMPV6_MLD_REPORT || type == ICMPV6_MLD_DONE || type == ICMPV6_MLD2_REPORT);
}

/*
 * A plain packet from the instance at the other end of an Ethernet; the MAC as
 * a number, the address not that of nobody. Not 0: it is permitted.
 */
__noinline int sg_guard_permits_plain(__u32 root, __u64 mac, __u32 family, __u64 high, __u64 low)
{
	struct guard guard;

	if (!guard_read(root, &guard))
		return 0;
	return guard_permits_mac(&guard, mac) && guard_permits_ip(&guard, family, high, low);
}

/*
 * The source of a packet from the instance, read into sg_scratch as `parsed`:
 * an IP packet, ARP, or another EtherType. Not 0: it is permitted.
 */
__noinline int sg_guard_permits_source(SG_CONTEXT *ctx, __u32 root, __u32 options, __u32 parsed)
{
	struct sg_scratch *scratch = scratch_get();
	const struct headers *headers;
	const __u8 *source;
	struct guard guard;
	struct frame frame;
	__u8 copy[ETH_ALEN];

	if (!scratch || !guard_read(root, &guard))
		return 0;
	headers = &scratch->headers;
	if (!(options & SG_OPTION_NO_LINK_HEADER)) {
		frame_read(ctx, &frame);
		source = frame_bytes(&frame, ETH_ALEN, sizeof(copy), copy);
		if (!source || !guard_permits_mac(&guard, mac_read(source)))
			return 0;
	}
	return parsed != SG_UNDECIDED || is_unspecified_source(headers) ||
	       guard_permits_ip(&guard, headers->family, headers->source[0], headers->source[1]);
}

/* The addresses that ARP and neighbour discovery say in their payload. */
static __always_inline bool guard_permits_payload(SG_CONTEXT *ctx, __u32 root,
						  const struct headers *headers,
						  enum sg_reason parsed)
{
	__u8 type = headers->low16 >> 8;

	if (parsed == SG_REASON_ARP)
		return sg_guard_permits_arp(ctx, root, headers->network);
	if (parsed != SG_UNDECIDED || headers->family == SG_IPV4 || !is_icmp(headers) ||
	    headers->fragment_at || type < ICMPV6_ROUTER_SOLICITATION ||
	    type > ICMPV6_NEIGHBOR_ADVERTISEMENT)
		return true;
	/* what it says may lie in another fragment; nobody listens to it (RFC 6980) */
	if (headers->is_first_fragment)
		return false;
	return sg_guard_permits_nd(ctx, root, headers->transport, headers->end, type);
}

#endif
