// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_rule_text.c - rules as people write them: the canonical text of what is
 * read, the message for what is not, and that each text is read back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "codec/rule_text.h"
#include "model/code.h"
#include "unit/refused.h"
#include "util/array.h"
#include "util/cleanup.h"

#define VALUE CODE_INVALID_PARAMETER_VALUE
#define MISSING CODE_MISSING_PARAMETER
#define POLICY CODE_INVALID_PARAMETER_SECURITY_GROUP_POLICY
#define PORTS CODE_INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE
#define PRIORITY CODE_INVALID_PARAMETER_SECURITY_GROUP_PRIORITY
#define REMOTE CODE_INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP
#define PATTERN CODE_INVALID_PARAMETER_PATTERN_ERROR
#define LONG CODE_INVALID_PARAMETER_EXCEED_LENGTH

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
/* Ports 1, 3, 5, ... 63: 32 that do not merge. */
#define PORTS_32 \
	"1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,53,55,57,59," \
	"61,63"

static const struct {
	const char *input;
	const char *expected;
} accepted[] = {
	/* the smallest rules, and blanks */
	{"ingress accept all", "ingress accept all from any"},
	{"egress deny all", "egress deny all to any"},
	{" \tingress\t accept  tcp  22 ", "ingress accept tcp 22 from any"},
	/* protocols */
	{"ingress accept udp", "ingress accept udp from any"},
	{"ingress accept sctp 9899", "ingress accept sctp 9899 from any"},
	{"ingress accept gre", "ingress accept gre from any"},
	{"ingress accept 6 22", "ingress accept tcp 22 from any"},
	{"ingress accept 17 53", "ingress accept udp 53 from any"},
	{"ingress accept 47", "ingress accept gre from any"},
	{"ingress accept 132 7", "ingress accept sctp 7 from any"},
	{"ingress accept 0", "ingress accept 0 from any"},
	{"ingress accept 1", "ingress accept 1 from any"},
	{"ingress accept 58", "ingress accept 58 from any"},
	{"ingress accept 255", "ingress accept 255 from any"},
	/* ports */
	{"ingress accept tcp 0", "ingress accept tcp 0 from any"},
	{"ingress accept tcp 65535", "ingress accept tcp 65535 from any"},
	{"ingress accept tcp 22-22", "ingress accept tcp 22 from any"},
	{"ingress accept tcp 443,80,8000-8999", "ingress accept tcp 80,443,8000-8999 from any"},
	{"ingress accept tcp 80,81,82", "ingress accept tcp 80-82 from any"},
	{"ingress accept tcp 10-20,15-30,80,80", "ingress accept tcp 10-30,80 from any"},
	{"ingress accept tcp 0-65535", "ingress accept tcp from any"},
	{"ingress accept tcp 1000-65535,0-999", "ingress accept tcp from any"},
	{"ingress accept tcp " PORTS_32, "ingress accept tcp " PORTS_32 " from any"},
	/* ICMP types */
	{"ingress accept icmp", "ingress accept icmp from any"},
	{"ingress accept icmp 8", "ingress accept icmp 8 from any"},
	{"ingress accept icmp 8/0 from any", "ingress accept icmp 8/0 from any"},
	{"ingress accept icmp 0/255", "ingress accept icmp 0/255 from any"},
	{"egress accept icmpv6 255/255", "egress accept icmpv6 255/255 to any"},
	/* remotes */
	{"ingress accept tcp 22 from 203.0.113.0/24", "ingress accept tcp 22 from 203.0.113.0/24"},
	{"ingress accept tcp 22 from 203.0.113.7", "ingress accept tcp 22 from 203.0.113.7/32"},
	{"egress deny udp 53 to ::/0", "egress deny udp 53 to ::/0"},
	{"egress deny udp to 2001:DB8::1", "egress deny udp to 2001:db8::1/128"},
	{"ingress accept all from 0.0.0.0/0", "ingress accept all from 0.0.0.0/0"},
	{"ingress accept tcp 80,443,8000-8999 from group:sg-web priority 50",
	 "ingress accept tcp 80,443,8000-8999 from group:sg-web priority 50"},
	/* priorities, and the order of what follows the protocol */
	{"ingress accept all priority 1", "ingress accept all from any"},
	{"ingress accept all priority 100", "ingress accept all from any priority 100"},
	{"ingress accept tcp 22 priority 9 from 10.0.0.0/8",
	 "ingress accept tcp 22 from 10.0.0.0/8 priority 9"},
	/* descriptions */
	{"ingress accept all description  from the  office # 5, priority 7\t ",
	 "ingress accept all from any description from the  office # 5, priority 7"},
	{"egress accept all priority 2 to any description \xc3\xa9t\xc3\xa9",
	 "egress accept all to any priority 2 description \xc3\xa9t\xc3\xa9"},
	{"ingress accept all description description", "ingress accept all from any description "
						       "description"},
};

static const struct {
	const char *input;
	const char *code;
	const char *fragment;
} refused[] = {
	/* missing words */
	{"", MISSING, "the rule is empty: write DIRECTION POLICY PROTOCOL"},
	{" \t ", MISSING, "the rule is empty"},
	{"ingress", MISSING, "ends before its policy: use accept or deny"},
	{"ingress accept", MISSING, "ends before its protocol: use all, tcp"},
	{"ingress accept tcp from", MISSING, "ends before its remote: use an address"},
	{"ingress accept tcp priority", MISSING, "ends before its priority: use a number 1-100"},
	{"ingress accept tcp description  ", MISSING, "ends before its description's text"},
	/* unknown words */
	{"in accept tcp", VALUE, "unknown direction \"in\": use ingress or egress"},
	{"Ingress accept tcp", VALUE, "unknown direction \"Ingress\""},
	{"ingress\naccept tcp", VALUE, "unknown direction \"ingress?accept\""},
	{"ingress drop tcp", POLICY, "unknown policy \"drop\": use accept or deny"},
	{"ingress Accept tcp", POLICY, "unknown policy \"Accept\""},
	{"ingress accept tpc", VALUE,
	 "unknown protocol \"tpc\": use all, tcp, udp, sctp, icmp, icmpv6, gre or a number 0-255"},
	{"ingress accept TCP", VALUE, "unknown protocol \"TCP\""},
	{"ingress accept 256", VALUE, "unknown protocol \"256\""},
	{"ingress accept +6", VALUE, "unknown protocol \"+6\""},
	{"ingress accept 06", VALUE, "unknown protocol \"06\""},
	{"ingress accept tcp 22 form any", VALUE,
	 "unknown word \"form\": use from REMOTE, priority N or description TEXT"},
	{"egress accept all form any", VALUE, "unknown word \"form\": use to REMOTE"},
	{"ingress accept tcp 22 80", VALUE, "joined by commas, without spaces"},
	{"ingress accept tcp from any 22", VALUE, "ports go right after the protocol"},
	{"ingress accept tcp priority 2 22", VALUE, "ports go right after the protocol"},
	{"ingress accept tcp 22 from any from any", VALUE, "\"from\" is given twice"},
	{"ingress accept tcp priority 2 priority 2", VALUE, "\"priority\" is given twice"},
	{"ingress accept tcp to any", VALUE, "\"to\" goes with egress: use \"from\" with ingress"},
	{"egress accept tcp from any", VALUE, "\"from\" goes with ingress: use \"to\" with egress"},
	/* ports */
	{"ingress accept tcp 65536", PORTS, "bad ports \"65536\": ports are 0-65535"},
	{"ingress accept tcp 1-65536", PORTS, "ports are 0-65535"},
	{"ingress accept tcp 18446744073709551638", PORTS, "ports are 0-65535"},
	{"ingress accept tcp 30-20", PORTS, "bad ports \"30-20\": write the smaller port"},
	{"ingress accept tcp -22", PORTS, "bad ports \"-22\": use N, N-M or several"},
	{"ingress accept tcp 22-", PORTS, "use N, N-M"},
	{"ingress accept tcp +22", PORTS, "use N, N-M"},
	{"ingress accept tcp 022", PORTS, "use N, N-M"},
	{"ingress accept tcp 1-2-3", PORTS, "use N, N-M"},
	{"ingress accept tcp 80,", PORTS, "use N, N-M"},
	{"ingress accept tcp ,80", PORTS, "use N, N-M"},
	{"ingress accept tcp 80,,443", PORTS, "use N, N-M"},
	{"ingress accept tcp 80, 443", PORTS, "without spaces"},
	{"ingress accept tcp http", PORTS, "bad ports \"http\""},
	{"ingress accept tcp 0x16", PORTS, "bad ports \"0x16\""},
	{"ingress accept tcp 22/0", PORTS, "bad ports \"22/0\""},
	{"ingress accept tcp all", PORTS, "leave the ports out to mean all"},
	{"ingress accept all all", PORTS, "leave the ports out to mean all"},
	{"ingress accept tcp " PORTS_32 ",65", PORTS,
	 "33 ports or port ranges in a rule: at most 32"},
	{"ingress accept all 22", PORTS, "protocol all has no ports: leave \"22\" out"},
	{"ingress accept gre 22", PORTS, "protocol gre has no ports"},
	{"ingress accept 47 22", PORTS, "protocol gre has no ports"},
	{"ingress accept 50 1-2", PORTS, "protocol 50 has no ports"},
	{"ingress accept 1 8", PORTS, "protocol 1 has no ports: leave \"8\" out, or use icmp"},
	{"ingress accept 58 128", PORTS, "or use icmpv6"},
	{"ingress accept icmp 256", PORTS, "takes TYPE or TYPE/CODE, each 0-255"},
	{"ingress accept icmp 8/256", PORTS, "each 0-255"},
	{"ingress accept icmp 8/", PORTS, "each 0-255"},
	{"ingress accept icmp /0", PORTS, "each 0-255"},
	{"ingress accept icmp 8/0/0", PORTS, "each 0-255"},
	{"ingress accept icmp 8-9", PORTS, "TYPE or TYPE/CODE"},
	{"ingress accept icmpv6 128,129", PORTS, "one type, use a rule for each"},
	/* remotes */
	{"ingress accept all from 10.0.0.1/8", REMOTE,
	 "\"10.0.0.1/8\" has host bits set: use 10.0.0.0/8"},
	{"ingress accept all from web", REMOTE, "unknown remote \"web\": use an IPv4"},
	{"ingress accept all from all", REMOTE, "unknown remote \"all\""},
	{"ingress accept all from 1.2.3.4.5", REMOTE, "bad address \"1.2.3.4.5\""},
	{"ingress accept all from ::ffff:1.2.3.4", REMOTE, "IPv4-mapped"},
	{"ingress accept all from group:", REMOTE, "the group id is empty"},
	{"ingress accept all from group:a/b", REMOTE, "bad group id \"a/b\""},
	{"ingress accept all from group:" FIFTY FIFTY, REMOTE, "100 characters: use 1-64"},
	{"ingress accept all from Group:a", REMOTE, "bad address"},
	/* priorities */
	{"ingress accept all priority 0", PRIORITY, "bad priority \"0\": use a number 1-100"},
	{"ingress accept all priority 101", PRIORITY, "bad priority \"101\""},
	{"ingress accept all priority 257", PRIORITY, "bad priority"},
	{"ingress accept all priority -1", PRIORITY, "bad priority"},
	{"ingress accept all priority high", PRIORITY, "bad priority \"high\""},
	{"ingress accept all priority 1.5", PRIORITY, "bad priority"},
	/* descriptions */
	{"ingress accept all description " FIFTY FIFTY FIFTY FIFTY FIFTY "123456", LONG,
	 "has 256 characters: at most 255"},
	{"ingress accept all description a\tb", PATTERN, "control characters"},
	{"ingress accept all description a\n", PATTERN, "control characters"},
	{"ingress accept all description \xff", PATTERN, "not UTF-8"},
};

static void accepted_texts_have_one_canonical_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		AUTO(rule_fini) struct rule rule = {0};
		AUTO(rule_fini) struct rule again = {0};
		AUTO_FREE char *text = NULL;
		struct error err;

		if (rule_parse(accepted[i].input, &rule, &err))
			fail_msg("\"%s\": %s", accepted[i].input, err.message);
		text = rule_format(&rule);
		assert_string_equal(text, accepted[i].expected);
		assert_int_equal(rule_parse(text, &again, &err), 0);
		assert_int_equal(rule_compare(&rule, &again), 0);
	}
}

static void refused_texts_say_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct rule rule = {.priority = 77};
		struct error err = {0};
		int r = rule_parse(refused[i].input, &rule, &err);

		check_refused(refused[i].input, r, &err, refused[i].code, refused[i].fragment);
		assert_int_equal(rule.priority, 77);
		assert_null(rule.description);
	}
}

static void long_words_do_not_push_the_advice_out_of_the_message(void **state)
{
	char text[3000] = "ingress accept ";
	struct rule rule;
	struct error err = {0};
	int r;

	(void)state;
	memset(text + strlen(text), 'x', sizeof(text) - 1 - strlen(text));
	r = rule_parse(text, &rule, &err);
	check_refused("x...", r, &err, VALUE, "gre or a number 0-255");
}

static void identity_is_everything_but_id_and_description(void **state)
{
	static const char *const distinct[] = {
		"ingress accept tcp 22",
		"egress accept tcp 22",
		"ingress deny tcp 22",
		"ingress accept udp 22",
		"ingress accept tcp 23",
		"ingress accept tcp",
		"ingress accept tcp 22 priority 2",
		"ingress accept tcp 22 from 0.0.0.0/0",
		"ingress accept tcp 22 from ::/0",
		"ingress accept tcp 22 from group:a",
		"ingress accept tcp 22 from group:b",
		"ingress accept icmp",
		"ingress accept 1",
		"ingress accept icmpv6",
		"ingress accept 58",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(distinct); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(distinct); j++) {
			AUTO(rule_fini) struct rule a = {0};
			AUTO(rule_fini) struct rule b = {0};

			assert_int_equal(rule_parse(distinct[i], &a, NULL), 0);
			assert_int_equal(rule_parse(distinct[j], &b, NULL), 0);
			b.id = 5;
			free(b.description);
			b.description = strdup("other");
			assert_int_equal(!rule_compare(&a, &b), i == j);
			assert_int_equal(rule_compare(&a, &b) < 0, rule_compare(&b, &a) > 0);
		}
	}
}

static void rule_check_refuses_what_no_text_could_say(void **state)
{
	static const struct {
		struct rule rule;
		const char *code;
		const char *fragment;
	} rows[] = {
		{{.protocol = PROTOCOL_TCP, .priority = 1, .ports = {1, {{9, 8}}}},
		 PORTS,
		 "smaller port first"},
		{{.protocol = PROTOCOL_TCP, .priority = 1, .ports = {.count = 33}},
		 PORTS,
		 "33 port"},
		{{.protocol = PROTOCOL_ALL, .priority = 1, .ports = {1, {{9, 9}}}},
		 PORTS,
		 "has no ports"},
		{{.protocol = PROTOCOL_ICMP, .priority = 1, .ports = {1, {{0, 511}}}},
		 PORTS,
		 "more than one ICMP type"},
		{{.protocol = PROTOCOL_ICMPV6, .priority = 1, .ports = {2, {{1, 1}, {3, 3}}}},
		 PORTS,
		 "more than one ICMP type"},
		{{.protocol = PROTOCOL_ALL, .priority = 0}, PRIORITY, "bad priority 0"},
		{{.protocol = PROTOCOL_ALL, .priority = 101}, PRIORITY, "bad priority 101"},
		{{.protocol = PROTOCOL_ALL, .priority = 1, .description = (char *)"a\nb"},
		 PATTERN,
		 "control characters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule rule = rows[i].rule;
		struct error err = {0};
		int r = rule_check(&rule, &err);

		check_refused(rows[i].fragment, r, &err, rows[i].code, rows[i].fragment);
	}
}

static void blank_descriptions_are_not_written(void **state)
{
	struct rule rule = {.protocol = PROTOCOL_ALL, .priority = 1, .description = (char *)"  "};
	AUTO_FREE char *text = rule_format(&rule);

	(void)state;
	assert_string_equal(text, "ingress accept all from any");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_texts_have_one_canonical_text),
		cmocka_unit_test(refused_texts_say_what_is_wrong),
		cmocka_unit_test(long_words_do_not_push_the_advice_out_of_the_message),
		cmocka_unit_test(identity_is_everything_but_id_and_description),
		cmocka_unit_test(rule_check_refuses_what_no_text_could_say),
		cmocka_unit_test(blank_descriptions_are_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
