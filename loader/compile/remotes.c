// SPDX-License-Identifier: GPL-2.0-only
/*
 * remotes.c - collect the prefixes that the rules of a direction name.
 */
#include "compile/remotes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/address_tree.h"
#include "util/array.h"
#include "util/cleanup.h"

/* What units are made of: a rule and whose prefixes it borrows. */
struct borrower {
	uintptr_t prefixes; /* 0 for any remote */
	size_t count;
	uint32_t rank;
};

static int by_prefixes_and_rank(const void *left, const void *right)
{
	const struct borrower *a = left;
	const struct borrower *b = right;

	if (a->prefixes != b->prefixes)
		return a->prefixes < b->prefixes ? -1 : 1;
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	return (a->rank > b->rank) - (a->rank < b->rank);
}

static bool is_for_any(const struct policy_rule *rule)
{
	return rule->rule->remote.kind == REMOTE_ANY;
}

/* The direction's rules that name something, those with the same prefixes together. */
static int borrowers_new(const struct ranking *ranking, enum sg_direction direction,
			 struct borrower **borrowers_out, uint32_t *count_out)
{
	struct borrower *borrowers = calloc(ranking->count + 1, sizeof(*borrowers));
	uint32_t count = 0;

	if (!borrowers)
		return -ENOMEM;
	for (uint32_t rank = 0; rank < ranking->count; rank++) {
		const struct policy_rule *rule = ranking->by_rank[rank];

		if (rule->rule->direction != direction)
			continue;
		if (is_for_any(rule))
			borrowers[count++] = (struct borrower){0, 0, rank};
		else if (rule->remote_count)
			borrowers[count++] = (struct borrower){(uintptr_t)rule->remotes,
							       rule->remote_count, rank};
	}
	qsort(borrowers, count, sizeof(*borrowers), by_prefixes_and_rank);
	*borrowers_out = borrowers;
	*count_out = count;
	return 0;
}

static int make_units(struct remotes *remotes, const struct borrower *borrowers, uint32_t count)
{
	remotes->ranks = calloc(count + 1, sizeof(*remotes->ranks));
	remotes->units = calloc(count + 1, sizeof(*remotes->units));
	if (!remotes->ranks || !remotes->units)
		return -ENOMEM;
	remotes->rank_count = count;
	for (uint32_t i = 0; i < count; i++) {
		remotes->ranks[i] = borrowers[i].rank;
		if (!i || borrowers[i].prefixes != borrowers[i - 1].prefixes ||
		    borrowers[i].count != borrowers[i - 1].count)
			remotes->units[remotes->unit_count++] = (struct unit){i, 0};
		remotes->units[remotes->unit_count - 1].count++;
	}
	return 0;
}

static int mention_add(struct remotes *remotes, address_value first, uint8_t length, uint32_t unit)
{
	if (remotes->mention_count == BUDGET_PREFIXES)
		return -EFBIG;
	if (ARRAY_GROW(remotes->mentions, remotes->mention_count, remotes->mention_capacity))
		return -ENOMEM;
	remotes->mentions[remotes->mention_count++] = (struct mention){first, unit, length};
	return 0;
}

static int mention_prefixes(struct remotes *remotes, const struct policy_rule *rule,
			    enum sg_family family, uint32_t unit)
{
	int r;

	if (is_for_any(rule))
		return mention_add(remotes, 0, 0, unit);
	for (size_t i = 0; i < rule->remote_count; i++) {
		const struct prefix *prefix = &rule->remotes[i];

		if (prefix->family != family)
			continue;
		r = mention_add(remotes, address_first(prefix), prefix->length, unit);
		if (r)
			return r;
	}
	return 0;
}

static int mention_order(const void *left, const void *right)
{
	const struct mention *a = left;
	const struct mention *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return (a->unit > b->unit) - (a->unit < b->unit);
}

static void sort_mentions(struct remotes *remotes)
{
	size_t kept = 0;

	if (!remotes->mention_count)
		return;
	qsort(remotes->mentions, remotes->mention_count, sizeof(*remotes->mentions), mention_order);
	for (size_t i = 0; i < remotes->mention_count; i++) {
		if (!kept || mention_order(&remotes->mentions[i], &remotes->mentions[kept - 1]))
			remotes->mentions[kept++] = remotes->mentions[i];
	}
	remotes->mention_count = kept;
}

int remotes_init(const struct ranking *ranking, enum sg_direction direction, enum sg_family family,
		 struct remotes *remotes_out)
{
	AUTO(remotes_fini) struct remotes remotes = {0};
	AUTO_FREE struct borrower *borrowers = NULL;
	uint32_t count;
	int r;

	r = borrowers_new(ranking, direction, &borrowers, &count);
	if (r)
		return r;
	r = make_units(&remotes, borrowers, count);
	if (r)
		return r;
	for (uint32_t unit = 0; unit < remotes.unit_count; unit++) {
		uint32_t rank = remotes.ranks[remotes.units[unit].first_rank];

		r = mention_prefixes(&remotes, ranking->by_rank[rank], family, unit);
		if (r)
			return r;
	}
	sort_mentions(&remotes);
	*remotes_out = remotes;
	memset(&remotes, 0, sizeof(remotes));
	return 0;
}

void remotes_fini(struct remotes *remotes)
{
	free(remotes->ranks);
	free(remotes->units);
	free(remotes->mentions);
	memset(remotes, 0, sizeof(*remotes));
}
