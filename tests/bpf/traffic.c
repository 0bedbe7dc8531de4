// SPDX-License-Identifier: GPL-2.0-only
/*
 * traffic.c - choose what the next packet is.
 */
#include <arpa/inet.h>
#include <string.h>

#include "bpf/traffic.h"
#include "util/array.h"

const char *const traffic_locals[2][TRAFFIC_LOCALS] = {
	{"10.0.0.1", "10.0.0.2"},
	{"2001:db8::1", "2001:db8::2"},
};
const char *const traffic_remotes[2][TRAFFIC_REMOTES] = {
	{"192.0.2.1", "192.0.2.2", "198.51.100.7"},
	{"2001:db8:1::1", "2001:db8:1::2", "2001:db8:ffff::7"},
};
const uint16_t traffic_ports[TRAFFIC_PORTS] = {22, 80, 547, 40000};

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

static bool one_in(struct gen_random *random, uint32_t n)
{
	return !gen_below(random, n);
}

static void set_address(enum sg_family family, const char *text, uint8_t address[16])
{
	memset(address, 0, 16);
	inet_pton(family == SG_IPV4 ? AF_INET : AF_INET6, text, address);
}

static void choose_flow(struct gen_random *random, struct traffic_flow *flow)
{
	static const uint8_t protocols[] = {6, 6, 6, 17, 17, 132, 1, 1, 47, 50};

	flow->family = gen_below(random, 2);
	flow->protocol = protocols[gen_below(random, ARRAY_SIZE(protocols))];
	if (flow->protocol == 1 && flow->family == SG_IPV6 && !one_in(random, 8))
		flow->protocol = 58;
	set_address(flow->family, traffic_locals[flow->family][gen_below(random, TRAFFIC_LOCALS)],
		    flow->local);
	set_address(flow->family, traffic_remotes[flow->family][gen_below(random, TRAFFIC_REMOTES)],
		    flow->remote);
	flow->local_port = traffic_ports[gen_below(random, TRAFFIC_PORTS)];
	flow->remote_port = traffic_ports[gen_below(random, TRAFFIC_PORTS)];
	/* DHCP, now and then */
	if (flow->protocol == 17 && one_in(random, 16)) {
		flow->local_port = flow->family == SG_IPV4 ? 68 : 546;
		flow->remote_port = flow->family == SG_IPV4 ? 67 : 547;
	}
}

static uint8_t choose_tcp_flags(struct gen_random *random)
{
	static const uint8_t flags[] = {
		SYN, SYN, SYN,	     SYN | ACK, SYN | ACK, ACK,	      ACK,	 ACK,
		ACK, ACK, FIN | ACK, FIN | ACK, FIN | ACK, RST,	      RST | ACK, SYN | FIN,
		FIN, 0,	  SYN | RST, 0xff,	0x08,	   FIN | ACK, 0xc2,
	};

	return flags[gen_below(random, ARRAY_SIZE(flags))];
}

static uint16_t choose_icmp(struct gen_random *random, uint8_t protocol)
{
	static const uint8_t types[] = {8, 8, 8, 0, 0, 0, 13, 14, 4, 5, 9, 15, 17};
	static const uint8_t types6[] = {128, 128, 128, 129, 129, 129, 127,
					 137, 135, 136, 131, 143, 200};
	uint32_t type = protocol == 1 ? types[gen_below(random, ARRAY_SIZE(types))]
				      : types6[gen_below(random, ARRAY_SIZE(types6))];

	return (uint16_t)(type << 8 | (one_in(random, 12) ? 1 + gen_below(random, 2) : 0));
}

/* A packet of the flow that goes this way. */
static void choose_packet(struct gen_random *random, const struct traffic_flow *flow,
			  enum sg_direction direction, struct packet *packet)
{
	bool out = direction == SG_EGRESS;

	*packet = (struct packet){
		.family = flow->family,
		.protocol = flow->protocol,
		.sport = out ? flow->local_port : flow->remote_port,
		.low16 = out ? flow->remote_port : flow->local_port,
		.tcp_flags = choose_tcp_flags(random),
		.data = one_in(random, 2) ? 0 : gen_below(random, 24),
		.id = gen_below(random, 2),
	};
	memcpy(packet->source, out ? flow->local : flow->remote, 16);
	memcpy(packet->destination, out ? flow->remote : flow->local, 16);
	if (packet->protocol == 1 || packet->protocol == 58) {
		packet->sport = flow->local_port;
		packet->low16 = choose_icmp(random, packet->protocol);
	}
}

static void make_later_fragment(struct gen_random *random, struct packet *packet)
{
	static const uint16_t offsets[] = {8, 8, 16, 16, 24, 24, 32, 48, 1480};

	packet->is_fragment = true;
	packet->more = !one_in(random, 3);
	packet->offset = offsets[gen_below(random, ARRAY_SIZE(offsets))];
	packet->data = gen_below(random, 4) * 8;
	if (one_in(random, 8))
		packet->data++;
}

static void make_first_fragment(struct gen_random *random, struct packet *packet)
{
	packet->is_fragment = true;
	packet->more = !one_in(random, 8);
	/* transport headers have 20, 12, 8, 4 or no bytes */
	packet->data = 8 * gen_below(random, 4);
	if (packet->protocol == 6 || packet->protocol == 47 || packet->protocol == 132)
		packet->data += 4;
}

/* The first one of a packet, or a later one of the packet that was begun last, mostly. */
static void make_fragment(struct gen_random *random, struct packet *packet, struct packet *first)
{
	if (one_in(random, 3)) {
		make_first_fragment(random, packet);
		*first = *packet;
		first->quoted = NULL;
		return;
	}
	if (first->is_fragment && !one_in(random, 4))
		*packet = *first;
	make_later_fragment(random, packet);
}

static void choose_error(struct gen_random *random, struct packet *packet)
{
	static const uint8_t types[] = {3, 3, 11, 12};
	uint32_t type = packet->family == SG_IPV4 ? types[gen_below(random, ARRAY_SIZE(types))]
						  : 1 + gen_below(random, 4);

	packet->low16 = (uint16_t)(type << 8 | gen_below(random, 3));
	packet->data = 0;
}

/* Make the packet an ICMP error about `quoted`, mostly one that is right. */
static void make_error(struct gen_random *random, const struct traffic_flow *flow,
		       enum sg_direction direction, struct packet *packet, struct packet *quoted)
{
	enum sg_direction back = direction == SG_INGRESS ? SG_EGRESS : SG_INGRESS;
	uint8_t address[16];

	choose_packet(random, flow, one_in(random, 12) ? direction : back, quoted);
	if (one_in(random, 12))
		choose_error(random, quoted);
	if (one_in(random, 12))
		make_later_fragment(random, quoted);
	if (one_in(random, 2))
		quoted->data += 40;
	packet->protocol = packet->family == SG_IPV4 ? 1 : 58;
	choose_error(random, packet);
	packet->sport = 0;
	packet->quoted = quoted;
	packet->is_hidden = one_in(random, 16);
	/* a router on the way */
	set_address(packet->family, packet->family == SG_IPV4 ? "203.0.113.9" : "2001:db8:2::9",
		    address);
	if (one_in(random, 2))
		memcpy(packet->source, address, 16);
}

static void damage(struct gen_random *random, struct frame *frame)
{
	uint32_t behind = frame->length - 14;

	if (one_in(random, 3))
		frame->length -= gen_below(random, behind);
	else if (one_in(random, 2))
		frame->bytes[14 + gen_below(random, behind)] ^= 1U << gen_below(random, 8);
	else
		frame->bytes[6 + gen_below(random, 6)] ^= 1U;
}

static void insert_tag(struct frame *frame)
{
	memmove(frame->bytes + 16, frame->bytes + 12, frame->length - 12);
	frame->bytes[12] = 0x81;
	frame->bytes[13] = 0;
	frame->bytes[14] = 0;
	frame->bytes[15] = 7;
	frame->length += 4;
}

void traffic_init(struct traffic *traffic, uint64_t seed)
{
	*traffic = (struct traffic){.random.state = seed};
	for (int i = 0; i < TRAFFIC_FLOWS; i++)
		choose_flow(&traffic->random, &traffic->flows[i]);
}

void traffic_next(struct traffic *traffic, enum sg_direction direction, struct frame *frame)
{
	struct gen_random *random = &traffic->random;
	struct traffic_flow *flow = &traffic->flows[gen_below(random, TRAFFIC_FLOWS)];
	struct packet packet, quoted;

	if (one_in(random, 200))
		choose_flow(random, flow);
	if (one_in(random, 500)) {
		frame_make(frame, one_in(random, 2) ? "arp" : "type=0x88cc data=46");
		return;
	}
	choose_packet(random, flow, direction, &packet);
	if (one_in(random, 6))
		make_error(random, flow, direction, &packet, &quoted);
	if (one_in(random, 8))
		make_fragment(random, &packet, &traffic->first[direction]);
	/* somebody else's address */
	if (one_in(random, 64))
		packet.source[packet.family == SG_IPV4 ? 3 : 15] ^= 3;
	packet_frame(&packet, frame);
	if (one_in(random, 40))
		insert_tag(frame);
	if (one_in(random, 40))
		damage(random, frame);
}
