// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_rule_info.c - rules as objects of the API: what is read from them, what
 * is wrong with them, and that what is written is read back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "codec/rule_info.h"
#include "codec/rule_text.h"
#include "refused.h"
#include "util/array.h"
#include "util/cleanup.h"

/* In which ' stands for ". */
static json_t *json_of(const char *text)
{
	char copy[1024];
	json_t *made;

	assert_true(strlen(text) < sizeof(copy));
	strcpy(copy, text);
	for (char *c = copy; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	made = json_loads(copy, 0, NULL);
	if (!made)
		fail_msg("%s", text);
	return made;
}

static int read_rule(const char *text, struct rule *rule, struct error *err)
{
	json_t *object = json_of(text);
	int r = rule_info_parse(object, rule, err);

	json_decref(object);
	return r;
}

#define TCP "'direction':'ingress','ipProtocol':'tcp'"
#define ICMP "'direction':'egress','ipProtocol':'icmp'"

static void rules_are_read(void **state)
{
	static const struct {
		const char *json, *rule;
	} rows[] = {
		{"{" TCP "}", "ingress accept tcp from 0.0.0.0/0"},
		{"{" TCP ",'policy':'accept','portRange':'22/22','cidrIp':'203.0.113.0/24',"
		 "'description':'from the office'}",
		 "ingress accept tcp 22 from 203.0.113.0/24 description from the office"},
		{"{" TCP ",'policy':'drop','portRange':'80/443'}",
		 "ingress deny tcp 80-443 from 0.0.0.0/0"},
		{"{" TCP ",'policy':'deny','portRange':'80-443'}",
		 "ingress deny tcp 80-443 from 0.0.0.0/0"},
		{"{" TCP ",'portRange':'443,80/81,8000-8999'}",
		 "ingress accept tcp 80-81,443,8000-8999 from 0.0.0.0/0"},
		{"{" TCP ",'portRange':'-1/-1'}", "ingress accept tcp from 0.0.0.0/0"},
		{"{" TCP ",'portRange':'0/65535'}", "ingress accept tcp from 0.0.0.0/0"},
		{"{" TCP ",'cidrIp':'192.0.2.7'}", "ingress accept tcp from 192.0.2.7/32"},
		{"{" TCP ",'cidrIp':'2001:db8::/32'}", "ingress accept tcp from 2001:db8::/32"},
		{"{" TCP ",'cidrIp':'2001:db8::1'}", "ingress accept tcp from 2001:db8::1/128"},
		{"{" TCP ",'cidrIp':'any'}", "ingress accept tcp from any"},
		{"{" TCP ",'remoteGroupId':'sg-web'}", "ingress accept tcp from group:sg-web"},
		{"{" TCP ",'desc':'a b'}", "ingress accept tcp from 0.0.0.0/0 description a b"},
		{"{" TCP ",'description':null,'desc':'a b'}",
		 "ingress accept tcp from 0.0.0.0/0 description a b"},
		{"{" TCP ",'description':'a','desc':'b'}",
		 "ingress accept tcp from 0.0.0.0/0 description a"},
		{"{" TCP ",'description':''}", "ingress accept tcp from 0.0.0.0/0"},
		{"{" TCP ",'policy':null,'priority':null,'portRange':null,'cidrIp':null,"
		 "'remoteGroupId':null,'icmpType':null,'description':null,'ruleId':null}",
		 "ingress accept tcp from 0.0.0.0/0"},
		{"{" TCP ",'whatever':[1]}", "ingress accept tcp from 0.0.0.0/0"},
		{"{" ICMP ",'portRange':'-1/-1'}", "egress accept icmp to 0.0.0.0/0"},
		{"{" ICMP ",'portRange':'-1'}", "egress accept icmp to 0.0.0.0/0"},
		{"{" ICMP ",'portRange':'all'}", "egress accept icmp to 0.0.0.0/0"},
		{"{" ICMP ",'icmpType':'8'}", "egress accept icmp 8 to 0.0.0.0/0"},
		{"{" ICMP ",'icmpType':'8/0','portRange':'-1/-1'}",
		 "egress accept icmp 8/0 to 0.0.0.0/0"},
		{"{'direction':'egress','ipProtocol':'all','portRange':'-1/-1'}",
		 "egress accept all to 0.0.0.0/0"},
		{"{'direction':'egress','ipProtocol':'udp','portRange':'53'}",
		 "egress accept udp 53 to 0.0.0.0/0"},
		{"{'direction':'egress','ipProtocol':'gre'}", "egress accept gre to 0.0.0.0/0"},
		{"{'direction':'egress','ipProtocol':'50'}", "egress accept 50 to 0.0.0.0/0"},
		{"{'direction':'egress','ipProtocol':'sctp','portRange':'9'}",
		 "egress accept sctp 9 to 0.0.0.0/0"},
		{"{'direction':'ingress','ipProtocol':'icmpv6','icmpType':'128','cidrIp':'::/0'}",
		 "ingress accept icmpv6 128 from ::/0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(rule_fini) struct rule rule = {0};
		struct error err = {0};
		AUTO_FREE char *text = NULL;

		if (read_rule(rows[i].json, &rule, &err))
			fail_msg("%s: %s", rows[i].json, err.message);
		assert_int_equal(rule.priority, PRIORITY_UNSAID);
		rule.priority = PRIORITY_DEFAULT;
		text = rule_format(&rule);
		assert_string_equal(text, rows[i].rule);
	}
}

static void priorities_are_those_of_the_model(void **state)
{
	static const struct {
		const char *json;
		unsigned int priority; /* 0: refused */
	} rows[] = {
		{"1", 1},	   {"100", 100},
		{"0", 0},	   {"101", 0},
		{"257", 0},	   {"-1", 0},
		{"256", 0},	   {"9223372036854775807", 0},
		{"-256", 0},	   {"-9223372036854775808", 0},
		{"4294967297", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(rule_fini) struct rule rule = {0};
		struct error err = {0};
		char text[128];
		int r;

		snprintf(text, sizeof(text), "{" TCP ",'priority':%s}", rows[i].json);
		r = read_rule(text, &rule, &err);
		if (rows[i].priority)
			assert_int_equal(rule.priority, rows[i].priority);
		else
			check_refused(text, r, &err, "INVALID_PARAMETER_SECURITY_GROUP_PRIORITY",
				      "priority is ");
	}
}

static void each_field_has_its_code(void **state)
{
#define TYPE "INVALID_PARAMETER_TYPE"
#define VALUE "INVALID_PARAMETER_VALUE"
#define MISSING "MISSING_PARAMETER"
#define PORTS "INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE"
#define CIDR "INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP"
#define RULE_ID "INVALID_PARAMETER_SECURITY_GROUP_RULE_ID_NOT_ALLOW"
	static const struct {
		const char *json, *code, *begin;
	} rows[] = {
		{"{'ipProtocol':'tcp'}", MISSING, "direction is missing"},
		{"{'direction':null,'ipProtocol':'tcp'}", MISSING, "direction is missing"},
		{"{'direction':'INGRESS','ipProtocol':'tcp'}", VALUE, "direction is \"INGRESS\""},
		{"{'direction':1,'ipProtocol':'tcp'}", TYPE, "direction is an integer"},
		{"{'direction':'ingress'}", MISSING, "ipProtocol is missing"},
		{"{'direction':'ingress','ipProtocol':'TCP'}", VALUE, "ipProtocol: "},
		{"{'direction':'ingress','ipProtocol':'256'}", VALUE, "ipProtocol: "},
		{"{'direction':'ingress','ipProtocol':6}", TYPE, "ipProtocol is an integer"},
		{"{" TCP ",'policy':'reject'}", "INVALID_PARAMETER_SECURITY_GROUP_POLICY",
		 "policy is \"reject\""},
		{"{" TCP ",'policy':true}", TYPE, "policy is a boolean"},
		{"{" TCP ",'priority':'8'}", TYPE, "priority is a string"},
		{"{" TCP ",'priority':1.0}", TYPE, "priority is a real number"},
		{"{" TCP ",'portRange':22}", TYPE, "portRange is an integer"},
		{"{" TCP ",'portRange':''}", PORTS, "portRange is \"\""},
		{"{" TCP ",'portRange':'23/22'}", PORTS, "portRange is \"23/22\""},
		{"{" TCP ",'portRange':'22/65536'}", PORTS, "portRange is \"22/65536\""},
		{"{" TCP ",'portRange':'22/'}", PORTS, "portRange is \"22/\""},
		{"{" TCP ",'portRange':'1/2/3'}", PORTS, "portRange is \"1/2/3\""},
		{"{" TCP ",'portRange':'22, 23'}", PORTS, "portRange is \"22, 23\""},
		{"{" TCP ",'portRange':'-1/22'}", PORTS, "portRange is \"-1/22\""},
		{"{" TCP ",'portRange':'1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,"
		 "23,24,25,26,27,28,29,30,31,32,33'}",
		 PORTS, "portRange is "},
		{"{" ICMP ",'portRange':'8/0'}", PORTS, "portRange is \"8/0\""},
		{"{'direction':'egress','ipProtocol':'all','portRange':'1/1'}", PORTS,
		 "portRange is "},
		{"{" TCP ",'icmpType':'8'}", VALUE, "icmpType is \"8\""},
		{"{" ICMP ",'icmpType':'256'}", VALUE, "icmpType is \"256\""},
		{"{" ICMP ",'icmpType':8}", TYPE, "icmpType is an integer"},
		{"{" TCP ",'cidrIp':''}", CIDR, "cidrIp: "},
		{"{" TCP ",'cidrIp':'10.0.0.1/8'}", CIDR, "cidrIp: "},
		{"{" TCP ",'cidrIp':'10.0.0.0/33'}", CIDR, "cidrIp: "},
		{"{" TCP ",'cidrIp':'group:web'}", CIDR, "cidrIp: "},
		{"{" TCP ",'cidrIp':7}", TYPE, "cidrIp is an integer"},
		{"{" TCP ",'cidrIp':'0.0.0.0/0','remoteGroupId':'web'}", CIDR,
		 "cidrIp and remoteGroupId"},
		{"{" TCP ",'remoteGroupId':'a b'}", "INVALID_PARAMETER_PATTERN_ERROR",
		 "remoteGroupId: "},
		{"{" TCP ",'remoteGroupId':''}", "INVALID_PARAMETER_LESS_LENGTH",
		 "remoteGroupId: "},
		{"{" TCP ",'description':'a\\nb'}", "INVALID_PARAMETER_PATTERN_ERROR",
		 "description: "},
		{"{" TCP ",'desc':'a\\u0085b'}", "INVALID_PARAMETER_PATTERN_ERROR", "desc: "},
		{"{" TCP ",'desc':[]}", TYPE, "desc is a list"},
		{"{" TCP ",'ruleId':'r-1'}", RULE_ID, "ruleId is given"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rule rule = {0};
		struct error err = {0};
		int r = read_rule(rows[i].json, &rule, &err);

		check_refused(rows[i].json, r, &err, rows[i].code, rows[i].begin);
		assert_ptr_equal(strstr(err.message, rows[i].begin), err.message);
		assert_null(rule.description);
	}
}

static void the_place_in_a_list_is_named(void **state)
{
	static const struct {
		const char *json, *code, *begin;
	} rows[] = {
		{"[{" TCP "},{" TCP ",'cidrIp':'x'}]", CIDR, "ruleInfos[1].cidrIp: "},
		{"[null]", TYPE, "ruleInfos[0] is null"},
		{"[{" TCP "},'x']", TYPE, "ruleInfos[1] is a string"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(rules_fini) struct rules rules = {0};
		struct error err = {0};
		json_t *array = json_of(rows[i].json);
		int r = rule_infos_parse(array, "ruleInfos", &rules, &err);

		json_decref(array);
		check_refused(rows[i].json, r, &err, rows[i].code, rows[i].begin);
	}
}

static void what_is_written_is_read_back(void **state)
{
	static const char *const texts[] = {
		"ingress accept tcp 22,80-90,65535 from 10.0.0.0/8 priority 7 description a b",
		"egress deny udp to any",
		"ingress accept sctp 1-2 from group:sg-web priority 100",
		"egress accept icmp 8/0 to 192.0.2.1/32",
		"ingress deny icmpv6 128 from 2001:db8::/32",
		"egress accept gre to any",
		"ingress accept 200 from 0.0.0.0/0",
		"ingress accept all from any",
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(texts); i++) {
		const bool with_priority = i % 2;
		AUTO(rule_fini) struct rule rule = {0}, again = {0};
		json_t *object;

		assert_int_equal(rule_parse(texts[i / 2], &rule, NULL), 0);
		object = rule_info_format(&rule, with_priority);
		assert_int_equal(!!json_object_get(object, "priority"), with_priority);
		assert_int_equal(rule_info_parse(object, &again, NULL), 0);
		json_decref(object);
		if (!with_priority) {
			assert_int_equal(again.priority, PRIORITY_UNSAID);
			again.priority = rule.priority;
		}
		assert_int_equal(rule_compare(&rule, &again), 0);
		assert_int_equal(!rule.description, !again.description);
	}
}

static void a_repeat_is_found_wherever_it_is(void **state)
{
	static const struct {
		const char *json;
		int first, second; /* -1: none */
	} rows[] = {
		{"[]", -1, -1},
		{"[{" TCP "}]", -1, -1},
		{"[{" TCP "},{" ICMP "},{" TCP "}]", 0, 2},
		{"[{" TCP ",'priority':1},{" TCP ",'priority':2}]", -1, -1},
		{"[{" TCP ",'priority':2},{" ICMP "},{" TCP ",'priority':2}]", 0, 2},
		{"[{" TCP ",'priority':2},{" TCP "}]", 0, 1},
		{"[{" TCP "},{" TCP ",'priority':2}]", 0, 1},
		{"[{" TCP ",'portRange':'80,81'},{" TCP ",'portRange':'80/81'}]", 0, 1},
		{"[{" TCP ",'description':'a'},{" TCP ",'description':'b'}]", 0, 1},
		{"[{" TCP ",'policy':'deny'},{" TCP ",'policy':'drop'}]", 0, 1},
		{"[{" TCP ",'policy':'deny'},{" TCP "}]", -1, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(rules_fini) struct rules rules = {0};
		size_t indexes[2] = {0};
		bool found = false;
		json_t *array = json_of(rows[i].json);

		assert_int_equal(rule_infos_parse(array, "ruleInfos", &rules, NULL), 0);
		json_decref(array);
		assert_int_equal(rules_find_repeat(&rules, &found, indexes), 0);
		assert_int_equal(found, rows[i].first >= 0);
		if (found) {
			assert_int_equal(indexes[0], rows[i].first);
			assert_int_equal(indexes[1], rows[i].second);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(priorities_are_those_of_the_model),
		cmocka_unit_test(each_field_has_its_code),
		cmocka_unit_test(the_place_in_a_list_is_named),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_repeat_is_found_wherever_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
