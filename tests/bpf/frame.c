// SPDX-License-Identifier: GPL-2.0-only
/*
 * frame.c - recipes into bytes.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/frame.h"
#include "util/array.h"

#define FILL_PORT 22
#define SOURCE_PORT 40000

/* The numbers behind a word. */
struct arguments {
	unsigned long first, second;
};

static uint8_t *append(struct frame *frame, uint32_t count)
{
	uint8_t *at = frame->bytes + frame->length;

	assert_true(frame->length + count <= FRAME_MAX);
	memset(at, 0, count);
	frame->length += count;
	return at;
}

static void put16(uint8_t *at, unsigned long value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void append_filling(struct frame *frame, uint32_t count)
{
	uint8_t *at = append(frame, count);

	for (uint32_t i = 1; i < count; i += 2)
		at[i] = FILL_PORT;
}

/* What a correct frame of this length says about it. */
static void update_lengths(struct frame *frame)
{
	uint8_t *ip = frame->bytes + frame->network;

	if (frame->has_udp)
		put16(frame->bytes + frame->transport + 4, frame->length - frame->transport);
	if (frame->has_total)
		return;
	if (frame->version == 4)
		put16(ip + 2, frame->length - frame->network);
	else if (frame->version == 6)
		put16(ip + 4, frame->length - frame->network - 40);
}

static void put_ethertype(struct frame *frame, unsigned long type)
{
	put16(frame->bytes + frame->type_at, type);
}

static void put_next(struct frame *frame, unsigned long protocol)
{
	frame->bytes[frame->next_at] = (uint8_t)protocol;
}

/* A tag stands where the EtherType would: it is the type, then 16 bits, then the EtherType. */
static void append_tag(struct frame *frame, uint16_t type)
{
	put_ethertype(frame, type);
	put16(append(frame, 4), 0x2064);
	frame->type_at += 4;
}

static void add_tag(struct frame *frame, struct arguments n)
{
	(void)n;
	append_tag(frame, 0x8100);
}

static void add_adtag(struct frame *frame, struct arguments n)
{
	(void)n;
	append_tag(frame, 0x88a8);
}

static void set_type(struct frame *frame, struct arguments n)
{
	put_ethertype(frame, n.first);
}

static void add_arp(struct frame *frame, struct arguments n)
{
	static const uint8_t request[] = {0, 1, 8, 0, 6, 4, 0, 1};

	(void)n;
	put_ethertype(frame, 0x0806);
	memcpy(append(frame, 28), request, sizeof(request));
}

static void add_ip4(struct frame *frame, struct arguments n)
{
	/* from the remote, to the instance */
	static const uint8_t addresses[] = {192, 0, 2, 1, 198, 51, 100, 2};
	uint8_t *ip;

	put_ethertype(frame, 0x0800);
	frame->network = frame->length;
	frame->version = 4;
	frame->next_at = frame->network + 9;
	ip = append(frame, 20 + 4 * n.first);
	ip[0] = (uint8_t)(0x45 + n.first);
	ip[8] = 64;
	memset(ip + 20, 1, 4 * n.first); /* no-operation options */
	memcpy(ip + 12, addresses, sizeof(addresses));
}

static void add_ip6(struct frame *frame, struct arguments n)
{
	static const uint8_t addresses[32] = {0x20, 1, 0x0d, 0xb8, [15] = 1,
					      0x20, 1, 0x0d, 0xb8, [31] = 2};
	uint8_t *ip;

	(void)n;
	put_ethertype(frame, 0x86dd);
	frame->network = frame->length;
	frame->version = 6;
	frame->next_at = frame->network + 6;
	ip = append(frame, 40);
	ip[0] = 0x60;
	ip[6] = 59;
	ip[7] = 64;
	memcpy(ip + 8, addresses, sizeof(addresses));
}

static uint8_t *append_extension(struct frame *frame, uint8_t kind, uint32_t bytes, uint8_t length)
{
	uint8_t *at;

	put_next(frame, kind);
	frame->next_at = frame->length;
	at = append(frame, bytes);
	at[0] = 59;
	at[1] = length;
	/* a single padding option, which fills it */
	if (bytes >= 8)
		at[2] = 1;
	return at;
}

static void add_hop(struct frame *frame, struct arguments n)
{
	append_extension(frame, 0, 8 * (uint32_t)(n.first + 1), (uint8_t)n.first);
}

static void add_routing(struct frame *frame, struct arguments n)
{
	append_extension(frame, 43, 8 * (uint32_t)(n.first + 1), (uint8_t)n.first);
}

static void add_dest(struct frame *frame, struct arguments n)
{
	append_extension(frame, 60, 8 * (uint32_t)(n.first + 1), (uint8_t)n.first);
}

static void add_ah(struct frame *frame, struct arguments n)
{
	append_extension(frame, 51, 4 * (uint32_t)(n.first + 2), (uint8_t)n.first);
}

static void add_jumbo(struct frame *frame, struct arguments n)
{
	uint8_t *at = append_extension(frame, 0, 8, 0);

	(void)n;
	at[2] = 0xc2;
	at[3] = 4;
	put16(at + 4, 2); /* 128 KiB and a bit */
}

static void add_frag(struct frame *frame, struct arguments n)
{
	uint8_t *ip = frame->bytes + frame->network;

	if (frame->version == 4)
		put16(ip + 6, n.first / 8 | (n.second ? 0x2000 : 0));
	else
		put16(append_extension(frame, 44, 8, 0) + 2, n.first | (n.second ? 1 : 0));
}

static uint8_t *append_transport(struct frame *frame, uint8_t protocol, uint32_t bytes)
{
	put_next(frame, protocol);
	frame->transport = frame->length;
	return append(frame, bytes);
}

static void append_ports(struct frame *frame, uint8_t protocol, uint32_t bytes, unsigned long port)
{
	uint8_t *at = append_transport(frame, protocol, bytes);

	put16(at, SOURCE_PORT);
	put16(at + 2, port);
}

static void add_tcp(struct frame *frame, struct arguments n)
{
	append_ports(frame, 6, 20, n.first);
	frame->bytes[frame->transport + 12] = 0x50;
	frame->bytes[frame->transport + 13] = 0x02; /* SYN */
}

static void add_udp(struct frame *frame, struct arguments n)
{
	append_ports(frame, 17, 8, n.first);
	frame->has_udp = true;
}

static void add_sctp(struct frame *frame, struct arguments n)
{
	append_ports(frame, 132, 12, n.first);
}

static void add_icmp(struct frame *frame, struct arguments n)
{
	put16(append_transport(frame, 1, 8), n.first << 8 | n.second);
}

static void add_icmp6(struct frame *frame, struct arguments n)
{
	put16(append_transport(frame, 58, 8), n.first << 8 | n.second);
}

static void add_gre(struct frame *frame, struct arguments n)
{
	(void)n;
	put16(append_transport(frame, 47, 4) + 2, 0x0800);
}

static void add_proto(struct frame *frame, struct arguments n)
{
	append_transport(frame, (uint8_t)n.first, 0);
}

static void add_data(struct frame *frame, struct arguments n)
{
	append_filling(frame, (uint32_t)n.first);
}

static void add_pad(struct frame *frame, struct arguments n)
{
	frame->has_total = true;
	frame->has_udp = false;
	append_filling(frame, (uint32_t)n.first);
}

static void set_version(struct frame *frame, struct arguments n)
{
	uint8_t *at = frame->bytes + frame->network;

	*at = (uint8_t)(n.first << 4 | (*at & 0x0f));
}

static void set_ihl(struct frame *frame, struct arguments n)
{
	frame->bytes[frame->network] = (uint8_t)(0x40 | n.first);
}

static void set_total(struct frame *frame, struct arguments n)
{
	put16(frame->bytes + frame->network + (frame->version == 4 ? 2 : 4), n.first);
	frame->has_total = true;
}

static void set_next(struct frame *frame, struct arguments n)
{
	frame->bytes[frame->network + (frame->version == 4 ? 9 : 6)] = (uint8_t)n.first;
}

static void set_sport(struct frame *frame, struct arguments n)
{
	put16(frame->bytes + frame->transport, n.first);
}

static void set_udplen(struct frame *frame, struct arguments n)
{
	put16(frame->bytes + frame->transport + 4, n.first);
	frame->has_udp = false;
}

static void set_doff(struct frame *frame, struct arguments n)
{
	frame->bytes[frame->transport + 12] = (uint8_t)(n.first << 4);
}

static void set_short(struct frame *frame, struct arguments n)
{
	assert_true(frame->length >= n.first);
	frame->length -= (uint32_t)n.first;
	frame->has_total = true;
	frame->has_udp = false;
}

static const struct word {
	const char *name;
	void (*apply)(struct frame *frame, struct arguments n);
} words[] = {
	{"tag", add_tag},	  {"adtag", add_adtag},	    {"type", set_type},
	{"arp", add_arp},	  {"ip4", add_ip4},	    {"ip6", add_ip6},
	{"hop", add_hop},	  {"routing", add_routing}, {"dest", add_dest},
	{"ah", add_ah},		  {"jumbo", add_jumbo},	    {"frag", add_frag},
	{"tcp", add_tcp},	  {"udp", add_udp},	    {"sctp", add_sctp},
	{"icmp", add_icmp},	  {"icmp6", add_icmp6},	    {"gre", add_gre},
	{"proto", add_proto},	  {"data", add_data},	    {"pad", add_pad},
	{"version", set_version}, {"ihl", set_ihl},	    {"total", set_total},
	{"next", set_next},	  {"sport", set_sport},	    {"udplen", set_udplen},
	{"doff", set_doff},	  {"short", set_short},
};

static const struct word *word_find(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i].name) == length && !strncmp(words[i].name, text, length))
			return &words[i];
	}
	return NULL;
}

void frame_make(struct frame *frame, const char *recipe)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	const char *at = recipe + strspn(recipe, " ");

	memset(frame, 0, offsetof(struct frame, bytes));
	memcpy(append(frame, 14), macs, sizeof(macs));
	frame->type_at = sizeof(macs);
	while (*at) {
		size_t length = strcspn(at, " =");
		const struct word *word = word_find(at, length);
		struct arguments n = {0, 0};
		char *end = (char *)at + length;

		if (!word)
			fail_msg("recipe \"%s\": unknown word at \"%s\"", recipe, at);
		if (*end == '=')
			n.first = strtoul(end + 1, &end, 0);
		if (*end == ',')
			n.second = strtoul(end + 1, &end, 0);
		if (*end && *end != ' ')
			fail_msg("recipe \"%s\": a number is wrong at \"%s\"", recipe, at);
		word->apply(frame, n);
		update_lengths(frame);
		at = end + strspn(end, " ");
	}
}

static void set_address(struct frame *frame, uint32_t in_ip4, uint32_t in_ip6,
			const uint8_t *address)
{
	uint8_t *ip = frame->bytes + frame->network;

	if (frame->version == 4)
		memcpy(ip + in_ip4, address, 4);
	else
		memcpy(ip + in_ip6, address, 16);
}

void frame_set_source(struct frame *frame, const uint8_t *address)
{
	set_address(frame, 12, 8, address);
}

void frame_set_destination(struct frame *frame, const uint8_t *address)
{
	set_address(frame, 16, 24, address);
}
