/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trial.h - the programs run on frames that nobody sent, and timed.
 *
 * Maps and programs are those of kern.h, in a bpffs directory of their own
 * that is removed as soon as all of it is open: nothing is attached to any
 * interface and nothing is left behind, however the process ends. Packets
 * seem to come from loopback, so that is what is bound.
 */
#ifndef KERN_TRIAL_H
#define KERN_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "kern/kern.h"
#include "sgate/bench.h"
#include "util/error.h"

#define TRIAL_IFINDEX 1 /* loopback, in every network namespace */

struct trial;

/* What can be run; bench.bpf.c says what those are that are not sgate's own. */
enum trial_program {
	TRIAL_TC_EMPTY,
	TRIAL_TC_REFERENCE4,
	TRIAL_TC_REFERENCE6,
	TRIAL_TC_SOURCE4,  /* the reference, asking for the sender's address */
	TRIAL_TC_RX,	   /* sg_tc_rx */
	TRIAL_TC_TX,	   /* sg_tc_tx */
	TRIAL_TC_INSTANCE, /* sg_tc_rx for interfaces that need not be there */
	TRIAL_XDP_EMPTY,
	TRIAL_XDP_REFERENCE4,
	TRIAL_XDP_REFERENCE6,
	TRIAL_XDP_RX, /* sg_xdp_rx */
	TRIAL_COUNT,
};

int trial_open(const struct connection_settings *settings, struct trial **trial_out,
	       struct error *err);
void trial_close(struct trial *trial); /* NULL is allowed */

/* Borrowed. */
struct kern *trial_kern(struct trial *trial);
/* As memory; SG_BENCH_PACKETS of each, by position. Borrowed. */
struct trial_ring {
	struct sg_bench_packet4 *ipv4;
	struct sg_bench_packet6 *ipv6;
};
const struct trial_ring *trial_ring(const struct trial *trial);

/* That of the programs; borrowed. */
const char *trial_compiler(const struct trial *trial);

/* Loopback's binding meets this policy from the next packet on. */
void trial_set_policy(struct trial *trial, uint64_t word);
/* The reference programs find this address (as it is in the frame). */
int trial_know(struct trial *trial, uint32_t address, bool as_source, struct error *err);

struct trial_run {
	double ns;     /* a packet */
	bool accepted; /* the last one */
};

/* Judge one frame of SG_BENCH_FRAME_BYTES over and over. Thread-safe. */
int trial_repeat(const struct trial *trial, enum trial_program program, const uint8_t *frame,
		 uint32_t runs, struct trial_run *run_out, struct error *err);

/* Some of the ring. */
struct trial_packets {
	uint32_t first; /* position */
	uint32_t count;
	/* TRIAL_TC_INSTANCE: each is of one of so many interfaces from this index on. */
	uint32_t ifindex;
	uint32_t instances;
};

/*
 * Judge packets of the ring, one after the other and again, until there were
 * `runs`. They are TCP without options; what the ring does not say, `frame` does,
 * which is sent by the instance for TRIAL_TC_TX and received for all others.
 */
int trial_drive(const struct trial *trial, enum trial_program program, const uint8_t *frame,
		const struct trial_packets *packets, uint32_t runs, struct trial_run *run_out,
		struct error *err);

#endif
