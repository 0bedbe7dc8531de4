// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_frame.c - the bytes of an IP packet, and of one that another quotes.
 */
#include <stddef.h>
#include <string.h>

#include "bpf/traffic.h"

static uint8_t *append(struct frame *frame, uint32_t count)
{
	uint8_t *at = frame->bytes + frame->length;

	memset(at, 0, count);
	frame->length += count;
	return at;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void append_ip4(struct frame *frame, const struct packet *packet)
{
	uint8_t *ip = append(frame, 20);

	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = packet->protocol;
	memcpy(ip + 12, packet->source, 4);
	memcpy(ip + 16, packet->destination, 4);
	put16(ip + 4, packet->id);
	if (packet->is_fragment)
		put16(ip + 6, packet->offset / 8U | (packet->more ? 0x2000 : 0));
}

static void append_ip6(struct frame *frame, const struct packet *packet)
{
	uint8_t *ip = append(frame, 40), *header;

	ip[0] = 0x60;
	ip[6] = packet->protocol;
	ip[7] = 64;
	memcpy(ip + 8, packet->source, 16);
	memcpy(ip + 24, packet->destination, 16);
	if (!packet->is_fragment)
		return;
	ip[6] = 44;
	header = append(frame, 8);
	header[0] = packet->protocol;
	put16(header + 2, packet->offset | packet->more);
	put32(header + 4, packet->id);
}

static void append_transport(struct frame *frame, const struct packet *packet)
{
	static const uint8_t sizes[256] = {
		[1] = 8, [6] = 20, [17] = 8, [47] = 4, [58] = 8, [132] = 12};
	uint8_t *at = append(frame, sizes[packet->protocol]);

	switch (packet->protocol) {
	case 1:
	case 58:
		put16(at, packet->low16);
		put16(at + 4, packet->sport);
		return;
	case 6:
		at[12] = 0x50;
		at[13] = packet->tcp_flags;
		break;
	case 17:
		put16(at + 4, 8 + packet->data);
		break;
	case 132:
		break;
	default:
		return;
	}
	put16(at, packet->sport);
	put16(at + 2, packet->low16);
}

static void append_packet(struct frame *frame, const struct packet *packet)
{
	uint32_t start = frame->length, end;
	uint8_t *ip = frame->bytes + start;

	if (packet->family == SG_IPV4)
		append_ip4(frame, packet);
	else
		append_ip6(frame, packet);
	if (!packet->is_fragment || !packet->offset)
		append_transport(frame, packet);
	append(frame, packet->data);
	end = frame->length;
	if (packet->quoted)
		append_packet(frame, packet->quoted);
	if (!packet->is_hidden)
		end = frame->length;
	if (packet->family == SG_IPV4)
		put16(ip + 2, end - start);
	else
		put16(ip + 4, end - start - 40);
}

void packet_frame(const struct packet *packet, struct frame *frame)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	memset(frame, 0, offsetof(struct frame, bytes));
	memcpy(append(frame, 14), macs, sizeof(macs));
	put16(frame->bytes + 12, packet->family == SG_IPV4 ? 0x0800 : 0x86dd);
	append_packet(frame, packet);
}
