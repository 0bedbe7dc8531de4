/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - rule sets to measure with, and packets that meet them in a
 * certain way.
 *
 * The last rule accepts TCP to the ports from BENCH_LAST_PORT on from every
 * address and is judged after all others; no rule has the ports from
 * BENCH_FREE_PORT on.
 */
#ifndef BENCH_POLICY_H
#define BENCH_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/random.h"
#include "compile/compile.h"
#include "util/error.h"

enum bench_mix {
	MIX_PUBLIC,   /* as people write them: hosts and networks, services and port ranges */
	MIX_ANY,      /* every rule for any remote, each with ports of its own */
	MIX_NESTED,   /* networks inside of networks, 24 deep */
	MIX_DISTINCT, /* every rule for a host of its own */
};
const char *bench_mix_text(enum bench_mix mix);

struct bench_policy_spec {
	enum bench_mix mix;
	enum sg_family family; /* of all its rules but the first */
	uint32_t rules;	       /* at least 2 */
	uint32_t groups;       /* 1, or 2: the rules are dealt out in turns */
	bool is_open;	       /* the instance may send everything, so no packet needs state */
	uint64_t seed;
};

struct bench_policy {
	struct bench_policy_spec spec;
	struct rules rules;
	struct policy_rule *resolved; /* owned */
	struct policy policy;
	struct image image;
	uint32_t last_id; /* of the last rule */
};

#define BENCH_LAST_PORT 30000
#define BENCH_FREE_PORT 33000

int bench_policy_make(const struct bench_policy_spec *spec, struct bench_policy *policy_out,
		      struct error *err);
void bench_policy_fini(struct bench_policy *policy);

/* How a packet to the instance fares. */
enum bench_fate {
	FATE_LAST_RULE, /* accepted by the last rule */
	FATE_OWN_RULE,	/* accepted by the rule that it was made for */
	FATE_NO_RULE,	/* no rule matches */
};

struct bench_flow {
	enum sg_family family;
	uint8_t remote[16]; /* network byte order */
	uint16_t remote_port;
	uint16_t local_port;
};

/*
 * A TCP packet with that fate, which the image was asked about, from an address
 * of a rule chosen at random. -ENODATA when there seems to be none.
 */
int bench_flow_pick(const struct bench_policy *policy, enum bench_fate fate, struct random *random,
		    struct bench_flow *flow_out, struct error *err);

#endif
