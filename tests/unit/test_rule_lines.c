// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_rule_lines.c - files of rules, and random rules written and read back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "codec/rule_text.h"
#include "model/code.h"
#include "unit/refused.h"
#include "util/array.h"
#include "util/cleanup.h"

#define RULE "ingress accept tcp 22"

/* A text with its length, for those with a NUL byte inside. */
#define TEXT(text) (text), sizeof(text) - 1

static void comments_blank_lines_and_crlf_are_tolerated(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		size_t expected;
	} rows[] = {
		{TEXT(""), 0},
		{TEXT("\n\n \t\n\r\n"), 0},
		{TEXT("# " RULE "\n\t # other\n"), 0},
		{TEXT(RULE), 1},
		{TEXT(RULE "\n"), 1},
		{TEXT(RULE "\r\n" RULE "\r\n"), 2},
		{TEXT("# web\n" RULE "\n\n  egress deny all\n"), 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(rules_fini) struct rules rules = {0};

		assert_int_equal(rules_parse_lines(rows[i].text, rows[i].length, &rules, NULL), 0);
		assert_int_equal(rules.count, rows[i].expected);
	}
}

static void a_hash_inside_a_description_stays(void **state)
{
	AUTO(rules_fini) struct rules rules = {0};

	(void)state;
	assert_int_equal(rules_parse_lines(TEXT(RULE " description a # b\r\n"), &rules, NULL), 0);
	assert_string_equal(rules.items[0].description, "a # b");
}

static void errors_name_the_line_and_keep_the_rules_that_were_there(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *code;
		const char *fragment;
	} rows[] = {
		{TEXT("ingress accept tpc"), CODE_INVALID_PARAMETER_VALUE,
		 "line 1: unknown protocol \"tpc\": use all"},
		{TEXT(RULE "\n# x\n\n" RULE " from 10.0.0.1/8\n"),
		 CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP,
		 "line 4: \"10.0.0.1/8\" has host bits set: use 10.0.0.0/8"},
		{TEXT(RULE "\n" RULE " # no comment\n"), CODE_INVALID_PARAMETER_VALUE,
		 "line 2: unknown word \"#\""},
		{TEXT(RULE "\nx\0y\n"), CODE_INVALID_PARAMETER_PATTERN_ERROR,
		 "line 2: the line has a NUL byte"},
		{TEXT("# \0\n"), CODE_INVALID_PARAMETER_PATTERN_ERROR,
		 "line 1: the line has a NUL"},
		{TEXT(RULE "\0"), CODE_INVALID_PARAMETER_PATTERN_ERROR,
		 "line 1: the line has a NUL"},
		{TEXT(RULE "\r\r\n"), CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE,
		 "line 1: bad ports \"22?\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(rules_fini) struct rules rules = {0};
		struct error err = {0};
		int r;

		assert_int_equal(rules_parse_lines(TEXT("egress deny all"), &rules, NULL), 0);
		r = rules_parse_lines(rows[i].text, rows[i].length, &rules, &err);
		check_refused(rows[i].text, r, &err, rows[i].code, rows[i].fragment);
		assert_int_equal(rules.count, 1);
		assert_int_equal(rules.items[0].direction, SG_EGRESS);
	}
}

static void a_line_has_at_most_4096_bytes(void **state)
{
	AUTO(rules_fini) struct rules rules = {0};
	char text[RULE_LINE_MAX + 3];
	struct error err = {0};
	int r;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, RULE, strlen(RULE));
	memcpy(text + RULE_LINE_MAX, "\r\n", 2);
	assert_int_equal(rules_parse_lines(text, RULE_LINE_MAX + 2, &rules, &err), 0);
	assert_int_equal(rules.count, 1);
	text[0] = '#';
	text[RULE_LINE_MAX] = ' ';
	r = rules_parse_lines(text, RULE_LINE_MAX + 2, &rules, &err);
	check_refused("long", r, &err, CODE_INVALID_PARAMETER_EXCEED_LENGTH,
		      "line 1: the line has 4097 bytes: at most 4096");
}

static struct port_set random_ports(uint16_t protocol)
{
	struct port_set ports = {0};

	if (protocol_has_types(protocol) && random() % 3) {
		ports.count = 1;
		ports.ranges[0].first = (uint16_t)(random() & 0xff00);
		ports.ranges[0].last = ports.ranges[0].first | 0xff;
		if (random() % 2)
			ports.ranges[0].first = ports.ranges[0].last = (uint16_t)random();
	} else if (protocol_has_ports(protocol)) {
		ports.count = (uint8_t)(random() % (PORT_SET_MAX + 1));
		for (size_t i = 0; i < ports.count; i++) {
			uint16_t first = (uint16_t)random();

			ports.ranges[i].first = first;
			ports.ranges[i].last = (uint16_t)(first + random() % (65536 - first));
			if (random() % 4)
				ports.ranges[i].last = first;
		}
	}
	return ports;
}

/* Through text, so that the host bits are cleared as the parser wants them. */
static struct remote random_prefix(void)
{
	struct remote remote = {.kind = REMOTE_PREFIX};
	struct prefix *prefix = &remote.prefix;
	unsigned int bits;

	prefix->family = random() % 2 ? SG_IPV4 : SG_IPV6;
	bits = prefix->family == SG_IPV4 ? 32 : 128;
	prefix->length = (uint8_t)((unsigned long)random() % (bits + 1));
	/* many zero bytes, for the IPv6 texts that leave them out */
	for (unsigned int i = 0; i < prefix->length; i++) {
		if (random() % 8 == 0)
			prefix->bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
	return remote;
}

static struct remote random_remote(void)
{
	struct remote remote = {.kind = REMOTE_ANY};

	switch (random() % 3) {
	case 0:
		return random_prefix();
	case 1:
		remote.kind = REMOTE_GROUP;
		for (long i = 0, length = 1 + random() % ID_MAX; i < length; i++)
			remote.group[i] = "azAZ09._-"[random() % 9];
	}
	return remote;
}

/* Words of one to four bytes a character, without blanks at the ends. */
static char *random_description(void)
{
	static const char *const pieces[] = {"a", "priority 7", "#", "\xc3\xa9",
					     "\xf0\x9f\x98\x80"};
	char text[256] = "x";

	for (long i = random() % 12; i > 0; i--) {
		strcat(text, random() % 2 ? "  " : "");
		strcat(text, pieces[random() % (long)ARRAY_SIZE(pieces)]);
	}
	return random() % 3 ? strdup(text) : NULL;
}

static struct rule random_rule(void)
{
	struct rule rule = {
		.direction = random() % 2 ? SG_INGRESS : SG_EGRESS,
		.policy = random() % 2 ? RULE_ACCEPT : RULE_DENY,
		.protocol = (uint16_t)(random() % 2 ? random() % 256 : PROTOCOL_ALL + random() % 3),
		.priority = (uint8_t)(random() % 2 ? 1 : 1 + random() % 100),
		.remote = random_remote(),
	};

	if (random() % 2)
		rule.protocol = random() % 2 ? PROTOCOL_TCP : PROTOCOL_SCTP;
	rule.ports = random_ports(rule.protocol);
	rule.description = random_description();
	return rule;
}

static void random_rules_are_read_back_from_their_text(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 20000; i++) {
		AUTO(rule_fini) struct rule rule = random_rule();
		AUTO(rule_fini) struct rule again = {0};
		AUTO_FREE char *text = NULL;
		AUTO_FREE char *text_again = NULL;
		struct error err;

		if (rule_check(&rule, &err))
			fail_msg("%s", err.message);
		text = rule_format(&rule);
		if (rule_parse(text, &again, &err))
			fail_msg("\"%s\": %s", text, err.message);
		text_again = rule_format(&again);
		assert_string_equal(text, text_again);
		assert_int_equal(rule_compare(&rule, &again), 0);
		assert_memory_equal(&rule.ports, &again.ports, sizeof(rule.ports));
		assert_string_equal(rule.description ? rule.description : "",
				    again.description ? again.description : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_blank_lines_and_crlf_are_tolerated),
		cmocka_unit_test(a_hash_inside_a_description_stays),
		cmocka_unit_test(errors_name_the_line_and_keep_the_rules_that_were_there),
		cmocka_unit_test(a_line_has_at_most_4096_bytes),
		cmocka_unit_test(random_rules_are_read_back_from_their_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
