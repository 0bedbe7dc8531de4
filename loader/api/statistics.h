/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * statistics.h - counts of requests.
 */
#ifndef API_STATISTICS_H
#define API_STATISTICS_H

#include "api/api.h"

struct statistics {
	struct api_action_statistics *actions;
	size_t action_count;
	size_t action_capacity;
	struct api_code_statistics *codes;
	size_t code_count;
	size_t code_capacity;
};
void statistics_fini(struct statistics *statistics);

/* Names are static text; code NULL is "OK". What has no memory to be counted in is not. */
void statistics_count(struct statistics *statistics, const char *action, const char *code,
		      unsigned int status, uint64_t duration_us);

#endif
