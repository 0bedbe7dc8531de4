// SPDX-License-Identifier: GPL-2.0-only
/*
 * authorization.c - the header field `authorization`, read.
 */
#include "api/authorization.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "model/code.h"
#include "util/number.h"

#define BLANKS " \t"

static int invalid(struct error *err, const char *what)
{
	return error_set(err, EINVAL, CODE_AUTHFAILURE_INVALID_AUTHORIZATION,
			 "authorization %s: send \"Bearer TOKEN\" or \"" SIGNATURE_METHOD
			 " Credential=ID, SignedHeaders=content-type;host, Signature=HEX\"",
			 what);
}

static int bearer_read(const char *token, struct authorization *authorization, struct error *err)
{
	size_t length = strcspn(token, BLANKS);

	if (!length || token[length] || length > SECRET_MAX)
		return invalid(err, "has no token, or a bad one");
	authorization->is_bearer = true;
	memcpy(authorization->token, token, length + 1);
	return 0;
}

static bool signature_read(const char *text, size_t length, uint8_t *signature)
{
	if (length != 2UL * SIGNATURE_BYTES)
		return false;
	for (size_t i = 0; i < SIGNATURE_BYTES; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		signature[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* Into `copy` of `size` bytes, which is empty till then. */
static bool text_read(const char *text, size_t length, char *copy, size_t size)
{
	if (!length || length >= size || *copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return true;
}

/* NAME=VALUE of `length` bytes; each name may come once. */
static bool part_read(const char *part, size_t length, struct authorization *authorization,
		      bool *has_signature)
{
	static const char credential[] = "Credential=", headers[] = "SignedHeaders=",
			  signature[] = "Signature=";
	const char *equals = memchr(part, '=', length);
	size_t name_length = equals ? (size_t)(equals - part) + 1 : 0;
	const char *value = part + name_length;
	size_t value_length = length - name_length;

	if (name_length == strlen(credential) && !strncmp(part, credential, name_length))
		return text_read(value, value_length, authorization->key_id,
				 sizeof(authorization->key_id));
	if (name_length == strlen(headers) && !strncmp(part, headers, name_length))
		return text_read(value, value_length, authorization->signed_headers,
				 sizeof(authorization->signed_headers));
	if (name_length != strlen(signature) || strncmp(part, signature, name_length) ||
	    *has_signature)
		return false;
	*has_signature = true;
	return signature_read(value, value_length, authorization->signature);
}

static int parts_read(const char *text, struct authorization *authorization, struct error *err)
{
	bool has_signature = false;

	for (;;) {
		size_t length = strcspn(text, "," BLANKS);

		if (!part_read(text, length, authorization, &has_signature))
			return invalid(err, "has a part that is not one, or bad, or there twice");
		text += length;
		text += strspn(text, BLANKS);
		if (!*text)
			break;
		if (*text++ != ',')
			return invalid(err, "lacks a comma between its parts");
		text += strspn(text, BLANKS);
	}
	if (!authorization->key_id[0] || !authorization->signed_headers[0] || !has_signature)
		return invalid(err, "lacks Credential, SignedHeaders or Signature");
	return 0;
}

int authorization_parse(const char *text, struct authorization *authorization_out,
			struct error *err)
{
	static const char bearer[] = "Bearer";
	size_t length = strcspn(text, BLANKS);
	const char *rest = text + length + strspn(text + length, BLANKS);
	struct authorization authorization = {0};
	int r;

	if (length == strlen(bearer) && !strncasecmp(text, bearer, length))
		r = bearer_read(rest, &authorization, err);
	else if (length == strlen(SIGNATURE_METHOD) && !strncmp(text, SIGNATURE_METHOD, length))
		r = parts_read(rest, &authorization, err);
	else
		r = invalid(err, "is of no kind that is known here");
	if (!r)
		*authorization_out = authorization;
	explicit_bzero(&authorization, sizeof(authorization));
	return r;
}
