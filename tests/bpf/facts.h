/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * facts.h - what a frame says, read byte by byte as the standards draw it: by
 * a program that is slow and obvious and shares nothing with the one under
 * test.
 */
#ifndef TESTS_BPF_FACTS_H
#define TESTS_BPF_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "sgate/policy.h"
#include "sgate/reason.h"

/* Not a reason: the next part has to be looked at. */
#define GO_ON SG_REASON_COUNT

/* Bytes 0 ... end - 1. */
struct bytes {
	const uint8_t *at;
	uint32_t end;
};

bool bytes_has(struct bytes bytes, uint32_t offset, uint32_t count);
/* In network byte order. */
uint32_t bytes_number(struct bytes bytes, uint32_t offset, int count);

/* What the parts of an IP packet say. */
struct facts {
	enum sg_family family;
	uint8_t source[16]; /* IPv4 in the first four */
	uint8_t destination[16];
	uint8_t protocol;
	uint16_t source_port; /* or identifier of ICMP */
	uint16_t low16;	      /* destination port, or type and code of ICMP */
	uint8_t tcp_flags;
	struct bytes packet; /* the frame up to the end of the IP packet */
	uint32_t transport;  /* offset */
	/* Of fragments: bytes [start, end) of what is fragmented. */
	bool more_follow; /* the first of several */
	uint32_t fragment_start;
	uint32_t fragment_end;
	uint32_t fragment_id;
	uint8_t fragment_protocol;
	bool is_quoted; /* it may be cut short */
};

/* The EtherType behind at most two VLAN tags, and the offset behind it; GO_ON. */
enum sg_reason facts_link(struct bytes frame, uint32_t *type_out, uint32_t *network_out);

/* The IP packet at offset `network`; GO_ON unless it cannot be read. */
enum sg_reason facts_read(struct bytes frame, uint32_t network, enum sg_family family,
			  bool is_quoted, struct facts *facts_out);

bool facts_is_icmp(const struct facts *facts);
/* An ICMP message that tells of what became of a packet, which it quotes. */
bool facts_is_icmp_error(const struct facts *facts);

#endif
