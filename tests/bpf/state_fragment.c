// SPDX-License-Identifier: GPL-2.0-only
/*
 * state_fragment.c - later fragments share the verdict of the first one, as
 * long as the same policy is in force, and never go over it.
 */
#include <assert.h>
#include <string.h>

#include "bpf/state_model.h"

static struct known_fragment *find(struct state_model *model, const struct facts *facts,
				   enum sg_direction direction)
{
	for (size_t i = 0; i < model->fragment_count; i++) {
		struct known_fragment *known = &model->fragments[i];

		if (known->direction == direction && known->family == facts->family &&
		    known->protocol == facts->fragment_protocol &&
		    known->id == facts->fragment_id && !memcmp(known->source, facts->source, 16) &&
		    !memcmp(known->destination, facts->destination, 16))
			return known;
	}
	return NULL;
}

enum sg_reason model_later_fragment(struct state_model *model, const struct facts *facts,
				    enum sg_direction direction)
{
	const struct known_fragment *first = find(model, facts, direction);

	if (!first || first->word != model->word)
		return SG_REASON_FRAGMENT_UNKNOWN;
	if (model_now(model) - first->seen > model->settings->fragment_timeout)
		return SG_REASON_FRAGMENT_UNKNOWN;
	if (facts->fragment_start < first->end)
		return SG_REASON_FRAGMENT_TINY;
	return SG_REASON_FRAGMENT;
}

void model_first_fragment(struct state_model *model, const struct facts *facts,
			  enum sg_direction direction)
{
	struct known_fragment *known = find(model, facts, direction);

	if (!known) {
		assert(model->fragment_count < MODEL_FRAGMENTS);
		known = &model->fragments[model->fragment_count++];
	}
	*known = (struct known_fragment){
		.direction = direction,
		.family = facts->family,
		.protocol = facts->fragment_protocol,
		.id = facts->fragment_id,
		.word = model->word,
		.seen = model_now(model),
		.end = facts->fragment_end,
	};
	memcpy(known->source, facts->source, 16);
	memcpy(known->destination, facts->destination, 16);
}
