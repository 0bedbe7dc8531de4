// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_json.c - objects of the model as JSON: the API's names, and values that
 * its clients read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"
#include "codec/rule_text.h"
#include "util/array.h"
#include "util/cleanup.h"

/* Compare with text, in which ' stands for ". Takes the document. */
static void assert_json(json_t *document, const char *expected)
{
	char text[2048];
	json_t *wanted;

	assert_true(strlen(expected) < sizeof(text));
	strcpy(text, expected);
	for (char *c = text; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	wanted = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(wanted);
	assert_non_null(document);
	if (!json_equal(document, wanted)) {
		AUTO_FREE char *got = json_dumps(document, 0);

		assert_string_equal(got, text);
	}
	json_decref(wanted);
	json_decref(document);
}

static struct rule rule_of(const char *text)
{
	struct rule rule = {0};
	struct error err = {0};

	if (rule_parse(text, &rule, &err))
		fail_msg("%s", err.message);
	return rule;
}

static void a_rule_has_the_fields_of_rule_info(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"ingress accept tcp 80,443,8000-8999 from 10.0.0.0/8 priority 7 description a b",
		 "{'direction':'ingress','policy':'accept','priority':7,'ipProtocol':'tcp',"
		 "'portRange':'80/80,443/443,8000/8999','cidrIp':'10.0.0.0/8','description':'a b',"
		 "'rule':'ingress accept tcp 80,443,8000-8999 from 10.0.0.0/8 priority 7 "
		 "description a b'}"},
		{"egress deny udp",
		 "{'direction':'egress','policy':'deny','priority':1,'ipProtocol':'udp',"
		 "'portRange':'-1/-1','cidrIp':'any','description':'','rule':'egress deny udp to "
		 "any'}"},
		{"ingress accept icmp 8/0 from 192.0.2.1",
		 "{'direction':'ingress','policy':'accept','priority':1,'ipProtocol':'icmp',"
		 "'portRange':'-1/-1','cidrIp':'192.0.2.1/32','icmpType':'8/0','description':'',"
		 "'rule':'ingress accept icmp 8/0 from 192.0.2.1/32'}"},
		{"ingress accept icmpv6 128 from ::/0",
		 "{'direction':'ingress','policy':'accept','priority':1,'ipProtocol':'icmpv6',"
		 "'portRange':'-1/-1','cidrIp':'::/0','icmpType':'128','description':'',"
		 "'rule':'ingress accept icmpv6 128 from ::/0'}"},
		{"ingress accept icmp",
		 "{'direction':'ingress','policy':'accept','priority':1,'ipProtocol':'icmp',"
		 "'portRange':'-1/-1','cidrIp':'any','description':'','rule':'ingress accept icmp "
		 "from any'}"},
		{"ingress accept 200 from group:sg-web",
		 "{'direction':'ingress','policy':'accept','priority':1,'ipProtocol':'200',"
		 "'portRange':'-1/-1','remoteGroupId':'sg-web','description':'',"
		 "'rule':'ingress accept 200 from group:sg-web'}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(rule_fini) struct rule rule = rule_of(rows[i].text);

		assert_json(json_rule(&rule), rows[i].json);
	}
}

static void the_longest_port_range_fits(void **state)
{
	AUTO(rule_fini) struct rule rule = rule_of("ingress accept tcp 1");
	json_t *document;
	const char *text;

	(void)state;
	rule.ports.count = PORT_SET_MAX;
	for (size_t i = 0; i < PORT_SET_MAX; i++)
		rule.ports.ranges[i] = (struct port_range){10000 + 1000 * i, 10500 + 1000 * i};
	document = json_rule(&rule);
	text = json_string_value(json_object_get(document, "portRange"));
	assert_int_equal(strlen(text), PORT_SET_MAX * 12 - 1);
	assert_non_null(strstr(text, ",41000/41500"));
	json_decref(document);
}

static void a_group_lists_only_the_instances_that_have_it(void **state)
{
	AUTO(group_fini)
	struct group group = {
		.key = 7,
		.id = "sg-1",
		.name = "web",
		.available = true,
		.create_time = "2026-01-31T12:00:00Z",
	};
	const struct instance instances[] = {
		{.id = "none"},
		{.id = "other", .group_keys = {6}, .group_count = 1},
		{.id = "first", .group_keys = {7}, .group_count = 1},
		{.id = "former", .group_keys = {6, 7}, .group_count = 1},
		{.id = "second", .group_keys = {6, 7}, .group_count = 2},
	};
	struct rule rule = rule_of("egress accept all");

	(void)state;
	assert_int_equal(rules_add(&group.rules, &rule), 0);
	assert_json(json_group(&group, instances, ARRAY_SIZE(instances)),
		    "{'securityGroupId':'sg-1','securityGroupName':'web',"
		    "'securityGroupStatus':'Available','createTime':'2026-01-31T12:00:00Z',"
		    "'description':'','isDefault':false,'instanceIds':['first','second'],"
		    "'ruleInfos':[{'direction':'egress','policy':'accept','priority':1,"
		    "'ipProtocol':'all','portRange':'-1/-1','cidrIp':'any','description':'',"
		    "'rule':'egress accept all to any'}]}");
	group.available = false;
	group.is_default = true;
	group.description = strdup("for \"all\"");
	rules_fini(&group.rules);
	assert_json(json_group(&group, NULL, 0),
		    "{'securityGroupId':'sg-1','securityGroupName':'web',"
		    "'securityGroupStatus':'Unavailable','createTime':'2026-01-31T12:00:00Z',"
		    "'description':'for \\'all\\'','isDefault':true,'instanceIds':[],"
		    "'ruleInfos':[]}");
}

static void an_instance_shows_what_is_stored_and_what_is_in_force(void **state)
{
	struct mac mac = {.bytes = {2, 0, 0, 0, 0, 0xaf}};
	struct prefix address = {.family = SG_IPV4, .length = 32, .bytes = {10, 0, 0, 1}};
	const struct instance instance = {
		.id = "vm1",
		.dev = "tap0",
		.create_time = "2026-01-31T12:00:00Z",
		.options = {.mode = MODE_XDP,
			    .strict = true,
			    .connections = 4000,
			    .match_altname = true,
			    .ethertypes = {0x88cc},
			    .macs = &mac,
			    .mac_count = 1,
			    .addresses = &address,
			    .address_count = 1},
		.groups = {"sg-2", "sg-1"},
		.group_count = 2,
	};
	const struct instance_view view = {
		.status = "RUNNING",
		.ifindex = 12,
		.is_attached = true,
		.rx_hook = "xdp",
		.tx_hook = "tcx",
		.hook_reason = "as asked for",
		.side = "guest",
		.no_group = "drop",
	};

	(void)state;
	assert_json(json_instance(&instance, &view),
		    "{'instanceId':'vm1','dev':'tap0','matchAltname':true,'ifindex':12,'"
		    "instanceStatus':'RUNNING',"
		    "'createTime':'2026-01-31T12:00:00Z','securityGroupIds':['sg-2','sg-1'],"
		    "'attached':true,'mode':'xdp','rxHook':'xdp','txHook':'tcx',"
		    "'hookReason':'as asked for','side':'guest','noGroup':'drop','strict':true,"
		    "'addresses':['10.0.0.1/32'],'macs':['02:00:00:00:00:af'],"
		    "'allowEthertypes':['0x88cc'],'connections':4000}");
}

static void an_instance_without_interface_has_no_ifindex(void **state)
{
	const struct instance instance = {.id = "vm1", .dev = "tap0"};
	const struct instance_view view = {
		.status = "STOPPED",
		.rx_hook = "none",
		.tx_hook = "none",
		.side = "auto",
		.no_group = "auto",
	};

	(void)state;
	assert_json(json_instance(&instance, &view),
		    "{'instanceId':'vm1','dev':'tap0','matchAltname':false,'ifindex':null,'"
		    "instanceStatus':'STOPPED',"
		    "'createTime':'','securityGroupIds':[],'attached':false,'mode':'auto',"
		    "'rxHook':'none','txHook':'none','hookReason':null,'side':'auto',"
		    "'noGroup':'auto','strict':false,'addresses':[],'macs':[],"
		    "'allowEthertypes':[],'connections':null}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_has_the_fields_of_rule_info),
		cmocka_unit_test(the_longest_port_range_fits),
		cmocka_unit_test(a_group_lists_only_the_instances_that_have_it),
		cmocka_unit_test(an_instance_shows_what_is_stored_and_what_is_in_force),
		cmocka_unit_test(an_instance_without_interface_has_no_ifindex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
