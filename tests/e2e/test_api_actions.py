# SPDX-License-Identifier: GPL-2.0-only
"""The promise: each action of the HTTP API takes, does and answers what its description says, and
refuses with the codes that stand there. A call that is refused changes nothing.

    host: v0 --- g0: guest       instances on v0, on lo, and on an interface that is not there
"""
import contextlib
import re

import pytest

from api_client import NEW, OLD, Client, Refused
from daemon import running
from sandbox import Sandbox

SSH = {"direction": "ingress", "ipProtocol": "tcp", "portRange": "22/22", "cidrIp": "10.0.0.0/8"}
DNS = {"direction": "egress", "ipProtocol": "udp", "portRange": "53/53", "cidrIp": "0.0.0.0/0"}
ANSWERED = {"policy": "accept", "priority": 1, "description": ""}


class Site:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.sgate = sandbox.sgate
        host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
        host.veth("v0", guest, "g0")
        sandbox.sgate("attach", "v0", "--id", "i-1")
        self.path = f"{sandbox.state_dir}/api.sock"
        self.client = Client(self.path)
        self.call = self.client.call

    def refused(self, action, code, status, **parameters):
        """The call is, and changes nothing; its message."""
        before = self.sandbox.json("group", "list"), self.sandbox.json("instance", "list")
        with pytest.raises(Refused) as caught:
            self.call(action, **parameters)
        assert (caught.value.code, caught.value.status) == (code, status), caught.value
        assert before == (self.sandbox.json("group", "list"), self.sandbox.json("instance", "list"))
        return caught.value.message

    def make(self, name, *rules, **parameters):
        """A group; its id."""
        made = self.call("CreateSecurityGroup", securityGroupName=name, ruleInfos=list(rules), **parameters)
        assert list(made) == ["securityGroupId"]
        return made["securityGroupId"]

    def show(self, group):
        found = self.call("DescribeSecurityGroups", securityGroupIds=[group])
        assert found["totalCount"] == len(found["dataSet"]) == 1
        return found["dataSet"][0]

    def rules(self, group):
        return self.show(group)["ruleInfos"]


@contextlib.contextmanager
def served(sandbox):
    made = Site(sandbox)
    with running(sandbox, "--listen", f"unix:{made.path}", "--rate", "0"), contextlib.closing(made.client):
        yield made


@pytest.fixture
def site(sandbox):
    with served(sandbox) as made:
        yield made


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory):
    """Refusals change nothing, so tests share it: with the group sg-web."""
    sandbox = Sandbox(tmp_path_factory.mktemp("api"))
    try:
        with served(sandbox) as made:
            made.sgate("group", "create", "web", "--id", "sg-web")
            yield made
    finally:
        sandbox.close()


def test_a_group_from_its_making_to_its_end(site):
    group = site.make("web-1.prod", SSH, {**DNS, "policy": "drop", "priority": 8, "description": "no names"},
                      description="web servers")
    assert re.fullmatch("sg-[0-9a-f]{17}", group)
    shown = site.show(group)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown.pop("createTime"))
    assert shown == {
        "securityGroupId": group, "securityGroupName": "web-1.prod", "securityGroupStatus": "Available",
        "description": "web servers", "isDefault": False, "instanceIds": [],
        "ruleInfos": [{**SSH, **ANSWERED}, {**DNS, "policy": "deny", "priority": 8, "description": "no names"}]}
    assert site.call("ModifySecurityGroupsAttribute", securityGroupIds=[group], securityGroupName="web-2") == {}
    assert site.show(group)["securityGroupName"] == "web-2"
    assert site.show(group)["description"] == "web servers"
    site.call("ModifySecurityGroupsAttribute", securityGroupIds=[group], description="")
    assert site.show(group)["description"] == ""
    assert site.call("DeleteSecurityGroup", securityGroupId=group) == {}
    assert site.call("DescribeSecurityGroups", securityGroupIds=[group]) == {"totalCount": 0, "dataSet": []}
    site.refused("DeleteSecurityGroup", "INVALID_SECURITY_GROUP_NOT_FOUND", 404, securityGroupId=group)


def test_a_group_needs_nothing_but_its_name(site):
    shown = site.show(site.make("bare"))
    assert (shown["ruleInfos"], shown["description"]) == ([], "")
    nulls = {"ruleInfos": None, "description": None, "unknownToUs": {"a": [1]}}
    made = site.call("CreateSecurityGroup", securityGroupName="bare", **nulls)["securityGroupId"]
    assert site.show(made)["securityGroupName"] == "bare"


def test_several_groups_are_changed_together_or_not_at_all(site):
    groups = [site.make("one"), site.make("two")]
    site.refused("ModifySecurityGroupsAttribute", "INVALID_SECURITY_GROUP_NOT_FOUND", 404,
                 securityGroupIds=[*groups, "sg-none"], securityGroupName="other")
    site.call("ModifySecurityGroupsAttribute", securityGroupIds=groups, securityGroupName="other")
    assert [site.show(group)["securityGroupName"] for group in groups] == ["other", "other"]


def test_groups_come_in_pages_newest_first(site):
    groups = [site.make(f"g-{number // 2}") for number in range(23)][::-1]

    def page(**parameters):
        found = site.call("DescribeSecurityGroups", **parameters)
        return found["totalCount"], [group["securityGroupId"] for group in found["dataSet"]]

    assert page() == (23, groups[:20])
    assert page(pageNum=2) == (23, groups[20:])
    assert page(pageNum=None, pageSize=None) == (23, groups[:20])
    assert page(pageNum=3, pageSize=5) == (23, groups[10:15])
    assert page(pageSize=1000) == (23, groups)
    assert page(pageNum=2147483647, pageSize=1000) == (23, [])
    # by id, whatever the order and how often; by name; by both
    assert page(securityGroupIds=[groups[7], groups[3], groups[7], "sg-none"]) == (2, [groups[3], groups[7]])
    assert page(securityGroupIds=[groups[7], groups[3]], pageSize=1, pageNum=2) == (2, [groups[7]])
    assert page(securityGroupName="g-10") == (2, [groups[1], groups[2]])
    assert page(securityGroupName="g-1") == (2, [groups[19], groups[20]])
    assert page(securityGroupIds=groups[:3], securityGroupName="g-10") == (2, [groups[1], groups[2]])
    assert page(securityGroupIds=["sg-none"]) == (0, [])
    assert page(securityGroupIds=[]) == (23, groups[:20])


def test_rules_are_added_removed_and_replaced(site):
    group = site.make("web")
    assert site.call("AuthorizeSecurityGroupRule", securityGroupId=group, **SSH, desc="first") == {}
    assert site.call("AuthorizeSecurityGroupRules", securityGroupId=group, ruleInfos=[DNS]) == {}
    assert site.rules(group) == [{**SSH, **ANSWERED, "description": "first"}, {**DNS, **ANSWERED}]
    # one that is there gets its new description and nothing else
    site.call("AuthorizeSecurityGroupRules", securityGroupId=group, ruleInfos=[{**SSH, "description": "again"}])
    assert site.rules(group)[0] == {**SSH, **ANSWERED, "description": "again"}
    assert site.call("RevokeSecurityGroupRules", securityGroupId=group, ruleInfos=[SSH]) == {}
    assert site.rules(group) == [{**DNS, **ANSWERED}]
    assert site.call("ConfigureSecurityGroupRules", securityGroupId=group, ruleInfos=[SSH]) == {}
    assert site.rules(group) == [{**SSH, **ANSWERED}]
    assert site.call("ConfigureSecurityGroupRules", securityGroupId=group) == {}
    assert site.rules(group) == []


def test_rules_are_named_with_their_priority_or_without(site):
    group = site.make("web", {**SSH, "priority": 7}, {**SSH, "priority": 50}, DNS)
    site.client.version = OLD
    # an older client sees one rule, and gives it back as it was
    assert site.rules(group) == [{**SSH, "policy": "accept", "description": ""},
                                 {**DNS, "policy": "accept", "description": ""}]
    site.call("ConfigureSecurityGroupRules", securityGroupId=group, ruleInfos=site.rules(group))
    site.call("AuthorizeSecurityGroupRule", securityGroupId=group, **SSH)
    site.client.version = NEW
    assert [rule["priority"] for rule in site.rules(group)] == [7, 50, 1]
    site.refused("RevokeSecurityGroupRules", "INVALID_SECURITY_GROUP_RULE_NOT_FOUND", 404, securityGroupId=group,
                 ruleInfos=[{**SSH, "priority": 1}])
    site.call("RevokeSecurityGroupRules", securityGroupId=group, ruleInfos=[{**SSH, "priority": 7}])
    assert [rule["priority"] for rule in site.rules(group)] == [50, 1]
    site.call("AuthorizeSecurityGroupRule", securityGroupId=group, **SSH, priority=3)
    site.call("RevokeSecurityGroupRules", securityGroupId=group, ruleInfos=[SSH])
    assert site.rules(group) == [{**DNS, **ANSWERED}]


def test_no_version_is_the_first(site):
    group = site.make("web", SSH)
    site.client.headers["x-zc-version"] = None
    assert "priority" not in site.rules(group)[0]


def test_what_the_vendor_does_not_have_is_taken_and_answered(site):
    web = site.make("web")
    rules = [
        {"direction": "ingress", "ipProtocol": "icmp", "icmpType": "8/0", "cidrIp": "192.0.2.1"},
        {"direction": "ingress", "ipProtocol": "icmpv6", "icmpType": "128", "cidrIp": "2001:db8::1"},
        {"direction": "ingress", "ipProtocol": "tcp", "portRange": "443,80,8000-8999", "remoteGroupId": web},
        {"direction": "egress", "ipProtocol": "gre", "portRange": "all"},
        {"direction": "egress", "ipProtocol": "50", "portRange": "-1", "cidrIp": "any"}]
    assert site.rules(site.make("more", *rules)) == [
        {**rules[0], **ANSWERED, "portRange": "-1/-1", "cidrIp": "192.0.2.1/32"},
        {**rules[1], **ANSWERED, "portRange": "-1/-1", "cidrIp": "2001:db8::1/128"},
        {**rules[2], **ANSWERED, "portRange": "80/80,443/443,8000/8999"},
        {**rules[3], **ANSWERED, "portRange": "-1/-1", "cidrIp": "0.0.0.0/0"},
        {**rules[4], **ANSWERED, "portRange": "-1/-1"}]
    # as they were answered they can be given back
    copy = site.make("copy")
    before = site.rules(site.make("again", *rules))
    site.call("ConfigureSecurityGroupRules", securityGroupId=copy, ruleInfos=before)
    assert site.rules(copy) == before


def test_rules_that_are_refused_leave_the_group_as_it_was(site):
    group = site.make("web", SSH)
    for action in "AuthorizeSecurityGroupRules", "ConfigureSecurityGroupRules":
        message = site.refused(action, "OPERATION_DENIED_SECURITY_GROUP_EXIST_REPEAT_RULE", 403,
                               securityGroupId=group, ruleInfos=[DNS, SSH, {**DNS, "description": "other"}])
        assert "ruleInfos[0] and ruleInfos[2]" in message
        message = site.refused(action, "INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP", 400,
                               securityGroupId=group, ruleInfos=[DNS, {**SSH, "cidrIp": "10.1.2.3/8"}])
        assert message.startswith("ruleInfos[1].cidrIp: ") and "10.0.0.0/8" in message
        site.refused(action, "INVALID_SECURITY_GROUP_NOT_FOUND", 404, securityGroupId=group,
                     ruleInfos=[DNS, {"direction": "egress", "ipProtocol": "all", "remoteGroupId": "sg-none"}])
        site.refused(action, "INVALID_SECURITY_GROUP_NOT_FOUND", 404, securityGroupId="sg-none", ruleInfos=[DNS])
    site.refused("RevokeSecurityGroupRules", "INVALID_SECURITY_GROUP_RULE_NOT_FOUND", 404, securityGroupId=group,
                 ruleInfos=[SSH, DNS])
    site.refused("CreateSecurityGroup", "OPERATION_DENIED_SECURITY_GROUP_EXIST_REPEAT_RULE", 403,
                 securityGroupName="new", ruleInfos=[SSH, SSH])


@pytest.mark.parametrize("field, value, code", [
    ("policy", "reject", "INVALID_PARAMETER_SECURITY_GROUP_POLICY"),
    ("portRange", "22/21", "INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE"),
    ("priority", 101, "INVALID_PARAMETER_SECURITY_GROUP_PRIORITY"),
    ("cidrIp", "10.0.0.0/33", "INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP"),
    ("ruleId", "r-1", "INVALID_PARAMETER_SECURITY_GROUP_RULE_ID_NOT_ALLOW"),
    ("direction", "in", "INVALID_PARAMETER_VALUE"),
    ("ipProtocol", "TCP", "INVALID_PARAMETER_VALUE"),
    ("ipProtocol", None, "MISSING_PARAMETER"),
    ("portRange", 22, "INVALID_PARAMETER_TYPE"),
    ("description", "x" * 256, "INVALID_PARAMETER_EXCEED_LENGTH"),
])
def test_a_bad_field_of_a_rule_is_named(unchanged, field, value, code):
    message = unchanged.refused("AuthorizeSecurityGroupRule", code, 400, securityGroupId="sg-web",
                                **{**SSH, field: value})
    assert message.startswith(field)


@pytest.mark.parametrize("action, parameters, code, begin", [
    ("CreateSecurityGroup", {}, "MISSING_PARAMETER", "securityGroupName"),
    ("CreateSecurityGroup", {"securityGroupName": 7}, "INVALID_PARAMETER_TYPE", "securityGroupName"),
    ("CreateSecurityGroup", {"securityGroupName": "a_b"}, "INVALID_PARAMETER_PATTERN_ERROR", "securityGroupName"),
    ("CreateSecurityGroup", {"securityGroupName": "a" * 65}, "INVALID_PARAMETER_EXCEED_LENGTH", "securityGroupName"),
    ("CreateSecurityGroup", {"securityGroupName": ""}, "INVALID_PARAMETER_LESS_LENGTH", "securityGroupName"),
    ("DescribeSecurityGroups", {"pageSize": 1001}, "INVALID_PARAMETER_EXCEED_MAXIMUM", "pageSize"),
    ("DescribeSecurityGroups", {"pageNum": 0}, "INVALID_PARAMETER_LESS_MINIMUM", "pageNum"),
    ("DescribeSecurityGroups", {"securityGroupIds": ["a"] * 101}, "INVALID_PARAMETER_EXCEED_MAXIMUM",
     "securityGroupIds"),
    ("DescribeInstances", {"instanceIds": "i-1"}, "INVALID_PARAMETER_TYPE", "instanceIds"),
])
def test_a_bad_parameter_is_named(unchanged, action, parameters, code, begin):
    assert unchanged.refused(action, code, 400, **parameters).startswith(begin)


def test_associating_twice_is_as_good_as_once(site):
    group = site.make("web", SSH)
    pair = {"securityGroupId": group, "instanceId": "i-1"}
    for _ in range(2):
        assert site.call("AssociateSecurityGroupInstance", **pair) == {}
        assert site.show(group)["instanceIds"] == ["i-1"]
        assert site.sandbox.json("instance", "show", "i-1")["securityGroupIds"] == [group]
    site.refused("DeleteSecurityGroup", "OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE", 403, securityGroupId=group)
    for _ in range(2):
        assert site.call("UnAssociateSecurityGroupInstance", **pair) == {}
        assert site.show(group)["instanceIds"] == []
    site.call("DeleteSecurityGroup", securityGroupId=group)


def test_associating_is_refused_with_the_first_code_that_applies(site):
    one, two, three = (site.make(name) for name in ("one", "two", "three"))
    site.sgate("instance", "add", "i-lo", "--dev", "lo")

    def refused(group, instance, code, status=403):
        site.refused("AssociateSecurityGroupInstance", code, status, securityGroupId=group, instanceId=instance)

    refused(three, "i-lo", "OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP")
    site.call("AssociateSecurityGroupInstance", securityGroupId=one, instanceId="i-1")
    site.call("AssociateSecurityGroupInstance", securityGroupId=two, instanceId="i-1")
    refused(three, "i-1", "OPERATION_DENIED_INSTANCE_SECURITY_GROUP_EXCEED_LIMIT")
    site.sgate("instance", "set", "i-1", "--status", "REBOOTING")
    refused(three, "i-1", "OPERATION_DENIED_INSTANCE_STATUS")
    refused(three, "i-none", "INVALID_INSTANCE_NOT_FOUND", 404)
    site.sgate("group", "set", three, "--status", "Unavailable")
    refused(three, "i-none", "OPERATION_DENIED_SECURITY_GROUP_STATUS_NOT_AVAILABLE")
    refused("sg-none", "i-none", "INVALID_SECURITY_GROUP_NOT_FOUND", 404)
    for group, instance, code in (("sg-none", "i-1", "INVALID_SECURITY_GROUP_NOT_FOUND"),
                                  (one, "i-none", "INVALID_INSTANCE_NOT_FOUND")):
        site.refused("UnAssociateSecurityGroupInstance", code, 404, securityGroupId=group, instanceId=instance)


def test_names_are_not_ids(site):
    group = site.make("web")
    site.refused("DeleteSecurityGroup", "INVALID_SECURITY_GROUP_NOT_FOUND", 404, securityGroupId="web")
    site.refused("AssociateSecurityGroupInstance", "INVALID_INSTANCE_NOT_FOUND", 404, securityGroupId=group,
                 instanceId="v0")


def test_groups_that_could_be_associated_are_those_that_can(site):
    one, two, three, closed = (site.make(name) for name in ("one", "two", "three", "closed"))
    site.sgate("group", "set", closed, "--status", "Unavailable")

    def available(instance="i-1"):
        found = site.call("DescribeInstanceAvailableSecurityGroupResources", instanceId=instance)
        assert list(found) == ["instanceAvailableSecurityGroups"]
        return [group["securityGroupId"] for group in found["instanceAvailableSecurityGroups"]]

    assert available() == [three, two, one]
    site.call("AssociateSecurityGroupInstance", securityGroupId=two, instanceId="i-1")
    assert available() == [three, one]
    found = site.call("DescribeInstanceAvailableSecurityGroupResources", instanceId="i-1")
    assert found["instanceAvailableSecurityGroups"][1] == {
        "securityGroupId": one, "securityGroupName": "one", "isDefault": False}
    site.sgate("instance", "set", "i-1", "--status", "RELEASING")
    assert available() == []
    site.sgate("instance", "set", "i-1", "--status", "RUNNING")
    site.call("AssociateSecurityGroupInstance", securityGroupId=one, instanceId="i-1")
    assert available() == []
    site.refused("DescribeInstanceAvailableSecurityGroupResources", "INVALID_INSTANCE_NOT_FOUND", 404,
                 instanceId="i-none")


def test_instances_come_in_pages_newest_first(site):
    site.sgate("instance", "set", "i-1", "--address", "10.0.0.1", "--address", "2001:db8::1", "--address",
               "10.9.0.0/16")
    for number in range(2, 5):
        site.sgate("instance", "add", f"i-{number}", "--dev", f"dev{number}")
    group = site.make("web")
    site.call("AssociateSecurityGroupInstance", securityGroupId=group, instanceId="i-1")

    def page(**parameters):
        found = site.call("DescribeInstances", **parameters)
        return found["totalCount"], [instance["instanceId"] for instance in found["dataSet"]]

    assert page() == (4, ["i-4", "i-3", "i-2", "i-1"])
    assert page(pageSize=3, pageNum=2) == (4, ["i-1"])
    assert page(instanceIds=["i-2", "i-4", "i-none"]) == (2, ["i-4", "i-2"])
    shown, waiting = site.call("DescribeInstances", instanceIds=["i-1", "i-2"])["dataSet"][::-1]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", shown.pop("createTime"))
    assert shown == {"instanceId": "i-1", "instanceName": "v0", "instanceStatus": "RUNNING",
                     "securityGroupIds": [group], "privateIpAddresses": ["10.0.0.1", "2001:db8::1", "10.9.0.0/16"]}
    assert (waiting["instanceStatus"], waiting["securityGroupIds"]) == ("STOPPED", [])


def test_default_groups_are_not_a_clients_to_change(site):
    site.sgate("group", "create", "base", "--id", "sg-base", "--default")
    code = "OPERATION_DENIED_DEFAULT_SECURITY_GROUP_NOT_SUPPORT"
    assert site.show("sg-base")["isDefault"] is True
    site.refused("DeleteSecurityGroup", code, 403, securityGroupId="sg-base")
    site.refused("ModifySecurityGroupsAttribute", code, 403, securityGroupIds=[site.make("own"), "sg-base"],
                 securityGroupName="x")
    site.refused("AuthorizeSecurityGroupRule", code, 403, securityGroupId="sg-base", **SSH)
    for action in "AuthorizeSecurityGroupRules", "RevokeSecurityGroupRules", "ConfigureSecurityGroupRules":
        site.refused(action, code, 403, securityGroupId="sg-base", ruleInfos=[SSH])
    # whoever is added later has it, and may be given it and lose it
    site.sgate("instance", "add", "i-2", "--dev", "dev2")
    assert site.show("sg-base")["instanceIds"] == ["i-2"]
    site.call("UnAssociateSecurityGroupInstance", securityGroupId="sg-base", instanceId="i-2")
    site.call("AssociateSecurityGroupInstance", securityGroupId="sg-base", instanceId="i-1")
    assert site.show("sg-base")["instanceIds"] == ["i-1"]


def test_a_group_that_a_rule_names_stays(site):
    web = site.make("web")
    rule = {"direction": "ingress", "ipProtocol": "tcp", "remoteGroupId": web}
    other = site.make("other", rule)
    site.refused("DeleteSecurityGroup", "OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE", 403, securityGroupId=web)
    site.call("RevokeSecurityGroupRules", securityGroupId=other, ruleInfos=[rule])
    site.call("DeleteSecurityGroup", securityGroupId=web)


def test_limits_can_be_set_lower(site):
    assert site.sandbox.json("limits") == {"groups": 100000, "rulesPerGroup": 100000}
    site.sgate("limits", "--groups", "2", "--rules", "2")
    one = site.make("one", SSH, DNS)
    other = {**SSH, "portRange": "23"}
    code = "OPERATION_DENIED_SECURITY_GROUP_RULE_EXCEED_LIMIT"
    site.refused("AuthorizeSecurityGroupRule", code, 403, securityGroupId=one, **other)
    site.refused("ConfigureSecurityGroupRules", code, 403, securityGroupId=one, ruleInfos=[SSH, DNS, other])
    site.refused("CreateSecurityGroup", code, 403, securityGroupName="new", ruleInfos=[SSH, DNS, other])
    # one that is there is not one more
    site.call("AuthorizeSecurityGroupRule", securityGroupId=one, **SSH, description="again")
    site.make("two")
    site.refused("CreateSecurityGroup", "OPERATION_DENIED_SECURITY_GROUP_TEAM_EXCEED_LIMIT", 403,
                 securityGroupName="three")
    site.sandbox.refused("group", "create", "three", code="OPERATION_DENIED_SECURITY_GROUP_TEAM_EXCEED_LIMIT")
    site.sandbox.refused("limits", "--groups", "100001", code="INVALID_PARAMETER_VALUE")
    site.sgate("limits", "--groups", "default", "--rules", "3")
    assert site.sandbox.json("limits") == {"groups": 100000, "rulesPerGroup": 3}
    site.make("three", SSH, DNS, other)


def test_command_line_and_api_see_each_other_at_once(site):
    site.sgate("group", "create", "cli", "--id", "sg-cli", "--rule", "ingress accept all")
    assert site.rules("sg-cli") == [{"direction": "ingress", "policy": "accept", "priority": 1, "ipProtocol": "all",
                                     "portRange": "-1/-1", "cidrIp": "any", "description": ""}]
    site.call("AuthorizeSecurityGroupRule", securityGroupId="sg-cli", **SSH)
    assert site.sgate("rule", "list", "cli").out == ("ingress accept all from any\n"
                                                     "ingress accept tcp 22 from 10.0.0.0/8\n")
