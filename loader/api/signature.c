// SPDX-License-Identifier: GPL-2.0-only
/*
 * signature.c - what a client signs, and the signature of it.
 *
 *   canonical request  METHOD \n / \n \n NAME:VALUE\n ... \n NAME;... \n hex(SHA256(body))
 *   string to sign     ZC2-HMAC-SHA256 \n TIMESTAMP \n hex(SHA256(canonical request))
 *   signature          HMAC-SHA256(secret, string to sign)
 */
#include "api/signature.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "model/code.h"
#include "util/cleanup.h"

#define HEX_BYTES (2 * DIGEST_BYTES + 1)

static void hex_format(const uint8_t bytes[DIGEST_BYTES], char text[HEX_BYTES])
{
	for (size_t i = 0; i < DIGEST_BYTES; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

static int crypto_failed(int code, struct error *err)
{
	return error_set(err, EIO, CODE_INTERNAL_SERVER_ERROR, "cryptography failed: %s",
			 gnutls_strerror(code));
}

int digest_compute(const void *bytes, size_t length, uint8_t digest_out[DIGEST_BYTES],
		   struct error *err)
{
	int code = gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, length, digest_out);

	return code ? crypto_failed(code, err) : 0;
}

static int digest_hex(const void *bytes, size_t length, char text[HEX_BYTES], struct error *err)
{
	uint8_t digest[DIGEST_BYTES] = {0};
	int r = digest_compute(bytes, length, digest, err);

	if (!r)
		hex_format(digest, text);
	return r;
}

static int bad_header(const char *what, struct error *err)
{
	return error_set(err, EINVAL, CODE_AUTHFAILURE_INVALID_AUTHORIZATION,
			 "SignedHeaders %s: sign content-type and host, and headers that are sent "
			 "once",
			 what);
}

/* A line for each name of `names`. */
static int headers_write(const struct headers *headers, const char *names, FILE *out,
			 struct error *err)
{
	bool has_type = false, has_host = false;

	for (const char *name = names;; name++) {
		size_t length = strcspn(name, ";");
		const char *value = headers_get_part(headers, name, length);

		if (!length || !value)
			return bad_header("names a header that is not there, or is twice", err);
		fprintf(out, "%.*s:%s\n", (int)length, name, value);
		has_type |= length == strlen("content-type") &&
			    !strncasecmp(name, "content-type", length);
		has_host |= length == strlen("host") && !strncasecmp(name, "host", length);
		name += length;
		if (!*name)
			break;
	}
	return has_type && has_host ? 0 : bad_header("lacks content-type or host", err);
}

static int canonical_write(const struct signed_request *request, FILE *out, struct error *err)
{
	char body[HEX_BYTES];
	int r = digest_hex(request->body, request->body_length, body, err);

	if (r)
		return r;
	fprintf(out, "%s\n/\n\n", request->method);
	r = headers_write(request->headers, request->signed_headers, out, err);
	fprintf(out, "\n%s\n%s", request->signed_headers, body);
	return r;
}

static int canonical_digest(const struct signed_request *request, char text[HEX_BYTES],
			    struct error *err)
{
	AUTO_FREE char *canonical = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&canonical, &length);
	int r;

	if (!out)
		return out_of_memory(err);
	r = canonical_write(request, out, err);
	if (fclose(out) && !r)
		r = out_of_memory(err);
	return r ? r : digest_hex(canonical, length, text, err);
}

int signature_compute(const struct signed_request *request, const char *secret,
		      uint8_t signature_out[SIGNATURE_BYTES], struct error *err)
{
	AUTO_FREE char *text = NULL;
	char canonical[HEX_BYTES];
	int length, code;
	int r = canonical_digest(request, canonical, err);

	if (r)
		return r;
	length = asprintf(&text, SIGNATURE_METHOD "\n%s\n%s", request->timestamp, canonical);
	if (length < 0) {
		text = NULL;
		return out_of_memory(err);
	}
	code = gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret, strlen(secret), text, (size_t)length,
				signature_out);
	return code ? crypto_failed(code, err) : 0;
}
