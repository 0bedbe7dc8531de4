/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * authorization.h - the header field `authorization`, read.
 */
#ifndef API_AUTHORIZATION_H
#define API_AUTHORIZATION_H

#include <stdbool.h>
#include <stdint.h>

#include "model/name.h"
#include "util/error.h"

#define SIGNATURE_METHOD "ZC2-HMAC-SHA256"
#define SIGNATURE_BYTES 32
#define SIGNED_HEADERS_MAX 256
#define SECRET_MAX 255

struct authorization {
	bool is_bearer;
	char token[SECRET_MAX + 1]; /* is_bearer */
	/* else */
	char key_id[ID_MAX + 1];
	char signed_headers[SIGNED_HEADERS_MAX + 1]; /* names, separated by ';' */
	uint8_t signature[SIGNATURE_BYTES];
};

/*
 * Read `Bearer TOKEN` or
 * `ZC2-HMAC-SHA256 Credential=ID, SignedHeaders=NAME;NAME..., Signature=HEX`.
 * -EINVAL AUTHFAILURE_INVALID_AUTHORIZATION. Nothing of the text is in the
 * message: it may hold a secret.
 */
int authorization_parse(const char *text, struct authorization *authorization_out,
			struct error *err);

#endif
