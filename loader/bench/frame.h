/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * frame.h - the bytes of a packet that is measured: TCP between the instance
 * and somebody.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/policy.h"
#include "kern/trial.h"

#define BENCH_SYN 0x02
#define BENCH_SYN_ACK 0x12
#define BENCH_ACK 0x10

/* Received from the flow's remote end, else sent to it. */
void frame_fill(uint8_t bytes[SG_BENCH_FRAME_BYTES], const struct bench_flow *flow,
		bool is_received, uint8_t tcp_flags);

/* What differs from one flow to the next, into a ring; the rest is in the frame of any flow. */
void ring_put(const struct trial_ring *ring, uint32_t position, const struct bench_flow *flow);
/* The flow at a position that was filled for the family. */
struct bench_flow ring_get(const struct trial_ring *ring, enum sg_family family, uint32_t position);

/*
 * The first fragment of an IPv4 or IPv6 packet of the flow, with its TCP
 * header, and a later one.
 */
void frame_fill_fragment(uint8_t bytes[SG_BENCH_FRAME_BYTES], const struct bench_flow *flow,
			 bool is_first);

/* Four bytes of the instance's address, of the sender's, as the reference programs look them up. */
uint32_t frame_local_key(enum sg_family family);
uint32_t frame_remote_key(const struct bench_flow *flow);

#endif
