# SPDX-License-Identifier: GPL-2.0-only
"""The promise: an instance's verdicts and counters are its own, whatever its neighbours are
allowed and whatever interface index it has.

    guest1 g1 --- v1 [br1] u1 --- r1 remote      the same frames to both, with opposite policies
    guest2 g2 --- v2 [br2] u2 --- r2 remote
"""
import pytest

from frames import ICMPV6, TCP, UDP, packet
from wire import Port, cross

GUEST, REMOTE = "10.0.0.1", "10.0.0.2"
FRAMES_IN = {
    "tcp 22": packet(REMOTE, GUEST, TCP, 22), "tcp 80": packet(REMOTE, GUEST, TCP, 80),
    "udp 22": packet(REMOTE, GUEST, UDP, 22), "udp 80": packet(REMOTE, GUEST, UDP, 80),
    "echo": packet("fd00::2", "fd00::1", ICMPV6, 128 << 8)}
FRAMES_OUT = {
    "tcp 22": packet(GUEST, REMOTE, TCP, 22), "tcp 80": packet(GUEST, REMOTE, TCP, 80),
    "udp 22": packet(GUEST, REMOTE, UDP, 22), "udp 80": packet(GUEST, REMOTE, UDP, 80),
    "echo": packet("fd00::1", "fd00::2", ICMPV6, 128 << 8)}
TCP_ONLY, NOT_TCP = {"tcp 22", "tcp 80"}, {"udp 22", "udp 80", "echo"}


class Lane:
    """A guest and its way to the remote."""

    def __init__(self, sandbox, host, remote, number):
        self.number, self.host, self.remote = number, host, remote
        self.dev, self.bridge = f"v{number}", f"br{number}"
        self.guest = sandbox.namespace(f"guest{number}")
        host.veth(f"u{number}", remote, f"r{number}")
        host.bridge(self.bridge, f"u{number}")
        self.far = Port(remote, f"r{number}")
        self.near = None
        self.plug()

    def plug(self, index=None):
        self.host.veth(self.dev, self.guest, "g0", index=index)
        self.host.ip(f"link set {self.dev} master {self.bridge}")
        self.near = Port(self.guest, "g0")

    def unplug(self):
        self.near.close()
        self.host.ip(f"link del {self.dev}")

    def passing(self):
        """(inward, outward): names of the frames that pass."""
        inward = cross(self.far, self.near, FRAMES_IN.values())
        outward = cross(self.near, self.far, FRAMES_OUT.values())
        return ({name for name, frame in FRAMES_IN.items() if frame in inward},
                {name for name, frame in FRAMES_OUT.items() if frame in outward})

    def close(self):
        self.far.close()
        self.near.close()


@pytest.fixture(params=["tc", "xdp", "xdp-generic"])
def lanes(request, sandbox):
    """i-1 may receive TCP only and send all but TCP; i-2 the other way around."""
    host, remote = sandbox.namespace("host"), sandbox.namespace("remote")
    made = [Lane(sandbox, host, remote, number) for number in (1, 2)]
    sandbox.group("one", "ingress accept tcp", "egress accept all priority 2", "egress deny tcp")
    sandbox.group("two", "egress accept tcp", "ingress accept all priority 2", "ingress deny tcp")
    for number, group in (1, "one"), (2, "two"):
        sandbox.sgate("attach", f"v{number}", "--id", f"i-{number}", "--mode", request.param)
        sandbox.sgate("associate", group, f"i-{number}")
    yield made
    for lane in made:
        lane.close()


def check(sandbox, lanes):
    one, two = lanes
    sandbox.sgate("reconcile", "--check")
    assert one.passing() == (TCP_ONLY, NOT_TCP)
    assert two.passing() == (NOT_TCP, TCP_ONLY)
    assert one.passing() == (TCP_ONLY, NOT_TCP)


def test_the_same_traffic_meets_opposite_policies(sandbox, lanes):
    check(sandbox, lanes)
    for ident, ingress in ("i-1", 2 * 2), ("i-2", 3):
        counters = sandbox.counters(ident)
        assert counters["ingress", "rule-accept"] == ingress, counters
    assert sandbox.counters("i-1")["egress", "rule-deny"] == 2 * 2
    assert sandbox.counters("i-2")["ingress", "rule-deny"] == 2
    assert sandbox.json("stats")["unbound"]["totals"] == [
        {"direction": "both", "verdict": verdict, "reason": "total", "packets": 0, "bytes": 0}
        for verdict in ("drop", "accept")]


def test_swapped_interfaces_swap_the_policies(sandbox, lanes):
    one, two = lanes
    sandbox.sgate("instance", "set", "i-1", "--dev", "away0")
    sandbox.sgate("instance", "set", "i-2", "--dev", "v1")
    sandbox.sgate("instance", "set", "i-1", "--dev", "v2")
    check(sandbox, [two, one])


def test_swapped_indexes_change_nothing(sandbox, lanes):
    """Both interfaces are deleted and made again, each with the index of the other."""
    one, two = lanes
    indexes = [lane.host.ifindex(lane.dev) for lane in lanes]
    one.unplug()
    two.unplug()
    one.plug(indexes[1])
    two.plug(indexes[0])
    sandbox.sgate("reconcile")
    check(sandbox, lanes)


def test_swapped_names_and_indexes_before_anybody_looks(sandbox, lanes):
    """v1 gets the name of v2 and the other way around: instances follow names."""
    one, two = lanes
    for old, new in ("v1", "tmp"), ("v2", "v1"), ("tmp", "v2"):
        one.host.ip(f"link set {old} name {new}")
    sandbox.sgate("reconcile")
    check(sandbox, [two, one])


def test_one_neighbour_comes_and_goes(sandbox, lanes):
    one, two = lanes
    sandbox.sgate("detach", "i-2", "--forget")
    assert one.passing() == (TCP_ONLY, NOT_TCP)
    assert two.passing() == (set(FRAMES_IN), set(FRAMES_OUT))
    sandbox.sgate("attach", "v2", "--id", "i-3")
    assert two.passing() == (set(), set())
    assert set(sandbox.counters("i-3")) == {
        ("ingress", "no-group"), ("egress", "no-group"), ("ingress", "arp"), ("egress", "arp")}
    assert one.passing() == (TCP_ONLY, NOT_TCP)
    sandbox.sgate("associate", "two", "i-3")
    check(sandbox, lanes)


def test_a_change_of_one_group_leaves_the_other_instance_alone(sandbox, lanes):
    one, two = lanes
    sandbox.sgate("rule", "replace", "two")
    assert two.passing() == (set(), set())
    assert one.passing() == (TCP_ONLY, NOT_TCP)
    sandbox.sgate("dissociate", "one", "i-1")
    sandbox.sgate("rule", "add", "two", "ingress accept udp 80")
    assert two.passing() == ({"udp 80"}, set())
    assert one.passing() == (set(), set())
