# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the fragments of a packet share the verdict of its first one, and none gets past
the rules that was not judged with its first.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0 (i-1), where named u0 (i-2) too

Port 5000 is open both ways, and so is TCP 80; the numbers (identifications) of raw packets are
each used by one test only.
"""
import itertools
import struct

import pytest

from frames import DESTINATION, FRAGMENT, TCP, UDP, ethernet, ipv4, ipv6, transport
from state import (GUEST, ICMP_NAME, MODES, RAW_GUEST, RAW_REMOTE, REMOTE, both_families, count,
                   guard, passes, sockets, switched_in, udp_at)
from wire import cross

ACCEPT, NO_RULE, MALFORMED = "rule-accept", "no-rule", "malformed"
FOLLOWS, UNKNOWN, TINY = "fragment", "fragment-unknown", "fragment-tiny"
PASSING = {ACCEPT, FOLLOWS}
ECHO = {4: 8, 6: 128}
BIG = bytes(range(250)) * 32  # 8000 bytes: six fragments on a link of 1500
DIRECTIONS = "egress", "ingress"
RULES = [f"{way} accept {what}" for way in DIRECTIONS
         for what in ("udp 5000", "tcp 80", "icmp 8/0", "icmpv6 128/0")]

_numbers = itertools.count(1000)


@pytest.fixture(scope="module", params=MODES)
def switched(request, tmp_path_factory):
    with switched_in(tmp_path_factory.mktemp("fragments")) as made:
        guard(made.sandbox, *RULES, mode=request.param)
        yield made


@pytest.fixture
def guarded(switched):
    """As at the beginning: no connections, and these rules."""
    switched.sandbox.sgate("connections", "flush")
    yield switched.sandbox
    switched.sandbox.sgate("rule", "replace", "of-i-1", *RULES)


def ends(switched, direction, addresses):
    """(namespace, port, address) of the one who sends in this direction, and of the other."""
    guest = switched.guest, switched.g0, addresses[0]
    remote = switched.remote, switched.r0, addresses[1]
    return (guest, remote) if direction == "egress" else (remote, guest)


# What kernels send and receive.

@both_families
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_big_datagram_and_its_answer_pass(guarded, switched, family, direction):
    one, other = ends(switched, direction, (GUEST[family], REMOTE[family]))
    before = count(guarded, FOLLOWS)
    with sockets(udp_at(one[0], one[2], 0), udp_at(other[0], other[2], 5000)) as (opener, replier):
        for number in range(3):
            opener.sendto(bytes([number]) + BIG, (other[2], 5000))
            question, sender = replier.recvfrom(65536)
            assert question == bytes([number]) + BIG
            replier.sendto(BIG[::-1], sender)
            assert opener.recv(65536) == BIG[::-1]
    assert count(guarded, FOLLOWS) - before == 3 * 2 * 5


@both_families
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_of_a_big_datagram_that_is_rejected_nothing_passes(guarded, switched, family, direction):
    one, other = ends(switched, direction, (GUEST[family], REMOTE[family]))
    one[0].run("ping", "-c", "1", "-W", "5", other[2])  # now they know each other's MAC
    before = {reason: count(guarded, reason) for reason in (NO_RULE, UNKNOWN, FOLLOWS)}
    with sockets(udp_at(one[0], one[2], 0), udp_at(other[0], other[2], 5001)) as (opener, _):
        opener.sendto(BIG, (other[2], 5001))
        cross(one[1], other[1], [])
    after = {reason: count(guarded, reason) for reason in before}
    assert {reason: after[reason] - before[reason] for reason in before} == {
        NO_RULE: 1, UNKNOWN: 5, FOLLOWS: 0}


@both_families
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_big_ping_is_answered(guarded, switched, family, direction):
    one, other = ends(switched, direction, (GUEST[family], REMOTE[family]))
    rule = f"{direction} accept {ICMP_NAME[family]} {ECHO[family]}"
    guarded.sgate("rule", "replace", "of-i-1", rule)
    before = count(guarded, FOLLOWS)
    one[0].run("ping", "-c", "3", "-i", "0.1", "-W", "5", "-s", "4000", other[2])
    assert count(guarded, FOLLOWS) - before == 3 * 2 * 2


# Frames.

class Packet:
    """Fragments of one packet from a raw end to the other."""

    def __init__(self, family, source, destination, protocol=UDP, number=None):
        self.family, self.protocol = family, protocol
        self.source, self.destination = source, destination
        self.number = number or next(_numbers)

    def piece(self, at, data, more=True, protocol=None, extensions=()):
        """`data` from the byte `at` on."""
        protocol = protocol or self.protocol
        if self.family == 4:
            return ethernet(ipv4(self.source, self.destination, protocol, data,
                                 fragment=at // 8 | more << 13, identification=self.number),
                            0x0800)
        header = FRAGMENT, struct.pack("!xHI", at | more, self.number)
        return ethernet(ipv6(self.source, self.destination, protocol, data,
                             extensions=[header, *extensions]), 0x86dd)

    def first(self, port, length=32, **rest):
        """Its transport header and as much more as there is room for in `length` bytes."""
        whole = transport(self.protocol, self.source, self.destination, port, data=bytes(64))
        return self.piece(0, whole[:length], **rest)

    def later(self, at, length=32, more=False, **rest):
        """Its bytes say port 5000 wherever they are looked for."""
        return self.piece(at, struct.pack("!HH", 1000, 5000) * (length // 4), more, **rest)


class Wire:
    """One direction; sends frames and says why each had its verdict."""

    def __init__(self, sandbox, switched, direction, family):
        self.sandbox, self.direction, self.family = sandbox, direction, family
        one, other = ends(switched, direction, (RAW_GUEST[family], RAW_REMOTE[family]))
        self.sender, self.receiver = one[1], other[1]
        self.source, self.destination = one[2], other[2]
        self.before = self.counted()

    def packet(self, **rest):
        return Packet(self.family, self.source, self.destination, **rest)

    def counted(self):
        """Without what kernels and markers send on their own accord."""
        return {reason: packets
                for (way, reason), packets in self.sandbox.counters("i-1").items()
                if way == self.direction and reason not in ("arp", "neighbor")}

    def judge(self, frame):
        """Its reason; whether it passes is what the reason says."""
        passed = passes(self.sender, self.receiver, frame)
        now = self.counted()
        new = {reason: packets - self.before.get(reason, 0) for reason, packets in now.items()}
        self.before = now
        reasons = [reason for reason, packets in new.items() if packets]
        assert len(reasons) == 1 and new[reasons[0]] == 1, new
        assert passed == (reasons[0] in PASSING), reasons
        return reasons[0]


@pytest.fixture(params=[(way, family) for way in DIRECTIONS for family in (4, 6)],
                ids=lambda each: f"{each[0]}-ipv{each[1]}")
def wire(request, guarded, switched):
    return Wire(guarded, switched, *request.param)


def test_later_ones_pass_after_their_first_only(wire):
    packet = wire.packet()
    assert wire.judge(packet.later(32)) == UNKNOWN
    assert wire.judge(packet.first(5000)) == ACCEPT
    assert wire.judge(packet.later(64)) == FOLLOWS, "the order of later ones does not matter"
    assert wire.judge(packet.later(32, more=True)) == FOLLOWS
    assert wire.judge(packet.later(32, more=True)) == FOLLOWS, "nor does a second copy"


def test_another_packet_is_not_served(wire):
    packet = wire.packet()
    assert wire.judge(packet.first(5000)) == ACCEPT
    others = [Packet(wire.family, packet.source, packet.destination, number=packet.number + 1000),
              Packet(wire.family, packet.destination, packet.source, number=packet.number),
              Packet(wire.family, packet.source, RAW_GUEST[wire.family][:-1] + "7",
                     number=packet.number),
              Packet(wire.family, RAW_REMOTE[wire.family][:-1] + "8", packet.destination,
                     number=packet.number),
              Packet(wire.family, packet.source, packet.destination, TCP, packet.number)]
    for other in others:
        assert wire.judge(other.later(32)) == UNKNOWN, vars(other)
    assert wire.judge(packet.later(32)) == FOLLOWS


def test_the_other_direction_is_not_served(wire, guarded, switched):
    packet = wire.packet()
    assert wire.judge(packet.first(5000)) == ACCEPT
    way = "ingress" if wire.direction == "egress" else "egress"
    assert Wire(guarded, switched, way, wire.family).judge(packet.later(32)) == UNKNOWN


def test_a_rejected_first_leaves_the_rest_dropped(wire):
    packet = wire.packet()
    assert wire.judge(packet.first(5001)) == NO_RULE
    assert wire.judge(packet.later(32)) == UNKNOWN


def test_one_that_overlaps_the_first_is_dropped(wire):
    packet = wire.packet()
    assert wire.judge(packet.first(5000)) == ACCEPT
    for at in 8, 16, 24:
        assert wire.judge(packet.later(at, length=64)) == TINY
        assert wire.judge(packet.later(at, length=8, more=True)) == TINY
    assert wire.judge(packet.later(32)) == FOLLOWS


def test_a_tiny_first_is_dropped_and_so_is_the_rest(wire):
    packet = wire.packet(protocol=TCP)
    for length in 8, 16:
        assert wire.judge(packet.first(80, length=length)) == TINY
        assert wire.judge(packet.later(32)) == UNKNOWN
    assert wire.judge(packet.later(8)) in (TINY, UNKNOWN), "it could replace the flags"
    assert wire.judge(packet.first(80, length=24)) == ACCEPT
    assert wire.judge(packet.later(8)) == TINY
    assert wire.judge(packet.later(16)) == TINY
    assert wire.judge(packet.later(24)) == FOLLOWS


def test_an_empty_or_uneven_first_is_malformed(wire):
    packet = wire.packet()
    for length in 0, 12:
        assert wire.judge(packet.first(5000, length=length)) == MALFORMED
        assert wire.judge(packet.later(32)) == UNKNOWN


def test_a_header_chain_that_ends_after_the_first_is_tiny(guarded, switched):
    for direction in DIRECTIONS:
        wire = Wire(guarded, switched, direction, 6)
        packet = wire.packet()
        # options of 16 bytes, of which 8 are there: the ports would follow in the next one
        begun = bytes([UDP, 1, 1, 12]) + bytes(4)
        assert wire.judge(packet.piece(0, begun, protocol=DESTINATION)) == TINY
        assert wire.judge(packet.later(8, protocol=DESTINATION)) == UNKNOWN
        options = DESTINATION, bytes([0, 1, 4, 0, 0, 0, 0])
        assert wire.judge(packet.first(5000, length=8, extensions=[options])) == ACCEPT
        assert wire.judge(packet.later(8, protocol=DESTINATION)) == TINY
        assert wire.judge(packet.later(16, protocol=DESTINATION)) == FOLLOWS


def test_a_changed_policy_ends_the_remembered_first(wire):
    packet = wire.packet()
    assert wire.judge(packet.first(5000)) == ACCEPT
    assert wire.judge(packet.later(32, more=True)) == FOLLOWS
    changes = (RULES[1:] if wire.direction == "egress" else RULES[:-1] + ["egress accept gre"],
               [f"{wire.direction} accept tcp 80"], RULES)
    for rules in changes:
        wire.sandbox.sgate("rule", "replace", "of-i-1", *rules)
        assert wire.judge(packet.later(64)) == UNKNOWN, rules
    assert wire.judge(packet.first(5000)) == ACCEPT
    assert wire.judge(packet.later(64)) == FOLLOWS


def test_a_packet_of_another_instance_never_serves(guarded, switched, request):
    """What one has sent, the other receives, and then sends itself."""
    mode = request.node.callspec.params["switched"]
    guard(guarded, *RULES, mode=mode, dev="u0", instance="i-2")
    try:
        for family, first_is_sent_by in itertools.product((4, 6), DIRECTIONS):
            wire = Wire(guarded, switched, first_is_sent_by, family)
            packet = wire.packet()
            assert passes(wire.sender, wire.receiver, packet.first(5000))
            before = count(guarded, UNKNOWN, "i-1") + count(guarded, UNKNOWN, "i-2")
            assert not passes(wire.receiver, wire.sender, packet.later(32))
            assert count(guarded, UNKNOWN, "i-1") + count(guarded, UNKNOWN, "i-2") == before + 1
            assert passes(wire.sender, wire.receiver, packet.later(32))
    finally:
        guarded.sgate("detach", "i-2", "--forget")
        guarded.sgate("group", "delete", "of-i-2")
