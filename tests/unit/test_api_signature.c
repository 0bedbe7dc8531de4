// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_api_signature.c - signatures of requests, by a vector that others made,
 * and whose request it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/authenticate.h"
#include "api/signature.h"
#include "model/code.h"
#include "refused.h"
#include "util/array.h"

#define INVALID "AUTHFAILURE_INVALID_AUTHORIZATION"
#define FAILURE "AUTHFAILURE_SIGNATURE_FAILURE"
#define EXPIRED "AUTHFAILURE_SIGNATURE_EXPIRED"

#define SECRET "Gu5t9xGARNpq86cd98joQYCN3"
#define BODY "{\"pageSize\":10,\"pageNum\":1,\"zoneId\":\"HKG-A\"}"
#define WHEN 1673361177
#define SIGNED "SignedHeaders=content-type;host"
#define GOLDEN "efb356c32e55c781e10dc676da59462c22596d82e91c57803666243379555b2f"
#define GOOD "ZC2-HMAC-SHA256 Credential=key, " SIGNED ", Signature=" GOLDEN

static struct access_key key_items[] = {
	{.id = "other", .secret = "another-secret"},
	{.id = "key", .secret = SECRET},
	{.id = "token", .is_bearer = true},
};
static const struct access_keys keys = {.items = key_items, .count = ARRAY_SIZE(key_items)};

static struct headers golden_headers(const char *authorization)
{
	return (struct headers){
		.count = 6,
		.items = {{"Host", "console.zenlayer.com"},
			  {"Content-Type", "application/json; charset=utf-8"},
			  {"X-Zc-Timestamp", "1673361177"},
			  {"x-zc-signature-method", "ZC2-HMAC-SHA256"},
			  {"x-zc-action", "DescribeInstances"},
			  {"authorization", authorization}},
	};
}

static int judge(const struct headers *headers, const char *body, int64_t now,
		 struct access_key **key, struct error *err)
{
	return authenticate(&keys, "POST", headers, body, strlen(body), now, key, err);
}

static void the_golden_vector_has_its_signature(void **state)
{
	struct headers headers = golden_headers("");
	const struct signed_request request = {
		.method = "POST",
		.timestamp = "1673361177",
		.signed_headers = "content-type;host",
		.headers = &headers,
		.body = BODY,
		.body_length = strlen(BODY),
	};
	uint8_t made[SIGNATURE_BYTES] = {0};
	char text[2 * SIGNATURE_BYTES + 1];

	(void)state;
	assert_int_equal(signature_compute(&request, SECRET, made, NULL), 0);
	for (size_t i = 0; i < sizeof(made); i++)
		sprintf(text + 2 * i, "%02x", made[i]);
	assert_string_equal(text, GOLDEN);
}

static void a_signature_is_good_for_five_minutes_either_way(void **state)
{
	static const struct {
		int64_t now;
		const char *code;
	} rows[] = {
		{WHEN, NULL},	       {WHEN + 300, NULL},    {WHEN - 300, NULL},
		{WHEN + 301, EXPIRED}, {WHEN - 301, EXPIRED}, {0, EXPIRED},
	};
	struct headers headers = golden_headers(GOOD);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct access_key *key = NULL;
		struct error err = {0};
		int r = judge(&headers, BODY, rows[i].now, &key, &err);

		if (rows[i].code) {
			check_refused("time", r, &err, rows[i].code, "x-zc-timestamp is ");
		} else {
			assert_int_equal(r, 0);
			assert_ptr_equal(key, &key_items[1]);
		}
	}
}

static void whatever_is_signed_counts(void **state)
{
	struct access_key *key = NULL;
	struct error err = {0};

	(void)state;
	/* each header that is signed, and the time, but not the action */
	for (size_t i = 0; i < 5; i++) {
		struct headers headers = golden_headers(GOOD);
		int r;

		if (i == 3)
			continue;
		headers.items[i].value = i == 2 ? "1673361178" : "x";
		r = judge(&headers, BODY, WHEN, &key, &err);
		if (i == 4)
			assert_int_equal(r, 0);
		else
			check_refused(headers.items[i].name, r, &err, FAILURE, "unknown or");
	}
	struct headers headers = golden_headers(GOOD);

	check_refused("body", judge(&headers, BODY " ", WHEN, &key, &err), &err, FAILURE,
		      "unknown or");
}

static void more_headers_can_be_signed(void **state)
{
	struct headers headers = golden_headers("");
	struct signed_request request = {
		.method = "POST",
		.timestamp = "1",
		.signed_headers = "content-type;host;x-zc-action",
		.headers = &headers,
		.body = "",
	};
	uint8_t before[SIGNATURE_BYTES] = {0}, after[SIGNATURE_BYTES] = {0};

	(void)state;
	assert_int_equal(signature_compute(&request, SECRET, before, NULL), 0);
	headers.items[4].value = "DeleteSecurityGroup";
	assert_int_equal(signature_compute(&request, SECRET, after, NULL), 0);
	assert_memory_not_equal(before, after, sizeof(before));
}

static void what_is_wrong_with_a_request_has_its_code(void **state)
{
#define WITH(credential, headers, signature) \
	"ZC2-HMAC-SHA256 Credential=" credential ", SignedHeaders=" headers ", " \
	"Signature=" signature
	static const struct {
		const char *authorization, *code, *fragment;
	} rows[] = {
		{WITH("nobody", "content-type;host", GOLDEN), FAILURE, "unknown or"},
		{WITH("other", "content-type;host", GOLDEN), FAILURE, "unknown or"},
		{WITH("token", "content-type;host", GOLDEN), FAILURE, "unknown or"},
		{WITH("key", "host;content-type", GOLDEN), FAILURE, "unknown or"},
		{WITH("key", "host", GOLDEN), INVALID, "lacks content-type or host"},
		{WITH("key", "content-type", GOLDEN), INVALID, "lacks content-type or host"},
		{WITH("key", "content-type;host;", GOLDEN), INVALID, "not there, or is twice"},
		{WITH("key", "content-type;;host", GOLDEN), INVALID, "not there, or is twice"},
		{WITH("key", "content-type;host;cookie", GOLDEN), INVALID,
		 "not there, or is twice"},
		{"Bearer abc", FAILURE, "unknown or"},
		{"Basic abc", INVALID, "is of no kind"},
		{"", INVALID, "is of no kind"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct headers headers = golden_headers(rows[i].authorization);
		struct access_key *key = NULL;
		struct error err = {0};
		int r = judge(&headers, BODY, WHEN, &key, &err);

		check_refused(rows[i].authorization, r, &err, rows[i].code, rows[i].fragment);
		assert_null(key);
	}
}

static void a_header_that_is_there_twice_counts_for_nothing(void **state)
{
	static const char *const names[] = {"HOST", "content-type", "x-zc-timestamp",
					    "Authorization"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct headers headers = golden_headers(GOOD);
		struct access_key *key = NULL;
		struct error err = {0};

		headers.items[headers.count] =
			(struct header){names[i], headers_get(&headers, names[i])};
		headers.count++;
		check_refused(names[i], judge(&headers, BODY, WHEN, &key, &err), &err, INVALID, "");
	}
}

static void only_its_own_token_is_taken(void **state)
{
	static const char token[] = "a-token-of-16-ch";
	struct error err = {0};

	(void)state;
	assert_int_equal(digest_compute(token, strlen(token), key_items[2].token, NULL), 0);
	for (size_t length = 1; length <= strlen(token); length++) {
		char text[64];
		struct headers headers;
		struct access_key *key = NULL;
		int r;

		snprintf(text, sizeof(text), "bearer  %.*s", (int)length, token);
		headers = golden_headers(text);
		r = judge(&headers, "{}", 0, &key, &err);
		if (length < strlen(token))
			check_refused(text, r, &err, FAILURE, "unknown or");
		else
			assert_ptr_equal(key, &key_items[2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_golden_vector_has_its_signature),
		cmocka_unit_test(a_signature_is_good_for_five_minutes_either_way),
		cmocka_unit_test(whatever_is_signed_counts),
		cmocka_unit_test(more_headers_can_be_signed),
		cmocka_unit_test(what_is_wrong_with_a_request_has_its_code),
		cmocka_unit_test(a_header_that_is_there_twice_counts_for_nothing),
		cmocka_unit_test(only_its_own_token_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
