# SPDX-License-Identifier: GPL-2.0-only
"""The promise: connections are shown, counted and forgotten; what an instance's entry says of
them and of its addresses is what is stored, and a change that fails leaves it as it was.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0, instance i-1 on it
"""
import json
import struct

import pytest

from frames import UDP, ethernet, ipv4, ipv4_udp, transport
from sandbox import SGATE, Result, run
from wire import Port, crosses, mac_bytes

GUEST, REMOTE = "10.0.0.1", "10.0.0.2"
# of the frames that these tests send, and of the marker behind them
GUEST_MACS = "--mac", "02:00:00:00:00:0a", "--mac", "02:00:00:00:ff:01"
OUT = ipv4_udp(GUEST, REMOTE, 53, sport=4000)
BACK = ipv4_udp(REMOTE, GUEST, 4000, sport=53)
BINDING_BYTES = 16  # of struct sg_binding; struct sg_rest comes behind it here
OWNER, GUARD, SHARE = 8, BINDING_BYTES + 16, BINDING_BYTES + 20
EPOCH = 0x10000  # one, in an owner
TIMEOUTS = 104  # in struct sg_settings
DEFAULT_SHARE = 8192


@pytest.fixture
def attached(sandbox, switched):
    """i-1 may send UDP and is sent nothing."""
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.group("out", "egress accept udp")
    sandbox.sgate("associate", "out", "i-1")
    return sandbox


def table(sandbox, *arguments):
    return sandbox.json("connections", "list", *arguments)["connections"]


class Binding:
    """The entry of an interface, as bytes in its two maps, one behind the other."""

    def __init__(self, sandbox, namespace, dev):
        index = namespace.ifindex(dev)
        key = [f"{byte:02x}" for byte in struct.pack("=I", index)]
        self.maps = [["pinned", f"{sandbox.bpffs}/maps/{name}", "key", "hex", *key] for name in ("sg_bindings", "sg_rest")]

    def read(self):
        values = (json.loads(run("bpftool", "-j", "map", "lookup", *words).stdout)["value"] for words in self.maps)
        return bytes(int(byte, 16) for value in values for byte in value)

    def number(self, offset):
        return struct.unpack_from("=I", self.read(), offset)[0]

    def write(self, offset, number):
        entry = bytearray(self.read())
        struct.pack_into("=I", entry, offset, number)
        parts = entry[:BINDING_BYTES], entry[BINDING_BYTES:]
        for words, part in zip(self.maps, parts):
            run("bpftool", "map", "update", *words, "value", "hex", *(f"{byte:02x}" for byte in part))


@pytest.fixture
def binding(attached, switched):
    return Binding(attached, switched.host, "v0")


def test_a_connection_is_listed_counted_and_forgotten(attached, switched):
    assert table(attached) == []
    assert not crosses(switched.r0, switched.g0, BACK)
    assert crosses(switched.g0, switched.r0, OUT)
    (unreplied,) = table(attached, "i-1")
    assert unreplied["phase"] == "udp-unreplied"
    assert crosses(switched.r0, switched.g0, BACK)
    (connection,) = table(attached)
    assert connection.pop("generation") > 0
    assert connection.pop("expiresSeconds") in range(118, 121)
    assert connection.pop("ageSeconds") + connection.pop("idleSeconds") < 8
    assert connection == {
        "instanceId": "i-1", "protocol": "udp", "direction": "egress", "phase": "udp-replied",
        "localAddress": GUEST, "localPort": 4000, "remoteAddress": REMOTE, "remotePort": 53}
    assert attached.json("connections", "count", "v0")["instances"] == [
        {"instanceId": "i-1", "entries": 1, "unreplied": 0, "limit": DEFAULT_SHARE, "refused": 0,
         "replaced": 0}]
    title, row = attached.sgate("connections", "list").out.splitlines()
    assert title.split()[:5] == ["PROTOCOL", "INSTANCE", "DIRECTION", "LOCAL", "REMOTE"]
    assert row.split()[:6] == ["udp", "i-1", "egress", "10.0.0.1:4000", "10.0.0.2:53",
                               "udp-replied"]

    attached.sgate("connections", "flush", "i-1")
    assert table(attached) == []
    assert not crosses(switched.r0, switched.g0, BACK)
    attached.sgate("reconcile", "--check")
    assert crosses(switched.g0, switched.r0, OUT)
    assert crosses(switched.r0, switched.g0, BACK)
    attached.sgate("connections", "flush")
    assert not crosses(switched.r0, switched.g0, BACK)


def test_nothing_is_listed_where_nothing_was_ever_attached(sandbox):
    sandbox.namespace("host")
    sandbox.sgate("instance", "add", "i-1", "--dev", "v0")
    assert table(sandbox) == []
    assert sandbox.json("connections", "count")["instances"][0]["entries"] == 0
    sandbox.sgate("connections", "flush")
    sandbox.refused("connections", "list", "i-2", code="INVALID_INSTANCE_NOT_FOUND")


def test_detaching_forgets_the_connections(attached, switched):
    assert crosses(switched.g0, switched.r0, OUT)
    attached.sgate("detach", "i-1")
    assert table(attached) == []
    attached.sgate("attach", "v0")
    assert not crosses(switched.r0, switched.g0, BACK)
    assert crosses(switched.g0, switched.r0, OUT)
    assert crosses(switched.r0, switched.g0, BACK)


def test_only_own_addresses_may_send(attached, switched, binding):
    other_mac = ethernet(ipv4(GUEST, REMOTE, UDP, transport(UDP, GUEST, REMOTE, 53)), 0x0800,
                         source=mac_bytes("02:00:00:00:00:0c"))
    other_address = ipv4_udp("10.0.0.3", REMOTE, 53)

    assert binding.number(GUARD) == 0
    attached.sgate("instance", "set", "i-1", "--address", GUEST, *GUEST_MACS)
    assert binding.number(GUARD) != 0
    assert crosses(switched.g0, switched.r0, OUT)
    assert not crosses(switched.g0, switched.r0, other_mac)
    assert not crosses(switched.g0, switched.r0, other_address)
    assert attached.counters("i-1")["egress", "spoofed"] == 2
    attached.sgate("instance", "set", "i-1", "--address", "10.0.0.0/30", "--mac", "none")
    assert crosses(switched.g0, switched.r0, other_mac)
    assert crosses(switched.g0, switched.r0, other_address)
    attached.sgate("instance", "set", "i-1", "--address", "none")
    assert binding.number(GUARD) == 0
    attached.snapshot()


@pytest.mark.parametrize("offset, wrong, words", [
    (GUARD, lambda _: 0, "may send from other addresses than its own"),
    (OWNER, lambda owner: owner + EPOCH, "has another part of the connection table than its own"),
    (SHARE, lambda _: 0, "may have another number of connections than it should")])
def test_a_wrong_entry_is_drift_and_mended(attached, binding, offset, wrong, words):
    attached.sgate("instance", "set", "i-1", "--address", GUEST, *GUEST_MACS)
    right = binding.read()
    binding.write(offset, wrong(binding.number(offset)))
    checked = attached.sgate("reconcile", "--check", status=1)
    assert checked.out == f'instance "i-1" on "v0" {words}\n'
    assert binding.read() != right
    attached.sgate("reconcile")
    assert binding.read() == right
    attached.sgate("reconcile", "--check")


def test_a_change_that_fails_leaves_the_entry_and_the_connections(attached, switched, binding,
                                                                  tmp_path):
    """Another sgate has the interface's XDP hook, so i-1 cannot have it."""
    other = ["--state-dir", str(tmp_path / "other"), "--bpffs", attached.bpffs + "-other"]
    attached.undo.append(lambda: run("rm", "-rf", attached.bpffs + "-other"))
    switched.host.run(SGATE, *other, "attach", "v0", "--mode", "xdp", "--no-group", "pass")
    attached.sgate("instance", "set", "i-1", "--address", GUEST, *GUEST_MACS)
    assert crosses(switched.g0, switched.r0, OUT)
    before, stored = binding.read(), attached.snapshot()

    attached.refused("instance", "set", "i-1", "--mode", "xdp", "--address", "10.0.0.9",
                     "--connections", "7", code="OPERATION_DENIED_INTERFACE_IN_USE")
    assert binding.read() == before
    assert attached.snapshot() == stored
    assert crosses(switched.r0, switched.g0, BACK)


def test_an_instance_has_its_own_share_or_that_of_all(attached, binding):
    assert binding.number(SHARE) == DEFAULT_SHARE
    attached.sgate("connections", "set", "--share", "500")
    assert binding.number(SHARE) == 500
    attached.sgate("instance", "set", "i-1", "--connections", "30")
    assert binding.number(SHARE) == 30
    assert attached.json("instance", "show", "i-1")["connections"] == 30
    attached.sgate("connections", "set", "--share", "400")
    assert binding.number(SHARE) == 30
    attached.sgate("instance", "set", "i-1", "--connections", "default")
    assert binding.number(SHARE) == 400
    assert attached.json("instance", "show", "i-1")["connections"] is None
    assert attached.json("stats", "i-1")["instances"][0]["connections"]["limit"] == 400
    attached.sgate("reconcile", "--check")


def test_a_share_that_is_nearly_full_is_no_longer_healthy(attached, switched):
    attached.sgate("instance", "set", "i-1", "--connections", "10")
    for port in range(4000, 4010):
        assert crosses(switched.g0, switched.r0, ipv4_udp(GUEST, REMOTE, 53, sport=port))
        assert crosses(switched.r0, switched.g0, ipv4_udp(REMOTE, GUEST, port, sport=53))
    status = attached.json("status")
    instance = status["instances"][0]
    assert instance["health"] == "connections nearly full: 10 of 10"
    assert (instance["connectionsUsed"], instance["connectionsLimit"]) == (10, 10)
    assert status["connectionTable"]["used"] == 10
    assert not crosses(switched.g0, switched.r0, ipv4_udp(GUEST, REMOTE, 53, sport=4010))
    assert attached.json("connections", "count")["instances"][0]["refused"] == 1
    assert attached.json("status")["instances"][0]["connectionsRefused"] == 1
    attached.sgate("connections", "flush")
    assert attached.json("status")["instances"][0]["health"] == "ok"
    attached.sgate("detach", "i-1", "--forget")
    attached.sgate("attach", "v0", "--id", "i-2")
    assert attached.json("connections", "count")["instances"] == [
        {"instanceId": "i-2", "entries": 0, "unreplied": 0, "limit": DEFAULT_SHARE, "refused": 0,
         "replaced": 0}]


def test_timeouts_are_in_force_at_once(attached, switched):
    assert crosses(switched.g0, switched.r0, OUT)
    attached.sgate("connections", "set", "--timeout", "udp-unreplied=3600",
                   "--timeout=udp-replied=7200", "--fragment-timeout", "9")
    (connection,) = table(attached)
    assert connection["expiresSeconds"] in range(3590, 3601)
    assert crosses(switched.r0, switched.g0, BACK)
    (connection,) = table(attached)
    assert connection["expiresSeconds"] in range(7190, 7201)
    settings = attached.json("connections", "settings")
    assert settings["timeouts"]["udp-replied"] == 7200
    assert settings["timeouts"]["established"] == 432000
    assert settings["fragmentTimeout"] == 9
    attached.sgate("connections", "set", "--timeout", "udp-replied=default")
    assert attached.json("connections", "settings")["timeouts"]["udp-replied"] == 120


def test_wrong_timeouts_are_drift_and_mended(attached):
    words = ["pinned", f"{attached.bpffs}/maps/sg_settings", "key", "hex", "00", "00", "00", "00"]
    shown = json.loads(run("bpftool", "-j", "map", "lookup", *words).stdout)["value"]
    wrong = shown[:TIMEOUTS] + ["0x07"] + shown[TIMEOUTS + 1:]
    run("bpftool", "map", "update", *words, "value", "hex", *(byte[2:] for byte in wrong))
    checked = attached.sgate("reconcile", "--check", status=1)
    assert checked.out == "connections have other timeouts than those that are set\n"
    attached.sgate("reconcile")
    assert json.loads(run("bpftool", "-j", "map", "lookup", *words).stdout)["value"] == shown


def test_an_interface_that_comes_back_has_no_connections(attached, switched):
    """Also when its index was given to another instance's interface in between."""
    host, index = switched.host, switched.host.ifindex("v0")
    assert crosses(switched.g0, switched.r0, OUT)
    host.ip("link del v0")
    host.veth("v1", switched.guest, "g1", index=index)
    attached.sgate("attach", "v1", "--id", "i-2")
    assert table(attached) == []
    host.ip("link del v1")
    host.veth("v0", switched.guest, "g0", index=index)
    host.ip("link set v0 master br0")
    host.wait_carrier("v0")
    attached.sgate("reconcile")
    assert attached.json("instance", "show", "i-1")["attached"]
    switched.g0.close()
    switched.g0 = Port(switched.guest, "g0")
    assert not crosses(switched.r0, switched.g0, BACK)
    assert crosses(switched.g0, switched.r0, OUT)
    assert crosses(switched.r0, switched.g0, BACK)


def test_sizes_wait_until_the_maps_are_made(sandbox, switched):
    del switched
    settings = sandbox.json("connections", "set", "--share", "100", "--table", "9000")
    assert (settings["share"], settings["table"], settings["sizesPending"]) == (100, 16384, False)
    sandbox.sgate("attach", "v0")
    made = sandbox.json("status")["connectionTable"]
    assert (made["entries"], made["window"]) == (16384, settings["shareMax"])
    assert sandbox.sgate("connections", "set", "--timeout", "closed=11").out == ""
    assert "when the maps are next made" in sandbox.sgate("connections", "set", "--table",
                                                          "default").out
    assert sandbox.json("connections", "set", "--table", "20000")["sizesPending"]
    assert sandbox.json("status")["connectionTable"]["entries"] == 16384


@pytest.mark.parametrize("arguments, code, offending", [
    ("set --timeout foo=3", "INVALID_PARAMETER_VALUE", '"foo=3"'),
    ("set --timeout half-open", "INVALID_PARAMETER_VALUE", '"half-open"'),
    ("set --timeout half-open=", "INVALID_PARAMETER_VALUE", '""'),
    ("set --timeout half-open=0", "INVALID_PARAMETER_VALUE", '"0"'),
    ("set --timeout half-open=31536001", "INVALID_PARAMETER_VALUE", '"31536001"'),
    ("set --fragment-timeout -1", "INVALID_PARAMETER_VALUE", '"-1"'),
    ("set --share 0", "INVALID_PARAMETER_VALUE", '"0"'),
    ("set --share 65537", "INVALID_PARAMETER_EXCEED_MAXIMUM", "65537"),
    ("set --table 8191", "INVALID_PARAMETER_LESS_MINIMUM", "8191"),
    ("set --table 16777217", "INVALID_PARAMETER_VALUE", '"16777217"')])
def test_a_setting_that_cannot_be_is_refused(attached, arguments, code, offending):
    before = attached.json("connections", "settings")
    assert offending in attached.refused("connections", *arguments.split(), code=code)
    assert attached.json("connections", "settings") == before


def test_more_than_an_instance_can_have_is_refused(attached):
    most = attached.json("connections", "settings")["shareMax"]
    attached.sgate("instance", "set", "i-1", "--connections", most)
    for words in (("instance", "set", "i-1"), ("attach", "v0"),
                  ("instance", "add", "i-2", "--dev", "v9")):
        message = attached.refused(*words, "--connections", str(most + 1),
                                   code="INVALID_PARAMETER_EXCEED_MAXIMUM")
        assert f"{most + 1} connections" in message
    attached.refused("connections", "set", "--share", "1",
                     code="INVALID_PARAMETER_EXCEED_MAXIMUM")
    attached.refused("connections", "set", code="USAGE", status=2)
    attached.refused("instance", "set", "i-1", "--connections", "none",
                     code="INVALID_PARAMETER_VALUE")
    assert isinstance(attached.sgate("reconcile", "--check"), Result)
