// SPDX-License-Identifier: GPL-2.0-only
/*
 * api.c - the server of the API in its caller's loop.
 */
#include "api/api.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "model/code.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/monotonic.h"
#include "util/number.h"
#include "util/quote.h"

/* Of a connection, for the headers of a request and a part of its body. */
#define CONNECTION_BYTES ((size_t)32 << 10)
#define PEM_BYTES ((size_t)1 << 20)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

void api_settings_default(struct api_settings *settings_out)
{
	*settings_out = (struct api_settings){
		.listen_fd = -1,
		.rate_per_second = API_DEFAULT_RATE_PER_SECOND,
		.max_body = API_DEFAULT_MAX_BODY,
		.max_connections = API_DEFAULT_MAX_CONNECTIONS,
		.timeout_s = API_DEFAULT_TIMEOUT_S,
	};
}

static int pem_read(const char *path, char **text_out, struct error *err)
{
	struct error cause;
	size_t length;
	int r = file_read(path, PEM_BYTES, text_out, &length, &cause);

	return r ? error_set(err, -r, CODE_INVALID_PARAMETER_VALUE, "%s", cause.message) : 0;
}

/* The server would start with any text, and fail each client. */
static int check_pair(const char *cert, const char *key, struct error *err)
{
	const gnutls_datum_t cert_text = {(unsigned char *)cert, (unsigned int)strlen(cert)};
	const gnutls_datum_t key_text = {(unsigned char *)key, (unsigned int)strlen(key)};
	gnutls_certificate_credentials_t credentials;
	int code = gnutls_certificate_allocate_credentials(&credentials);

	if (code)
		return out_of_memory(err);
	code = gnutls_certificate_set_x509_key_mem(credentials, &cert_text, &key_text,
						   GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	if (code < 0)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "certificate and key of TLS cannot be used: %s",
				 gnutls_strerror(code));
	return 0;
}

static struct MHD_Daemon *server_start(struct api *api, const struct api_settings *settings,
				       char *cert, char *key)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, TLS_PRIORITIES},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (cert ? MHD_USE_TLS : 0), 0, NULL, NULL,
		exchange_handle, api, MHD_OPTION_LISTEN_SOCKET, api->listener.fd,
		MHD_OPTION_CONNECTION_LIMIT, settings->max_connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION,
		client_notify, api, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, api,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_end, api, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, cert ? tls : none, MHD_OPTION_END);
}

static int serve(struct api *api, const struct api_settings *settings, struct error *err)
{
	AUTO_FREE char *cert = NULL;
	AUTO_FREE char *key = NULL;
	int r = 0;

	if (settings->tls_cert) {
		r = pem_read(settings->tls_cert, &cert, err);
		if (!r)
			r = pem_read(settings->tls_key, &key, err);
		if (!r)
			r = check_pair(cert, key, err);
	}
	if (!r) {
		api->server = server_start(api, settings, cert, key);
		if (!api->server)
			r = error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR,
				      "cannot start the HTTP server");
	}
	/* both are copied, or parsed, by the server */
	if (key)
		explicit_bzero(key, strlen(key));
	return r;
}

static int fixed_time_read(int64_t *time_out, struct error *err)
{
	const char *text = getenv("SGATE_TEST_CLOCK");
	uint64_t seconds = 0;

	if (text && number_parse(text, 1, INT64_MAX, &seconds))
		return error_set(err, EINVAL, CODE_USAGE,
				 "SGATE_TEST_CLOCK is \"%s\": give seconds since 1970",
				 quote(text).text);
	*time_out = (int64_t)seconds;
	return 0;
}

static int keys_open(struct api *api, const char *path, struct error *err)
{
	if (!path)
		return 0;
	api->keys_path = strdup(path);
	return api->keys_path ? access_load(&api->keys, path, err) : out_of_memory(err);
}

int api_open(const struct api_settings *settings, struct control *control, struct api **api_out,
	     struct error *err)
{
	struct api *api = calloc(1, sizeof(*api));
	int r;

	if (!api)
		return out_of_memory(err);
	api->control = control;
	api->listener.fd = -1;
	api->waiting_end = &api->waiting;
	api->rate_per_second = settings->rate_per_second;
	api->max_body = settings->max_body;
	api->timeout_us = (uint64_t)settings->timeout_s * 1000000;
	api->request_done = settings->request_done;
	api->context = settings->context;
	r = fixed_time_read(&api->fixed_time, err);
	if (!r)
		r = keys_open(api, settings->keys_path, err);
	if (!r)
		r = listener_open(settings, &api->listener, err);
	if (!r)
		r = serve(api, settings, err);
	if (r) {
		api_close(api);
		return r;
	}
	*api_out = api;
	return 0;
}

void api_close(struct api *api)
{
	if (!api)
		return;
	if (api->server) {
		exchanges_abandon(api);
		MHD_stop_daemon(api->server);
		api->listener.fd = -1; /* the server has closed it */
	}
	listener_close(&api->listener);
	access_fini(&api->keys);
	health_fini(&api->health);
	statistics_fini(&api->statistics);
	free(api->keys_path);
	free(api);
}

int api_fd(const struct api *api)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(api->server, MHD_DAEMON_INFO_EPOLL_FD);

	return info->epoll_fd;
}

int api_timeout_ms(const struct api *api)
{
	MHD_UNSIGNED_LONG_LONG server_ms = 0;
	uint64_t now_us = monotonic_us();
	int timeout_ms = -1;

	if (api->waiting || (api->first && api->first->deadline_us <= now_us))
		return 0;
	if (api->first)
		timeout_ms = (int)((api->first->deadline_us - now_us) / 1000 + 1);
	if (MHD_get_timeout(api->server, &server_ms) == MHD_YES &&
	    (timeout_ms < 0 || server_ms < (MHD_UNSIGNED_LONG_LONG)timeout_ms))
		timeout_ms = server_ms > INT_MAX ? INT_MAX : (int)server_ms;
	return timeout_ms;
}

int api_run(struct api *api, struct error *err)
{
	enum MHD_Result result;

	clients_cut(api);
	result = MHD_run(api->server);
	/* the answer is sent at once */
	if (result == MHD_YES && exchange_perform_next(api))
		result = MHD_run(api->server);
	if (result == MHD_YES)
		return 0;
	return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR, "the listener of the API failed");
}

int api_reload_keys(struct api *api, struct error *err)
{
	return api->keys_path ? access_load(&api->keys, api->keys_path, err) : 0;
}

void api_statistics(const struct api *api, struct api_statistics *statistics_out)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(api->server, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	*statistics_out = (struct api_statistics){
		.actions = api->statistics.actions,
		.action_count = api->statistics.action_count,
		.codes = api->statistics.codes,
		.code_count = api->statistics.code_count,
		.connections = info ? info->num_connections : 0,
	};
}
