/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * signature.h - what a client signs, and the signature of it.
 */
#ifndef API_SIGNATURE_H
#define API_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "api/authorization.h"
#include "api/headers.h"
#include "util/error.h"

#define DIGEST_BYTES 32

/* What of a request is signed. All borrowed. */
struct signed_request {
	const char *method;
	const char *timestamp; /* as it was received */
	const char *signed_headers;
	const struct headers *headers;
	const void *body;
	size_t body_length;
};

/*
 * The signature that the request should have under `secret`. -EINVAL
 * AUTHFAILURE_INVALID_AUTHORIZATION when the signed headers lack content-type
 * or host, or name one that the request has not or has twice. -EIO, -ENOMEM.
 */
int signature_compute(const struct signed_request *request, const char *secret,
		      uint8_t signature_out[SIGNATURE_BYTES], struct error *err);

/* SHA-256. 0 or -EIO. */
int digest_compute(const void *bytes, size_t length, uint8_t digest_out[DIGEST_BYTES],
		   struct error *err);

#endif
