/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * traffic.h - random frames that have much to do with each other: packets of a
 * few flows in both directions, their fragments, ICMP errors about them, and
 * now and then something else.
 */
#ifndef TESTS_BPF_TRAFFIC_H
#define TESTS_BPF_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/frame.h"
#include "sgate/policy.h"
#include "unit/gen_policy.h"

/* An IP packet. Integers as numbers. */
struct packet {
	enum sg_family family;
	uint8_t source[16];
	uint8_t destination[16];
	uint8_t protocol;
	uint16_t sport; /* ICMP: identifier */
	uint16_t low16; /* destination port; ICMP: type and code */
	uint8_t tcp_flags;
	uint32_t data; /* bytes behind the transport header */
	bool is_fragment;
	bool more;
	uint16_t offset; /* bytes */
	uint32_t id;
	const struct packet *quoted; /* inside of an ICMP error */
	bool is_hidden;		     /* it lies behind the end of the IP packet */
};

/* With a link header before. */
void packet_frame(const struct packet *packet, struct frame *frame);

/* Two ends, from the instance's side. */
struct traffic_flow {
	enum sg_family family;
	uint8_t protocol;
	uint8_t local[16];
	uint8_t remote[16];
	uint16_t local_port; /* ICMP: identifier */
	uint16_t remote_port;
};

#define TRAFFIC_FLOWS 24

struct traffic {
	struct gen_random random;
	struct traffic_flow flows[TRAFFIC_FLOWS]; /* the ones of now; in time all change */
	struct packet first[2]; /* the first fragment that was sent last, by enum sg_direction */
};

/* Addresses that are in use, as text: some of the instances' own, and remote ones. */
#define TRAFFIC_LOCALS 2
#define TRAFFIC_REMOTES 3
extern const char *const traffic_locals[2][TRAFFIC_LOCALS]; /* by enum sg_family */
extern const char *const traffic_remotes[2][TRAFFIC_REMOTES];
#define TRAFFIC_PORTS 4
extern const uint16_t traffic_ports[TRAFFIC_PORTS];

void traffic_init(struct traffic *traffic, uint64_t seed);
/* The next frame to or from the instance. */
void traffic_next(struct traffic *traffic, enum sg_direction direction, struct frame *frame);

#endif
