// SPDX-License-Identifier: GPL-2.0-only
/*
 * talk.c - make a connection's packets and run them.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>

#include "bpf/talk.h"
#include "bpf/traffic.h"

static void make(const struct talk *talk, bool out, uint8_t flags, struct frame *frame)
{
	/* fd00:: and the rest is 0 for IPv6 */
	uint8_t local[16] = {10, 0, 0, 1}, remote[16] = {0};
	uint32_t number = htonl(0x64400000 + talk->remote);
	struct packet packet = {
		.family = talk->family,
		.protocol = talk->protocol,
		.sport = out ? talk->local_port : talk->remote_port,
		.low16 = out ? talk->remote_port : talk->local_port,
		.tcp_flags = flags,
	};

	memcpy(remote, &number, sizeof(number));
	if (talk->family == SG_IPV6) {
		local[0] = remote[0] = 0xfd;
		memcpy(remote + 12, &number, sizeof(number));
	}
	memcpy(packet.source, out ? local : remote, sizeof(packet.source));
	memcpy(packet.destination, out ? remote : local, sizeof(packet.destination));
	packet_frame(&packet, frame);
}

static enum program program_of(const struct harness *harness, enum sg_direction direction)
{
	return harness_direction(harness, TC_TX) == direction ? TC_TX : TC_RX;
}

enum sg_reason talk_out(struct harness *harness, const struct talk *talk, uint8_t flags)
{
	struct frame frame;

	make(talk, true, flags, &frame);
	return harness_run(harness, program_of(harness, SG_EGRESS), &frame);
}

enum sg_reason talk_in(struct harness *harness, const struct talk *talk, uint8_t flags)
{
	struct frame frame;

	make(talk, false, flags, &frame);
	return harness_run(harness, program_of(harness, SG_INGRESS), &frame);
}

enum sg_verdict talk_out_fast(const struct harness *harness, const struct talk *talk, uint8_t flags)
{
	struct frame frame;

	make(talk, true, flags, &frame);
	return harness_verdict(harness, program_of(harness, SG_EGRESS), &frame);
}

enum sg_verdict talk_in_fast(const struct harness *harness, const struct talk *talk, uint8_t flags)
{
	struct frame frame;

	make(talk, false, flags, &frame);
	return harness_verdict(harness, program_of(harness, SG_INGRESS), &frame);
}
