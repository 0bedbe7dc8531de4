// SPDX-License-Identifier: GPL-2.0-only
/*
 * rank.c - bring the rules of all groups into one order: the lower the rank,
 * the stronger the rule. It depends on the rules alone, not on the order in
 * which they come, so neither does the image.
 */
#include "compile/rank.h"

#include <errno.h>
#include <stdlib.h>

#include "model/code.h"

static int stronger_first(const void *left, const void *right)
{
	const struct rule *a = (*(const struct policy_rule *const *)left)->rule;
	const struct rule *b = (*(const struct policy_rule *const *)right)->rule;

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->policy != b->policy)
		return a->policy == RULE_DENY ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

int ranking_init(const struct policy *policy, struct ranking *ranking_out, struct error *err)
{
	const struct policy_rule **by_rank;

	if (policy->count > SG_MAX_RANKS)
		return -EFBIG;
	by_rank = calloc(policy->count + 1, sizeof(*by_rank));
	if (!by_rank)
		return -ENOMEM;
	for (size_t i = 0; i < policy->count; i++) {
		int64_t id = policy->rules[i].rule->id;

		if (id < 0 || id > UINT32_MAX) {
			free(by_rank);
			return error_set(err, EOVERFLOW, CODE_INTERNAL_SERVER_ERROR,
					 "rule id %lld is beyond the %u that a policy image holds",
					 (long long)id, UINT32_MAX);
		}
		by_rank[i] = &policy->rules[i];
	}
	qsort(by_rank, policy->count, sizeof(*by_rank), stronger_first);
	ranking_out->by_rank = by_rank;
	ranking_out->count = (uint32_t)policy->count;
	return 0;
}

void ranking_fini(struct ranking *ranking)
{
	free(ranking->by_rank);
	ranking->by_rank = NULL;
	ranking->count = 0;
}

uint32_t ranking_decision(const struct ranking *ranking, uint32_t rank)
{
	return SG_DECISION(rank, ranking->by_rank[rank]->rule->policy == RULE_ACCEPT);
}
