// SPDX-License-Identifier: GPL-2.0-only
/*
 * perform.c - from a whole request to its answer.
 */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <strings.h>

#include "api/authenticate.h"
#include "api/internal.h"
#include "codec/json.h"
#include "model/code.h"
#include "util/cleanup.h"
#include "util/monotonic.h"
#include "util/quote.h"

/* After a larger answer, the memory that it took is given back. */
#define LARGE_BYTES ((size_t)1 << 20)

#define VERSION_1 "2023-03-13"
#define VERSION_2 "2026-04-01"

/* What went wrong here is for the log, not for clients. */
static const char *message_for_client(const struct exchange *exchange)
{
	switch (exchange->status) {
	case MHD_HTTP_INTERNAL_SERVER_ERROR:
		return "the server failed: its log has the cause beside this request id";
	case MHD_HTTP_SERVICE_UNAVAILABLE:
		return "the server is busy: try again";
	default:
		return exchange->error.message;
	}
}

char *exchange_error_text(struct exchange *exchange)
{
	json_t *document;
	char *text;

	exchange->status = code_http_status(exchange->error.code);
	document = json_pack("{s:s, s:s, s:o}", "requestId", exchange->id, "code",
			     exchange->status == MHD_HTTP_INTERNAL_SERVER_ERROR
				     ? CODE_INTERNAL_SERVER_ERROR
				     : exchange->error.code,
			     "message", json_text(message_for_client(exchange)));
	text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	json_decref(document);
	return text;
}

/* "application/json", with whatever parameters. */
static int check_type(const struct exchange *exchange, struct error *err)
{
	static const char wanted[] = "application/json";
	const char *type = headers_get(&exchange->headers, "content-type");
	size_t length = type ? strcspn(type, "; \t") : 0;

	if (length == strlen(wanted) && !strncasecmp(type, wanted, length))
		return 0;
	return error_set(err, EINVAL, CODE_UNSUPPORTED_MEDIA_TYPE,
			 "content-type is \"%s\": send application/json",
			 type ? quote(type).text : "");
}

/* Whose request it is, and whether he may have one more now. */
static int admit(struct exchange *exchange, struct error *err)
{
	struct api *api = exchange->api;
	struct allowance *allowance = &api->allowance;
	struct access_key *key = NULL;
	int r = 0;

	if (api->keys_path)
		r = authenticate(&api->keys, exchange->method, &exchange->headers, exchange->body,
				 exchange->body_length, clock_seconds(api), &key, err);
	if (r)
		return r;
	if (key) {
		strcpy(exchange->key_id, key->id);
		allowance = &key->allowance;
	}
	if (allowance_take(allowance, api->rate_per_second, monotonic_us()))
		return 0;
	return error_set(err, EAGAIN, CODE_REQUEST_LIMIT_EXCEEDED,
			 "over %u requests a second: wait, then try again", api->rate_per_second);
}

static int action_read(struct exchange *exchange, bool *with_priority_out, struct error *err)
{
	const char *service = headers_get(&exchange->headers, "x-zc-service");
	const char *version = headers_get(&exchange->headers, "x-zc-version");
	const char *name = headers_get(&exchange->headers, "x-zc-action");

	if (!name)
		return error_set(err, EINVAL, CODE_MISSING_PARAMETER,
				 "header x-zc-action is missing: give the name of an action");
	if (service && strcmp(service, "vm") != 0)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "header x-zc-service is \"%s\": give vm", quote(service).text);
	if (version && strcmp(version, VERSION_1) != 0 && strcmp(version, VERSION_2) != 0)
		return error_set(err, EINVAL, CODE_INVALID_PARAMETER_VALUE,
				 "header x-zc-version is \"%s\": give " VERSION_1 " or " VERSION_2,
				 quote(version).text);
	exchange->action = action_find(name);
	if (!exchange->action)
		return error_set(err, EINVAL, CODE_AUTHFAILURE_UNAUTHORIZED_OPERATION,
				 "there is no action \"%s\"", quote(name).text);
	*with_priority_out = version && !strcmp(version, VERSION_2);
	return 0;
}

static int run(struct exchange *exchange, bool with_priority, const json_t *request, FILE *out,
	       struct error *err)
{
	struct control *control = exchange->api->control;
	AUTO(call_fini) struct call call = {0};
	int r = call_parse(exchange->action, request, &call, err);

	if (r)
		return r;
	call.with_priority = with_priority;
	control_set_caller(control, CALLER_CLIENT);
	r = exchange->action->run(control, &call, out, err);
	control_set_caller(control, CALLER_OPERATOR);
	return r;
}

static int perform(struct exchange *exchange, FILE *out, struct error *err)
{
	bool with_priority = false;
	json_t *request = NULL;
	int r = check_type(exchange, err);

	if (!r)
		r = admit(exchange, err);
	if (!r)
		r = action_read(exchange, &with_priority, err);
	if (!r)
		r = request_parse(exchange->body ? exchange->body : "", exchange->body_length,
				  &request, err);
	if (!r)
		r = run(exchange, with_priority, request, out, err);
	json_decref(request);
	return r;
}

static char *health(struct exchange *exchange)
{
	const char *text = NULL;
	bool is_healthy = false;

	if (health_get(&exchange->api->health, exchange->api->control, &text, &is_healthy,
		       &exchange->error))
		return exchange_error_text(exchange);
	exchange->status = is_healthy ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	return strdup(text);
}

char *exchange_perform(struct exchange *exchange)
{
	AUTO_FREE char *text = NULL;
	size_t length = 0;
	FILE *out;
	int r;

	if (exchange->error.code)
		return exchange_error_text(exchange);
	if (exchange->is_health)
		return health(exchange);
	out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	fprintf(out, "{\"requestId\":\"%s\",\"response\":{\"requestId\":\"%s\"", exchange->id,
		exchange->id);
	r = perform(exchange, out, &exchange->error);
	fputs("}}", out);
	if (fclose(out) && !r)
		r = out_of_memory(&exchange->error);
	if (length > LARGE_BYTES)
		malloc_trim(0);
	if (r && !exchange->error.code)
		exchange->error.code = CODE_INTERNAL_SERVER_ERROR;
	if (r)
		return exchange_error_text(exchange);
	exchange->status = MHD_HTTP_OK;
	return TAKE_PTR(text);
}
