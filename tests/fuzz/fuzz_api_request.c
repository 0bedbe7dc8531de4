// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_api_request.c - arbitrary bytes as the body of a request.
 *
 * The first byte chooses the action. What is refused must say why, in a code
 * that has an HTTP status; rules that are accepted must be read back as the
 * same rules from what they are written as.
 *
 *   clang -fsanitize=fuzzer,address,undefined
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/action.h"
#include "codec/rule_info.h"
#include "model/code.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: it must hold with NDEBUG too. */
static void require(bool claim)
{
	if (!claim)
		abort();
}

static void require_refusal(const struct error *err)
{
	require(err->code && err->message[0]);
	require(code_http_status(err->code) != 500);
}

static void require_round_trip(const struct rule *rule)
{
	AUTO(rule_fini) struct rule again = {0};
	json_t *object = rule_info_format(rule, rule->priority != PRIORITY_UNSAID);

	require(object);
	require(!rule_info_parse(object, &again, NULL));
	require(!rule_compare(rule, &again));
	json_decref(object);
}

static void require_sense(const struct call *call)
{
	unsigned int takes = call->action->required | call->action->optional;

	require(!!call->group == !!(takes & TAKES_GROUP));
	require(!!call->instance == !!(takes & TAKES_INSTANCE));
	require(call->id_count <= CALL_MAX_IDS);
	require(call->page_number >= 1 && call->page_size >= 1);
	require(call->page_size <= CALL_MAX_PAGE_SIZE);
	for (size_t i = 0; i < call->rules.count; i++)
		require_round_trip(&call->rules.items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(call_fini) struct call call = {0};
	AUTO_FREE char *body = NULL;
	const struct action *action = actions;
	struct error err = {0};
	json_t *request = NULL;
	size_t count = 0;

	if (!size)
		return 0;
	while (actions[count].name)
		count++;
	action += data[0] % count;
	/* an allocation of just that size, so that ASan sees a byte too far */
	body = malloc(size);
	require(body);
	memcpy(body, data + 1, size - 1);
	if (request_parse(body, size - 1, &request, &err)) {
		require_refusal(&err);
		return 0;
	}
	if (call_parse(action, request, &call, &err))
		require_refusal(&err);
	else
		require_sense(&call);
	json_decref(request);
	return 0;
}
