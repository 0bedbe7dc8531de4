// SPDX-License-Identifier: GPL-2.0-only
/*
 * log.c - one JSON object a line on standard error.
 */
#include "daemon/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "codec/json.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/quote.h"

static const char *const level_texts[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};

static struct {
	enum log_level level;
	uint64_t lost; /* lines left out since the last one */
} state = {.level = LOG_LEVEL_INFO};

int log_level_parse(const char *text, enum log_level *level_out, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_texts); i++) {
		if (strcmp(text, level_texts[i]))
			continue;
		*level_out = (enum log_level)i;
		return 0;
	}
	return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
			 "unknown log level \"%s\": use debug, info, warning or error",
			 quote(text).text);
}

void log_level_set(enum log_level level)
{
	state.level = level;
}

/* RFC 3339, UTC, microseconds. */
static void time_text(char text[64])
{
	struct timespec now;
	struct tm parts;
	char seconds[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text, 64, "%s.%06ldZ", seconds, now.tv_nsec / 1000);
}

/*
 * A pipe that is ready takes PIPE_BUF bytes without waiting, and takes them
 * whole; so do files and terminals.
 */
static bool write_line(const char *text, size_t length)
{
	struct iovec parts[] = {{.iov_base = (char *)text, .iov_len = length},
				{.iov_base = "\n", .iov_len = 1}};
	struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (length >= PIPE_BUF || poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
		return false;
	return writev(STDERR_FILENO, parts, 2) == (ssize_t)length + 1;
}

static json_t *line_make(enum log_level level, const char *event)
{
	char time[64];

	time_text(time);
	return json_pack("{s:s, s:s, s:s}", "time", time, "level", level_texts[level], "event",
			 event);
}

/* As a line; false when it was not written. */
static bool line_write(const json_t *line)
{
	AUTO_FREE char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	return text && write_line(text, strlen(text));
}

void log_event(enum log_level level, const char *event, json_t *fields)
{
	AUTO_JSON json_t *line = NULL;
	AUTO_JSON json_t *owned = fields;
	AUTO_JSON json_t *bare = NULL;

	if (level < state.level)
		return;
	line = line_make(level, event);
	bare = json_copy(line);
	if (line && owned)
		(void)json_object_update_missing(line, owned);
	if (line && state.lost)
		(void)json_object_set_new(line, "lost", json_integer((json_int_t)state.lost));
	if (line_write(line)) {
		state.lost = 0;
		return;
	}
	/* too long for one piece: at least that it happened */
	if (bare && !json_object_set_new(bare, "truncated", json_true()) && line_write(bare))
		return;
	state.lost++;
}

void log_error(enum log_level level, const char *event, const struct error *err)
{
	json_t *fields = json_pack("{s:o}", "message", json_text(err->message));

	if (fields && err->code)
		(void)json_object_set_new(fields, "code", json_string(err->code));
	log_event(level, event, fields);
}
