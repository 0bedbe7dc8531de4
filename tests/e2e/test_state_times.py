# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a connection lives as long without a packet as its phase may, and is gone then.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0

All connections are opened by the guest, with raw frames.
"""
import itertools
import time

import pytest

from frames import ICMP, ICMPV6, SCTP, UDP, packet
from sandbox import wait_until
from state import (ACK, FIN, MODES, RAW_GUEST, RST, SYN, guard, passes, phases,
                   switched_in, tcp)

SHORT, LONG = 1, 60  # seconds
UNIT = 0.3  # the table's clock is no finer
ENDING = "half-open", "closing", "closed", "udp-unreplied", "icmp-unreplied", "other-unreplied"
LASTING = "established", "udp-replied", "icmp-replied", "other-replied"


@pytest.fixture(scope="module", params=MODES)
def made(request, tmp_path_factory):
    with switched_in(tmp_path_factory.mktemp("times")) as switched:
        guard(switched.sandbox, "egress accept all", "ingress deny all", mode=request.param)
        yield switched


@pytest.fixture
def switched(made):
    made.sandbox.sgate("connections", "flush")
    return made


def set_timeouts(sandbox, **by_phase):
    words = [word for phase, seconds in by_phase.items()
             for word in ("--timeout", f"{phase}={seconds}")]
    sandbox.sgate("connections", "set", *words)


class Opener:
    """Opens connections, one of each phase with its own source port."""

    def __init__(self, switched, family):
        self.switched = switched
        self.here, self.there = RAW_GUEST[family], {4: "10.0.0.20", 6: "fd00::20"}[family]
        self.icmp, self.request, self.reply = (ICMP, 8, 0) if family == 4 else (ICMPV6, 128, 129)
        self.ports = itertools.count(2000)

    def out(self, frame):
        return passes(self.switched.g0, self.switched.r0, frame)

    def back(self, frame):
        return passes(self.switched.r0, self.switched.g0, frame)

    def tcp(self, *turns):
        """Segments with these flags, from here and from there by turns; another reply."""
        port = next(self.ports)
        for turn, flags in enumerate(turns):
            if turn % 2:
                assert self.back(tcp(self.there, self.here, flags, port, 80))
            else:
                assert self.out(tcp(self.here, self.there, flags, 80, port))
        return tcp(self.there, self.here, ACK, port, 80)

    def datagram(self, protocol, replied):
        port = next(self.ports)
        reply = packet(self.there, self.here, protocol, port, sport=80)
        assert self.out(packet(self.here, self.there, protocol, 80, sport=port))
        assert not replied or self.back(reply)
        return reply

    def echo(self, replied):
        """All have the same identifier, so it goes to an address of its own."""
        there = f"{self.there}{next(self.ports) % 10}"
        reply = packet(there, self.here, self.icmp, self.reply << 8)
        assert self.out(packet(self.here, there, self.icmp, self.request << 8))
        assert not replied or self.back(reply)
        return reply


def open_all(switched, family):
    """{phase: a frame that is a reply}"""
    opener = Opener(switched, family)
    return {
        "half-open": opener.tcp(SYN),
        "established": opener.tcp(SYN, SYN | ACK, ACK),
        "closing": opener.tcp(SYN, SYN | ACK, FIN | ACK, FIN | ACK),
        "closed": opener.tcp(SYN, SYN | ACK, RST),
        "udp-unreplied": opener.datagram(UDP, False),
        "udp-replied": opener.datagram(UDP, True),
        "icmp-unreplied": opener.echo(False),
        "icmp-replied": opener.echo(True),
        "other-unreplied": opener.datagram(SCTP, False),
        "other-replied": opener.datagram(SCTP, True),
    }


@pytest.mark.parametrize("family", (4, 6))
def test_each_phase_lives_its_time(switched, family):
    sandbox = switched.sandbox
    set_timeouts(sandbox, **dict.fromkeys(ENDING + LASTING, LONG))
    started = time.monotonic()
    replies = open_all(switched, family)
    assert phases(sandbox) == sorted(ENDING + LASTING)

    set_timeouts(sandbox, **dict.fromkeys(ENDING, SHORT))
    wait_until(lambda: phases(sandbox) == sorted(LASTING))
    assert time.monotonic() - started >= SHORT - UNIT
    for phase in ENDING:
        assert not passes(switched.r0, switched.g0, replies[phase]), phase
    for phase in LASTING:
        assert passes(switched.r0, switched.g0, replies[phase]), phase


def test_packets_keep_a_connection_alive(switched):
    sandbox = switched.sandbox
    set_timeouts(sandbox, **{"udp-replied": 2 * SHORT})
    reply = Opener(switched, 4).datagram(UDP, True)
    ends = time.monotonic() + 3 * SHORT
    while time.monotonic() < ends:
        assert passes(switched.r0, switched.g0, reply)
    assert phases(sandbox) == ["udp-replied"]
