// SPDX-License-Identifier: GPL-2.0-only
/*
 * health.c - find out how things are, and remember it for a while.
 */
#include "observe/health.h"

#include <stdlib.h>

#include "codec/json.h"
#include "model/code.h"
#include "observe/status.h"
#include "util/cleanup.h"
#include "util/monotonic.h"

#define REST 10 /* times of what the last look took */

static json_t *failure_document(const struct error *cause)
{
	return json_pack("{s:s, s:b, s:{s:s, s:o}}", "version", SGATE_VERSION, "healthy", false,
			 "error", "code", cause->code ? cause->code : CODE_INTERNAL_SERVER_ERROR,
			 "message", json_text(cause->message));
}

int health_get(struct health *health, struct control *control, const char **text_out,
	       bool *healthy_out, struct error *err)
{
	uint64_t begin = monotonic_ns();

	if (!health->text || begin >= health->until_ns) {
		AUTO_JSON json_t *document = NULL;
		struct error cause = {};
		bool is_healthy = false;
		char *text;

		if (observe_status(control, &document, &is_healthy, &cause))
			document = failure_document(&cause);
		text = document ? json_dumps(document, JSON_COMPACT) : NULL;
		if (!text)
			return out_of_memory(err);
		health_fini(health);
		*health = (struct health){
			.text = text,
			.is_healthy = is_healthy,
			.until_ns = monotonic_ns() + REST * (monotonic_ns() - begin),
		};
	}
	*text_out = health->text;
	*healthy_out = health->is_healthy;
	return 0;
}

void health_fini(struct health *health)
{
	free(health->text);
	*health = (struct health){};
}
