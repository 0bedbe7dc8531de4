# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the connections of one instance are nobody else's: not shown, counted or
forgotten with others', and not inherited by who gets its interface, its name or its place.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0 (i-1) and u0 (i-2)

For i-2 the remote is the guest: what i-1 sends, i-2 receives.
"""
import re

import pytest

from frames import ICMP, ICMPV6, SCTP, UDP, packet
from state import (ACK, RAW_GUEST, RAW_REMOTE, SYN, both_families, both_modes, connections, count,
                   guard, passes, shares, tcp)

FIELDS = {"instanceId", "protocol", "direction", "localAddress", "localPort", "remoteAddress",
          "remotePort", "phase", "ageSeconds", "idleSeconds", "expiresSeconds", "generation"}


def udp(family, out, port=4000):
    """From the guest's port to the remote's port 53, or back."""
    if out:
        return packet(RAW_GUEST[family], RAW_REMOTE[family], UDP, 53, sport=port)
    return packet(RAW_REMOTE[family], RAW_GUEST[family], UDP, port, sport=53)


class Pair:
    """Both ends guarded; the guest may open UDP, the other instance may receive it."""

    def __init__(self, sandbox, switched, mode="tc"):
        self.sandbox, self.switched = sandbox, switched
        guard(sandbox, "egress accept udp 53", mode=mode)
        guard(sandbox, "ingress accept udp 53", mode=mode, dev="u0", instance="i-2")

    def out(self, family=4, port=4000):
        return passes(self.switched.g0, self.switched.r0, udp(family, True, port))

    def back(self, family=4, port=4000):
        return passes(self.switched.r0, self.switched.g0, udp(family, False, port))


@both_families
@both_modes
def test_each_instance_has_its_own(sandbox, switched, mode, family):
    pair = Pair(sandbox, switched, mode)
    assert not pair.back(family)
    assert pair.out(family) and pair.back(family)
    one, two = connections(sandbox)
    assert [c["instanceId"] for c in connections(sandbox, "i-1")] == ["i-1"]
    assert [c["instanceId"] for c in connections(sandbox, "u0")] == ["i-2"]
    assert set(one) == set(two) == FIELDS
    assert (one["instanceId"], one["direction"]) == ("i-1", "egress")
    assert (two["instanceId"], two["direction"]) == ("i-2", "ingress")
    ends = (RAW_GUEST[family], 4000, RAW_REMOTE[family], 53)
    named = "localAddress", "localPort", "remoteAddress", "remotePort"
    assert tuple(one[name] for name in named) == ends
    assert tuple(two[name] for name in named) == ends[2:] + ends[:2]
    assert {name: row["entries"] for name, row in shares(sandbox).items()} == {"i-1": 1, "i-2": 1}

    assert sandbox.json("connections", "flush", "i-2") == {"instanceId": "i-2"}
    assert [c["instanceId"] for c in connections(sandbox)] == ["i-1"]
    dropped = count(sandbox, "no-rule", "i-2")
    assert not pair.back(family)
    assert count(sandbox, "no-rule", "i-2") == dropped + 1, "i-1 would have let it in"
    assert pair.out(family) and pair.back(family)
    assert sandbox.json("connections", "flush") == {"instanceId": None}
    assert connections(sandbox) == [] and not pair.back(family)
    assert pair.out(family) and pair.back(family)


def test_every_protocol_has_its_row(sandbox, switched):
    guard(sandbox, "egress accept all")
    sandbox.sgate("rule", "add", "of-i-1", "ingress deny all")
    for family, protocol in (4, ICMP), (6, ICMPV6):
        here, there = RAW_GUEST[family], RAW_REMOTE[family]
        echo = {4: 8, 6: 128}[family]
        for frame in (tcp(here, there, SYN, 80, 4001), udp(family, True),
                      packet(here, there, SCTP, 5000, sport=4002),
                      packet(here, there, protocol, echo << 8),
                      packet(here, there, 47)):
            assert passes(switched.g0, switched.r0, frame)
        assert passes(switched.r0, switched.g0, tcp(there, here, SYN | ACK, 4001, 80))
    lines = sandbox.sgate("connections", "list").out.splitlines()
    widths = [match.start() for match in re.finditer(r"\S+", lines[0])]
    rows = [[line[a:b].strip() for a, b in zip(widths, widths[1:] + [None])] for line in lines]
    assert rows[0][:6] == ["PROTOCOL", "INSTANCE", "DIRECTION", "LOCAL", "REMOTE", "PHASE"]
    assert sorted(tuple(row[:1] + row[3:6]) for row in rows[1:]) == sorted([
        ("icmp 8 id 7", "10.0.0.101", "10.0.0.102", "icmp-unreplied"),
        ("tcp", "10.0.0.101:4001", "10.0.0.102:80", "established"),
        ("udp", "10.0.0.101:4000", "10.0.0.102:53", "udp-unreplied"),
        ("sctp", "10.0.0.101:4002", "10.0.0.102:5000", "other-unreplied"),
        ("gre", "10.0.0.101", "10.0.0.102", "other-unreplied"),
        ("icmpv6 128 id 7", "fd00::101", "fd00::102", "icmp-unreplied"),
        ("tcp", "[fd00::101]:4001", "[fd00::102]:80", "established"),
        ("udp", "[fd00::101]:4000", "[fd00::102]:53", "udp-unreplied"),
        ("sctp", "[fd00::101]:4002", "[fd00::102]:5000", "other-unreplied"),
        ("gre", "fd00::101", "fd00::102", "other-unreplied")])
    counted = sandbox.sgate("connections", "count").out.splitlines()
    assert counted[0].split() == ["INSTANCE", "ENTRIES", "UNREPLIED", "LIMIT", "REFUSED",
                                  "REPLACED"]
    assert counted[1].split() == ["i-1", "10", "8", "8192", "0", "0"]


# How i-1 goes, and who comes in its place; all on v0, which has its index all the time.
SUCCESSORS = {
    "the same name": ("detach v0 --forget", "attach v0 --id i-1"),
    "another name": ("detach v0 --forget", "attach v0 --id i-3"),
    "removed": ("instance remove i-1", "attach v0 --id i-3"),
    "the interface handed over": ("instance set i-1 --dev nowhere", "attach v0 --id i-3"),
    "detached": ("detach i-1", "attach v0"),
}


@both_modes
@pytest.mark.parametrize("way", SUCCESSORS)
def test_a_successor_inherits_nothing(sandbox, switched, mode, way):
    pair = Pair(sandbox, switched, mode)
    sandbox.sgate("detach", "u0", "--forget")
    # It may send anything too, and so the old entries would serve its answers.
    sandbox.sgate("group", "create", "any", "--default", "--rule", "egress accept udp")
    ports = range(4000, 4020)
    assert all(pair.out(port=port) and pair.back(port=port) for port in ports)
    for command in SUCCESSORS[way]:
        sandbox.sgate(*command.split())
        assert connections(sandbox) == []
    sandbox.sgate("instance", "set", "v0", "--mode", mode)
    assert not any(pair.back(port=port) for port in ports)
    assert connections(sandbox) == []
    assert sum(row["entries"] for row in shares(sandbox).values()) == 0
    assert all(pair.out(port=port) and pair.back(port=port) for port in ports)
