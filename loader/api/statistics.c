// SPDX-License-Identifier: GPL-2.0-only
/*
 * statistics.c - counts of requests.
 *
 * Actions and codes are few, and known when the program is built: text that a
 * client sent never becomes a name here.
 */
#include "api/statistics.h"

#include <stdlib.h>
#include <string.h>

#include "util/array.h"

const double API_LATENCY_SECONDS[API_LATENCY_BOUNDS] = {
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10,
};

void statistics_fini(struct statistics *statistics)
{
	free(statistics->actions);
	free(statistics->codes);
	*statistics = (struct statistics){0};
}

/* NULL for want of memory. */
static struct api_action_statistics *action_row(struct statistics *s, const char *action)
{
	for (size_t i = 0; i < s->action_count; i++) {
		if (!strcmp(s->actions[i].action, action))
			return &s->actions[i];
	}
	if (ARRAY_GROW(s->actions, s->action_count, s->action_capacity))
		return NULL;
	s->actions[s->action_count] = (struct api_action_statistics){.action = action};
	return &s->actions[s->action_count++];
}

static struct api_code_statistics *code_row(struct statistics *s, const char *action,
					    const char *code, unsigned int status)
{
	for (size_t i = 0; i < s->code_count; i++) {
		struct api_code_statistics *row = &s->codes[i];

		if (row->status == status && !strcmp(row->action, action) &&
		    !strcmp(row->code, code))
			return row;
	}
	if (ARRAY_GROW(s->codes, s->code_count, s->code_capacity))
		return NULL;
	s->codes[s->code_count] =
		(struct api_code_statistics){.action = action, .code = code, .status = status};
	return &s->codes[s->code_count++];
}

static size_t bucket_of(uint64_t duration_us)
{
	size_t bucket = 0;

	while (bucket < API_LATENCY_BOUNDS &&
	       (double)duration_us / 1e6 > API_LATENCY_SECONDS[bucket])
		bucket++;
	return bucket;
}

void statistics_count(struct statistics *statistics, const char *action, const char *code,
		      unsigned int status, uint64_t duration_us)
{
	struct api_action_statistics *by_action = action_row(statistics, action);
	struct api_code_statistics *by_code =
		code_row(statistics, action, code ? code : "OK", status);

	if (by_action) {
		by_action->buckets[bucket_of(duration_us)]++;
		by_action->total_us += duration_us;
		by_action->count++;
	}
	if (by_code)
		by_code->count++;
}
