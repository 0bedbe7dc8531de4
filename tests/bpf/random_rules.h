/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * random_rules.h - small random policies about the addresses and ports that
 * traffic.h uses.
 */
#ifndef TESTS_BPF_RANDOM_RULES_H
#define TESTS_BPF_RANDOM_RULES_H

#include "unit/gen_policy.h"
#include "unit/policy_table.h"

/* A policy that borrows from its own struct, so it must stay where it is. */
struct random_rules {
	struct table table;
	struct policy policy;
};

/* Now and then one without groups. */
void random_rules(struct gen_random *random, struct random_rules *rules);

#endif
