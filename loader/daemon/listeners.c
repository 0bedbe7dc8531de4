// SPDX-License-Identifier: GPL-2.0-only
/*
 * listeners.c - what clients can connect to: the HTTP API and the metrics.
 *
 * Before clients are seen to, a look at what others have made of the kernel
 * side: no request is answered from what is there no more.
 */
#include "daemon/listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "api/api.h"
#include "codec/json.h"
#include "daemon/log.h"
#include "model/code.h"
#include "observe/metrics.h"
#include "util/cleanup.h"

struct listeners {
	struct control *control;
	const struct follow *follow;
	struct loop *loop;
	struct api *api;	 /* NULL: none */
	struct metrics *metrics; /* NULL: none */
	/* of the API's statistics, while metrics are made of them */
	struct metrics_requests *requests;
	struct metrics_latency *latencies;
	struct error failure;
};

/* A failure of ours is an error, one of a client is not. */
static void log_request(const struct api_request_log *entry, void *context)
{
	enum log_level level = entry->status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
	json_t *fields = json_pack(
		"{s:s, s:s, s:s?, s:i, s:I, s:s?, s:s}", "requestId", entry->request_id, "action",
		entry->action, "code", entry->code, "status", (int)entry->status, "durationUs",
		(json_int_t)entry->duration_us, "keyId", entry->key_id, "peer", entry->peer);

	(void)context;
	if (entry->has_credentials) {
		json_object_set_new(fields, "pid", json_integer(entry->pid));
		json_object_set_new(fields, "uid", json_integer(entry->uid));
		json_object_set_new(fields, "gid", json_integer(entry->gid));
	}
	if (entry->cause)
		json_object_set_new(fields, "message", json_text(entry->cause));
	log_event(level, "request", fields);
}

/* Of a service manager; -1: none. */
static int passed_socket(void)
{
	return sd_listen_fds(1) == 1 ? SD_LISTEN_FDS_START : -1;
}

static int open_api(struct listeners *listeners, const struct daemon_settings *daemon,
		    struct error *err)
{
	struct api_settings settings;

	api_settings_default(&settings);
	settings.listen = daemon->listen;
	settings.listen_fd = daemon->listen ? -1 : passed_socket();
	settings.keys_path = daemon->keys;
	settings.tls_cert = daemon->tls_cert;
	settings.tls_key = daemon->tls_key;
	settings.allow_plaintext = daemon->allow_plaintext;
	settings.rate_per_second = daemon->rate_per_second;
	settings.timeout_s = daemon->client_timeout_s;
	settings.request_done = log_request;
	if (!settings.listen && settings.listen_fd < 0)
		return 0;
	return api_open(&settings, listeners->control, &listeners->api, err);
}

/* Without memory for it, the API has no metrics. */
static void fill_api(struct listeners *listeners, struct metrics_daemon *daemon)
{
	struct api_statistics statistics;

	api_statistics(listeners->api, &statistics);
	daemon->connections = statistics.connections;
	daemon->bounds_s = API_LATENCY_SECONDS;
	daemon->bound_count = API_LATENCY_BOUNDS;
	free(listeners->requests);
	free(listeners->latencies);
	listeners->requests = calloc(statistics.code_count + 1, sizeof(*listeners->requests));
	listeners->latencies = calloc(statistics.action_count + 1, sizeof(*listeners->latencies));
	daemon->requests = listeners->requests;
	daemon->latencies = listeners->latencies;
	daemon->request_count = listeners->requests ? statistics.code_count : 0;
	daemon->latency_count = listeners->latencies ? statistics.action_count : 0;
	for (size_t i = 0; i < daemon->request_count; i++)
		listeners->requests[i] = (struct metrics_requests){statistics.codes[i].action,
								   statistics.codes[i].code,
								   statistics.codes[i].count};
	for (size_t i = 0; i < daemon->latency_count; i++)
		listeners->latencies[i] = (struct metrics_latency){statistics.actions[i].action,
								   statistics.actions[i].buckets,
								   statistics.actions[i].total_us};
}

static void fill(struct metrics_daemon *daemon_out, void *context)
{
	struct listeners *listeners = context;
	const struct follow_statistics *statistics = follow_statistics(listeners->follow);

	*daemon_out = (struct metrics_daemon){
		.reconciles = statistics->reconciles,
		.reconcile_failures = statistics->failures,
		.drift = statistics->drift,
		.link_events = statistics->events,
		.link_resyncs = statistics->missed,
	};
	if (listeners->api)
		fill_api(listeners, daemon_out);
}

static int open_metrics(struct listeners *listeners, const struct daemon_settings *daemon,
			struct error *err)
{
	const struct metrics_settings settings = {
		.listen = daemon->metrics, .fill = fill, .context = listeners};

	if (!daemon->metrics)
		return 0;
	return metrics_open(&settings, listeners->control, &listeners->metrics, err);
}

int listeners_open(const struct daemon_settings *settings, struct control *control,
		   const struct follow *follow, struct listeners **listeners_out, struct error *err)
{
	struct listeners *listeners = calloc(1, sizeof(*listeners));
	int r;

	if (!listeners)
		return error_set(err, ENOMEM, CODE_INTERNAL_SERVER_ERROR, "out of memory");
	listeners->control = control;
	listeners->follow = follow;
	r = open_api(listeners, settings, err);
	if (!r)
		r = open_metrics(listeners, settings, err);
	if (r) {
		listeners_close(listeners);
		return r;
	}
	*listeners_out = listeners;
	return 0;
}

void listeners_close(struct listeners *listeners)
{
	if (!listeners)
		return;
	metrics_close(listeners->metrics);
	api_close(listeners->api);
	free(listeners->requests);
	free(listeners->latencies);
	free(listeners);
}

static void end_loop(struct listeners *listeners, const struct error *failure)
{
	listeners->failure = *failure;
	loop_stop(listeners->loop);
}

static void metrics_ready(void *context)
{
	struct listeners *listeners = context;
	struct error failure = {0};

	control_refresh(listeners->control);
	if (metrics_run(listeners->metrics, &failure))
		end_loop(listeners, &failure);
}

static int metrics_timeout(const void *context)
{
	return metrics_timeout_ms(((const struct listeners *)context)->metrics);
}

static void api_ready(void *context)
{
	struct listeners *listeners = context;
	struct error failure = {0};

	control_refresh(listeners->control);
	if (api_run(listeners->api, &failure))
		end_loop(listeners, &failure);
}

static int api_timeout(const void *context)
{
	return api_timeout_ms(((const struct listeners *)context)->api);
}

int listeners_add(struct listeners *listeners, struct loop *loop, struct error *err)
{
	struct loop_source source = {.context = listeners};
	int r = 0;

	listeners->loop = loop;
	if (listeners->api) {
		source.fd = api_fd(listeners->api);
		source.ready = api_ready;
		source.timeout_ms = api_timeout;
		r = loop_add(loop, &source, err);
	}
	if (!r && listeners->metrics) {
		source.fd = metrics_fd(listeners->metrics);
		source.ready = metrics_ready;
		source.timeout_ms = metrics_timeout;
		r = loop_add(loop, &source, err);
	}
	return r;
}

const struct error *listeners_failure(const struct listeners *listeners)
{
	return listeners->failure.message[0] ? &listeners->failure : NULL;
}

int listeners_reload(struct listeners *listeners, struct error *err)
{
	return listeners->api ? api_reload_keys(listeners->api, err) : 0;
}
