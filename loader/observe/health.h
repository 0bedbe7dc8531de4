/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * health.h - the answer to GET /healthz, as often as anybody asks.
 *
 * To compare kernel and store costs time, which a daemon has for other things:
 * an answer is given again until ten times of what it took have passed.
 */
#ifndef OBSERVE_HEALTH_H
#define OBSERVE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control.h"
#include "util/error.h"

struct health {
	char *text; /* NULL until it was asked for */
	bool is_healthy;
	uint64_t until_ns; /* when it is too old; CLOCK_MONOTONIC */
};

/*
 * The document of observe_status(), as text. When the store cannot be read it
 * is {"healthy":false,"error":{"code":...,"message":...}}. Borrowed until the
 * next call. Fails for want of memory only.
 */
int health_get(struct health *health, struct control *control, const char **text_out,
	       bool *healthy_out, struct error *err);
void health_fini(struct health *health);

#endif
