// SPDX-License-Identifier: GPL-2.0-only
/*
 * random_frame.c - make frames and damage them.
 */
#include "bpf/random_frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/array.h"

static bool one_in(struct gen_random *random, uint32_t n)
{
	return !gen_below(random, n);
}

/* A recipe that grows. */
struct recipe {
	char text[512];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct recipe *recipe, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	recipe->length += vsnprintf(recipe->text + recipe->length,
				    sizeof(recipe->text) - recipe->length, format, args);
	va_end(args);
}

static void add_tags(struct gen_random *random, struct recipe *recipe)
{
	uint32_t tags = one_in(random, 3) ? gen_below(random, 4) : 0;

	while (tags--)
		add(recipe, "%s ", one_in(random, 2) ? "tag" : "adtag");
}

static void add_fragment(struct gen_random *random, struct recipe *recipe)
{
	static const uint32_t offsets[] = {0, 0, 0, 0, 8, 16, 1480, 65480, 65520, 65528};

	add(recipe, " frag=%u,%u", offsets[gen_below(random, ARRAY_SIZE(offsets))],
	    gen_below(random, 2));
}

static void add_extensions(struct gen_random *random, struct recipe *recipe)
{
	static const char *const kinds[] = {"hop", "routing", "dest", "ah"};
	uint32_t count = one_in(random, 3) ? 0 : gen_below(random, one_in(random, 4) ? 11 : 4);

	for (uint32_t i = 0; i < count; i++) {
		if (one_in(random, 8))
			add_fragment(random, recipe);
		else
			add(recipe, " %s=%u", kinds[gen_below(random, ARRAY_SIZE(kinds))],
			    gen_below(random, i < 4 && one_in(random, 20) ? 256 : 5));
	}
}

static uint16_t random_port(struct gen_random *random, uint16_t near)
{
	static const uint16_t ports[] = {67, 68, 546, 547, 22, 0};

	return one_in(random, 2) ? near : ports[gen_below(random, ARRAY_SIZE(ports))];
}

/* The packet's own header. */
static void add_own_transport(const struct packet_key *packet, struct recipe *recipe)
{
	unsigned int type = packet->low16 >> 8, code = packet->low16 & 255U;

	if (packet->protocol == 6)
		add(recipe, " tcp=%u", packet->low16);
	else if (packet->protocol == 17)
		add(recipe, " udp=%u", packet->low16);
	else if (packet->protocol == 132)
		add(recipe, " sctp=%u", packet->low16);
	else if (packet->protocol == 1)
		add(recipe, " icmp=%u,%u", type, code);
	else if (packet->protocol == 58)
		add(recipe, " icmp6=%u,%u", type, code);
	else
		add(recipe, " proto=%u", packet->protocol);
}

static void add_dhcp(struct gen_random *random, struct recipe *recipe)
{
	static const uint16_t ports[][2] = {{67, 68}, {546, 547}};
	const uint16_t *pair = ports[gen_below(random, 2)];

	add(recipe, " udp=%u sport=%u", pair[gen_below(random, 2)], pair[gen_below(random, 2)]);
}

/* Of the packet, mostly. */
static void add_transport(struct gen_random *random, const struct packet_key *packet,
			  struct recipe *recipe)
{
	static const char *const with_ports[] = {"tcp", "udp", "sctp"};
	static const uint8_t numbers[] = {1, 58, 6, 17, 132, 47, 50, 59, 51, 135, 33, 136};

	switch (gen_below(random, 8)) {
	case 0:
		add(recipe, " %s=%u", with_ports[gen_below(random, ARRAY_SIZE(with_ports))],
		    random_port(random, packet->low16));
		break;
	case 1:
		add_dhcp(random, recipe);
		break;
	case 2:
		add(recipe, " %s=%u,%u", one_in(random, 4) ? "icmp" : "icmp6",
		    128 + gen_below(random, 18), gen_below(random, 2));
		break;
	case 3:
		add(recipe, " proto=%u", numbers[gen_below(random, ARRAY_SIZE(numbers))]);
		break;
	default:
		add_own_transport(packet, recipe);
		break;
	}
}

static void add_ip(struct gen_random *random, const struct packet_key *packet,
		   struct recipe *recipe)
{
	if (packet->family == SG_IPV4) {
		add(recipe, "ip4=%u", one_in(random, 3) ? gen_below(random, 11) : 0);
		if (one_in(random, 6))
			add_fragment(random, recipe);
	} else {
		add(recipe, "ip6");
		add_extensions(random, recipe);
	}
	add_transport(random, packet, recipe);
	if (!one_in(random, 3))
		add(recipe, " data=%u", gen_below(random, 48));
	if (one_in(random, 12))
		add(recipe, " doff=%u", gen_below(random, 16));
	if (one_in(random, 16))
		add(recipe, " udplen=%u", gen_below(random, 12));
	if (one_in(random, 4))
		add(recipe, " pad=%u", gen_below(random, 48));
}

static void make(struct gen_random *random, const struct packet_key *packet, struct frame *frame)
{
	static const uint16_t types[] = {0, 0x0800, 0x86dd, 0x88cc, 0x8847, 0x0806, 0x8100};
	struct recipe recipe = {.length = 0};

	add_tags(random, &recipe);
	if (one_in(random, 40))
		add(&recipe, "arp");
	else if (one_in(random, 40))
		add(&recipe, "type=%u data=%u", types[gen_below(random, ARRAY_SIZE(types))],
		    46 + gen_below(random, 40));
	else
		add_ip(random, packet, &recipe);
	frame_make(frame, recipe.text);
	if (!frame->version)
		return;
	frame_set_source(frame, packet->remote);
	frame_set_destination(frame, packet->remote);
	/* the last byte tells them apart now and then */
	if (one_in(random, 3))
		frame->bytes[frame->network + (frame->version == 4 ? 12 : 8) +
			     gen_below(random, 4)]++;
}

/* A byte of the frame behind the MAC addresses; more often near the IP header. */
static uint32_t random_place(struct gen_random *random, const struct frame *frame)
{
	uint32_t from = frame->version && !one_in(random, 4) ? frame->network : 12;
	uint32_t span;

	if (from >= frame->length)
		from = 12;
	span = frame->length - from;
	if (span > 64 && one_in(random, 2))
		span = 64;
	return from + gen_below(random, span);
}

/* From the IPv6 header on, blocks that look like extension headers and mean nothing. */
static void scramble_chain(struct gen_random *random, struct frame *frame)
{
	static const uint8_t kinds[] = {0, 43, 44, 51, 60, 60, 60, 6, 17, 58, 59, 132};
	uint32_t first = frame->network + 40;

	if (frame->version != 6)
		return;
	frame->bytes[frame->network + 6] = kinds[gen_below(random, 7)];
	for (uint32_t at = first; at + 8 <= frame->length; at += 8) {
		uint8_t *block = frame->bytes + at;

		for (int i = 0; i < 8; i++)
			block[i] = (uint8_t)gen_next(random);
		block[0] = kinds[gen_below(random, one_in(random, 3) ? ARRAY_SIZE(kinds) : 7)];
		block[1] = (uint8_t)(one_in(random, 3) ? gen_below(random, 4) : 0);
		/* mostly whole packets and first fragments */
		if (!one_in(random, 4))
			block[2] = block[3] = 0;
		else if (one_in(random, 2))
			block[2] = 0;
	}
}

static void swap_blocks(struct gen_random *random, struct frame *frame)
{
	uint32_t first = frame->network + (frame->version == 6 ? 40 : 20);
	uint32_t blocks = frame->length > first ? (frame->length - first) / 8 : 0;
	uint8_t kept[8], *a, *b;

	if (blocks < 2)
		return;
	a = frame->bytes + first + 8 * gen_below(random, blocks);
	b = frame->bytes + first + 8 * gen_below(random, blocks);
	memcpy(kept, a, 8);
	memmove(a, b, 8);
	memcpy(b, kept, 8);
}

static void change_length(struct gen_random *random, struct frame *frame)
{
	uint8_t *field = frame->bytes + frame->network + (frame->version == 6 ? 4 : 2);
	uint32_t value = (uint32_t)field[0] << 8 | field[1];

	if (!frame->version)
		return;
	value = one_in(random, 8) ? gen_below(random, 65536) : value + gen_below(random, 33) - 16;
	field[0] = (uint8_t)(value >> 8);
	field[1] = (uint8_t)value;
}

static void damage(struct gen_random *random, struct frame *frame)
{
	static const uint8_t values[] = {0, 1, 4, 5, 6, 17, 43, 44, 51, 58, 59, 60, 132, 255};
	uint32_t place = random_place(random, frame);

	switch (gen_below(random, 8)) {
	case 0:
	case 1:
		frame->bytes[place] ^= 1U << gen_below(random, 8);
		break;
	case 2:
		frame->bytes[place] = values[gen_below(random, ARRAY_SIZE(values))];
		break;
	case 3:
		frame->bytes[place] = (uint8_t)gen_next(random);
		break;
	case 4:
		frame->length = 14 + gen_below(random, frame->length - 13);
		break;
	case 5:
		change_length(random, frame);
		break;
	case 6:
		swap_blocks(random, frame);
		break;
	default:
		scramble_chain(random, frame);
		break;
	}
}

void random_frame(struct gen_random *random, struct gen_policy *gen, struct frame *frame)
{
	uint32_t times = one_in(random, 3) ? 0 : 1 + gen_below(random, 3);
	struct packet_key packet;

	gen_packet(gen, &packet);
	make(random, &packet, frame);
	while (times--)
		damage(random, frame);
}
