# SPDX-License-Identifier: GPL-2.0-only
"""The promise: every command is in the help, prints one JSON document with the promised fields,
and ends with the right status; text comes in lines that can be read back.

    host: v0 --- g0: guest       instance i-1 on v0 with the groups web and any
"""
import json
import os
import re
import subprocess

import pytest

from sandbox import SGATE

GROUP_FIELDS = {"securityGroupId", "securityGroupName", "securityGroupStatus", "createTime",
                "description", "instanceIds", "ruleInfos", "isDefault"}
RULE_FIELDS = {"direction", "policy", "priority", "ipProtocol", "portRange", "cidrIp",
               "description", "rule"}
INSTANCE_FIELDS = {"instanceId", "instanceStatus", "securityGroupIds", "createTime", "connections", "dev", "matchAltname",
                   "ifindex", "mode", "side", "attached", "rxHook", "txHook", "hookReason",
                   "noGroup", "strict", "addresses", "macs", "allowEthertypes"}
SETTINGS_FIELDS = {"timeouts", "fragmentTimeout", "share", "shareMax", "table", "instances"}
COUNTER_FIELDS = {"direction", "verdict", "reason", "packets", "bytes"}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"

RULES = ["ingress accept tcp 80,443,8000-8999 from 10.0.0.0/8 priority 50 description two words",
         "ingress accept icmp 8/0 from any", "egress deny udp 53 to ::/0",
         "ingress accept all from group:any", "egress accept gre to 192.0.2.1/32 priority 100",
         "ingress deny 99 from 2001:db8::/32"]


@pytest.fixture
def site(sandbox):
    host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
    host.veth("v0", guest, "g0")
    sandbox.group("any")
    sandbox.group("web", *RULES)
    sandbox.sgate("attach", "v0", "--id", "i-1")
    for group in "web", "any":
        sandbox.sgate("associate", group, "i-1")
    return sandbox


def commands():
    done = subprocess.run([SGATE, "--json", "help"], capture_output=True, check=True)
    return json.loads(done.stdout)["commands"]


# A line each command could be: what it takes, and the keys of its document.
LINES = {
    "group create": (["fresh"], {"securityGroupId"}),
    "group list": ([], {"securityGroups"}),
    "group show": (["web"], GROUP_FIELDS),
    "group set": (["web", "--name", "www"], {"securityGroupId"}),
    "group delete": (["loose"], {"securityGroupId"}),
    "rule add": (["web", "ingress accept udp 1"], {"securityGroupId"}),
    "rule remove": (["web", RULES[1]], {"securityGroupId"}),
    "rule replace": (["web"], {"securityGroupId"}),
    "rule list": (["web"], {"securityGroupId", "ruleInfos"}),
    "instance add": (["i-9", "--dev", "away9"], {"instanceId"}),
    "instance list": ([], {"instances"}),
    "instance show": (["i-1"], INSTANCE_FIELDS | {"ruleInfos"}),
    "instance set": (["i-1", "--strict"], {"instanceId"}),
    "instance remove": (["i-9"], {"instanceId"}),
    "attach": (["v0"], {"instanceId"}),
    "detach": (["v0"], {"instanceId"}),
    "associate": (["web", "i-1"], {"securityGroupId", "instanceId"}),
    "dissociate": (["web", "i-1"], {"securityGroupId", "instanceId"}),
    "status": ([], {"version", "healthy", "stateDir", "bpffs", "kernel", "policyHeap", "connectionTable",
                    "drift", "instances"}),
    "stats": ([], {"instances", "unbound"}),
    "connections list": ([], {"connections"}),
    "connections count": ([], {"instances"}),
    "connections flush": ([], {"instanceId"}),
    "connections settings": ([], SETTINGS_FIELDS),
    "connections set": (["--timeout", "closed=11"], SETTINGS_FIELDS | {"sizesPending"}),
    "limits": (["--rules", "1000"], {"groups", "rulesPerGroup"}),
    "reconcile": ([], {"drift", "mended"}),
    "version": ([], {"version"}),
    "help": ([], {"commands", "globalOptions"}),
}
STREAMS = {"monitor", "daemon"}  # tested where they are at home


def test_every_command_prints_one_document(site):
    names = {command["name"] for command in commands()} - STREAMS
    untested = names - set(LINES)
    assert untested <= {"apply", "confirm", "export", "explain", "bench"}, "give them a line here"
    site.group("loose")
    for name, (words, fields) in LINES.items():
        done = site.sgate("--json", *name.split(), *words)
        assert done.out.count("\n") == 1 and done.out.endswith("\n"), name
        assert set(done.json) == fields, name
        assert done.err == "", name


def test_the_fields_of_a_group_and_its_rules(site):
    group = site.json("group", "show", "web")
    assert re.fullmatch(TIME, group["createTime"])
    assert group["securityGroupStatus"] == "Available" and group["isDefault"] is False
    assert group["instanceIds"] == ["i-1"]
    rules = {rule["rule"]: rule for rule in group["ruleInfos"]}
    assert set(rules) == set(RULES)
    for rule in rules.values():
        assert set(rule) - {"icmpType"} == (
            RULE_FIELDS if "cidrIp" in rule else RULE_FIELDS - {"cidrIp"} | {"remoteGroupId"})
    first = rules[RULES[0]]
    assert {key: first[key] for key in RULE_FIELDS - {"rule"}} == {
        "direction": "ingress", "policy": "accept", "priority": 50, "ipProtocol": "tcp",
        "portRange": "80/80,443/443,8000/8999", "cidrIp": "10.0.0.0/8",
        "description": "two words"}
    assert rules[RULES[1]]["icmpType"] == "8/0" and rules[RULES[1]]["portRange"] == "-1/-1"
    assert rules[RULES[3]]["remoteGroupId"] == "any"
    assert site.json("rule", "list", "web") == {
        "securityGroupId": "web", "ruleInfos": group["ruleInfos"]}
    listed, = (g for g in site.json("group", "list")["securityGroups"]
               if g["securityGroupId"] == "web")
    assert listed == group


def test_the_fields_of_an_instance(site):
    site.sgate("instance", "set", "i-1", "--mac", "02:00:00:00:00:01", "--address", "10.0.0.1",
               "--address", "fd00::/64", "--allow-ethertype", "0x88cc", "--mode", "tc")
    shown = site.json("instance", "show", "i-1")
    assert re.fullmatch(TIME, shown["createTime"])
    expected = {
        "instanceId": "i-1", "dev": "v0", "matchAltname": False, "ifindex": site.home.ifindex("v0"),
        "instanceStatus": "RUNNING", "securityGroupIds": ["web", "any"], "attached": True,
        "mode": "tc", "rxHook": "tcx", "txHook": "tcx", "side": "guest", "noGroup": "drop",
        "strict": False, "addresses": ["10.0.0.1/32", "fd00::/64"],
        "macs": ["02:00:00:00:00:01"], "allowEthertypes": ["0x88cc"]}
    assert {key: shown[key] for key in expected} == expected
    assert {rule["securityGroupId"] for rule in shown["ruleInfos"]} == {"web"}
    del shown["ruleInfos"]
    assert site.json("instance", "list")["instances"] == [shown]
    health, = site.json("status")["instances"]
    assert health == {**shown, "health": "ok", "connectionsUsed": 0, "connectionsLimit": 8192,
                      "connectionsRefused": 0}


def test_the_fields_of_an_instance_without_interface(site):
    site.sgate("instance", "add", "i-2", "--dev", "away0")
    shown = site.json("instance", "show", "i-2")
    assert (shown["ifindex"], shown["instanceStatus"], shown["attached"]) == (None, "STOPPED",
                                                                            False)
    assert (shown["mode"], shown["rxHook"], shown["side"]) == ("auto", "none", "auto")


def test_the_fields_of_status_and_stats(site):
    status = site.json("status")
    assert status["healthy"] is True and status["drift"] == []
    assert (status["stateDir"], status["bpffs"]) == (site.state_dir, site.bpffs)
    assert set(status["kernel"]) == {"release", "tcx", "xdpFrags", "jit"}
    assert status["kernel"]["release"] == os.uname().release
    assert set(status["policyHeap"]) == {"nodes", "used", "images", "bytes"}
    assert status["policyHeap"]["images"] == 1

    stats = site.json("stats")
    instance, = stats["instances"]
    assert set(instance) == {"instanceId", "dev", "counters", "totals", "connections"}
    assert instance["connections"]["limit"] == 8192
    assert all(set(row) == COUNTER_FIELDS for row in instance["counters"] + instance["totals"])
    assert {(r["direction"], r["reason"]) for r in instance["counters"]} >= {
        (way, reason) for way in ("ingress", "egress")
        for reason in ("rule-accept", "rule-deny", "no-rule", "no-group", "malformed", "arp")}
    assert site.json("stats", "i-1") == {"instances": [instance]}
    assert site.json("stats", "v0") == {"instances": [instance]}


def test_commands_that_ask_need_no_kernel_side(sandbox):
    """Nothing was ever attached: nothing is made either."""
    sandbox.namespace("empty")
    for words in ("status",), ("stats",), ("group", "list"), ("instance", "list"), (
            "reconcile", "--check"):
        sandbox.json(*words)
    assert sandbox.json("status")["healthy"] is True
    assert not os.path.exists(sandbox.bpffs)


def test_help_tells_of_every_command(site):
    everything = site.sgate("help").out
    assert site.sgate("--help").out == everything and site.sgate("-h").out == everything
    for command in commands():
        name = command["name"]
        assert f"  {name} " in everything
        assert command["summary"] in everything
        own = site.sgate("help", *name.split()).out
        assert own.startswith(f"usage: sgate {name}") and command["summary"] in own
        assert site.sgate(*name.split(), "--help").out == own
        assert command["usage"].startswith(f"sgate {name}")
        for option in re.findall(r"--[a-z-]+|-f\b", command["usage"]):
            assert f"  {option} " in own, f"{name} {option}"
    assert all(len(line) <= 100 for line in everything.splitlines())
    for option in "--json", "--state-dir", "--bpffs":
        assert option in everything


def test_help_of_a_family(site):
    shown = site.sgate("help", "group").out
    assert "group create" in shown and "rule add" not in shown
    assert {c["name"] for c in site.json("help", "rule")["commands"]} == {
        "rule add", "rule remove", "rule replace", "rule list"}


def test_rules_as_text_are_read_back_the_same(site):
    before = site.json("rule", "list", "web")
    text = site.sgate("rule", "list", "web").out
    assert set(text.splitlines()) == set(RULES)
    site.group("copy")
    site.sgate("rule", "replace", "copy", "-f", "-", stdin=text)
    assert site.json("rule", "list", "copy")["ruleInfos"] == before["ruleInfos"]
    site.sgate("rule", "replace", "web", "-f", "-", stdin=text)
    assert site.json("rule", "list", "web") == before
    site.sgate("rule", "remove", "web", *text.splitlines())
    assert site.sgate("rule", "list", "web").out == ""


def test_adding_a_rule_again_changes_its_description_alone(site):
    site.sgate("rule", "add", "web", "ingress accept icmp 8/0 description pings")
    rules = site.json("rule", "list", "web")["ruleInfos"]
    assert len(rules) == len(RULES)
    assert [r["description"] for r in rules if r["ipProtocol"] == "icmp"] == ["pings"]
    site.sgate("rule", "add", "web", "ingress accept icmp 8/0 priority 2")
    assert len(site.json("rule", "list", "web")["ruleInfos"]) == len(RULES) + 1


def test_made_up_ids(site):
    ids = {site.sgate("group", "create", "same-name").out for _ in range(3)}
    assert len(ids) == 3
    for line in ids:
        assert re.fullmatch(r"sg-[0-9a-f]{17}\n", line)
        site.sgate("group", "show", line.strip())


def test_a_default_group_comes_with_later_instances(site):
    site.sgate("group", "create", "house-rules", "--id", "house", "--default")
    site.sgate("instance", "add", "i-2", "--dev", "away0")
    assert site.json("instance", "show", "i-2")["securityGroupIds"] == ["house"]
    assert site.json("instance", "show", "i-1")["securityGroupIds"] == ["web", "any"]
    assert site.json("group", "show", "house")["isDefault"] is True


def test_a_group_is_deleted_once_nobody_needs_it(site):
    code = "OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE"
    site.refused("group", "delete", "any", code=code)  # associated, and named by a rule
    site.sgate("dissociate", "any", "i-1")
    site.refused("group", "delete", "any", code=code)
    site.sgate("rule", "remove", "web", "ingress accept all from group:any")
    site.sgate("group", "delete", "any")
    site.refused("group", "show", "any", code="INVALID_SECURITY_GROUP_NOT_FOUND")


def test_status_words(site):
    site.sgate("group", "set", "web", "--status", "Unavailable", "--description", "out of use",
               "--name", "w")
    group = site.json("group", "show", "w")
    assert (group["securityGroupStatus"], group["description"]) == ("Unavailable", "out of use")
    site.sgate("group", "set", "w", "--status", "Available", "--description", "")
    assert site.json("group", "show", "web")["description"] == ""
    site.sgate("instance", "set", "i-1", "--status", "RELEASING")
    assert site.json("instance", "show", "i-1")["instanceStatus"] == "RELEASING"
    site.sgate("instance", "set", "i-1", "--status", "STOPPED")
    assert site.json("instance", "show", "i-1")["instanceStatus"] == "RUNNING"


def test_directories_from_the_environment(sandbox, tmp_path):
    namespace = sandbox.namespace("host")
    env = {**os.environ, "SGATE_STATE_DIR": str(tmp_path / "by-env"),
           "SGATE_BPFFS": sandbox.bpffs + "-env"}
    namespace.run(SGATE, "group", "create", "a", "--id", "a", env=env)
    shown = json.loads(namespace.run(SGATE, "--json", "status", env=env).stdout)
    assert (shown["stateDir"], shown["bpffs"]) == (env["SGATE_STATE_DIR"], env["SGATE_BPFFS"])
    assert os.path.isdir(env["SGATE_STATE_DIR"])
    # an option counts more
    listed = namespace.run(SGATE, "--json", "--state-dir", tmp_path / "other", "group", "list",
                           env=env)
    assert json.loads(listed.stdout) == {"securityGroups": []}


@pytest.mark.parametrize("words", [
    ["--json", "group", "list"], ["group", "--json", "list"], ["group", "list", "--json"],
    ["--json", "--", "group", "list"], ["group", "list", "--json", "--"]], ids=" ".join)
def test_options_may_stand_anywhere(site, words):
    assert len(site.sgate(*words).json["securityGroups"]) == 2


def test_an_option_with_its_value_in_one_word(site):
    site.sgate("instance", "set", "i-1", "--mode=xdp", "--no-group=pass")
    shown = site.json("instance", "show", "i-1")
    assert (shown["mode"], shown["noGroup"]) == ("xdp", "pass")


@pytest.mark.parametrize("words", [["group", "list"], ["--json", "stats"], ["help"], ["version"]],
                         ids=" ".join)
def test_output_that_cannot_be_written_is_a_failure(site, words):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(site.command(*words), stdout=full, stderr=subprocess.PIPE, text=True,
                              check=False)
    assert done.returncode == 1 and "standard output" in done.stderr
    closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *site.command(*words)],
                            stderr=subprocess.PIPE, text=True, check=False)
    assert closed.returncode == 1 and "standard output" in closed.stderr


def test_statuses(site):
    site.sgate("reconcile", "--check", status=0)
    os.unlink(f"{site.bpffs}/links/{site.home.ifindex('v0')}-rx")
    assert site.sgate("reconcile", "--check", status=1).err == ""
    assert site.sgate("reconcile", "--check", status=1).out.count("\n") == 1
    site.sgate("reconcile", status=0)
    site.sgate("frobnicate", status=2)
    site.sgate("group", "show", "nix", status=1)
