# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the rules of both groups count as one set; the smallest priority decides, and deny
among equals; a remote group means the addresses its instances have now.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0: instance i-1
                                                 others have addresses and no interface
"""
import itertools

import pytest

from frames import ICMP, ICMPV6, SCTP, TCP, UDP, packet
from wire import cross

GUEST, REMOTE = "10.0.0.1", "10.0.0.2"
GUEST6, REMOTE6 = "fd00::1", "fd00::2"


@pytest.fixture
def guarded(sandbox, switched):
    del switched
    sandbox.sgate("attach", "v0", "--id", "i-1")
    return sandbox


def to_guest(protocol, dport=0, source=REMOTE, **rest):
    return packet(source, GUEST6 if ":" in source else GUEST, protocol, dport, **rest)


def from_guest(protocol, dport=0, destination=REMOTE, **rest):
    return packet(GUEST6 if ":" in destination else GUEST, destination, protocol, dport, **rest)


def passing(switched, frames, outward=False):
    """Which of {name: frame} arrive at the other end."""
    sender, receiver = switched.g0, switched.r0
    if not outward:
        sender, receiver = receiver, sender
    arrived = cross(sender, receiver, frames.values())
    assert set(arrived) <= set(frames.values())
    return {name for name, frame in frames.items() if frame in arrived}


PORTS = {port: to_guest(TCP, port) for port in (21, 22, 23, 80, 443, 8080)}


def groups(sandbox, first, second, order):
    """Make both groups and associate them in this order."""
    sandbox.group("a", *first)
    sandbox.group("b", *second)
    for name in order:
        sandbox.sgate("associate", name, "i-1")


UNIONS = [
    ("each group adds what it accepts",
     ["ingress accept tcp 22"], ["ingress accept tcp 80"], {22, 80}),
    ("overlaps are one",
     ["ingress accept tcp 21-23"], ["ingress accept tcp 22-80"], {21, 22, 23, 80}),
    ("deny wins among equal priorities",
     ["ingress accept tcp 21-80"], ["ingress deny tcp 22"], {21, 23, 80}),
    ("deny wins among equal priorities whatever the remote",
     ["ingress accept tcp from 10.0.0.2"], ["ingress deny tcp 80,443 from 10.0.0.0/8"],
     {21, 22, 23, 8080}),
    ("a smaller number beats a deny",
     ["ingress accept tcp 22 priority 5"], ["ingress deny tcp priority 6"], {22}),
    ("a smaller number beats an accept",
     ["ingress deny tcp 22 priority 5"], ["ingress accept tcp priority 6"],
     {21, 23, 80, 443, 8080}),
    ("a narrow rule with a greater number loses",
     ["ingress deny tcp 22 from 10.0.0.2 priority 2"], ["ingress accept tcp from any priority 1"],
     {21, 22, 23, 80, 443, 8080}),
    ("priorities nest",
     ["ingress deny all priority 100", "ingress accept tcp 20-90 priority 50"],
     ["ingress deny tcp 22-80 priority 40", "ingress accept tcp 80 priority 1"], {21, 80}),
    ("another protocol is another rule",
     ["ingress accept udp"], ["ingress deny udp 22", "ingress accept tcp 22"], {22}),
    ("the other direction is another rule",
     ["egress accept tcp"], ["ingress accept tcp 80", "egress deny all"], {80}),
    ("the same rule in both groups",
     ["ingress accept tcp 443"], ["ingress accept tcp 443"], {443}),
    ("an empty group adds nothing", ["ingress accept tcp 443"], [], {443}),
    ("two empty groups accept nothing", [], [], set()),
    ("a list of ports",
     ["ingress accept tcp 22,80,8000-8999"], ["ingress deny tcp 8080,9000"], {22, 80}),
]


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_two_groups_are_one_set_of_rules(guarded, switched, order):
    groups(guarded, [], [], order)
    for name, first, second, expected in UNIONS:
        guarded.sgate("rule", "replace", "a", *first)
        guarded.sgate("rule", "replace", "b", *second)
        assert passing(switched, PORTS) == expected, name


def test_the_order_of_associating_never_matters(guarded, switched):
    """All ways to come from nothing to the same two groups end in the same verdicts."""
    groups(guarded, ["ingress accept tcp 20-90", "ingress deny tcp 80 priority 9"],
           ["ingress deny tcp 22", "ingress accept tcp 443"], "")
    for order in itertools.permutations(["a", "b"]):
        for name in order:
            guarded.sgate("associate", name, "i-1")
        assert passing(switched, PORTS) == {21, 23, 80, 443}
        for name in order:
            guarded.sgate("dissociate", name, "i-1")
        assert passing(switched, PORTS) == set()


def test_one_group_left_is_itself_again(guarded, switched):
    groups(guarded, ["ingress accept tcp 21-80"], ["ingress deny tcp 22"], "ab")
    assert passing(switched, PORTS) == {21, 23, 80}
    guarded.sgate("dissociate", "b", "i-1")
    assert passing(switched, PORTS) == {21, 22, 23, 80}


def test_changed_rules_count_at_once(guarded, switched):
    guarded.group("a", "ingress accept tcp 22")
    guarded.sgate("associate", "a", "i-1")
    guarded.sgate("rule", "add", "a", "ingress accept tcp 80", "ingress accept tcp 443")
    assert passing(switched, PORTS) == {22, 80, 443}
    guarded.sgate("rule", "remove", "a", "ingress accept tcp 22")
    assert passing(switched, PORTS) == {80, 443}
    guarded.sgate("rule", "replace", "a", "ingress accept tcp 23")
    assert passing(switched, PORTS) == {23}
    guarded.sgate("rule", "replace", "a", "-f", "-",
                  stdin="# two\ningress accept tcp 21\n\ningress accept tcp 8080\n")
    assert passing(switched, PORTS) == {21, 8080}
    guarded.sgate("rule", "replace", "a")
    assert passing(switched, PORTS) == set()


KINDS = {
    "echo": to_guest(ICMP, 8 << 8),
    "reply": to_guest(ICMP, 0),
    "unreachable/1": to_guest(ICMP, 3 << 8 | 1),
    "unreachable/4": to_guest(ICMP, 3 << 8 | 4),
    "echo6": to_guest(ICMPV6, 128 << 8, REMOTE6),
    "too-big6": to_guest(ICMPV6, 2 << 8, REMOTE6),
    "tcp": to_guest(TCP, 22),
    "tcp6": to_guest(TCP, 22, REMOTE6),
    "udp": to_guest(UDP, 22),
    "udp6": to_guest(UDP, 22, REMOTE6),
    "sctp": to_guest(SCTP, 22),
    "gre": to_guest(47),
    "esp": to_guest(50),
    "esp6": to_guest(50, source=REMOTE6),
    "icmp number in IPv6": to_guest(ICMP, source=REMOTE6),
    "icmpv6 number in IPv4": to_guest(ICMPV6),
}
V6 = {name for name in KINDS if "6" in name and name != "icmpv6 number in IPv4"} | {
    "icmp number in IPv6"}

PROTOCOLS = [
    ("ingress accept icmp", {"echo", "reply", "unreachable/1", "unreachable/4"}),
    ("ingress accept icmp 8", {"echo"}),
    ("ingress accept icmp 0/0", {"reply"}),
    ("ingress accept icmp 3", {"unreachable/1", "unreachable/4"}),
    ("ingress accept icmp 3/4", {"unreachable/4"}),
    ("ingress accept icmp from ::/0", set()),
    ("ingress accept icmpv6", {"echo6", "too-big6"}),
    ("ingress accept icmpv6 128/0", {"echo6"}),
    ("ingress accept icmpv6 2", {"too-big6"}),
    ("ingress accept icmpv6 from 0.0.0.0/0", set()),
    ("ingress accept 1", {"echo", "reply", "unreachable/1", "unreachable/4",
                          "icmp number in IPv6"}),
    ("ingress accept 58 from 0.0.0.0/0", {"icmpv6 number in IPv4"}),
    ("ingress accept tcp", {"tcp", "tcp6"}),
    ("ingress accept tcp from 0.0.0.0/0", {"tcp"}),
    ("ingress accept tcp from ::/0", {"tcp6"}),
    ("ingress accept udp 22 from fd00::2", {"udp6"}),
    ("ingress accept udp 22 from fd00::/63", {"udp6"}),
    ("ingress accept udp 22 from fd00:0:0:1::/64", set()),
    ("ingress accept udp 22 from fd00::3", set()),
    ("ingress accept udp 22 from 10.0.0.2/31", {"udp"}),
    ("ingress accept udp 22 from 10.0.0.0/31", set()),
    ("ingress accept sctp 22", {"sctp"}),
    ("ingress accept 132", {"sctp"}),
    ("ingress accept gre", {"gre"}),
    ("ingress accept 50", {"esp", "esp6"}),
    ("ingress accept 50 from any", {"esp", "esp6"}),
    ("ingress accept all", set(KINDS)),
    ("ingress accept all from ::/0", V6),
    ("ingress accept all from 10.0.0.0/8", set(KINDS) - V6),
]


def test_protocols_types_and_families(guarded, switched):
    guarded.group("a")
    guarded.sgate("associate", "a", "i-1")
    for rule, expected in PROTOCOLS:
        guarded.sgate("rule", "replace", "a", rule)
        assert passing(switched, KINDS) == expected, rule


def test_the_protocols_of_a_rule_the_other_way(guarded, switched):
    """The remote of egress is the destination, and so are the ports."""
    guarded.group("a", "egress accept tcp 443 to 10.0.0.0/30", "egress accept udp to fd00::/16",
                  "egress deny udp 53 to fd00::2")
    guarded.sgate("associate", "a", "i-1")
    frames = {
        "tcp": from_guest(TCP, 443), "other port": from_guest(TCP, 80),
        "source port": from_guest(TCP, 80, sport=443),
        "elsewhere": from_guest(TCP, 443, "10.0.0.4"),
        "udp6": from_guest(UDP, 5000, REMOTE6), "dns6": from_guest(UDP, 53, REMOTE6),
        "udp": from_guest(UDP, 5000)}
    assert passing(switched, frames, outward=True) == {"tcp", "udp6"}


REMOTES = {address: to_guest(UDP, 9, address) for address in
           ("10.0.0.2", "10.0.0.9", "10.9.0.1", "10.9.7.7", "fd00::2", "fd00:9::1")}


@pytest.fixture
def members(guarded, switched):
    """i-1 accepts from the group `peers`, which has no instance yet; passing(): from where."""
    guarded.group("peers")
    guarded.group("a", "ingress accept udp from group:peers", "egress deny all to group:peers")
    guarded.sgate("associate", "a", "i-1")

    def run(*words):
        guarded.sgate(*words)
        guarded.sgate("reconcile", "--check")
        return passing(switched, REMOTES)

    assert passing(switched, REMOTES) == set()
    return run


def test_a_remote_group_follows_members_and_their_addresses(members):
    """Each step changes another instance or group, and the verdicts of i-1 at once."""
    add = ("instance", "add", "i-2", "--dev", "away2")
    assert members(*add, "--address", "10.0.0.2", "--address", "fd00::2") == set()
    assert members("associate", "peers", "i-2") == {"10.0.0.2", "fd00::2"}
    assert members("instance", "set", "i-2", "--address", "10.9.0.0/16") == {
        "10.9.0.1", "10.9.7.7"}
    assert members("instance", "add", "i-3", "--dev", "away3", "--address", "10.0.0.9",
                   "--address", "fd00:9::1") == {"10.9.0.1", "10.9.7.7"}
    assert members("associate", "peers", "i-3") == {
        "10.9.0.1", "10.9.7.7", "10.0.0.9", "fd00:9::1"}
    assert members("dissociate", "peers", "i-2") == {"10.0.0.9", "fd00:9::1"}
    assert members("instance", "set", "i-3", "--address", "none") == set()
    assert members("instance", "set", "i-3", "--address", "10.0.0.2") == {"10.0.0.2"}
    assert members("instance", "remove", "i-3") == set()


def test_a_remote_group_may_be_its_own(members):
    """Instances of one group that accept each other, i-1's own addresses among them."""
    assert members("rule", "replace", "a", "ingress accept udp from group:a") == set()
    members("instance", "add", "i-2", "--dev", "away2", "--address", "10.0.0.9")
    assert members("associate", "a", "i-2") == {"10.0.0.9"}
    assert members("dissociate", "a", "i-2") == set()


def test_a_remote_group_counts_while_it_is_unavailable_or_detached(members):
    members("instance", "add", "i-2", "--dev", "away2", "--address", "10.0.0.2")
    members("associate", "peers", "i-2")
    assert members("group", "set", "peers", "--status", "Unavailable") == {"10.0.0.2"}
    assert members("instance", "set", "i-2", "--status", "RELEASING") == {"10.0.0.2"}


def test_removed_rules_of_a_remote_group_end_at_once(members):
    members("instance", "add", "i-2", "--dev", "away2", "--address", "10.0.0.2")
    members("associate", "peers", "i-2")
    assert members("rule", "add", "a", "ingress deny udp 9 from group:peers priority 2") == {
        "10.0.0.2"}
    assert members("rule", "add", "a", "ingress deny udp 9 from group:peers") == set()
    assert members("rule", "remove", "a", "ingress deny udp 9 from group:peers") == {"10.0.0.2"}
