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

#include "daemon/log.h"
#include "model/code.h"
#include "observe/metrics.h"
#include "util/cleanup.h"

struct listeners {
	struct control *control;
	const struct follow *follow;
	struct loop *loop;
	struct metrics *metrics; /* NULL: none */
	struct error failure;
};

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

int listeners_add(struct listeners *listeners, struct loop *loop, struct error *err)
{
	struct loop_source source = {.context = listeners};
	int r = 0;

	listeners->loop = loop;
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
	(void)listeners;
	(void)err;
	return 0;
}
