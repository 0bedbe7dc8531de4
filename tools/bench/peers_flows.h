/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peers_flows.h - flows to be sent: who speaks to whom.
 */
#ifndef PEERS_FLOWS_H
#define PEERS_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "peers_traffic.h"

struct flow {
	uint8_t protocol;
	uint32_t address[2]; /* in network byte order: from, to */
	uint16_t port[2];
};

struct flows {
	struct frame frame; /* what all have in common */
	struct flow list[MAX_FLOWS];
	uint32_t count;
};

void frame_init(struct frame *frame, const uint8_t source[6], const uint8_t destination[6]);

/* A flow a line: PROTOCOL SOURCE PORT DESTINATION PORT. 0 or -errno, which errno is as well. */
int flows_load(struct flows *flows, const char *path);

/*
 * Fill the table of the sending program, from the flows' own side or, `back`, from
 * the other; `kind` is which segment of TCP: "syn", "answer" (SYN and ACK), or "data".
 */
void flows_fill(struct flows *flows, bool is_back, const char *kind, struct flow_header *headers);

#endif
