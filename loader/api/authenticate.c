// SPDX-License-Identifier: GPL-2.0-only
/*
 * authenticate.c - whose request it is.
 */
#include "api/authenticate.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "model/code.h"
#include "util/number.h"

static int invalid(struct error *err, const char *what)
{
	return error_set(err, EINVAL, CODE_AUTHFAILURE_INVALID_AUTHORIZATION, "%s", what);
}

/* One message for both, so that nobody can find out which ids there are. */
static int refused(struct error *err)
{
	return error_set(err, EINVAL, CODE_AUTHFAILURE_SIGNATURE_FAILURE,
			 "the key is unknown or the signature or token is wrong: check key, "
			 "signed headers and body");
}

static int timestamp_check(uint64_t timestamp, int64_t now, struct error *err)
{
	int64_t off = now - (int64_t)timestamp;

	if (off >= -TIMESTAMP_WINDOW && off <= TIMESTAMP_WINDOW)
		return 0;
	return error_set(err, EINVAL, CODE_AUTHFAILURE_SIGNATURE_EXPIRED,
			 "x-zc-timestamp is %lld seconds %s this clock: at most %d are allowed",
			 (long long)(off < 0 ? -off : off), off < 0 ? "ahead of" : "behind",
			 TIMESTAMP_WINDOW);
}

static int signature_check(const struct access_keys *keys,
			   const struct authorization *authorization,
			   const struct signed_request *request, struct access_key **key_out,
			   struct error *err)
{
	uint8_t wanted[SIGNATURE_BYTES] = {0};
	struct access_key *key = access_find(keys, authorization->key_id);
	/* an unknown key takes as long as a known one */
	int r = signature_compute(request, key ? key->secret : "unknown", wanted, err);

	if (r)
		return r;
	if (gnutls_memcmp(wanted, authorization->signature, sizeof(wanted)) || !key)
		return refused(err);
	*key_out = key;
	return 0;
}

static int signed_check(const struct access_keys *keys, const struct authorization *authorization,
			struct signed_request *request, int64_t now, struct access_key **key_out,
			struct error *err)
{
	const char *method = headers_get(request->headers, "x-zc-signature-method");
	struct access_key *key = NULL;
	uint64_t timestamp = 0;
	int r;

	request->timestamp = headers_get(request->headers, "x-zc-timestamp");
	if (!request->timestamp || number_parse(request->timestamp, 0, INT64_MAX, &timestamp))
		return invalid(err, "x-zc-timestamp is missing or not seconds since 1970");
	if (method && strcmp(method, SIGNATURE_METHOD))
		return invalid(err, "x-zc-signature-method is not " SIGNATURE_METHOD);
	r = signature_check(keys, authorization, request, &key, err);
	if (!r)
		r = timestamp_check(timestamp, now, err);
	if (!r)
		*key_out = key;
	return r;
}

int authenticate(const struct access_keys *keys, const char *method, const struct headers *headers,
		 const void *body, size_t body_length, int64_t now, struct access_key **key_out,
		 struct error *err)
{
	const char *text = headers_get(headers, "authorization");
	struct authorization authorization = {0};
	struct signed_request request = {
		.method = method,
		.signed_headers = authorization.signed_headers,
		.headers = headers,
		.body = body,
		.body_length = body_length,
	};
	struct access_key *key = NULL;
	int r;

	if (!text)
		return invalid(err, "authorization is missing, or there twice");
	r = authorization_parse(text, &authorization, err);
	if (r)
		return r;
	if (authorization.is_bearer)
		key = access_find_token(keys, authorization.token);
	else
		r = signed_check(keys, &authorization, &request, now, &key, err);
	explicit_bzero(&authorization, sizeof(authorization));
	if (!r && !key)
		r = refused(err);
	if (!r)
		*key_out = key;
	return r;
}
