// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_authorization.c - arbitrary text as the header field `authorization`.
 *
 * What is read stays within its bounds, and a request that has it is judged
 * without a key of that name and with one; what is refused must say why, and
 * not repeat what was sent.
 *
 *   clang -fsanitize=fuzzer,address,undefined
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/authenticate.h"
#include "model/code.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: it must hold with NDEBUG too. */
static void require(bool claim)
{
	if (!claim)
		abort();
}

static void require_refusal(int r, const struct error *err)
{
	require(r < 0 && err->code && err->message[0]);
	require(code_http_status(err->code) == 401);
}

/* Nobody can know the secret or the token, whatever he sends. */
static void judge(const char *text)
{
	struct access_key items[] = {
		{.id = "key", .secret = "a-secret-of-the-fuzzer"},
		{.id = "token", .is_bearer = true},
	};
	const struct access_keys keys = {.items = items, .count = 2};
	const struct headers headers = {
		.count = 5,
		.items = {{"host", "localhost"},
			  {"content-type", "application/json"},
			  {"x-zc-timestamp", "1"},
			  {"x-zc-action", text},
			  {"authorization", text}},
	};
	struct access_key *key = NULL;
	struct error err = {0};
	int r = authenticate(&keys, "POST", &headers, "{}", 2, 1, &key, &err);

	require_refusal(r, &err);
	require(!key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct authorization authorization = {0};
	AUTO_FREE char *text = malloc(size + 1);
	struct error err = {0};
	int r;

	require(text);
	/* an allocation of just that size, so that ASan sees a byte too far */
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	r = authorization_parse(text, &authorization, &err);
	if (r) {
		require_refusal(r, &err);
	} else if (authorization.is_bearer) {
		require(authorization.token[0] && strlen(authorization.token) <= SECRET_MAX);
	} else {
		require(authorization.key_id[0] && strlen(authorization.key_id) <= ID_MAX);
		require(authorization.signed_headers[0]);
		require(strlen(authorization.signed_headers) <= SIGNED_HEADERS_MAX);
	}
	judge(text);
	return 0;
}
