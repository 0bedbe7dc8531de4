/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metrics.h - everything that is counted, as text for Prometheus, and the
 * listener that hands it out.
 *
 * Names begin with sg_ and stay. Series of packets, bytes and connections are
 * there once they are not zero, so that a thousand instances do not make tens
 * of thousands of zeroes.
 */
#ifndef OBSERVE_METRICS_H
#define OBSERVE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/control.h"
#include "util/error.h"

/* Requests that had the same answer. */
struct metrics_requests {
	const char *action;
	const char *code;
	uint64_t count;
};

/* How long the requests of an action took. */
struct metrics_latency {
	const char *action;
	const uint64_t *buckets; /* bound_count + 1; each request counts in one */
	uint64_t total_us;
};

/* What the daemon counts. Text and arrays are borrowed until the text is made. */
struct metrics_daemon {
	uint64_t reconciles;
	uint64_t reconcile_failures;
	uint64_t drift; /* differences that reconciles have found */
	uint64_t link_events;
	uint64_t link_resyncs; /* events were lost, so everything was looked at again */

	const struct metrics_requests *requests;
	size_t request_count;
	const struct metrics_latency *latencies;
	size_t latency_count;
	const double *bounds_s; /* of all latencies; seconds, ascending */
	size_t bound_count;
	unsigned int connections; /* of the API, open now */
};

/* The text is the caller's to free. Fails for want of memory only: what cannot be read is left out. */
int metrics_text(struct control *control, const struct metrics_daemon *daemon, char **text_out,
		 size_t *length_out, struct error *err);

/* --- the listener: GET /metrics and GET /healthz over HTTP, nothing else --- */

struct metrics_settings {
	const char *listen; /* "ADDR:PORT" or "[V6]:PORT"; borrowed for the call only */
	/* Asked at each scrape; NULL: there is nothing to tell. */
	void (*fill)(struct metrics_daemon *daemon_out, void *context);
	void *context;
};

struct metrics;

/* `control` is borrowed until metrics_close. */
int metrics_open(const struct metrics_settings *settings, struct control *control,
		 struct metrics **metrics_out, struct error *err);
void metrics_close(struct metrics *metrics); /* NULL is allowed */

int metrics_fd(const struct metrics *metrics); /* an epoll descriptor; belongs to `metrics` */
/* Until metrics_run must be called whether metrics_fd is readable or not; -1: never. */
int metrics_timeout_ms(const struct metrics *metrics);
/* Do all that can be done without waiting. -EIO when the listener is of no more use. */
int metrics_run(struct metrics *metrics, struct error *err);

#endif
