// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics_daemon.c - what the daemon did, and what it takes.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "observe/exposition.h"
#include "observe/metrics_families.h"
#include "util/cleanup.h"

#define MICROSECONDS 1e6
#define BOUND_TEXT_MAX 32

static void put_counter(FILE *stream, const char *name, const char *help, uint64_t value)
{
	struct family family = family_begin(stream, name, "counter", help);

	family_integer(&family, NO_LABELS, value);
}

static void put_requests(FILE *stream, const struct metrics_daemon *daemon)
{
	struct family family = family_begin(stream, "sg_api_requests_total", "counter",
					    "Requests to the API by action and code.");

	for (size_t i = 0; i < daemon->request_count; i++)
		family_integer(&family,
			       LABELS({"action", daemon->requests[i].action},
				      {"code", daemon->requests[i].code}),
			       daemon->requests[i].count);
}

/* Buckets of the text count all that took at most their bound. */
static void put_latency(const struct family *family, const struct metrics_daemon *daemon,
			const struct metrics_latency *latency)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= daemon->bound_count; i++) {
		char bound[BOUND_TEXT_MAX] = "+Inf";

		if (i < daemon->bound_count)
			snprintf(bound, sizeof(bound), "%.9g", daemon->bounds_s[i]);
		sum += latency->buckets[i];
		family_part_integer(family, "_bucket",
				    LABELS({"action", latency->action}, {"le", bound}), sum);
	}
	family_part_real(family, "_sum", LABELS({"action", latency->action}),
			 (double)latency->total_us / MICROSECONDS);
	family_part_integer(family, "_count", LABELS({"action", latency->action}), sum);
}

static void put_api(FILE *stream, const struct metrics_daemon *daemon)
{
	struct family family;

	put_requests(stream, daemon);
	family = family_begin(stream, "sg_api_request_duration_seconds", "histogram",
			      "From the first line of a request to its whole answer.");
	for (size_t i = 0; i < daemon->latency_count; i++)
		put_latency(&family, daemon, &daemon->latencies[i]);
	family = family_begin(stream, "sg_api_connections", "gauge",
			      "Connections of clients that are open.");
	family_integer(&family, NO_LABELS, daemon->connections);
}

/* Resident pages of this process; 0 when /proc does not tell. */
static uint64_t resident_pages(void)
{
	AUTO_CLOSE int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128] = "";
	const char *space;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	space = strchr(text, ' ');
	return space ? strtoull(space, NULL, 10) : 0;
}

static void put_process(FILE *stream)
{
	struct timespec used = {};
	struct family family;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	family = family_begin(stream, "process_cpu_seconds_total", "counter",
			      "CPU time of the daemon.");
	family_real(&family, NO_LABELS, (double)used.tv_sec + (double)used.tv_nsec / 1e9);
	family = family_begin(stream, "process_resident_memory_bytes", "gauge",
			      "Resident memory of the daemon.");
	family_integer(&family, NO_LABELS, resident_pages() * sysconf(_SC_PAGESIZE));
}

void metrics_put_daemon(FILE *stream, const struct metrics_daemon *daemon)
{
	put_counter(stream, "sg_reconcile_runs_total", "Times that the kernel was compared.",
		    daemon->reconciles);
	put_counter(stream, "sg_reconcile_failures_total",
		    "Times that comparing or mending failed.", daemon->reconcile_failures);
	put_counter(stream, "sg_drift_total", "Differences of the kernel that were found.",
		    daemon->drift);
	put_counter(stream, "sg_link_events_total", "Events of interfaces.", daemon->link_events);
	put_counter(stream, "sg_link_resyncs_total",
		    "Times that events were lost and all interfaces looked at again.",
		    daemon->link_resyncs);
	put_api(stream, daemon);
	put_process(stream);
}
