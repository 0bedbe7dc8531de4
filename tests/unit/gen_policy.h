/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gen_policy.h - random policies, and packets aimed at the edges of their
 * rules. The same seed gives the same policy and the same packets.
 */
#ifndef TESTS_GEN_POLICY_H
#define TESTS_GEN_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "compile/compile.h"

struct gen_random {
	uint64_t state;
};

uint64_t gen_next(struct gen_random *random);
/* 0 ... below - 1; below is not 0. */
uint32_t gen_below(struct gen_random *random, uint32_t below);

struct gen_options {
	size_t min_rules; /* both 0: 1 to 400 */
	size_t max_rules;
	unsigned int priorities; /* 1 ... this; 0: a random number of them */
};

#define GEN_REMOTE_GROUPS 8

/* What the rules for a remote group borrow. */
struct gen_group {
	struct prefix *prefixes; /* owned */
	size_t count;
};

/* All owned; policy and policy_rules borrow from the rest. */
struct gen_policy {
	struct gen_random random; /* of the packets */
	struct rule *rules;
	struct policy_rule *policy_rules;
	struct gen_group groups[GEN_REMOTE_GROUPS];
	struct policy policy;
};

/* Aborts when there is no memory. */
struct gen_policy gen_policy(uint64_t seed, const struct gen_options *options);
void gen_policy_fini(struct gen_policy *gen);

/* Bring the rules into another order; their meaning stays. */
void gen_shuffle(struct gen_policy *gen);

/*
 * A packet near an edge of some rule: the first and last address, protocol and
 * port that it covers and those beside them, in both families and directions.
 */
void gen_packet(struct gen_policy *gen, struct packet_key *packet_out);

/* The seed of a random test: that of SGATE_SEED, else `standard`. */
uint64_t gen_seed(uint64_t standard);

/* One line that describes a packet, for a failure's message; static buffer. */
const char *gen_packet_text(const struct packet_key *packet);

#endif
