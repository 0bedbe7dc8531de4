// SPDX-License-Identifier: GPL-2.0-only
/*
 * exchange.c - one request, from its first line to its log entry.
 *
 * A whole request waits for its turn, and the loop comes around after each: a
 * hundred clients that all ask at once do not hold up what else there is to do.
 *
 * What is wrong with the headers is answered when the body is through, so that
 * the client has read nothing but what it waits for and the connection can be
 * kept; unless it waits for a word before it sends one, or has much to send.
 */
#include <errno.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "model/code.h"
#include "util/array.h"
#include "util/cleanup.h"
#include "util/monotonic.h"
#include "util/number.h"

#define PATH "/api/v2/vm"
#define HEALTH_PATH "/healthz"
/* Bodies up to so many times of what is allowed are read to their end and thrown away. */
#define DISCARDED_BODIES 4

/* Random, as version 4 has it. */
static void id_make(char id[REQUEST_ID_MAX])
{
	uint8_t b[16] = {0};

	(void)gnutls_rnd(GNUTLS_RND_NONCE, b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(id, REQUEST_ID_MAX,
		 "T%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", b[0],
		 b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
		 b[14], b[15]);
}

void *exchange_begin(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	(void)uri;
	if (!exchange)
		return NULL;
	exchange->api = context;
	exchange->connection = connection;
	exchange->begun_us = monotonic_us();
	id_make(exchange->id);
	return exchange;
}

static enum MHD_Result header_add(void *context, enum MHD_ValueKind kind, const char *name,
				  const char *value)
{
	struct headers *headers = context;

	(void)kind;
	if (headers->count == HEADERS_MAX)
		return MHD_NO;
	headers->items[headers->count++] = (struct header){name, value ? value : ""};
	return MHD_YES;
}

/* One that is there twice means one thing to us and another to somebody in between. */
static int check_twice(const struct headers *headers, struct error *err)
{
	static const char *const once[] = {"authorization", "content-type",  "content-length",
					   "host",	    "x-zc-action",   "x-zc-version",
					   "x-zc-service",  "x-zc-timestamp"};

	for (size_t i = 0; i < ARRAY_SIZE(once); i++) {
		if (headers_have_twice(headers, once[i]))
			return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
					 "header %s is there twice: send it once", once[i]);
	}
	return 0;
}

static int check_path(struct exchange *exchange, const char *url, const char *method)
{
	bool wants_get = !strcmp(url, HEALTH_PATH);
	bool gets = !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);

	if (!wants_get && strcmp(url, PATH) != 0)
		return error_set(&exchange->error, ENOENT, CODE_INVALID_PATH_NOT_FOUND,
				 "no such path: use POST " PATH " or GET " HEALTH_PATH);
	if (wants_get ? !gets : strcmp(method, MHD_HTTP_METHOD_POST) != 0)
		return error_set(&exchange->error, EINVAL, CODE_METHOD_NOT_ALLOWED,
				 "no such method at this path: use POST " PATH
				 " or GET " HEALTH_PATH);
	exchange->is_health = wants_get;
	return 0;
}

static int too_large(struct exchange *exchange)
{
	return error_set(&exchange->error, EFBIG, CODE_REQUEST_TOO_LARGE,
			 "the body has over %zu bytes: send less at a time",
			 exchange->api->max_body);
}

/* Whether to answer before the body has come. */
static bool answers_at_once(const struct exchange *exchange, uint64_t body_length)
{
	return exchange->error.code && (headers_get(&exchange->headers, "expect") ||
					body_length > DISCARDED_BODIES * exchange->api->max_body);
}

/* Takes the text. */
static enum MHD_Result answer(struct exchange *exchange, struct MHD_Connection *connection,
			      char *text)
{
	struct client *client = client_of(connection);
	enum MHD_Result result = MHD_NO;
	struct MHD_Response *response;

	if (!text)
		return MHD_NO;
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	if (MHD_add_response_header(response, "content-type", "application/json") == MHD_YES &&
	    MHD_add_response_header(response, "cache-control", "no-store") == MHD_YES &&
	    (exchange->status != 405 ||
	     MHD_add_response_header(response, "allow", "POST, GET, HEAD") == MHD_YES))
		result = MHD_queue_response(connection, exchange->status, response);
	MHD_destroy_response(response);
	exchange->is_answered = result == MHD_YES;
	if (client)
		client_renew(client);
	return result;
}

static enum MHD_Result begin(struct exchange *exchange, struct MHD_Connection *connection,
			     const char *url, const char *method)
{
	struct headers *headers = &exchange->headers;
	const char *length_text;
	uint64_t length = 0;
	int r = check_path(exchange, url, method);

	exchange->has_begun = true;
	exchange->method = method;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, header_add, headers);
	if (!r && MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL) > HEADERS_MAX)
		r = error_set(&exchange->error, EFBIG, CODE_REQUEST_TOO_LARGE,
			      "over %d headers: send fewer", HEADERS_MAX);
	if (!r)
		r = check_twice(headers, &exchange->error);
	length_text = headers_get(headers, "content-length");
	if (length_text && number_parse(length_text, 0, UINT64_MAX, &length))
		length = UINT64_MAX;
	if (!r && length > exchange->api->max_body)
		r = too_large(exchange);
	if (!r || !answers_at_once(exchange, length))
		return MHD_YES;
	return answer(exchange, connection, exchange_error_text(exchange));
}

/* Nothing is kept of a request that will be refused. */
static void body_add(struct exchange *exchange, const char *bytes, size_t count)
{
	if (exchange->error.code)
		return;
	if (count > exchange->api->max_body - exchange->body_length) {
		too_large(exchange);
		return;
	}
	if (array_reserve(&exchange->body, &exchange->body_capacity, exchange->body_length + count,
			  1)) {
		out_of_memory(&exchange->error);
		return;
	}
	memcpy(exchange->body + exchange->body_length, bytes, count);
	exchange->body_length += count;
}

enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url,
				const char *method, const char *version, const char *body,
				size_t *body_length, void **state)
{
	struct exchange *exchange = *state;

	(void)context;
	(void)version;
	if (!exchange)
		return MHD_NO;
	if (!exchange->has_begun)
		return begin(exchange, connection, url, method);
	if (*body_length) {
		body_add(exchange, body, *body_length);
		*body_length = 0;
		return MHD_YES;
	}
	if (exchange->is_answered)
		return MHD_YES;
	if (exchange->is_performed || exchange->error.code)
		return answer(exchange, connection,
			      exchange->is_performed ? TAKE_PTR(exchange->answer)
						     : exchange_error_text(exchange));
	*exchange->api->waiting_end = exchange;
	exchange->api->waiting_end = &exchange->next;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

/* NULL when nobody waits. */
static struct exchange *waiting_take(struct api *api)
{
	struct exchange *exchange = api->waiting;

	if (!exchange)
		return NULL;
	api->waiting = exchange->next;
	if (!api->waiting)
		api->waiting_end = &api->waiting;
	exchange->next = NULL;
	exchange->is_performed = true;
	return exchange;
}

bool exchange_perform_next(struct api *api)
{
	struct exchange *exchange = waiting_take(api);
	const struct client *client = exchange ? client_of(exchange->connection) : NULL;

	if (!exchange)
		return false;
	/* nobody would hear of what was done for one that was cut off */
	if (client && !client->is_cut)
		exchange->answer = exchange_perform(exchange);
	MHD_resume_connection(exchange->connection);
	return true;
}

void exchanges_abandon(struct api *api)
{
	struct exchange *exchange;

	while ((exchange = waiting_take(api)))
		MHD_resume_connection(exchange->connection);
}

static void tell(const struct exchange *exchange, const struct client *client, const char *action,
		 const char *code, uint64_t duration_us)
{
	struct api_request_log entry = {
		.request_id = exchange->id,
		.action = action,
		.code = code,
		.status = exchange->status,
		.duration_us = duration_us,
		.key_id = exchange->key_id[0] ? exchange->key_id : NULL,
		.peer = client ? client->peer : "",
		.cause = exchange->error.code ? exchange->error.message : NULL,
	};

	if (client) {
		entry.has_credentials = client->has_credentials;
		entry.pid = client->pid;
		entry.uid = client->uid;
		entry.gid = client->gid;
	}
	if (exchange->api->request_done)
		exchange->api->request_done(&entry, exchange->api->context);
}

void exchange_end(void *context, struct MHD_Connection *connection, void **state,
		  enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *state;
	struct client *client = client_of(connection);
	const char *action = "unknown";
	uint64_t duration_us;

	(void)context;
	if (!exchange)
		return;
	duration_us = monotonic_us() - exchange->begun_us;
	if (exchange->is_health)
		action = "healthz";
	else if (exchange->action)
		action = exchange->action->name;
	if (!exchange->is_answered)
		error_set(&exchange->error, EIO, "ABORTED", "the request did not come whole");
	else if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK && !exchange->error.code)
		error_set(&exchange->error, EIO, "ABORTED", "the answer was not taken");
	statistics_count(&exchange->api->statistics, action, exchange->error.code, exchange->status,
			 duration_us);
	tell(exchange, client, action, exchange->error.code, duration_us);
	if (client)
		client_renew(client);
	free(exchange->answer);
	free(exchange->body);
	free(exchange);
	*state = NULL;
}
