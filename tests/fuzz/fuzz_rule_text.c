// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_rule_text.c - arbitrary bytes as a rule and as a file of rules.
 *
 * What is accepted must have a canonical text that is read back as the same
 * rule; what is refused must say why.
 *
 *   clang -fsanitize=fuzzer,address,undefined
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/rule_text.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert: it must hold with NDEBUG too. */
static void require(bool claim)
{
	if (!claim)
		abort();
}

static void require_round_trip(const struct rule *rule)
{
	AUTO(rule_fini) struct rule again = {0};
	AUTO_FREE char *text = rule_format(rule);

	require(text);
	require(!rule_parse(text, &again, NULL));
	require(!rule_compare(rule, &again));
	require(!rule->description == !again.description);
	if (rule->description)
		require(!strcmp(rule->description, again.description));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(rules_fini) struct rules rules = {0};
	AUTO(rule_fini) struct rule rule = {0};
	AUTO_FREE char *text = malloc(size + 1);
	struct error err = {0};

	require(text);
	/* an allocation of just that size, so that ASan sees a byte too far */
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (!rule_parse(text, &rule, &err))
		require_round_trip(&rule);
	else
		require(err.code && err.message[0]);

	if (rules_parse_lines((const char *)data, size, &rules, &err)) {
		require(err.code && !strncmp(err.message, "line ", 5));
		require(!rules.count);
	}
	for (size_t i = 0; i < rules.count; i++)
		require_round_trip(rules.items + i);
	return 0;
}
