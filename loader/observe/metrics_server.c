// SPDX-License-Identifier: GPL-2.0-only
/*
 * metrics_server.c - GET /metrics and GET /healthz on a listener of their own.
 *
 * Anybody who can connect is answered, so that it serves nothing else, reads
 * no body, and has few connections, each for a short time. Single-threaded, in
 * its caller's loop.
 */
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "model/code.h"
#include "net/listen.h"
#include "observe/exposition.h"
#include "observe/health.h"
#include "observe/metrics.h"
#include "util/cleanup.h"

#define MAX_CONNECTIONS 16
#define TIMEOUT_S 10
#define CONNECTION_BYTES 16384 /* for the headers of a request */

struct metrics {
	struct MHD_Daemon *server;
	struct control *control;
	void (*fill)(struct metrics_daemon *daemon_out, void *context);
	void *context;
	struct health health;
};

/* Takes `text` over when it is not NULL. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *type, char *text, size_t length)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		text ? length : 0, text ? text : "",
		text ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result = MHD_NO;

	if (!response) {
		free(text);
		return MHD_NO;
	}
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
	    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") ==
		    MHD_YES &&
	    (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
	     MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") == MHD_YES))
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_words(struct MHD_Connection *connection, unsigned int status,
				    const char *words)
{
	char *copy = strdup(words);

	return copy ? answer(connection, status, "text/plain; charset=utf-8", copy, strlen(copy))
		    : MHD_NO;
}

static enum MHD_Result answer_metrics(struct metrics *metrics, struct MHD_Connection *connection)
{
	struct metrics_daemon daemon = {};
	char *text = NULL;
	size_t length = 0;
	struct error err = {};

	if (metrics->fill)
		metrics->fill(&daemon, metrics->context);
	if (metrics_text(metrics->control, &daemon, &text, &length, &err))
		return answer_words(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	return answer(connection, MHD_HTTP_OK, EXPOSITION_TYPE, text, length);
}

static enum MHD_Result answer_health(struct metrics *metrics, struct MHD_Connection *connection)
{
	const char *text = NULL;
	bool is_healthy = false;
	struct error err = {};
	char *copy;

	if (health_get(&metrics->health, metrics->control, &text, &is_healthy, &err))
		return answer_words(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
	copy = strdup(text);
	if (!copy)
		return MHD_NO;
	return answer(connection, is_healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
		      "application/json", copy, strlen(copy));
}

/* Called with the headers of a request; whatever body it has is not waited for. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *body,
			      size_t *body_length, void **state)
{
	(void)version;
	(void)body;
	(void)state;
	*body_length = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	if (!strcmp(url, "/metrics"))
		return answer_metrics(context, connection);
	if (!strcmp(url, "/healthz"))
		return answer_health(context, connection);
	return answer_words(connection, MHD_HTTP_NOT_FOUND, "see /metrics and /healthz\n");
}

int metrics_open(const struct metrics_settings *settings, struct control *control,
		 struct metrics **metrics_out, struct error *err)
{
	struct metrics *metrics;
	AUTO_CLOSE int fd = -1;
	int r = tcp_listen(settings->listen, &fd, err);

	if (r)
		return r;
	metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		return out_of_memory(err);
	metrics->control = control;
	metrics->fill = settings->fill;
	metrics->context = settings->context;
	metrics->server = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, handle, metrics, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_END);
	if (!metrics->server) {
		free(metrics);
		return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
				 "cannot serve metrics at \"%s\"", settings->listen);
	}
	(void)TAKE_FD(fd);
	*metrics_out = metrics;
	return 0;
}

void metrics_close(struct metrics *metrics)
{
	if (!metrics)
		return;
	MHD_stop_daemon(metrics->server);
	health_fini(&metrics->health);
	free(metrics);
}

int metrics_fd(const struct metrics *metrics)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(metrics->server, MHD_DAEMON_INFO_EPOLL_FD);

	return info->epoll_fd;
}

int metrics_timeout_ms(const struct metrics *metrics)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

	return MHD_get_timeout(metrics->server, &timeout_ms) == MHD_YES ? (int)timeout_ms : -1;
}

int metrics_run(struct metrics *metrics, struct error *err)
{
	if (MHD_run(metrics->server) == MHD_YES)
		return 0;
	return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR, "the listener of metrics failed");
}
