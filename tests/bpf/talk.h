/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * talk.h - packets of one connection, between an instance and a remote host.
 * Include it after cmocka.h.
 */
#ifndef TESTS_BPF_TALK_H
#define TESTS_BPF_TALK_H

#include "bpf/harness.h"

#define TCP 6
#define UDP 17

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

struct talk {
	uint8_t protocol; /* TCP or UDP */
	uint16_t local_port;
	uint16_t remote_port;
	uint32_t remote; /* number of the remote host */
	enum sg_family family;
};

/* Out of the instance, or to it. Flags are for TCP. */
enum sg_reason talk_out(struct harness *harness, const struct talk *talk, uint8_t flags);
enum sg_reason talk_in(struct harness *harness, const struct talk *talk, uint8_t flags);
/* The verdict alone, as harness_verdict(). */
enum sg_verdict talk_out_fast(const struct harness *harness, const struct talk *talk,
			      uint8_t flags);
enum sg_verdict talk_in_fast(const struct harness *harness, const struct talk *talk, uint8_t flags);

#endif
