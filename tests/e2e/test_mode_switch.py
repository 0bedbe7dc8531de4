# SPDX-License-Identifier: GPL-2.0-only
"""The promise: changing how the programs are attached lets no packet by and loses none.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0; streams both ways meanwhile
"""
import contextlib

import pytest

from frames import TCP, UDP, packet
from programs import attached
from wire import Stream

GUEST, REMOTE = "10.0.0.1", "10.0.0.2"
GUEST6, REMOTE6 = "fd00::1", "fd00::2"


def numbered(source, destination):
    return lambda n: packet(source, destination, UDP, 53, data=n.to_bytes(8, "big"))


def forbidden(source, destination, source6, destination6):
    return [packet(source, destination, UDP, 54), packet(source, destination, TCP, 53),
            packet(source6, destination6, UDP, 54)]


@contextlib.contextmanager
def streams(switched, may_lose=False):
    g0, r0 = switched.g0, switched.r0
    out = Stream(g0, r0, numbered(GUEST, REMOTE), forbidden(GUEST, REMOTE, GUEST6, REMOTE6),
                 may_lose)
    back = Stream(r0, g0, numbered(REMOTE, GUEST), forbidden(REMOTE, GUEST, REMOTE6, GUEST6),
                  may_lose)
    with out, back:
        yield out, back


def go_on(both):
    for stream in both:
        stream.go_on()


@pytest.fixture
def guarded(sandbox, switched):
    sandbox.group("dns", "ingress accept udp 53", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.sgate("associate", "dns", "i-1")
    return sandbox


PLACES = {
    "tc": {"tcx-rx": ["sg_tc_rx"], "tcx-tx": ["sg_tc_tx"]},
    "xdp": {"xdp": ["sg_xdp_rx"], "tcx-tx": ["sg_tc_tx"]},
    "xdp-generic": {"xdp-generic": ["sg_xdp_rx"], "tcx-tx": ["sg_tc_tx"]},
    "clsact": {"tc-rx": ["sg_tc_rx"], "tc-tx": ["sg_tc_tx"], "clsact": ["qdisc"]},
}


def change(sandbox, mode):
    """clsact is what tc is on a kernel without tcx."""
    sandbox.env = {"SGATE_NO_TCX": "1"} if mode == "clsact" else {}
    sandbox.sgate("instance", "set", "i-1", "--mode", "tc" if mode == "clsact" else mode)


@pytest.mark.parametrize("way", [
    ("xdp", "tc", "xdp", "tc"),
    ("xdp-generic", "tc", "xdp-generic", "tc"),
    ("xdp", "xdp-generic", "xdp", "xdp-generic"),
], ids=" ".join)
def test_changing_the_mode_under_traffic(guarded, switched, way):
    with streams(switched) as both:
        for mode in way:
            change(guarded, mode)
            go_on(both)
            assert attached(switched.host, "v0") == PLACES[mode]
            guarded.sgate("reconcile", "--check")


CLSACT_WAY = ("clsact", "tc", "clsact", "xdp", "clsact", "xdp-generic", "tc")


def test_changing_from_and_to_filters_of_a_clsact_that_is_there(guarded, switched):
    switched.host.tc("qdisc add dev v0 clsact")
    with streams(switched) as both:
        for mode in CLSACT_WAY:
            change(guarded, mode)
            go_on(both)
            assert attached(switched.host, "v0") == {**PLACES[mode], "clsact": ["qdisc"]}
            guarded.sgate("reconcile", "--check")


def test_changing_from_and_to_filters_of_our_own_clsact(guarded, switched):
    """Where a clsact qdisc comes or goes the kernel itself drops what is being sent."""
    with streams(switched, may_lose=True) as both:
        for mode in CLSACT_WAY:
            change(guarded, mode)
            go_on(both)
            assert attached(switched.host, "v0") == PLACES[mode]
            guarded.sgate("reconcile", "--check")


def test_a_mode_that_cannot_be_leaves_the_old_one_at_work(guarded, switched):
    """The bridge's own interface has no native XDP."""
    guarded.sgate("attach", "br0", "--id", "i-br", "--no-group", "pass")
    before = guarded.snapshot()
    places = attached(switched.host, "br0")
    with streams(switched) as both:
        message = guarded.refused("instance", "set", "i-br", "--mode", "xdp",
                                  code="OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP")
        go_on(both)
    assert '"br0"' in message and "--mode tc" in message and "xdp-generic" in message
    assert attached(switched.host, "br0") == places
    assert guarded.snapshot() == before


def test_attaching_again_in_another_mode_changes_it(guarded, switched):
    with streams(switched) as both:
        for mode in "xdp", "auto", "xdp-generic", "tc":
            guarded.sgate("attach", "v0", "--mode", mode)
            go_on(both)
            assert guarded.json("instance", "show", "i-1")["mode"] == mode


def test_reconciling_under_traffic_disturbs_nothing(guarded, switched):
    with streams(switched) as both:
        for _ in range(5):
            guarded.sgate("reconcile")
            go_on(both)


def test_changing_groups_under_traffic(guarded, switched):
    """Both groups accept the stream, so it goes on while one comes and the other goes."""
    guarded.group("also", "ingress accept udp 50-53", "egress accept udp 53-53 priority 7")
    with streams(switched) as both:
        for _ in range(3):
            guarded.sgate("associate", "also", "i-1")
            guarded.sgate("dissociate", "dns", "i-1")
            go_on(both)
            guarded.sgate("associate", "dns", "i-1")
            guarded.sgate("dissociate", "also", "i-1")
            go_on(both)
