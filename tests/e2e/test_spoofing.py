# SPDX-License-Identifier: GPL-2.0-only
"""The promise: an instance whose addresses are known sends from none but them, whatever says the
address: the frame, the IP header, ARP or neighbour discovery. Who has no address yet can get one.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0
"""
import contextlib
import re
import socket
import struct

import pytest

from conftest import GUEST_MAC
from frames import DESTINATION, FRAGMENT, HOP_BY_HOP, ICMPV6, UDP, ethernet, ipv4, packet
from sandbox import wait_until
from state import MODES, guard, passes
from wire import mac_bytes

ACCEPT, SPOOFED, NEIGHBOR = "rule-accept", "spoofed", "neighbor"
PASSING = {ACCEPT, NEIGHBOR, "arp", "dhcp", "ethertype-allowed"}
MARKER_MAC = "02:00:00:00:ff:01"  # of the frames that follow those in question
MINE, OTHER = mac_bytes(GUEST_MAC), mac_bytes("02:00:00:00:00:0c")
LINK_LOCAL = "fe80::ff:fe00:1"  # that the kernel makes of GUEST_MAC
MACS = "--mac", GUEST_MAC, "--mac", MARKER_MAC
ADDRESSES = "--address", "10.0.0.1", "--address", "10.0.9.0/24", "--address", "fd00::1"
RULES = [f"{way} accept {what}" for way in ("ingress", "egress")
         for what in ("udp 53", "icmpv6 128/0")]
RTMGRP_IPV6_IFADDR = 0x100
ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT, SOLICITATION, ADVERTISEMENT = 133, 134, 135, 136
LISTENER_REPORT = 143
SOURCE_LINK, TARGET_LINK, NONCE = 1, 2, 14  # options of neighbour discovery

both_modes = pytest.mark.parametrize("mode", MODES)


def sent_by(mac, frame):
    return frame[:6] + mac + frame[12:]


def udp(source, mac=MINE, dport=53, **rest):
    destination = "fd00::2" if ":" in source else "10.0.0.2"
    return sent_by(mac, packet(source, destination, UDP, dport, **rest))


def arp(sender_mac, sender, operation=1, mac=MINE, hardware=1, target="10.0.0.2"):
    body = struct.pack("!HHBBH", hardware, 0x0800, 6, 4, operation) + sender_mac
    body += socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target) + bytes(18)
    return ethernet(body, 0x0806, source=mac)


def neighbor(kind, source, target=None, options=(), mac=MINE, **ip):
    """A message of neighbour discovery; options: (number, MAC)."""
    data = socket.inet_pton(socket.AF_INET6, target) if target else b""
    data += {ROUTER_ADVERTISEMENT: bytes(8), LISTENER_REPORT: b""}.get(kind, b"")
    for number, link in options:
        data += bytes([number, 1]) + link
    return sent_by(mac, packet(source, "ff02::1", ICMPV6, kind << 8, data=data, **ip))


def fragmented(at, more):
    return [(FRAGMENT, struct.pack("!xHI", at | more, 77))]


PAD6 = bytes([0, 1, 4, 0, 0, 0, 0])
ROUTER_ALERT = bytes([0, 5, 2, 0, 0, 1, 0])
NO_LENGTH = bytes([0, 0, 0, 0, 0, 0])

CASES = [
    # the frame and the IP header
    ("its own IPv4", ACCEPT, udp("10.0.0.1")),
    ("one of a subnet of its own", ACCEPT, udp("10.0.9.77")),
    ("its own IPv6", ACCEPT, udp("fd00::1")),
    ("its link-local address", ACCEPT, udp(LINK_LOCAL)),
    ("its own, tagged", ACCEPT, udp("10.0.0.1", tags=[(0x8100, 5)])),
    ("another MAC", SPOOFED, udp("10.0.0.1", OTHER)),
    ("another MAC 6", SPOOFED, udp("fd00::1", OTHER)),
    ("another MAC, tagged", SPOOFED, udp("10.0.0.1", OTHER, tags=[(0x8100, 5)])),
    ("a MAC of zeroes", SPOOFED, udp("10.0.0.1", bytes(6))),
    ("the group bit of its own MAC", SPOOFED, udp("10.0.0.1", bytes([3]) + MINE[1:])),
    ("another MAC and EtherType", SPOOFED, ethernet(bytes(46), 0x88cc, source=OTHER)),
    ("an allowed EtherType", "ethertype-allowed", ethernet(bytes(46), 0x88cc, source=MINE)),
    ("another IPv4", SPOOFED, udp("10.0.0.2")),
    ("another IPv4, tagged", SPOOFED, udp("10.0.0.2", tags=[(0x88a8, 5), (0x8100, 7)])),
    ("before its subnet", SPOOFED, udp("10.0.8.255")),
    ("after its subnet", SPOOFED, udp("10.0.10.0")),
    ("loopback", SPOOFED, udp("127.0.0.1")),
    ("broadcast", SPOOFED, udp("255.255.255.255")),
    ("another IPv6", SPOOFED, udp("fd00::2")),
    ("its own, one bit off", SPOOFED, udp("fd00:8000::1")),
    ("another link-local address", SPOOFED, udp("fe80::ff:fe00:2")),
    ("its own IPv4 mapped", SPOOFED, udp("::ffff:10.0.0.1")),
    ("another IPv4 that no rule accepts", SPOOFED, udp("10.0.0.2", dport=54)),
    ("another's later fragment", SPOOFED, sent_by(MINE, ethernet(ipv4(
        "10.0.0.2", "10.0.0.3", UDP, bytes(24), fragment=4), 0x0800))),
    # who has no address yet
    ("a DHCP client", "dhcp", sent_by(MINE, packet("0.0.0.0", "255.255.255.255", UDP, 67,
                                                   sport=68))),
    ("a DHCP client with another MAC", SPOOFED, udp("0.0.0.0", OTHER, 67, sport=68)),
    ("a DHCP client with another address", SPOOFED, udp("10.0.0.2", dport=67, sport=68)),
    ("a DHCP client from another port", SPOOFED, udp("0.0.0.0", dport=67, sport=69)),
    ("a DHCP server", SPOOFED, udp("0.0.0.0", dport=68, sport=67)),
    ("no IPv4", SPOOFED, udp("0.0.0.0")),
    ("a DHCPv6 client", "dhcp", udp(LINK_LOCAL, dport=547, sport=546)),
    ("a DHCPv6 client from nowhere", SPOOFED, udp("::", dport=547, sport=546)),
    ("no IPv6", SPOOFED, udp("::")),
    ("an echo request from nowhere", SPOOFED, sent_by(MINE, packet("::", "fd00::2", ICMPV6,
                                                                   128 << 8))),
    ("duplicate address detection", NEIGHBOR, neighbor(SOLICITATION, "::", "fd00::1")),
    ("the same with a nonce", NEIGHBOR, neighbor(SOLICITATION, "::", "fd00::1",
                                                 [(NONCE, OTHER)])),
    ("the same with another MAC", SPOOFED, neighbor(SOLICITATION, "::", "fd00::1", mac=OTHER)),
    ("a router wanted from nowhere", NEIGHBOR, neighbor(ROUTER_SOLICITATION, "::")),
    ("a listener report from nowhere", NEIGHBOR, neighbor(
        LISTENER_REPORT, "::", extensions=[(HOP_BY_HOP, ROUTER_ALERT)])),
    ("an advertisement from nowhere", SPOOFED, neighbor(ADVERTISEMENT, "::", "fd00::1")),
    # ARP
    ("an ARP request", "arp", arp(MINE, "10.0.0.1")),
    ("an ARP reply", "arp", arp(MINE, "10.0.0.1", 2)),
    ("an ARP announcement", "arp", arp(MINE, "10.0.0.1", target="10.0.0.1")),
    ("an ARP probe", "arp", arp(MINE, "0.0.0.0")),
    ("an ARP probe of another MAC", SPOOFED, arp(OTHER, "0.0.0.0")),
    ("ARP in a frame of another MAC", SPOOFED, arp(MINE, "10.0.0.1", mac=OTHER)),
    ("ARP with another sender MAC", SPOOFED, arp(OTHER, "10.0.0.1")),
    ("an ARP request for another", SPOOFED, arp(MINE, "10.0.0.2")),
    ("an ARP reply for another", SPOOFED, arp(MINE, "10.0.0.2", 2)),
    ("ARP of other hardware", SPOOFED, arp(MINE, "10.0.0.1", hardware=6)),
    ("half an ARP", SPOOFED, arp(MINE, "10.0.0.1")[:14 + 20]),
    # neighbour discovery
    ("a solicitation", NEIGHBOR, neighbor(SOLICITATION, "fd00::1", "fd00::2",
                                          [(SOURCE_LINK, MINE)])),
    ("a solicitation from another", SPOOFED, neighbor(SOLICITATION, "fd00::3", "fd00::2",
                                                      [(SOURCE_LINK, MINE)])),
    ("its source option", SPOOFED, neighbor(SOLICITATION, "fd00::1", "fd00::2",
                                            [(SOURCE_LINK, OTHER)])),
    ("its second option", SPOOFED, neighbor(SOLICITATION, "fd00::1", "fd00::2",
                                            [(NONCE, OTHER), (SOURCE_LINK, OTHER)])),
    ("its second source option", SPOOFED, neighbor(
        SOLICITATION, "fd00::1", "fd00::2", [(SOURCE_LINK, MINE), (SOURCE_LINK, OTHER)])),
    ("an option behind options", SPOOFED, neighbor(SOLICITATION, "fd00::1", "fd00::2", [
        *[(NONCE, OTHER)] * 8, (SOURCE_LINK, OTHER)])),
    ("an option behind a header", SPOOFED, neighbor(
        SOLICITATION, "fd00::1", "fd00::2", [(SOURCE_LINK, OTHER)],
        extensions=[(DESTINATION, PAD6)])),
    ("a solicitation in fragments", SPOOFED, neighbor(
        SOLICITATION, "fd00::1", "fd00::2", extensions=fragmented(0, 1))),
    ("an advertisement", NEIGHBOR, neighbor(ADVERTISEMENT, "fd00::1", "fd00::1",
                                            [(TARGET_LINK, MINE)])),
    ("one for its link-local address", NEIGHBOR, neighbor(ADVERTISEMENT, "fd00::1", LINK_LOCAL)),
    ("an advertisement for another", SPOOFED, neighbor(ADVERTISEMENT, "fd00::1", "fd00::2",
                                                       [(TARGET_LINK, MINE)])),
    ("its target option", SPOOFED, neighbor(ADVERTISEMENT, "fd00::1", "fd00::1",
                                            [(TARGET_LINK, OTHER)])),
    ("an advertisement for another, behind a header", SPOOFED, neighbor(
        ADVERTISEMENT, "fd00::1", "fd00::2", extensions=[(DESTINATION, PAD6)])),
    ("half an advertisement", SPOOFED, neighbor(ADVERTISEMENT, "fd00::1")),
    ("a router wanted", NEIGHBOR, neighbor(ROUTER_SOLICITATION, LINK_LOCAL,
                                           options=[(SOURCE_LINK, MINE)])),
    ("the option of who wants a router", SPOOFED, neighbor(ROUTER_SOLICITATION, LINK_LOCAL,
                                                           options=[(SOURCE_LINK, OTHER)])),
    ("the option of a router", SPOOFED, neighbor(ROUTER_ADVERTISEMENT, LINK_LOCAL,
                                                 options=[(SOURCE_LINK, OTHER)])),
    ("an option without a length", SPOOFED, sent_by(MINE, packet(
        "fd00::1", "ff02::1", ICMPV6, SOLICITATION << 8, data=bytes(16) + bytes([NONCE, 0]) +
        NO_LENGTH + bytes([SOURCE_LINK, 1]) + OTHER))),
]

# Frames of such sources, bridges themselves drop.
NOT_FORWARDED = "a MAC of zeroes", "the group bit of its own MAC"
# What the reason is when somebody else sends what would be spoofed.
RECEIVED = {
    "another MAC": ACCEPT, "another MAC 6": ACCEPT, "another MAC, tagged": ACCEPT,
    "another IPv4": ACCEPT, "another IPv6": ACCEPT, "another link-local address": ACCEPT,
    "another MAC and EtherType": "ethertype-allowed", "a DHCP server": "dhcp",
    "another's later fragment": "fragment-unknown", "an ARP reply for another": "arp",
    "ARP with another sender MAC": "arp", "ARP of other hardware": "arp",
    "its source option": NEIGHBOR, "its target option": NEIGHBOR,
    "an advertisement for another": NEIGHBOR, "a solicitation in fragments": NEIGHBOR}


class Judge:
    """Sends frames one way and says why each had its verdict."""

    def __init__(self, sandbox, switched, direction="egress"):
        self.sandbox, self.direction = sandbox, direction
        ports = switched.g0, switched.r0
        self.sender, self.receiver = ports if direction == "egress" else ports[::-1]
        self.before = sandbox.counters("i-1")

    def reason(self, frame):
        """Whether the frame passes is what its reason says."""
        passed = passes(self.sender, self.receiver, frame)
        now = self.sandbox.counters("i-1")
        new = {key: count - self.before.get(key, 0) for key, count in now.items()}
        self.before = now
        new[self.direction, "arp"] -= 1  # the marker
        reasons = {key: count for key, count in new.items() if count}
        assert list(reasons.values()) == [1], reasons
        (direction, reason), = reasons
        assert direction == self.direction
        assert passed == (reason in PASSING), reason
        return reason


def known(sandbox, mode, *options):
    guard(sandbox, *RULES, mode=mode, options=("--allow-ethertype", "0x88cc", *options))
    return sandbox


@both_modes
def test_only_own_addresses_are_sent(sandbox, switched, mode):
    judge = Judge(known(sandbox, mode, *MACS, *ADDRESSES), switched)
    wrong = [(name, got, reason) for name, reason, frame in CASES
             if (got := judge.reason(frame)) != reason]
    assert not wrong


def test_what_is_received_may_come_from_anybody(sandbox, switched):
    """What a guest receives is judged at TC in every mode."""
    judge = Judge(known(sandbox, "tc", *MACS, *ADDRESSES), switched, "ingress")
    assert {*RECEIVED, *NOT_FORWARDED} <= {name for name, _, _ in CASES}
    for name, reason, frame in CASES:
        if name in NOT_FORWARDED:
            continue
        got = judge.reason(frame)
        assert got != SPOOFED, name
        if reason != SPOOFED and reason != "dhcp":
            assert got == reason, name
        elif name in RECEIVED:
            assert got == RECEIVED[name], name


@both_modes
def test_a_change_takes_effect_at_once(sandbox, switched, mode):
    judge = Judge(known(sandbox, mode), switched)
    first, second = udp("10.0.0.1"), udp("10.0.0.50")
    first6, second6 = udp("fd00::1"), udp("fd00::50")

    def check(passing, dropped):
        for frame in passing:
            assert judge.reason(frame) == ACCEPT
        for frame in dropped:
            assert judge.reason(frame) == SPOOFED

    check([first, second, first6, second6, udp("10.0.0.1", OTHER)], [])
    sandbox.sgate("instance", "set", "i-1", "--address", "10.0.0.1")
    check([first, udp("10.0.0.1", OTHER)], [second, first6, second6])
    sandbox.sgate("instance", "set", "i-1", "--address", "10.0.0.50", "--address", "fd00::50")
    check([second, second6], [first, first6])
    sandbox.sgate("instance", "set", "i-1", "--address", "10.0.0.0/26", "--address", "fd00::/64",
                  *MACS)
    check([first, second, first6, second6], [udp("10.0.0.1", OTHER), udp("10.0.0.64")])
    sandbox.sgate("instance", "set", "i-1", "--address", "none")
    check([first, first6, udp("10.0.0.64")], [udp("10.0.0.1", OTHER), udp("10.0.0.64", OTHER)])
    sandbox.sgate("instance", "set", "i-1", "--mac", "none")
    check([udp("10.0.0.64", OTHER)], [])
    sandbox.snapshot()


@both_modes
def test_an_open_connection_does_not_excuse_a_source(sandbox, switched, mode):
    """Neither the guest's own connection nor the answer to somebody else's."""
    judge = Judge(known(sandbox, mode), switched)
    assert judge.reason(udp("10.0.0.50")) == ACCEPT
    sandbox.sgate("instance", "set", "i-1", "--address", "10.0.0.1")
    assert judge.reason(udp("10.0.0.50")) == SPOOFED
    question = packet("10.0.0.2", "10.0.0.60", UDP, 53)
    assert Judge(sandbox, switched, "ingress").reason(question) == ACCEPT
    judge.before = sandbox.counters("i-1")
    answer = packet("10.0.0.60", "10.0.0.2", UDP, 1000, sport=53)
    assert judge.reason(answer) == SPOOFED


class KernelAddresses:
    """What becomes of the IPv6 addresses of an interface."""

    def __init__(self, namespace, dev):
        self.namespace, self.dev = namespace, dev

    def shown(self):
        return self.namespace.ip(f"-6 address show dev {self.dev}").stdout

    def wait(self, address, claim):
        """Until claim(its line); duplicate address detection takes a second or two."""
        def is_so():
            line = re.search(rf"inet6 {address}/.*", self.shown())
            return line and claim(line[0])
        with contextlib.closing(self.namespace.socket(socket.AF_NETLINK,
                                                      socket.SOCK_RAW)) as events:
            events.bind((0, RTMGRP_IPV6_IFADDR))
            wait_until(is_so, wake=events)


@both_modes
def test_the_kernels_own_neighbour_discovery_passes(sandbox, switched, mode):
    switched.remote.set_ipv6(True)
    switched.remote.ip("address add fd00::2/64 dev r0 nodad")
    known(sandbox, mode, *MACS, *ADDRESSES, "--address", "fd00::2")
    kernel = KernelAddresses(switched.guest, "g0")
    switched.guest.set_ipv6(True)
    switched.guest.ip("address add fd00::1/64 dev g0")
    switched.guest.ip("address add fd00::2/64 dev g0")

    kernel.wait("fd00::2", lambda line: "dadfailed" in line)  # it is the remote's, and says so
    for address in "fd00::1", LINK_LOCAL:
        kernel.wait(address, lambda line: "tentative" not in line)
    switched.guest.ip("address del fd00::2/64 dev g0")
    switched.guest.run("ping", "-c", "1", "-W", "5", "-I", "fd00::1", "fd00::2")
    switched.remote.ip("neighbor flush dev r0")
    switched.remote.run("ping", "-c", "1", "-W", "5", "-I", "fd00::2", "fd00::1")
    counters = sandbox.counters("i-1")
    assert ("egress", SPOOFED) not in counters, counters
    assert counters["egress", NEIGHBOR] >= 4, counters
    # an address that the instance may not have: the remote never hears of it
    sandbox.sgate("instance", "set", "i-1", "--address", "fd00::1")
    switched.guest.ip("address add fd00::3/64 dev g0 nodad")
    switched.guest.run("ping", "-c", "1", "-W", "1", "-I", "fd00::3", "fd00::2", status=1)
    assert sandbox.counters("i-1")["egress", SPOOFED] >= 1
    shown = switched.remote.ip("-6 neighbor show dev r0").stdout
    assert "fd00::3" not in shown, shown
