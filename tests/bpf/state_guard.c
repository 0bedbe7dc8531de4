// SPDX-License-Identifier: GPL-2.0-only
/*
 * state_guard.c - whether what an instance sends is from its own addresses,
 * wherever a packet says one.
 */
#include <string.h>

#include "bpf/state_model.h"

/* An option that says a MAC address; no host sends more than four options. */
#define ND_SOURCE 1
#define ND_TARGET 2
#define ND_OPTIONS 4

static bool is_own_mac(const struct known_addresses *own, const uint8_t *mac)
{
	for (size_t i = 0; i < own->mac_count; i++) {
		if (!memcmp(own->macs[i].bytes, mac, 6))
			return true;
	}
	return own->mac_count == 0;
}

/* The address that a host makes of its MAC (RFC 4291, appendix A). */
static bool is_link_local_of(const struct mac *mac, const uint8_t *address)
{
	static const uint8_t start[8] = {0xfe, 0x80};
	const uint8_t *m = mac->bytes;
	const uint8_t end[8] = {m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};

	return !memcmp(address, start, 8) && !memcmp(address + 8, end, 8);
}

static bool is_own_address(const struct known_addresses *own, enum sg_family family,
			   const uint8_t *address)
{
	for (size_t i = 0; i < own->address_count; i++) {
		if (own->addresses[i].family == family &&
		    prefix_contains(&own->addresses[i], address))
			return true;
	}
	for (size_t i = 0; family == SG_IPV6 && i < own->mac_count; i++) {
		if (is_link_local_of(&own->macs[i], address))
			return true;
	}
	return own->address_count == 0;
}

/* RFC 826, for Ethernet and IPv4. */
static bool is_own_arp(const struct known_addresses *own, struct bytes frame, uint32_t at)
{
	uint8_t sender[16] = {0};

	if (!bytes_has(frame, at, 28))
		return false;
	if (bytes_number(frame, at, 2) != 1 || bytes_number(frame, at + 2, 2) != 0x0800 ||
	    bytes_number(frame, at + 4, 2) != 0x0604)
		return false;
	if (!is_own_mac(own, frame.at + at + 8))
		return false;
	/* a probe has no address yet (RFC 5227) */
	if (bytes_number(frame, at + 14, 4) == 0)
		return true;
	memcpy(sender, frame.at + at + 14, 4);
	return is_own_address(own, SG_IPV4, sender);
}

/* Sources of those that have no address yet. */
static bool may_be_unspecified(const struct facts *facts)
{
	if (facts->fragment_start)
		return false;
	if (facts->family == SG_IPV4)
		return model_is_dhcp(facts, SG_EGRESS);
	if (!facts_is_icmp(facts))
		return false;
	switch (facts->low16 / 256) {
	case 131:
	case 132:
	case 143: /* multicast listeners */
	case 133: /* router solicitation */
	case 135: /* neighbour solicitation: duplicate address detection */
		return true;
	default:
		return false;
	}
}

/* Neighbour discovery says addresses in its body. */
static bool is_own_discovery(const struct known_addresses *own, const struct facts *facts)
{
	static const uint32_t options_at[] = {8, 16, 24, 24}; /* of types 133 to 136 */
	int type = facts->low16 / 256;
	struct bytes packet = facts->packet;
	uint32_t at = facts->transport + options_at[type - 133];

	/* in several pieces it cannot be looked at, and nobody listens to it (RFC 6980) */
	if (facts->more_follow)
		return false;
	if (type == 136 && (!bytes_has(packet, facts->transport, 24) ||
			    !is_own_address(own, SG_IPV6, packet.at + facts->transport + 8)))
		return false;
	for (int options = 0; bytes_has(packet, at, 8); options++) {
		if (options == ND_OPTIONS)
			return false;
		if (packet.at[at + 1] == 0)
			return false;
		if ((packet.at[at] == ND_SOURCE || packet.at[at] == ND_TARGET) &&
		    !is_own_mac(own, packet.at + at + 2))
			return false;
		at += packet.at[at + 1] * 8U;
	}
	return true;
}

bool model_is_own(const struct known_addresses *own, struct bytes frame, uint32_t type,
		  uint32_t network, const struct facts *facts)
{
	static const uint8_t unspecified[16];
	int icmp = facts->low16 / 256;

	if (!is_own_mac(own, frame.at + 6))
		return false;
	if (type == 0x0806)
		return is_own_arp(own, frame, network);
	if (type != 0x0800 && type != 0x86dd)
		return true;
	if (memcmp(facts->source, unspecified, 16) != 0 || !may_be_unspecified(facts)) {
		if (!is_own_address(own, facts->family, facts->source))
			return false;
	}
	if (facts->family == SG_IPV6 && facts_is_icmp(facts) && !facts->fragment_start &&
	    icmp >= 133 && icmp <= 136)
		return is_own_discovery(own, facts);
	return true;
}
