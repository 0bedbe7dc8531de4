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
	uint32_t local = htonl(0x0a000001), remote = htonl(0x64400000 + talk->remote);
	struct packet packet = {
		.family = SG_IPV4,
		.protocol = talk->protocol,
		.sport = out ? talk->local_port : talk->remote_port,
		.low16 = out ? talk->remote_port : talk->local_port,
		.tcp_flags = flags,
	};

	memcpy(packet.source, out ? &local : &remote, 4);
	memcpy(packet.destination, out ? &remote : &local, 4);
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
