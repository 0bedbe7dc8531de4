// SPDX-License-Identifier: GPL-2.0-only
/*
 * facts.c - from the first byte of a frame to its transport header.
 */
#include <string.h>

#include "bpf/facts.h"

bool bytes_has(struct bytes bytes, uint32_t offset, uint32_t count)
{
	return offset <= bytes.end && count <= bytes.end - offset;
}

uint32_t bytes_number(struct bytes bytes, uint32_t offset, int count)
{
	uint32_t value = 0;

	for (int i = 0; i < count; i++)
		value = value * 256 + bytes.at[offset + i];
	return value;
}

/* A header that goes beyond the end of the packet. */
static enum sg_reason torn(const struct facts *facts)
{
	return facts->more_follow ? SG_REASON_FRAGMENT_TINY : SG_REASON_MALFORMED;
}

/* The fragment's bytes [start, end) of the whole payload; `before` count to its length as well. */
static enum sg_reason read_fragment(struct facts *facts, uint32_t start, uint32_t end,
				    uint32_t before, bool more)
{
	if (before + end > 65535)
		return SG_REASON_MALFORMED;
	if (more && !facts->is_quoted && (end == start || end % 8 != 0))
		return SG_REASON_MALFORMED;
	facts->more_follow = more && start == 0;
	facts->fragment_start = start;
	facts->fragment_end = end;
	facts->fragment_protocol = facts->protocol;
	return GO_ON;
}

static enum sg_reason read_ip4(struct bytes frame, uint32_t ip, struct facts *facts)
{
	uint32_t header, total, start;

	facts->family = SG_IPV4;
	if (!bytes_has(frame, ip, 20))
		return SG_REASON_MALFORMED;
	if (bytes_number(frame, ip, 1) / 16 != 4)
		return SG_REASON_MALFORMED;
	header = bytes_number(frame, ip, 1) % 16 * 4;
	total = bytes_number(frame, ip + 2, 2);
	if (facts->is_quoted && !bytes_has(frame, ip, total))
		total = frame.end - ip;
	if (header < 20 || total < header || !bytes_has(frame, ip, total))
		return SG_REASON_MALFORMED;
	facts->packet = (struct bytes){frame.at, ip + total};
	facts->transport = ip + header;
	facts->protocol = (uint8_t)bytes_number(frame, ip + 9, 1);
	memcpy(facts->source, frame.at + ip + 12, 4);
	memcpy(facts->destination, frame.at + ip + 16, 4);
	/* flags: reserved, do not fragment, more fragments */
	start = bytes_number(frame, ip + 6, 2) % 0x2000 * 8;
	if (start == 0 && !(bytes_number(frame, ip + 6, 1) & 0x20))
		return GO_ON;
	facts->fragment_id = bytes_number(frame, ip + 4, 2);
	return read_fragment(facts, start, start + total - header, header,
			     bytes_number(frame, ip + 6, 1) & 0x20);
}

/* Bytes of an extension header, of which 8 are there; 0: it is none. */
static uint32_t extension_length(uint32_t kind, struct bytes bytes, uint32_t at)
{
	switch (kind) {
	case 0:	 /* hop-by-hop options */
	case 43: /* routing */
	case 60: /* destination options */
		return 8 + 8 * bytes_number(bytes, at + 1, 1);
	case 44: /* fragment */
		return 8;
	case 51: /* authentication */
		return 8 + 4 * bytes_number(bytes, at + 1, 1);
	default:
		return 0;
	}
}

static bool is_extension_header(uint32_t kind)
{
	return kind == 0 || kind == 43 || kind == 44 || kind == 51 || kind == 60;
}

static enum sg_reason walk_extensions(uint32_t first, struct facts *facts)
{
	uint32_t at = first, length, start;
	int headers = 0, fragment_headers = 0;
	enum sg_reason reason;

	while (is_extension_header(facts->protocol)) {
		if (++headers > 8)
			return SG_REASON_EXTENSION_HEADERS;
		if (!bytes_has(facts->packet, at, 8))
			return torn(facts);
		length = extension_length(facts->protocol, facts->packet, at);
		if (!bytes_has(facts->packet, at, length))
			return torn(facts);
		if (facts->protocol == 44) {
			if (++fragment_headers > 1)
				return SG_REASON_MALFORMED;
			start = bytes_number(facts->packet, at + 2, 2) / 8 * 8;
			reason = read_fragment(facts, start,
					       start + facts->packet.end - (at + length),
					       at - first, facts->packet.at[at + 3] & 1);
			facts->fragment_id = bytes_number(facts->packet, at + 4, 4);
			facts->fragment_protocol = facts->packet.at[at];
			/* what follows in a later one is no header */
			if (reason != GO_ON || start)
				return reason;
		}
		facts->protocol = facts->packet.at[at];
		at += length;
	}
	facts->transport = at;
	return GO_ON;
}

static enum sg_reason read_ip6(struct bytes frame, uint32_t ip, struct facts *facts)
{
	uint32_t payload;

	facts->family = SG_IPV6;
	if (!bytes_has(frame, ip, 40))
		return SG_REASON_MALFORMED;
	if (bytes_number(frame, ip, 1) / 16 != 6)
		return SG_REASON_MALFORMED;
	payload = bytes_number(frame, ip + 4, 2);
	if (facts->is_quoted && !bytes_has(frame, ip + 40, payload))
		payload = frame.end - (ip + 40);
	if (!bytes_has(frame, ip + 40, payload))
		return SG_REASON_MALFORMED;
	facts->packet = (struct bytes){frame.at, ip + 40 + payload};
	facts->protocol = (uint8_t)bytes_number(frame, ip + 6, 1);
	memcpy(facts->source, frame.at + ip + 8, 16);
	memcpy(facts->destination, frame.at + ip + 24, 16);
	return walk_extensions(ip + 40, facts);
}

static enum sg_reason read_icmp(struct facts *facts)
{
	if (!bytes_has(facts->packet, facts->transport, 8))
		return torn(facts);
	facts->low16 = (uint16_t)bytes_number(facts->packet, facts->transport, 2);
	facts->source_port = (uint16_t)bytes_number(facts->packet, facts->transport + 4, 2);
	return GO_ON;
}

/* An ICMP error quotes 8 bytes of the header at least (RFC 792). */
static enum sg_reason read_ports(struct facts *facts, uint32_t header)
{
	if (facts->is_quoted)
		header = 8;
	if (!bytes_has(facts->packet, facts->transport, header))
		return torn(facts);
	facts->source_port = (uint16_t)bytes_number(facts->packet, facts->transport, 2);
	facts->low16 = (uint16_t)bytes_number(facts->packet, facts->transport + 2, 2);
	return GO_ON;
}

static enum sg_reason read_tcp(struct facts *facts)
{
	enum sg_reason reason = read_ports(facts, 20);
	uint32_t header;

	if (reason != GO_ON || facts->is_quoted)
		return reason;
	header = bytes_number(facts->packet, facts->transport + 12, 1) / 16 * 4;
	facts->tcp_flags = (uint8_t)bytes_number(facts->packet, facts->transport + 13, 1);
	if (header < 20)
		return SG_REASON_MALFORMED;
	return bytes_has(facts->packet, facts->transport, header) ? GO_ON : torn(facts);
}

static enum sg_reason read_udp(struct facts *facts)
{
	enum sg_reason reason = read_ports(facts, 8);
	uint32_t length;

	if (reason != GO_ON)
		return reason;
	length = bytes_number(facts->packet, facts->transport + 4, 2);
	/* a jumbogram's is 0 */
	if (length == 0 && facts->family == SG_IPV6)
		return GO_ON;
	return length < 8 ? SG_REASON_MALFORMED : GO_ON;
}

bool facts_is_icmp(const struct facts *facts)
{
	return facts->protocol == (facts->family == SG_IPV4 ? 1 : 58);
}

bool facts_is_icmp_error(const struct facts *facts)
{
	int type = facts->low16 / 256;

	if (!facts_is_icmp(facts))
		return false;
	if (facts->family == SG_IPV6)
		return type >= 1 && type <= 4;
	/* destination unreachable, time exceeded, parameter problem */
	return type == 3 || type == 11 || type == 12;
}

static enum sg_reason read_transport(struct facts *facts)
{
	if (facts_is_icmp(facts))
		return read_icmp(facts);
	switch (facts->protocol) {
	case 6:
		return read_tcp(facts);
	case 17:
		return read_udp(facts);
	case 132:
		return read_ports(facts, 12);
	default:
		return GO_ON;
	}
}

enum sg_reason facts_link(struct bytes frame, uint32_t *type_out, uint32_t *network_out)
{
	uint32_t type_at = 12, type;

	for (int tags = 0;; tags++, type_at += 4) {
		if (!bytes_has(frame, type_at, 2))
			return SG_REASON_MALFORMED;
		type = bytes_number(frame, type_at, 2);
		if ((type != 0x8100 && type != 0x88a8) || tags == 2)
			break;
	}
	*type_out = type;
	*network_out = type_at + 2;
	return GO_ON;
}

enum sg_reason facts_read(struct bytes frame, uint32_t network, enum sg_family family,
			  bool is_quoted, struct facts *facts_out)
{
	struct facts facts = {.is_quoted = is_quoted};
	enum sg_reason reason = family == SG_IPV4 ? read_ip4(frame, network, &facts)
						  : read_ip6(frame, network, &facts);

	/* a later fragment has no transport header */
	if (reason == GO_ON && !facts.fragment_start)
		reason = read_transport(&facts);
	*facts_out = facts;
	return reason;
}
