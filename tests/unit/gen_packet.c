// SPDX-License-Identifier: GPL-2.0-only
/*
 * gen_packet.c - packets at the edges of a random policy's rules.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "unit/gen_policy.h"
#include "util/array.h"

enum edge {
	EDGE_FIRST,
	EDGE_LAST,
	EDGE_BELOW, /* one below the first, around the end of the space */
	EDGE_ABOVE,
	EDGE_INSIDE,
	EDGE_COUNT,
};

static enum edge pick_edge(struct gen_random *random)
{
	return gen_below(random, EDGE_COUNT);
}

/* Add +1 or -1 to a big-endian number. */
static void step(uint8_t *bytes, int count, int by)
{
	for (int i = count - 1; i >= 0; i--) {
		uint8_t before = bytes[i];

		bytes[i] += by;
		if (by > 0 ? before != 0xff : before != 0)
			return;
	}
}

static void address_at(struct gen_random *random, const struct prefix *prefix, uint8_t address[16])
{
	int bytes = prefix->family == SG_IPV4 ? 4 : 16;
	enum edge edge = pick_edge(random);

	memset(address, 0, 16);
	memcpy(address, prefix->bytes, bytes);
	for (int bit = prefix->length; bit < 8 * bytes; bit++) {
		if (edge == EDGE_LAST || edge == EDGE_ABOVE ||
		    (edge == EDGE_INSIDE && gen_below(random, 2)))
			address[bit / 8] |= 0x80 >> (bit % 8);
	}
	if (edge == EDGE_ABOVE)
		step(address, bytes, 1);
	else if (edge == EDGE_BELOW)
		step(address, bytes, -1);
}

static void address_anywhere(struct gen_random *random, struct packet_key *packet)
{
	int bytes = packet->family == SG_IPV4 ? 4 : 16;
	int kind = gen_below(random, 3);

	memset(packet->remote, 0, 16);
	for (int i = 0; i < bytes; i++)
		packet->remote[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (uint8_t)gen_next(random);
}

static uint8_t protocol_at(struct gen_random *random, uint16_t protocol)
{
	static const uint8_t others[] = {0, 1, 6, 17, 47, 58, 132, 254, 255};

	if (protocol == PROTOCOL_ICMP)
		protocol = 1;
	if (protocol == PROTOCOL_ICMPV6)
		protocol = 58;
	if (protocol == PROTOCOL_ALL || !gen_below(random, 8))
		return others[gen_below(random, ARRAY_SIZE(others))];
	if (!gen_below(random, 8))
		return (uint8_t)(protocol + 1);
	if (!gen_below(random, 8))
		return (uint8_t)(protocol - 1);
	return (uint8_t)protocol;
}

static uint16_t port_at(struct gen_random *random, const struct port_set *ports)
{
	struct port_range range = {0, 0xffff};

	if (ports->count)
		range = ports->ranges[gen_below(random, ports->count)];
	switch (pick_edge(random)) {
	case EDGE_FIRST:
		return range.first;
	case EDGE_LAST:
		return range.last;
	case EDGE_BELOW:
		return (uint16_t)(range.first - 1);
	case EDGE_ABOVE:
		return (uint16_t)(range.last + 1);
	default:
		return (uint16_t)(range.first + gen_below(random, range.last - range.first + 1U));
	}
}

void gen_packet(struct gen_policy *gen, struct packet_key *packet_out)
{
	struct gen_random *random = &gen->random;
	uint32_t count = (uint32_t)gen->policy.count;
	/* Address, protocol and port may come from three rules: where they cross. */
	bool is_crossing = !gen_below(random, 3);
	const struct policy_rule *of = &gen->policy.rules[gen_below(random, count)];
	const struct policy_rule *other =
		is_crossing ? &gen->policy.rules[gen_below(random, count)] : of;
	struct packet_key packet = {0};

	packet.direction = gen_below(random, 16) ? of->rule->direction : gen_below(random, 2);
	if (of->rule->remote.kind == REMOTE_ANY || !of->remote_count || !gen_below(random, 16)) {
		packet.family = gen_below(random, 2);
		address_anywhere(random, &packet);
	} else {
		const struct prefix *prefix =
			&of->remotes[gen_below(random, (uint32_t)of->remote_count)];

		packet.family = prefix->family;
		address_at(random, prefix, packet.remote);
	}
	packet.protocol = protocol_at(random, other->rule->protocol);
	packet.low16 = port_at(random, &other->rule->ports);
	*packet_out = packet;
}

const char *gen_packet_text(const struct packet_key *packet)
{
	static char text[128];
	char address[INET6_ADDRSTRLEN];

	inet_ntop(packet->family == SG_IPV4 ? AF_INET : AF_INET6, packet->remote, address,
		  sizeof(address));
	snprintf(text, sizeof(text), "%s %s protocol %u low16 %u",
		 packet->direction == SG_INGRESS ? "ingress from" : "egress to", address,
		 packet->protocol, packet->low16);
	return text;
}
