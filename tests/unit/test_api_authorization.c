// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_api_authorization.c - the header field `authorization`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/authorization.h"
#include "refused.h"
#include "util/array.h"

#define INVALID "AUTHFAILURE_INVALID_AUTHORIZATION"
#define HEX "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"

static void both_kinds_are_read(void **state)
{
	struct authorization a = {0};

	(void)state;
	assert_int_equal(authorization_parse("bearer \t abc.def-_~+/=", &a, NULL), 0);
	assert_true(a.is_bearer);
	assert_string_equal(a.token, "abc.def-_~+/=");
	assert_int_equal(authorization_parse("ZC2-HMAC-SHA256 Signature=" HEX
					     ",SignedHeaders=content-type;host , Credential=a=b",
					     &a, NULL),
			 0);
	assert_false(a.is_bearer);
	assert_string_equal(a.key_id, "a=b");
	assert_string_equal(a.signed_headers, "content-type;host");
	assert_int_equal(a.signature[0], 0);
	assert_int_equal(a.signature[10], 0xaa);
	assert_int_equal(a.signature[31], 0xff);
}

static void what_is_neither_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"Bearer",
		"Bearer ",
		"Bearer a b",
		"Basic dXNlcjpwYXNz",
		"ZC2-HMAC-SHA256",
		"ZC2-HMAC-SHA1 Credential=a, SignedHeaders=host, Signature=" HEX,
		"ZC2-HMAC-SHA256Credential=a, SignedHeaders=host, Signature=" HEX,
		"ZC2-HMAC-SHA256 Credential=a, SignedHeaders=host",
		"ZC2-HMAC-SHA256 Credential=a, Signature=" HEX,
		"ZC2-HMAC-SHA256 SignedHeaders=host, Signature=" HEX,
		"ZC2-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=" HEX,
		"ZC2-HMAC-SHA256 Credential=a, SignedHeaders=, Signature=" HEX,
		"ZC2-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=" HEX "0",
		"ZC2-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=g" HEX,
		"ZC2-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=" HEX ",",
		"ZC2-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=" HEX ", Other=b",
		"ZC2-HMAC-SHA256 Credential=a, Credential=a, SignedHeaders=host, Signature=" HEX,
		"ZC2-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=" HEX
		", Signature=" HEX,
		"ZC2-HMAC-SHA256 Credential=a SignedHeaders=host Signature=" HEX,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct authorization a;
		struct error err = {0};
		int r = authorization_parse(texts[i], &a, &err);

		check_refused(texts[i], r, &err, INVALID, "authorization ");
	}
}

/* At the ends of the buffers, and past them. */
static void lengths_are_bounded(void **state)
{
	char text[1024];
	struct error err = {0};
	struct authorization a;

	(void)state;
	for (int length = SECRET_MAX - 1; length <= SECRET_MAX + 2; length++) {
		snprintf(text, sizeof(text), "Bearer %0*d", length, 7);
		assert_int_equal(!authorization_parse(text, &a, &err), length <= SECRET_MAX);
	}
	for (int length = ID_MAX - 1; length <= ID_MAX + 2; length++) {
		snprintf(text, sizeof(text),
			 "ZC2-HMAC-SHA256 Credential=%0*d, SignedHeaders=host, Signature=" HEX,
			 length, 7);
		assert_int_equal(!authorization_parse(text, &a, &err), length <= ID_MAX);
	}
	for (int length = SIGNED_HEADERS_MAX - 1; length <= SIGNED_HEADERS_MAX + 2; length++) {
		snprintf(text, sizeof(text),
			 "ZC2-HMAC-SHA256 Credential=a, SignedHeaders=%0*d, Signature=" HEX, length,
			 7);
		assert_int_equal(!authorization_parse(text, &a, &err),
				 length <= SIGNED_HEADERS_MAX);
	}
}

/* It may end up in a log. */
static void no_message_repeats_what_was_sent(void **state)
{
	static const char *const texts[] = {
		"Bearer SeCrEt SeCrEt",
		"Basic SeCrEt",
		"SeCrEt",
		"ZC2-HMAC-SHA256 Credential=SeCrEt, SignedHeaders=SeCrEt, Signature=SeCrEt",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct authorization a;
		struct error err = {0};

		assert_true(authorization_parse(texts[i], &a, &err) < 0);
		assert_null(strstr(err.message, "SeCrEt"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds_are_read),
		cmocka_unit_test(what_is_neither_is_refused),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(no_message_repeats_what_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
