/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exempt.h - what IP needs to work at all and passes without a rule, unless
 * the instance is strict: neighbour discovery, MLD and its DHCP client.
 */
#ifndef BPF_EXEMPT_H
#define BPF_EXEMPT_H

#include "parse.h"

#define ICMPV6_MLD_QUERY 130		  /* to 132: RFC 2710 */
#define ICMPV6_NEIGHBOR_ADVERTISEMENT 136 /* from 133: RFC 4861 */
#define ICMPV6_MLD2_REPORT 143		  /* RFC 3810 */

#define DHCP4_CLIENT 68
#define DHCP4_SERVER 67
#define DHCP6_CLIENT 546
#define DHCP6_SERVER 547

static __always_inline bool is_neighbor(const struct headers *headers)
{
	__u8 type = headers->low16 >> 8;

	if (headers->family != SG_IPV6 || headers->protocol != IPPROTO_ICMPV6_)
		return false;
	return (type >= ICMPV6_MLD_QUERY && type <= ICMPV6_NEIGHBOR_ADVERTISEMENT) ||
	       type == ICMPV6_MLD2_REPORT;
}

/* Whether UDP from one port to the other is a DHCP client's, or for it. */
static __always_inline bool ports_are_dhcp(__u8 family, __u16 sport, __u16 dport, __u32 direction)
{
	__u16 client = family == SG_IPV4 ? DHCP4_CLIENT : DHCP6_CLIENT;
	__u16 server = family == SG_IPV4 ? DHCP4_SERVER : DHCP6_SERVER;

	if (direction == SG_EGRESS)
		return sport == client && dport == server;
	return sport == server && dport == client;
}

/* The same in either direction; ports as in struct flow. */
static __always_inline bool is_dhcp(__u8 family, __u8 protocol, __u32 ports)
{
	__u32 wanted = family == SG_IPV4 ? DHCP4_CLIENT << 16 | DHCP4_SERVER
					 : DHCP6_CLIENT << 16 | DHCP6_SERVER;

	return !((ports ^ wanted) | (protocol ^ IPPROTO_UDP));
}

static __always_inline bool is_dhcp_client(const struct headers *headers, __u32 direction)
{
	return headers->protocol == IPPROTO_UDP &&
	       ports_are_dhcp(headers->family, headers->sport, headers->low16, direction);
}

static __always_inline enum sg_reason exempt(const struct headers *headers, __u32 direction,
					     __u32 options)
{
	if (options & SG_OPTION_STRICT)
		return SG_UNDECIDED;
	if (is_neighbor(headers))
		return SG_REASON_NEIGHBOR;
	if (is_dhcp_client(headers, direction))
		return SG_REASON_DHCP;
	return SG_UNDECIDED;
}

#endif
