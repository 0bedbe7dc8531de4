/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log.h - what the daemon tells: one JSON object a line on standard error.
 *
 *   {"time":"2026-01-31T12:00:00.000000Z","level":"info","event":"started",...}
 *
 * A line is written at once or, when nobody reads and the pipe is full, left
 * out: the daemon does not wait. The next line that is written tells how many
 * were left out ("lost").
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <jansson.h>

#include "util/error.h"

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
};

/* "debug", "info", "warning" or "error"; -EINVAL. */
int log_level_parse(const char *text, enum log_level *level_out, struct error *err);
/* What is below is not written. From the start: LOG_LEVEL_INFO. */
void log_level_set(enum log_level level);

/*
 * Write an event, a word or words joined by dashes, with `fields`, an object
 * that is taken over, or NULL. What is no UTF-8 goes through json_text().
 */
void log_event(enum log_level level, const char *event, json_t *fields);
/* An event with the fields "code" (when there is one) and "message". */
void log_error(enum log_level level, const char *event, const struct error *err);

#endif
