/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * authenticate.h - whose request it is.
 */
#ifndef API_AUTHENTICATE_H
#define API_AUTHENTICATE_H

#include <stdint.h>

#include "api/headers.h"
#include "api/access.h"
#include "util/error.h"

/* How far a time stamp may be off the clock, in seconds. */
#define TIMESTAMP_WINDOW 300

/*
 * The key that a request was made with, its token or its signature being right
 * at `now` (seconds since 1970). Borrowed from `keys`. -EINVAL with
 * AUTHFAILURE_INVALID_AUTHORIZATION for what cannot be read,
 * AUTHFAILURE_SIGNATURE_FAILURE for a wrong signature or an unknown key or
 * token, AUTHFAILURE_SIGNATURE_EXPIRED for a right one of another time.
 */
int authenticate(const struct access_keys *keys, const char *method, const struct headers *headers,
		 const void *body, size_t body_length, int64_t now, struct access_key **key_out,
		 struct error *err);

#endif
