/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loop.h - wait for whatever happens first, and have it seen to.
 *
 * One thread. What was added first is seen to first, so a source that is
 * always busy delays only those after it, and those by one turn of its own.
 */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <stddef.h>

#include "util/error.h"

#define LOOP_MAX_SOURCES 16

struct loop;

struct loop_source {
	int fd; /* borrowed */
	void (*ready)(void *context);
	/* NULL, or how long until `ready` is to be called anyway; -1: not at all. */
	int (*timeout_ms)(const void *context);
	void *context;
};

int loop_open(struct loop **loop_out, struct error *err);
void loop_close(struct loop *loop); /* NULL is allowed */

int loop_add(struct loop *loop, const struct loop_source *source, struct error *err);
/* Every `interval_ms`, counted from now; missed turns are made up for by one. */
int loop_add_timer(struct loop *loop, unsigned int interval_ms, void (*ready)(void *context),
		   void *context, struct error *err);

/* Until a source calls loop_stop. */
int loop_run(struct loop *loop, struct error *err);
void loop_stop(struct loop *loop);

#endif
