// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_api_call.c - bodies of requests: what an action takes from them, and
 * what is wrong with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/action.h"
#include "refused.h"
#include "util/array.h"
#include "util/cleanup.h"

#define TYPE "INVALID_PARAMETER_TYPE"
#define MISSING "MISSING_PARAMETER"
#define PATTERN "INVALID_PARAMETER_PATTERN_ERROR"
#define LONG "INVALID_PARAMETER_EXCEED_LENGTH"
#define SHORT "INVALID_PARAMETER_LESS_LENGTH"
#define MUCH "INVALID_PARAMETER_EXCEED_MAXIMUM"
#define LITTLE "INVALID_PARAMETER_LESS_MINIMUM"

static int parse(const char *action, const char *body, size_t length, struct call *call,
		 json_t **request, struct error *err)
{
	int r = request_parse(body, length, request, err);

	return r ? r : call_parse(action_find(action), *request, call, err);
}

static void check_call(const char *action, const char *text, const char *code, const char *begin)
{
	AUTO(call_fini) struct call call = {0};
	AUTO_FREE char *body = strdup(text);
	struct error err = {0};
	json_t *request = NULL;
	int r;

	for (char *c = body; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	r = parse(action, body, strlen(body), &call, &request, &err);
	json_decref(request);
	if (!code && r)
		fail_msg("%s %s: %s", action, text, err.message);
	if (!code)
		return;
	check_refused(text, r, &err, code, begin);
	assert_ptr_equal(strstr(err.message, begin), err.message);
}

static void what_is_no_object_is_refused(void **state)
{
	static const struct {
		const char *body;
		size_t length;
	} rows[] = {
		{"", 0},
		{" ", 1},
		{"[]", 2},
		{"1", 1},
		{"\"a\"", 3},
		{"null", 4},
		{"{", 1},
		{"{}{}", 4},
		{"{} x", 4},
		{"{\"a\":1,\"a\":1}", 13},
		{"{\"b\":{\"a\":1,\"a\":2}}", 19},
		{"{\"a\":1e999}", 11},
		{"{\"a\":123456789012345678901234567890}", 36},
		{"{\"a\":\"\xff\"}", 9},
		{"{\"a\":\"\xc0\xaf\"}", 10},
		{"{\"a\":\"\xed\xa0\x80\"}", 11},
		{"{\"a\":\"\\ud800\"}", 14},
		{"{\"a\":\"\\u0000\"}", 14},
		{"{\"a\\u0000b\":1}", 14},
		{"{\"a\":\"\0\"}", 9},
		{"{\"a\":1}\0", 8},
		{"\0", 1},
		{"{'a':1}", 7},
		{"{\"a\":01}", 8},
		{"{\"a\":NaN}", 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *request = NULL;
		struct error err = {0};
		int r = request_parse(rows[i].body, rows[i].length, &request, &err);

		check_refused(rows[i].body, r, &err, TYPE, "the body is ");
		assert_null(request);
	}
}

static void deep_nesting_is_refused(void **state)
{
	static const char *const openings[] = {"[", "{\"a\":"};
	const size_t depth = 10000;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(openings); i++) {
		AUTO_FREE char *body = calloc(depth + 1, strlen(openings[i]));
		json_t *request = NULL;
		struct error err = {0};
		char *end = body;
		int r;

		for (size_t level = 0; level < depth; level++)
			end = stpcpy(end, openings[i]);
		r = request_parse(body, strlen(body), &request, &err);
		check_refused(openings[i], r, &err, TYPE, "the body is ");
	}
}

static void parameters_are_checked(void **state)
{
	static const struct {
		const char *action, *body, *code, *begin;
	} rows[] = {
		{"DeleteSecurityGroup", "{'securityGroupId':'sg-1'}", NULL, NULL},
		{"DeleteSecurityGroup", "{'securityGroupId':'sg-1','other':{}}", NULL, NULL},
		{"DeleteSecurityGroup", "{}", MISSING, "securityGroupId is missing"},
		{"DeleteSecurityGroup", "{'securityGroupId':null}", MISSING,
		 "securityGroupId is missing"},
		{"DeleteSecurityGroup", "{'securityGroupId':7}", TYPE,
		 "securityGroupId is an integer"},
		{"DeleteSecurityGroup", "{'securityGroupId':''}", SHORT, "securityGroupId: "},
		{"DeleteSecurityGroup", "{'securityGroupId':'a b'}", PATTERN, "securityGroupId: "},
		{"DeleteSecurityGroup",
		 "{'securityGroupId':'0123456789012345678901234567890123456789012345678901234567890"
		 "1234'}",
		 LONG, "securityGroupId: "},
		{"CreateSecurityGroup", "{'securityGroupName':'a.b-1'}", NULL, NULL},
		{"CreateSecurityGroup", "{'securityGroupName':'a','ruleInfos':[]}", NULL, NULL},
		{"CreateSecurityGroup", "{'securityGroupName':'a','description':''}", NULL, NULL},
		{"CreateSecurityGroup", "{'description':'ab'}", MISSING,
		 "securityGroupName is missing"},
		{"CreateSecurityGroup", "{'securityGroupName':'a_b'}", PATTERN,
		 "securityGroupName: "},
		{"CreateSecurityGroup", "{'securityGroupName':''}", SHORT, "securityGroupName: "},
		{"CreateSecurityGroup", "{'securityGroupName':'a','description':'b'}", SHORT,
		 "description: "},
		{"CreateSecurityGroup", "{'securityGroupName':'a','description':'b\\n'}", PATTERN,
		 "description: "},
		{"CreateSecurityGroup", "{'securityGroupName':'a','ruleInfos':{}}", TYPE,
		 "ruleInfos is an object"},
		{"CreateSecurityGroup", "{'securityGroupName':'a','ruleInfos':[{}]}", MISSING,
		 "ruleInfos[0].direction is missing"},
		{"DescribeSecurityGroups", "{}", NULL, NULL},
		{"DescribeSecurityGroups", "{'securityGroupIds':[],'securityGroupName':''}", NULL,
		 NULL},
		{"DescribeSecurityGroups", "{'pageSize':1000,'pageNum':2147483647}", NULL, NULL},
		{"DescribeSecurityGroups", "{'pageSize':1001}", MUCH, "pageSize is 1001"},
		{"DescribeSecurityGroups", "{'pageSize':0}", LITTLE, "pageSize is 0"},
		{"DescribeSecurityGroups", "{'pageSize':-9223372036854775808}", LITTLE,
		 "pageSize is -"},
		{"DescribeSecurityGroups", "{'pageNum':0}", LITTLE, "pageNum is 0"},
		{"DescribeSecurityGroups", "{'pageNum':9223372036854775807}", MUCH, "pageNum is "},
		{"DescribeSecurityGroups", "{'pageNum':'1'}", TYPE, "pageNum is a string"},
		{"DescribeSecurityGroups", "{'pageNum':1.0}", TYPE, "pageNum is a real"},
		{"DescribeSecurityGroups", "{'securityGroupIds':'sg-1'}", TYPE,
		 "securityGroupIds is a string"},
		{"DescribeSecurityGroups", "{'securityGroupIds':['sg-1',null]}", TYPE,
		 "securityGroupIds[1] is null"},
		{"DescribeSecurityGroups", "{'securityGroupIds':['sg-1','']}", SHORT,
		 "securityGroupIds[1]: "},
		{"ModifySecurityGroupsAttribute", "{'securityGroupIds':['a']}", NULL, NULL},
		{"ModifySecurityGroupsAttribute", "{'securityGroupIds':[]}", MISSING,
		 "securityGroupIds is missing"},
		{"ModifySecurityGroupsAttribute",
		 "{'securityGroupIds':['a'],'securityGroupName':'b c'}", PATTERN,
		 "securityGroupName: "},
		{"AuthorizeSecurityGroupRule",
		 "{'securityGroupId':'a','direction':'ingress','ipProtocol':'tcp'}", NULL, NULL},
		{"AuthorizeSecurityGroupRule", "{'securityGroupId':'a'}", MISSING,
		 "direction is missing"},
		{"AuthorizeSecurityGroupRule", "{'direction':'x'}", MISSING,
		 "securityGroupId is missing"},
		{"AuthorizeSecurityGroupRules", "{'securityGroupId':'a','ruleInfos':[]}", MISSING,
		 "ruleInfos is missing"},
		{"RevokeSecurityGroupRules", "{'securityGroupId':'a'}", MISSING,
		 "ruleInfos is missing"},
		{"ConfigureSecurityGroupRules", "{'securityGroupId':'a'}", NULL, NULL},
		{"ConfigureSecurityGroupRules", "{'ruleInfos':[{}]}", MISSING,
		 "securityGroupId is missing"},
		{"AssociateSecurityGroupInstance", "{'securityGroupId':'a','instanceId':'b'}", NULL,
		 NULL},
		{"AssociateSecurityGroupInstance", "{'securityGroupId':'a'}", MISSING,
		 "instanceId is missing"},
		{"UnAssociateSecurityGroupInstance", "{'instanceId':'a'}", MISSING,
		 "securityGroupId is missing"},
		{"DescribeInstanceAvailableSecurityGroupResources", "{}", MISSING,
		 "instanceId is missing"},
		{"DescribeInstances", "{'instanceIds':['a','b'],'pageSize':10}", NULL, NULL},
		{"DescribeInstances", "{'instanceIds':[['a']]}", TYPE, "instanceIds[0] is a list"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_call(rows[i].action, rows[i].body, rows[i].code, rows[i].begin);
}

static void a_hundred_ids_are_the_most(void **state)
{
	(void)state;
	for (size_t count = 99; count <= 102; count++) {
		char body[1024];
		char *end = stpcpy(body, "{'securityGroupIds':[");

		for (size_t i = 0; i < count; i++)
			end = stpcpy(end, i ? ",'a'" : "'a'");
		strcpy(end, "]}");
		check_call("DescribeSecurityGroups", body, count > 100 ? MUCH : NULL,
			   "securityGroupIds has 10");
	}
}

static void what_is_left_out_has_its_default(void **state)
{
	AUTO(call_fini) struct call call = {0};
	json_t *request = NULL;

	(void)state;
	assert_int_equal(parse("DescribeSecurityGroups", "{}", 2, &call, &request, NULL), 0);
	json_decref(request);
	assert_int_equal(call.page_number, 1);
	assert_int_equal(call.page_size, 20);
	assert_int_equal(call.id_count, 0);
	assert_null(call.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(parameters_are_checked),
		cmocka_unit_test(a_hundred_ids_are_the_most),
		cmocka_unit_test(what_is_left_out_has_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
