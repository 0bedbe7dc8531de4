/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rank.h - the rules of a policy in the order in which they win.
 */
#ifndef COMPILE_RANK_H
#define COMPILE_RANK_H

#include <stdint.h>

#include "compile/compile.h"

struct ranking {
	const struct policy_rule **by_rank; /* owned; the rules are the policy's */
	uint32_t count;
};

/* -EOVERFLOW when a rule's id does not fit the rule table, -EFBIG, -ENOMEM; err for the first. */
int ranking_init(const struct policy *policy, struct ranking *ranking_out, struct error *err);
void ranking_fini(struct ranking *ranking);

/* SG_DECISION of that rank's rule. */
uint32_t ranking_decision(const struct ranking *ranking, uint32_t rank);

#endif
