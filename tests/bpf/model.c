// SPDX-License-Identifier: GPL-2.0-only
/*
 * model.c - read a frame byte by byte, as the standards draw it.
 */
#include <stdbool.h>
#include <string.h>

#include "bpf/model.h"
#include "sgate/abi.h"

/* Not a reason: the next part has to be looked at. */
#define GO_ON SG_REASON_COUNT

/* Bytes 0 ... end - 1. */
struct bytes {
	const uint8_t *at;
	uint32_t end;
};

static bool has(struct bytes bytes, uint32_t offset, uint32_t count)
{
	return offset <= bytes.end && count <= bytes.end - offset;
}

static uint32_t number(struct bytes bytes, uint32_t offset, int count)
{
	uint32_t value = 0;

	for (int i = 0; i < count; i++)
		value = value * 256 + bytes.at[offset + i];
	return value;
}

/* What the parts of a packet say. */
struct facts {
	struct packet_key key;
	uint8_t source[16], destination[16];
	uint32_t source_port;
	struct bytes packet; /* the frame up to the end of the IP packet */
	uint32_t transport;  /* offset */
	bool more_follow;    /* the first of several fragments */
};

/* A header that goes beyond the end of the packet. */
static enum sg_reason torn(const struct facts *facts)
{
	return facts->more_follow ? SG_REASON_FRAGMENT_TINY : SG_REASON_MALFORMED;
}

/* The fragment's bytes [start, end) of the whole payload; `before` count to its length as well. */
static enum sg_reason judge_fragment(struct facts *facts, uint32_t start, uint32_t end,
				     uint32_t before, bool more)
{
	if (before + end > 65535)
		return SG_REASON_MALFORMED;
	if (more && (end == start || end % 8 != 0))
		return SG_REASON_MALFORMED;
	if (start == 0) {
		facts->more_follow = more;
		return GO_ON;
	}
	return start == 8 ? SG_REASON_FRAGMENT_TINY : SG_REASON_FRAGMENT_UNKNOWN;
}

static enum sg_reason read_ip4(struct bytes frame, uint32_t ip, struct facts *facts)
{
	uint32_t header, total, start;

	facts->key.family = SG_IPV4;
	if (!has(frame, ip, 20))
		return SG_REASON_MALFORMED;
	if (number(frame, ip, 1) / 16 != 4)
		return SG_REASON_MALFORMED;
	header = number(frame, ip, 1) % 16 * 4;
	total = number(frame, ip + 2, 2);
	if (header < 20 || total < header || !has(frame, ip, total))
		return SG_REASON_MALFORMED;
	facts->packet = (struct bytes){frame.at, ip + total};
	facts->transport = ip + header;
	facts->key.protocol = (uint8_t)number(frame, ip + 9, 1);
	memcpy(facts->source, frame.at + ip + 12, 4);
	memcpy(facts->destination, frame.at + ip + 16, 4);
	/* flags: reserved, do not fragment, more fragments */
	start = number(frame, ip + 6, 2) % 0x2000 * 8;
	if (start == 0 && !(number(frame, ip + 6, 1) & 0x20))
		return GO_ON;
	return judge_fragment(facts, start, start + total - header, header,
			      number(frame, ip + 6, 1) & 0x20);
}

/* Bytes of an extension header, of which 8 are there; 0: it is none. */
static uint32_t extension_length(uint32_t kind, struct bytes bytes, uint32_t at)
{
	switch (kind) {
	case 0:	 /* hop-by-hop options */
	case 43: /* routing */
	case 60: /* destination options */
		return 8 + 8 * number(bytes, at + 1, 1);
	case 44: /* fragment */
		return 8;
	case 51: /* authentication */
		return 8 + 4 * number(bytes, at + 1, 1);
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

	while (is_extension_header(facts->key.protocol)) {
		if (++headers > 8)
			return SG_REASON_EXTENSION_HEADERS;
		if (!has(facts->packet, at, 8))
			return torn(facts);
		length = extension_length(facts->key.protocol, facts->packet, at);
		if (!has(facts->packet, at, length))
			return torn(facts);
		if (facts->key.protocol == 44) {
			if (++fragment_headers > 1)
				return SG_REASON_MALFORMED;
			start = number(facts->packet, at + 2, 2) / 8 * 8;
			reason = judge_fragment(facts, start,
						start + facts->packet.end - (at + length),
						at - first, facts->packet.at[at + 3] & 1);
			if (reason != GO_ON)
				return reason;
		}
		facts->key.protocol = facts->packet.at[at];
		at += length;
	}
	facts->transport = at;
	return GO_ON;
}

static enum sg_reason read_ip6(struct bytes frame, uint32_t ip, struct facts *facts)
{
	uint32_t payload;

	facts->key.family = SG_IPV6;
	if (!has(frame, ip, 40))
		return SG_REASON_MALFORMED;
	if (number(frame, ip, 1) / 16 != 6)
		return SG_REASON_MALFORMED;
	payload = number(frame, ip + 4, 2);
	if (!has(frame, ip + 40, payload))
		return SG_REASON_MALFORMED;
	facts->packet = (struct bytes){frame.at, ip + 40 + payload};
	facts->key.protocol = (uint8_t)number(frame, ip + 6, 1);
	memcpy(facts->source, frame.at + ip + 8, 16);
	memcpy(facts->destination, frame.at + ip + 24, 16);
	return walk_extensions(ip + 40, facts);
}

static enum sg_reason read_icmp(struct facts *facts)
{
	if (!has(facts->packet, facts->transport, 8))
		return torn(facts);
	facts->key.low16 = (uint16_t)number(facts->packet, facts->transport, 2);
	return GO_ON;
}

static enum sg_reason read_ports(struct facts *facts, uint32_t header)
{
	if (!has(facts->packet, facts->transport, header))
		return torn(facts);
	facts->source_port = number(facts->packet, facts->transport, 2);
	facts->key.low16 = (uint16_t)number(facts->packet, facts->transport + 2, 2);
	return GO_ON;
}

static enum sg_reason read_tcp(struct facts *facts)
{
	enum sg_reason reason = read_ports(facts, 20);
	uint32_t header;

	if (reason != GO_ON)
		return reason;
	header = number(facts->packet, facts->transport + 12, 1) / 16 * 4;
	if (header < 20)
		return SG_REASON_MALFORMED;
	return has(facts->packet, facts->transport, header) ? GO_ON : torn(facts);
}

static enum sg_reason read_udp(struct facts *facts)
{
	enum sg_reason reason = read_ports(facts, 8);
	uint32_t length;

	if (reason != GO_ON)
		return reason;
	length = number(facts->packet, facts->transport + 4, 2);
	/* a jumbogram's is 0 */
	if (length == 0 && facts->key.family == SG_IPV6)
		return GO_ON;
	return length < 8 ? SG_REASON_MALFORMED : GO_ON;
}

static enum sg_reason read_transport(struct facts *facts)
{
	bool ip4 = facts->key.family == SG_IPV4;

	switch (facts->key.protocol) {
	case 1:
		return ip4 ? read_icmp(facts) : GO_ON;
	case 58:
		return ip4 ? GO_ON : read_icmp(facts);
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

static bool is_neighbor_or_mld(const struct facts *facts)
{
	if (facts->key.family != SG_IPV6 || facts->key.protocol != 58)
		return false;
	switch (facts->key.low16 / 256) {
	case 130: /* multicast listener query */
	case 131: /* report */
	case 132: /* done */
	case 133: /* router solicitation */
	case 134: /* router advertisement */
	case 135: /* neighbour solicitation */
	case 136: /* neighbour advertisement */
	case 143: /* multicast listener report, version 2 */
		return true;
	default:
		return false;
	}
}

static bool is_dhcp(const struct facts *facts)
{
	uint32_t from = facts->source_port, to = facts->key.low16;

	if (facts->key.protocol != 17)
		return false;
	if (facts->key.family == SG_IPV4)
		return facts->key.direction == SG_EGRESS ? from == 68 && to == 67
							 : from == 67 && to == 68;
	return facts->key.direction == SG_EGRESS ? from == 546 && to == 547
						 : from == 547 && to == 546;
}

static enum sg_reason ask_rules(const struct model *model, struct facts *facts)
{
	struct slow_verdict verdict;

	if (model->policy->without_groups)
		return model->policy->pass ? SG_REASON_NO_GROUP_PASS : SG_REASON_NO_GROUP;
	memcpy(facts->key.remote,
	       facts->key.direction == SG_INGRESS ? facts->source : facts->destination, 16);
	verdict = slow_match(model->policy, &facts->key);
	if (!verdict.matched)
		return SG_REASON_NO_RULE;
	return verdict.accepted ? SG_REASON_RULE_ACCEPT : SG_REASON_RULE_DENY;
}

/* What is neither IPv4 nor IPv6. */
static enum sg_reason judge_other(const struct model *model, uint32_t type)
{
	if (type == 0x0806)
		return SG_REASON_ARP;
	for (int i = 0; i < 8; i++) {
		if (model->allowed[i] && model->allowed[i] == type)
			return SG_REASON_ETHERTYPE_ALLOWED;
	}
	return SG_REASON_ETHERTYPE;
}

enum sg_reason model_judge(const struct model *model, enum sg_direction direction,
			   const uint8_t *frame_bytes, uint32_t length)
{
	struct bytes frame = {frame_bytes, length};
	struct facts facts = {.key.direction = direction};
	uint32_t type_at = 12, type;
	enum sg_reason reason;

	for (int tags = 0;; tags++, type_at += 4) {
		if (!has(frame, type_at, 2))
			return SG_REASON_MALFORMED;
		type = number(frame, type_at, 2);
		if ((type != 0x8100 && type != 0x88a8) || tags == 2)
			break;
	}
	if (type != 0x0800 && type != 0x86dd)
		return judge_other(model, type);
	reason = type == 0x0800 ? read_ip4(frame, type_at + 2, &facts)
				: read_ip6(frame, type_at + 2, &facts);
	if (reason == GO_ON)
		reason = read_transport(&facts);
	if (reason != GO_ON)
		return reason;
	if (!(model->options & SG_OPTION_STRICT)) {
		if (is_neighbor_or_mld(&facts))
			return SG_REASON_NEIGHBOR;
		if (is_dhcp(&facts))
			return SG_REASON_DHCP;
	}
	return ask_rules(model, &facts);
}
