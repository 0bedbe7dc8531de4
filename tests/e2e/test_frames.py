# SPDX-License-Identifier: GPL-2.0-only
"""The promise: whatever a frame looks like, its verdict is right at the far end, and its reason is
counted once.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0; every frame goes both ways

Groups accept UDP 53, TCP 80, echo requests and all of protocol 77.
"""
import struct
from collections import namedtuple

import pytest

from frames import (AH, DESTINATION, FRAGMENT, HOP_BY_HOP, ICMP, ICMPV6, ROUTING, SCTP, TCP, UDP,
                    ethernet, ipv4, ipv6, packet, transport)
from wire import Port, cross, crosses

ACCEPT, NO_RULE, MALFORMED, TYPE = "rule-accept", "no-rule", "malformed", "ethertype"
TINY, UNKNOWN, CHAIN = "fragment-tiny", "fragment-unknown", "extension-headers"
PASSING = {ACCEPT, "arp", "neighbor", "dhcp", "ethertype-allowed"}
ODD = 77  # a protocol without ports
ADDRESSES = {"egress": ("10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"),
             "ingress": ("10.0.0.2", "10.0.0.1", "fd00::2", "fd00::1")}
Ends = namedtuple("Ends", "source destination source6 destination6")
RULES = [f"{way} accept {what}" for way in ("ingress", "egress")
         for what in ("udp 53", "tcp 80", "icmp 8/0", "icmpv6 128/0", str(ODD))]


def v4(protocol, dport=0, padding=0, **rest):
    """A maker of frames: the ends are given when the direction is known."""
    return lambda e: packet(e.source, e.destination, protocol, dport, **rest) + bytes(padding)


def v6(protocol, dport=0, **rest):
    return lambda e: packet(e.source6, e.destination6, protocol, dport, **rest)


def raw4(protocol, payload, **rest):
    """With a payload that is nobody's idea of a transport header."""
    return lambda e: ethernet(ipv4(e.source, e.destination, protocol, payload, **rest), 0x0800)


def raw6(protocol, payload, **rest):
    return lambda e: ethernet(ipv6(e.source6, e.destination6, protocol, payload, **rest), 0x86dd)


def other(ethertype, payload=bytes(46)):
    return lambda e: ethernet(payload, ethertype)


def patched(make, offset, data):
    """The same frame with other bytes at an offset from its end (negative) or beginning."""
    def patch(ends):
        frame = bytearray(make(ends))
        start = offset % len(frame)
        frame[start:start + len(data)] = data
        return bytes(frame)
    return patch


def first_part(protocol, dport, more=0x2000, data=b"x" * 24):
    """The first fragment: a whole transport header."""
    return lambda e: ethernet(ipv4(e.source, e.destination, protocol, transport(
        protocol, e.source, e.destination, dport, data=data), fragment=more, identification=41),
        0x0800)


def fragment6(offset, more, identification=9):
    return FRAGMENT, struct.pack("!xHI", offset | more, identification)


PAD6 = bytes([0, 1, 4, 0, 0, 0, 0])  # 8 bytes of an extension header: PadN
# The fake ports say 53 where ports would be, did the header not come before them.
FAKE6 = bytes([0]) + struct.pack("!HHH", 1000, 53, 0)
AUTHENTICATION = bytes([4, 0, 0]) + bytes(20)  # 24 bytes
NO_ROUTE = bytes([0, 4, 0, 0, 0, 0, 0])
LONG_OPTIONS = bytes([1]) + bytes([1, 12]) + bytes(12)  # 16 bytes

CASES = [
    # IPv4
    ("udp", ACCEPT, v4(UDP, 53)),
    ("udp to another port", NO_RULE, v4(UDP, 54)),
    ("udp from the port", NO_RULE, v4(UDP, 54, sport=53)),
    ("tcp", ACCEPT, v4(TCP, 80)),
    ("tcp to another port", NO_RULE, v4(TCP, 53)),
    ("sctp", NO_RULE, v4(SCTP, 80)),
    ("echo request", ACCEPT, v4(ICMP, 8 << 8)),
    ("echo request with a code", NO_RULE, v4(ICMP, 8 << 8 | 1)),
    ("a protocol without ports", ACCEPT, v4(ODD)),
    ("an empty protocol without ports", ACCEPT, raw4(ODD, b"")),
    ("another one", NO_RULE, v4(ODD + 1)),
    ("padding behind the packet", ACCEPT, v4(UDP, 53, padding=18)),
    ("ports in the padding only", MALFORMED, raw4(UDP, transport(UDP, "1.1.1.1", "1.1.1.1", 53),
                                                  total=24)),
    ("no-op options", ACCEPT, v4(UDP, 53, options=b"\x01" * 4)),
    ("40 bytes of options", ACCEPT, v4(TCP, 80, options=b"\x07\x27\x04" + bytes(36) + b"\x00")),
    ("options like ports", NO_RULE, v4(UDP, 54, options=struct.pack("!HH", 1000, 53))),
    ("options like other ports", ACCEPT, v4(UDP, 53, options=struct.pack("!HH", 1000, 54))),
    ("version 5", MALFORMED, v4(UDP, 53, version=5)),
    ("version 6 in IPv4", MALFORMED, v4(UDP, 53, version=6)),
    ("a header of 16 bytes", MALFORMED, v4(UDP, 53, ihl=4)),
    ("a header beyond the packet", MALFORMED, v4(UDP, 53, ihl=15, data=b"")),
    ("a length below the header", MALFORMED, v4(UDP, 53, total=19)),
    ("a length of zero", MALFORMED, v4(UDP, 53, total=0)),
    ("a length beyond the frame", MALFORMED, v4(UDP, 53, total=200)),
    ("half a udp header", MALFORMED, raw4(UDP, bytes(4))),
    ("half a tcp header", MALFORMED, raw4(TCP, bytes(12))),
    ("half an icmp header", MALFORMED, raw4(ICMP, b"\x08\x00\x00\x00")),
    ("a udp length below its header", MALFORMED, patched(v4(UDP, 53), -8, b"\x00\x07")),
    ("a tcp header of 16 bytes", MALFORMED, patched(v4(TCP, 80, data=b""), -8, b"\x40")),
    ("a tcp header beyond the packet", MALFORMED, patched(v4(TCP, 80, data=b""), -8, b"\xf0")),
    # fragments; their numbers (identification) are nobody else's
    ("a first fragment", ACCEPT, first_part(UDP, 53)),
    ("a first fragment to another port", NO_RULE, first_part(UDP, 54)),
    ("a later fragment alone", UNKNOWN, raw4(UDP, bytes(24), fragment=0x2000 | 4,
                                             identification=42)),
    ("a last fragment alone", UNKNOWN, raw4(UDP, bytes(5), fragment=90, identification=43)),
    ("a later fragment with ports", UNKNOWN, lambda e: ethernet(ipv4(
        e.source, e.destination, UDP, transport(UDP, e.source, e.destination, 53), fragment=2,
        identification=44), 0x0800)),
    ("a fragment over the flags", UNKNOWN, raw4(TCP, bytes(24), fragment=1, identification=45)),
    ("half a tcp header in the first", TINY, raw4(TCP, bytes(16), fragment=0x2000,
                                                  identification=46)),
    ("a first fragment of 20 bytes", MALFORMED, raw4(UDP, bytes(20), fragment=0x2000)),
    ("a fragment beyond 65535", MALFORMED, raw4(UDP, bytes(64), fragment=0x1fff)),
    # IPv6
    ("udp6", ACCEPT, v6(UDP, 53)),
    ("udp6 to another port", NO_RULE, v6(UDP, 54)),
    ("tcp6", ACCEPT, v6(TCP, 80)),
    ("echo request 6", ACCEPT, v6(ICMPV6, 128 << 8)),
    ("echo reply 6", NO_RULE, v6(ICMPV6, 129 << 8)),
    ("icmp in IPv6", NO_RULE, raw6(ICMP, b"\x08\x00" + bytes(6))),
    ("version 4 in IPv6", MALFORMED, v6(UDP, 53, version=4)),
    ("a length beyond the frame 6", MALFORMED, v6(UDP, 53, length=100)),
    ("a length of zero 6", MALFORMED, v6(UDP, 53, length=0)),
    ("hop-by-hop", ACCEPT, v6(UDP, 53, extensions=[(HOP_BY_HOP, PAD6)])),
    ("hop-by-hop like ports", NO_RULE, v6(UDP, 54, extensions=[(HOP_BY_HOP, FAKE6)])),
    ("destination options", ACCEPT, v6(TCP, 80, extensions=[(DESTINATION, LONG_OPTIONS)])),
    ("routing", ACCEPT, v6(UDP, 53, extensions=[(ROUTING, NO_ROUTE)])),
    ("authentication", ACCEPT, v6(UDP, 53, extensions=[(AH, AUTHENTICATION)])),
    ("authentication and another port", NO_RULE, v6(UDP, 54, extensions=[(AH, AUTHENTICATION)])),
    ("an atomic fragment", ACCEPT, v6(UDP, 53, extensions=[fragment6(0, 0, 61)])),
    ("a first fragment 6", ACCEPT, v6(UDP, 53, data=b"x" * 24, extensions=[fragment6(0, 1, 62)])),
    ("a later fragment 6", UNKNOWN, v6(UDP, 53, extensions=[fragment6(64, 0, 63)])),
    ("a fragment over the flags 6", UNKNOWN, v6(TCP, 80, extensions=[fragment6(8, 0, 64)])),
    ("half a tcp header in the first 6", TINY, raw6(TCP, bytes(16),
                                                    extensions=[fragment6(0, 1, 65)])),
    ("a fragment of a fragment", MALFORMED, v6(UDP, 53, extensions=[
        fragment6(0, 0, 66), fragment6(0, 0, 66)])),
    ("all kinds of headers", ACCEPT, v6(UDP, 53, extensions=[
        (HOP_BY_HOP, PAD6), (DESTINATION, LONG_OPTIONS), (ROUTING, NO_ROUTE), fragment6(0, 0, 67),
        (AH, AUTHENTICATION), (DESTINATION, PAD6)])),
    ("eight headers", ACCEPT, v6(UDP, 53, extensions=[(DESTINATION, PAD6)] * 8)),
    ("nine headers", CHAIN, v6(UDP, 53, extensions=[(DESTINATION, PAD6)] * 9)),
    ("a header beyond the packet 6", MALFORMED, raw6(DESTINATION, bytes([UDP, 9]) + bytes(14))),
    ("half a header", MALFORMED, raw6(HOP_BY_HOP, bytes([UDP, 0, 1, 1]))),
    ("no next header", NO_RULE, raw6(59, b"")),
    ("encapsulated security payload", NO_RULE, raw6(50, bytes(16))),
    # what passes without a rule
    ("neighbour solicitation", "neighbor", v6(ICMPV6, 135 << 8, data=bytes(16))),
    ("router advertisement", "neighbor", v6(ICMPV6, 134 << 8)),
    ("listener report", "neighbor", v6(ICMPV6, 143 << 8, extensions=[(HOP_BY_HOP, PAD6)])),
    ("redirect", NO_RULE, v6(ICMPV6, 137 << 8)),
    # other EtherTypes
    ("arp", "arp", other(0x0806)),
    ("lldp", TYPE, other(0x88cc)),
    ("pppoe", TYPE, other(0x8864)),
    ("mpls", TYPE, other(0x8847)),
    ("802.3", TYPE, other(46)),
    ("a macsec frame", TYPE, other(0x88e5)),
]

MODES = ["tc", "xdp", "xdp-generic"]


def attach(sandbox, mode, *options):
    sandbox.group("some", *RULES)
    sandbox.sgate("attach", "v0", "--id", "i-1", "--mode", mode, *options)
    sandbox.sgate("associate", "some", "i-1")
    return sandbox


@pytest.fixture(params=MODES)
def guarded(request, sandbox, switched):
    del switched
    return attach(sandbox, request.param)


def ports_of(switched, direction):
    g0, r0 = switched.g0, switched.r0
    return (g0, r0) if direction == "egress" else (r0, g0)


class Judge:
    """Sends frames one way and sees what became of them."""

    def __init__(self, sandbox, switched, direction):
        self.sandbox, self.direction = sandbox, direction
        self.sender, self.receiver = ports_of(switched, direction)
        self.ends = Ends(*ADDRESSES[direction])
        self.before = sandbox.counters("i-1")

    def counted(self):
        """{reason: packets} since the last time, without the markers' ARP."""
        now = self.sandbox.counters("i-1")
        new = {key: count - self.before.get(key, 0) for key, count in now.items()}
        self.before = now
        new[self.direction, "arp"] -= 1
        assert all(way == self.direction for (way, _), count in new.items() if count), new
        return {reason: count for (_, reason), count in new.items() if count}

    def check(self, name, reason, make):
        frame = make(self.ends)
        passes = crosses(self.sender, self.receiver, frame)
        assert self.counted() == {reason: 1}, name
        assert passes == (reason in PASSING), name


@pytest.mark.parametrize("direction", ADDRESSES)
def test_verdict_and_reason(guarded, switched, direction):
    judge = Judge(guarded, switched, direction)
    for name, reason, make in CASES:
        judge.check(name, reason, make)


TAGS = [[(0x8100, 5)], [(0x88a8, 5)], [(0x88a8, 5), (0x8100, 7)], [(0x8100, 5), (0x8100, 7)],
        [(0x8100, 5), (0x88a8, 4094)]]
INSIDE = [(ACCEPT, v4, UDP, 53), (NO_RULE, v4, UDP, 54), (ACCEPT, v6, TCP, 80),
          (NO_RULE, v6, TCP, 53)]
THREE = [(0x88a8, 5), (0x8100, 7), (0x8100, 9)]


def tagged_cases():
    for tags in TAGS:
        for reason, family, protocol, port in INSIDE:
            yield f"{reason} behind {tags}", reason, family(protocol, port, tags=tags)
        yield f"lldp behind {tags}", TYPE, lambda e, t=tags: ethernet(bytes(46), 0x88cc, t)
        yield f"arp behind {tags}", "arp", lambda e, t=tags: ethernet(bytes(46), 0x0806, t)
    yield "three tags", TYPE, v4(UDP, 53, tags=THREE)


@pytest.mark.parametrize("direction", ADDRESSES)
def test_vlan_tags_are_looked_through(guarded, switched, direction):
    """TC finds the outer tag in the metadata, XDP in the frame."""
    judge = Judge(guarded, switched, direction)
    for name, reason, make in tagged_cases():
        judge.check(name, reason, make)


def test_vlan_tags_in_a_frame_that_is_sent(guarded, switched):
    """The host's own frames have their tags in the frame when they leave by v0."""
    judge = Judge(guarded, switched, "ingress")
    with Port(switched.host, "v0") as judge.sender:
        for name, reason, make in tagged_cases():
            judge.check(name, reason, make)


WHOLE = {
    "udp": v4(UDP, 53, options=b"\x01" * 8), "tcp": v4(TCP, 80),
    "udp6": v6(UDP, 53, extensions=[(HOP_BY_HOP, PAD6), (AH, AUTHENTICATION)]),
    "tcp6": v6(TCP, 80), "tagged": v4(UDP, 53, tags=[(0x88a8, 5), (0x8100, 7)]),
    "tagged6": v6(TCP, 80, tags=[(0x8100, 7)]), "odd": raw4(ODD, bytes(3))}


@pytest.mark.parametrize("direction", ADDRESSES)
def test_truncated_at_every_length_it_is_malformed(guarded, switched, direction):
    judge = Judge(guarded, switched, direction)
    for name, make in WHOLE.items():
        whole = make(judge.ends)
        pieces = [whole[:length] for length in range(14, len(whole))]
        assert cross(judge.sender, judge.receiver, [*pieces, whole]) == [whole], name
        counted = judge.counted()
        # The kernel itself drops frames that end inside a VLAN tag.
        lost = len(pieces) + 1 - sum(counted.values())
        assert 0 <= lost <= (8 if "tagged" in name else 0), name
        assert counted == {MALFORMED: len(pieces) - lost, ACCEPT: 1}, name


@pytest.mark.parametrize("mode", MODES)
def test_strict_judges_neighbour_discovery_and_dhcp_as_well(sandbox, switched, mode):
    attach(sandbox, mode)
    cases = [("egress", "neighbor", v6(ICMPV6, 135 << 8)),
             ("ingress", "neighbor", v6(ICMPV6, 136 << 8)),
             ("egress", "dhcp", v4(UDP, 67, sport=68)), ("ingress", "dhcp", v4(UDP, 68, sport=67)),
             ("egress", "dhcp", v6(UDP, 547, sport=546)),
             ("ingress", "dhcp", v6(UDP, 546, sport=547))]
    for direction, reason, make in cases:
        Judge(sandbox, switched, direction).check(reason, reason, make)
    # a DHCP server is not what every instance may be
    for direction, _, make in cases[2:]:
        other_way = "ingress" if direction == "egress" else "egress"
        Judge(sandbox, switched, other_way).check("server", NO_RULE, make)
    sandbox.sgate("instance", "set", "i-1", "--strict")
    for direction, reason, make in cases:
        Judge(sandbox, switched, direction).check(f"strict {reason}", NO_RULE, make)


@pytest.mark.parametrize("mode", MODES)
def test_an_allowed_ethertype(sandbox, switched, mode):
    attach(sandbox, mode, "--allow-ethertype", "0x88cc", "--allow-ethertype", "0x8864")
    for direction in ADDRESSES:
        judge = Judge(sandbox, switched, direction)
        judge.check("lldp", "ethertype-allowed", other(0x88cc))
        judge.check("pppoe", "ethertype-allowed", other(0x8864))
        judge.check("mpls", TYPE, other(0x8847))
        judge.check("tagged lldp", "ethertype-allowed",
                    lambda e: ethernet(bytes(46), 0x88cc, [(0x8100, 3)]))
