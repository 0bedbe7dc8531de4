# SPDX-License-Identifier: GPL-2.0-only
"""The promise: what is ill-formed is refused in one line that has the offending value and says
what to do, as JSON when asked for, and changes nothing.

    host: v0 --- g0: guest       instance i-1 on v0 with the group base
"""
import sqlite3

import pytest

from sandbox import Sandbox

LONG = "x" * 65
PORTS = "INVALID_PARAMETER_SECURITY_GROUP_PORT_RANGE"
CIDR = "INVALID_PARAMETER_SECURITY_GROUP_SOURCE_CIDR_IP"
PRIORITY = "INVALID_PARAMETER_SECURITY_GROUP_PRIORITY"
PATTERN = "INVALID_PARAMETER_PATTERN_ERROR"
VALUE = "INVALID_PARAMETER_VALUE"
SHORT, TOO_LONG = "INVALID_PARAMETER_LESS_LENGTH", "INVALID_PARAMETER_EXCEED_LENGTH"
MISSING, EXISTS = "MISSING_PARAMETER", "OPERATION_DENIED_ALREADY_EXISTS"
NO_GROUP, NO_INSTANCE = "INVALID_SECURITY_GROUP_NOT_FOUND", "INVALID_INSTANCE_NOT_FOUND"

PORT_ADVICE = "use N, N-M or several of those joined by commas"
ICMP_ADVICE = "TYPE or TYPE/CODE"
ADDRESS_ADVICE = "use an IPv4 or IPv6 address"

# rule, code, the offending value, a part of what to do
RULES = [
    ("", MISSING, "empty", "write DIRECTION POLICY PROTOCOL"),
    ("  ", MISSING, "empty", "write DIRECTION POLICY PROTOCOL"),
    ("sideways accept tcp 1", VALUE, '"sideways"', "use ingress or egress"),
    ("Ingress accept tcp", VALUE, '"Ingress"', "use ingress or egress"),
    ("ingress permit tcp", "INVALID_PARAMETER_SECURITY_GROUP_POLICY", '"permit"',
     "use accept or deny"),
    ("egress ", MISSING, "policy", "use accept or deny"),
    ("ingress accept", MISSING, "protocol", "use all, tcp"),
    ("ingress accept foo", VALUE, '"foo"', "use all, tcp"),
    ("ingress accept TCP 22", VALUE, '"TCP"', "use all, tcp"),
    ("ingress accept 256", VALUE, '"256"', "a number 0-255"),
    ("ingress accept -1", VALUE, '"-1"', "a number 0-255"),
    ("ingress accept 0x11", VALUE, '"0x11"', "a number 0-255"),
    ("ingress accept tcp 0x16", PORTS, '"0x16"', PORT_ADVICE),
    ("ingress accept tcp 022", PORTS, '"022"', PORT_ADVICE),
    ("ingress accept tcp +22", PORTS, '"+22"', PORT_ADVICE),
    ("ingress accept tcp -1", PORTS, '"-1"', PORT_ADVICE),
    ("ingress accept tcp 80,", PORTS, '"80,"', PORT_ADVICE),
    ("ingress accept tcp ,80", PORTS, '",80"', PORT_ADVICE),
    ("ingress accept tcp 1-2-3", PORTS, '"1-2-3"', PORT_ADVICE),
    ("ingress accept udp 65536", PORTS, '"65536"', "ports are 0-65535"),
    ("ingress accept sctp 1-65536", PORTS, '"1-65536"', "ports are 0-65535"),
    ("ingress accept tcp 99999999999999999999", PORTS, '"99999999999999999999"', "0-65535"),
    ("ingress accept tcp 80-70", PORTS, '"80-70"', "write the smaller port"),
    ("ingress accept tcp any", PORTS, '"any"', "leave the ports out"),
    ("ingress accept tcp " + ",".join(str(2 * n) for n in range(33)), PORTS, "33 ports",
     "at most 32, use more rules"),
    ("ingress accept gre 1", PORTS, '"1"', "use tcp, udp or sctp"),
    ("ingress accept all 22", PORTS, '"22"', "use tcp, udp or sctp"),
    ("ingress accept 47 5", PORTS, '"5"', "use tcp, udp or sctp"),
    ("ingress accept icmp 256", PORTS, '"256"', ICMP_ADVICE),
    ("ingress accept icmp 8/256", PORTS, '"8/256"', ICMP_ADVICE),
    ("ingress accept icmp 8-9", PORTS, '"8-9"', ICMP_ADVICE),
    ("ingress accept icmp 8,9", PORTS, '"8,9"', "use a rule for each"),
    ("ingress accept icmpv6 x", PORTS, '"x"', ICMP_ADVICE),
    ("ingress accept tcp 22 to any", VALUE, '"to"', 'use "from" with ingress'),
    ("egress accept tcp 22 from any", VALUE, '"from"', 'use "to" with egress'),
    ("ingress accept tcp 22 from", MISSING, "remote", "use an address"),
    ("ingress accept tcp 22 from 10.0.0.1/24", CIDR, '"10.0.0.1/24"', "use 10.0.0.0/24"),
    ("egress deny all to 2001:db8::1/64", CIDR, '"2001:db8::1/64"', "use 2001:db8::/64"),
    ("ingress accept tcp from 1.2.3.4/0", CIDR, '"1.2.3.4/0"', "use 0.0.0.0/0"),
    ("ingress accept tcp from 10.0.0.0/33", CIDR, '"10.0.0.0/33"', "a number 0-32"),
    ("ingress accept tcp from 10.0.0.0/", CIDR, '"10.0.0.0/"', "a number 0-32"),
    ("ingress accept tcp from 10.0.0.0/8/8", CIDR, '"10.0.0.0/8/8"', "a number 0-32"),
    ("ingress accept tcp from 10.0.0.0/-1", CIDR, '"10.0.0.0/-1"', "a number 0-32"),
    ("ingress accept tcp from 10.0.0.0/+8", CIDR, '"10.0.0.0/+8"', "a number 0-32"),
    ("ingress accept tcp from 10.0.0.0/08", CIDR, '"10.0.0.0/08"', "a number 0-32"),
    ("ingress accept tcp from ::/129", CIDR, '"::/129"', "a number 0-128"),
    ("ingress accept tcp from 10.0.0", CIDR, '"10.0.0"', ADDRESS_ADVICE),
    ("ingress accept tcp from 010.0.0.1", CIDR, '"010.0.0.1"', ADDRESS_ADVICE),
    ("ingress accept tcp from 10.0.0.256", CIDR, '"10.0.0.256"', ADDRESS_ADVICE),
    ("ingress accept tcp from host.example", CIDR, '"host.example"', ADDRESS_ADVICE),
    ("ingress accept tcp from 1:2:3", CIDR, '"1:2:3"', ADDRESS_ADVICE),
    ("ingress accept tcp from /8", CIDR, '"/8"', ADDRESS_ADVICE),
    ("ingress accept tcp from fe80::1%eth0", CIDR, '"fe80::1%eth0"', "leave the %"),
    ("ingress accept tcp from ::ffff:1.2.3.4", CIDR, '"::ffff:1.2.3.4"', "use 1.2.3.4"),
    ("ingress accept tcp from group:", CIDR, "group id is empty", "use 1-64 characters"),
    ("ingress accept tcp from group:a/b", CIDR, '"a/b"', "use letters"),
    ("ingress accept tcp from group:" + LONG, CIDR, LONG, "use 1-64"),
    ("ingress accept tcp from group:nix", NO_GROUP, '"nix"', "create it first"),
    ("ingress accept tcp 22 priority 0", PRIORITY, '"0"', "use a number 1-100"),
    ("ingress accept tcp 22 priority 101", PRIORITY, '"101"', "use a number 1-100"),
    ("ingress accept tcp 22 priority +1", PRIORITY, '"+1"', "use a number 1-100"),
    ("ingress accept tcp 22 priority 1.5", PRIORITY, '"1.5"', "use a number 1-100"),
    ("ingress accept tcp 22 priority high", PRIORITY, '"high"', "use a number 1-100"),
    ("ingress accept tcp 22 priority", MISSING, "priority", "use a number 1-100"),
    ("ingress accept tcp 22 priority 1 priority 2", VALUE, '"priority"', "write it once"),
    ("ingress accept tcp 22 from any from any", VALUE, '"from"', "write it once"),
    ("ingress accept tcp 22 bogus", VALUE, '"bogus"', "use from REMOTE"),
    ("ingress accept tcp 22 description " + "x" * 256, TOO_LONG, "256 characters", "at most 255"),
    ("ingress accept tcp 22 description a\nb", PATTERN, "description", "use plain text"),
    ("ingress accept tcp 22 description \033[31m", PATTERN, "description", "use plain text"),
    ("ingress accept tcp 22 description \udcff", PATTERN, "description", "use plain text"),
]

NAME_ADVICE = "use letters, digits"
OPTION_ADVICE = "see sgate help"

# arguments, code, the offending value, a part of what to do
COMMANDS = [
    # words of the command line
    (["frobnicate"], "USAGE", '"frobnicate"', OPTION_ADVICE),
    ([""], "USAGE", '""', OPTION_ADVICE),
    (["a\nb"], "USAGE", "a", OPTION_ADVICE),
    (["caf\udce9"], "USAGE", "caf", OPTION_ADVICE),
    (["y" * 5000], "USAGE", "y" * 40, OPTION_ADVICE),
    (["--frob"], "USAGE", '"--frob"', OPTION_ADVICE),
    (["-x", "status"], "USAGE", '"-x"', OPTION_ADVICE),
    (["group"], "USAGE", '"group"', "see sgate help group"),
    (["group", "frob"], "USAGE", '"group frob"', "see sgate help group"),
    (["help", "frob"], "USAGE", '"frob"', OPTION_ADVICE),
    (["group", "create"], "USAGE", "NAME", "see sgate help group create"),
    (["group", "create", "ok", "extra"], "USAGE", '"extra"', OPTION_ADVICE),
    (["group", "create", "ok", "--nonsense"], "USAGE", '"--nonsense"', OPTION_ADVICE),
    (["group", "create", "ok", "--id"], "USAGE", '"--id"', OPTION_ADVICE),
    (["group", "create", "ok", "--id", "a", "--id", "b"], "USAGE", '"--id"', OPTION_ADVICE),
    (["group", "create", "ok", "--default=yes"], "USAGE", '"--default"', OPTION_ADVICE),
    (["group", "show"], "USAGE", "GROUP", OPTION_ADVICE),
    (["group", "set", "base"], "USAGE", "nothing to set", "give --name"),
    (["group", "list", "extra"], "USAGE", '"extra"', OPTION_ADVICE),
    (["rule", "add"], "USAGE", "GROUP", OPTION_ADVICE),
    (["rule", "add", "base"], "USAGE", "RULE", OPTION_ADVICE),
    (["rule", "add", "base", "ingress", "accept", "tcp"], "USAGE", '"ingress"', "quote each rule"),
    (["rule", "replace", "base", "-f"], "USAGE", '"-f"', OPTION_ADVICE),
    (["rule", "replace", "base", "ingress accept all", "-f", "/dev/null"], "USAGE", "-f",
     "give either"),
    (["instance"], "USAGE", '"instance"', OPTION_ADVICE),
    (["instance", "add", "x"], "USAGE", '"--dev"', OPTION_ADVICE),
    (["instance", "add", "x", "--dev", "d0", "--mac", "none", "--mac", "02:00:00:00:00:01"],
     "USAGE", "--mac none", OPTION_ADVICE),
    (["instance", "set", "i-1"], "USAGE", "nothing to set", "give an option"),
    (["instance", "set", "i-1", "--strict", "--no-strict"], "USAGE", "--no-strict", OPTION_ADVICE),
    (["instance", "set", "i-1", "--strict=yes"], "USAGE", '"--strict"', OPTION_ADVICE),
    (["instance", "set", "i-1", "--mode"], "USAGE", '"--mode"', OPTION_ADVICE),
    (["attach"], "USAGE", "DEV", OPTION_ADVICE),
    (["attach", "v0", "extra"], "USAGE", '"extra"', OPTION_ADVICE),
    (["detach"], "USAGE", "DEV|INSTANCE", OPTION_ADVICE),
    (["detach", "v0", "--keep"], "USAGE", '"--keep"', OPTION_ADVICE),
    (["associate", "base"], "USAGE", "INSTANCE", OPTION_ADVICE),
    (["dissociate", "base", "i-1", "more"], "USAGE", '"more"', OPTION_ADVICE),
    (["stats", "a", "b"], "USAGE", '"b"', OPTION_ADVICE),
    (["reconcile", "--chek"], "USAGE", '"--chek"', OPTION_ADVICE),
    (["--state-dir"], "USAGE", '"--state-dir"', OPTION_ADVICE),
    # names and ids
    (["group", "create", ""], SHORT, "group name is empty", "use 1-64"),
    (["group", "create", "a b"], PATTERN, '"a b"', NAME_ADVICE),
    (["group", "create", "a_b"], PATTERN, '"a_b"', NAME_ADVICE),
    (["group", "create", "\u00e9t\u00e9"], PATTERN, "\u00e9t\u00e9", NAME_ADVICE),
    (["group", "create", LONG], TOO_LONG, LONG, "use 1-64"),
    (["group", "create", "ok", "--id", ""], SHORT, "group id is empty", "use 1-64"),
    (["group", "create", "ok", "--id", "a/b"], PATTERN, '"a/b"', NAME_ADVICE),
    (["group", "create", "ok", "--id", LONG], TOO_LONG, LONG, "use 1-64"),
    (["group", "create", "ok", "--id", "base"], EXISTS, '"base"', "take another id"),
    (["group", "create", "ok", "--description", "x"], SHORT, '"x"', "use 2-255"),
    (["group", "create", "ok", "--description", "x" * 256], TOO_LONG, "256", "at most 255"),
    (["group", "create", "ok", "--description", "a\tb"], PATTERN, "description", "plain text"),
    (["group", "create", "ok", "--rule", "nonsense"], VALUE, '"nonsense"', "use ingress"),
    (["group", "create", "ok", "--rule", "ingress accept all", "--rule", "egress accept x"], VALUE,
     '"x"', "use all"),
    (["group", "create", "ok", "--rule", "ingress accept all from group:ghost"], NO_GROUP,
     '"ghost"', "create it first"),
    (["group", "show", "nix"], NO_GROUP, '"nix"', "sgate group list"),
    (["group", "show", ""], NO_GROUP, '""', "sgate group list"),
    (["group", "show", "a\nb"], NO_GROUP, "a", "sgate group list"),
    (["group", "delete", "nix"], NO_GROUP, '"nix"', "sgate group list"),
    (["group", "delete", "base"], "OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE", '"base"',
     "dissociate"),
    (["group", "delete", "named"], "OPERATION_DENIED_SECURITY_GROUP_EXIST_INSTANCE", '"named"',
     "remove"),
    (["group", "set", "nix", "--name", "x"], NO_GROUP, '"nix"', "sgate group list"),
    (["group", "set", "base", "--status", "Broken"], VALUE, '"Broken"', "use Available"),
    (["group", "set", "base", "--status", "available"], VALUE, '"available"', "use Available"),
    (["group", "set", "base", "--name", "a b"], PATTERN, '"a b"', NAME_ADVICE),
    (["group", "set", "base", "--description", "x"], SHORT, '"x"', "use 2-255"),
    (["rule", "list", "nix"], NO_GROUP, '"nix"', "sgate group list"),
    (["rule", "add", "nix", "ingress accept tcp 22"], NO_GROUP, '"nix"', "sgate group list"),
    (["rule", "add", "base", "ingress accept tcp 7", "bad"], VALUE, '"bad"', "use ingress"),
    (["rule", "remove", "base", "ingress accept tcp 7"], "INVALID_SECURITY_GROUP_RULE_NOT_FOUND",
     '"ingress accept tcp 7 from any"', "sgate rule list"),
    (["rule", "remove", "base", "ingress accept tcp 22", "egress accept tcp 7"],
     "INVALID_SECURITY_GROUP_RULE_NOT_FOUND", '"egress accept tcp 7', "sgate rule list"),
    (["rule", "replace", "base", "-f", "/nonexistent"], VALUE, '"/nonexistent"', "file of rules"),
    (["rule", "replace", "base", "-f", "/tmp"], VALUE, '"/tmp"', "file of rules"),
    # instances and their interfaces
    (["instance", "show", "nix"], NO_INSTANCE, '"nix"', "sgate instance list"),
    (["instance", "remove", "nix"], NO_INSTANCE, '"nix"', "sgate instance list"),
    (["instance", "set", "nix", "--strict"], NO_INSTANCE, '"nix"', "sgate instance list"),
    (["stats", "nix"], NO_INSTANCE, '"nix"', "sgate instance list"),
    (["detach", "nix"], NO_INSTANCE, '"nix"', "sgate instance list"),
    (["instance", "add", "a b", "--dev", "d0"], PATTERN, '"a b"', NAME_ADVICE),
    (["instance", "add", LONG, "--dev", "d0"], TOO_LONG, LONG, "use 1-64"),
    (["instance", "add", "i-1", "--dev", "d0"], EXISTS, '"i-1"', "take another id"),
    (["instance", "add", "x", "--dev", "v0"], EXISTS, '"v0"', "remove that instance first"),
    (["instance", "add", "x", "--dev", ""], SHORT, "interface name is empty", "use 1-15"),
    (["instance", "add", "x", "--dev", "sixteencharacter"], TOO_LONG, "sixteencharacter", "1-15"),
    (["instance", "add", "x", "--dev", "a/b"], PATTERN, '"a/b"', "ip link"),
    (["instance", "add", "x", "--dev", "a b"], PATTERN, '"a b"', "ip link"),
    (["instance", "add", "x", "--dev", "."], PATTERN, '"."', "ip link"),
    (["instance", "set", "i-1", "--dev", "a:b"], PATTERN, '"a:b"', "ip link"),
    (["instance", "set", "i-1", "--status", "running"], PATTERN, '"running"', "upper-case"),
    (["instance", "set", "i-1", "--status", "1UP"], PATTERN, '"1UP"', "upper-case"),
    (["instance", "set", "i-1", "--status", ""], SHORT, "instance status is empty", "use 1-64"),
    (["instance", "set", "i-1", "--mode", "fast"], VALUE, '"fast"', "use auto, tc, xdp"),
    (["instance", "set", "i-1", "--side", "left"], VALUE, '"left"', "host or guest"),
    (["instance", "set", "i-1", "--no-group", "maybe"], VALUE, '"maybe"', "drop or pass"),
    (["instance", "set", "i-1", "--mac", "00:11"], PATTERN, '"00:11"', "six hexadecimal bytes"),
    (["instance", "set", "i-1", "--mac", "gg:00:00:00:00:00"], PATTERN, "gg:00", "six"),
    (["instance", "set", "i-1", "--mac", "01:00:5e:00:00:01"], VALUE, '"01:00:5e:00:00:01"',
     "use the interface's own"),
    (["instance", "set", "i-1", "--address", "10.0.0.1/24"], CIDR, '"10.0.0.1/24"', "10.0.0.0/24"),
    (["instance", "set", "i-1", "--address", "nope"], CIDR, '"nope"', ADDRESS_ADVICE),
    (["instance", "set", "i-1", "--allow-ethertype", "0x0800"], VALUE, '"0x0800"', "use rules"),
    (["instance", "set", "i-1", "--allow-ethertype", "0x8100"], VALUE, '"0x8100"', "use"),
    (["instance", "set", "i-1", "--allow-ethertype", "0x88ccc"], PATTERN, "0x88ccc", "like 0x88cc"),
    (["instance", "set", "i-1", "--allow-ethertype", "lldp"], PATTERN, '"lldp"', "like 0x88cc"),
    (["instance", "set", "i-1", "--allow-ethertype", "0x100"], VALUE, '"0x100"', "0x0600 or more"),
    (["attach", "nope0"], "INVALID_INTERFACE_NOT_FOUND", '"nope0"', "ip link"),
    (["attach", "sixteencharacter"], TOO_LONG, "sixteencharacter", "use 1-15"),
    (["attach", "a/b"], PATTERN, '"a/b"', "ip link"),
    (["attach", "v0", "--id", "a b"], PATTERN, '"a b"', NAME_ADVICE),
    (["attach", "w0", "--id", "i-1"], EXISTS, '"v0"', "sgate instance set i-1 --dev w0"),
    (["attach", "v0", "--id", "i-2"], EXISTS, '"v0"', "i-1"),
    (["attach", "lo"], "OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP", '"lo"', "use"),
]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Refusals change nothing, so all tests share it."""
    sandbox = Sandbox(tmp_path_factory.mktemp("refusals"))
    try:
        host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
        host.veth("v0", guest, "g0")
        host.veth("w0", guest, "h0")
        sandbox.group("named")
        sandbox.group("base", "ingress accept tcp 22", "ingress accept all from group:named")
        sandbox.sgate("attach", "v0", "--id", "i-1")
        sandbox.sgate("associate", "base", "i-1")
        before = sandbox.snapshot()
        yield sandbox
        assert sandbox.snapshot() == before
    finally:
        sandbox.close()


def stored(sandbox):
    """All that the state directory has, as SQL."""
    connection = sqlite3.connect(f"file:{sandbox.state_dir}/sgate.db?mode=ro", uri=True)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def refuse(sandbox, arguments, code, offending, advice):
    before = stored(sandbox)
    message = sandbox.refused(*arguments, code=code, status=2 if code == "USAGE" else 1)
    assert offending in message
    assert advice in message
    assert message.isprintable()
    assert stored(sandbox) == before


@pytest.mark.parametrize("rule, code, offending, advice", RULES,
                         ids=[ascii(row[0])[1:60] for row in RULES])
def test_an_ill_formed_rule(shared, rule, code, offending, advice):
    refuse(shared, ["rule", "add", "base", rule], code, offending, advice)


@pytest.mark.parametrize("arguments, code, offending, advice", COMMANDS,
                         ids=[ascii(" ".join(row[0]))[1:60] for row in COMMANDS])
def test_an_ill_formed_command(shared, arguments, code, offending, advice):
    refuse(shared, arguments, code, offending, advice)


@pytest.mark.parametrize("text, line, offending", [
    ("ingress accept tcp 1\negress frob\n", "line 2", '"frob"'),
    ("# fine\n\n  ingress accept tcp 80 from 10.0.0.1/8\n", "line 3", '"10.0.0.1/8"'),
    ("ingress accept all from group:ghost\n", "", '"ghost"'),
])
def test_a_file_of_rules_is_refused_whole_and_names_the_line(shared, tmp_path, text, line,
                                                             offending):
    path = tmp_path / "rules"
    path.write_text(text)
    before = stored(shared)
    error = shared.sgate("--json", "rule", "replace", "base", "-f", path, status=1).error
    assert line in error["message"] and offending in error["message"]
    error = shared.sgate("--json", "rule", "replace", "base", "-f", "-", stdin=text,
                         status=1).error
    assert line in error["message"] and offending in error["message"]
    assert stored(shared) == before


@pytest.mark.parametrize("directory", ["/proc/nope", "/etc/passwd"])
def test_a_state_directory_that_cannot_be(shared, directory):
    words = ["--state-dir", directory, "group", "list"]
    done = shared.home.run(shared.command()[2], *words, status=1)
    assert done.stderr.count("\n") == 1 and f'"{directory}"' in done.stderr


def test_no_arguments_at_all_print_the_usage(shared):
    done = shared.home.run(shared.command()[2], status=2)
    assert done.stdout == "" and "usage: sgate" in done.stderr and "group create" in done.stderr
