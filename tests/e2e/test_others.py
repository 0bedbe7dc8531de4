# SPDX-License-Identifier: GPL-2.0-only
"""The promise: programs, filters and qdiscs of others stay as they are, and do not decide for us.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0, where others are as well

Their programs accept all and end the chain, so what we would not judge passes.
"""
import os

import pytest

from frames import UDP, packet
from programs import (TCX_EGRESS, TCX_INGRESS, attach_tcx, attached, compile_object, filters,
                      has_clsact, load_tc)
from wire import crosses

ACCEPTED_OUT = packet("10.0.0.1", "10.0.0.2", UDP, 53)
REJECTED_OUT = packet("10.0.0.1", "10.0.0.2", UDP, 54)
ACCEPTED_IN = packet("10.0.0.2", "10.0.0.1", UDP, 53)
REJECTED_IN = packet("10.0.0.2", "10.0.0.1", UDP, 54)
IN_USE = "OPERATION_DENIED_INTERFACE_IN_USE"


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return compile_object(tmp_path_factory.mktemp("other"))


@pytest.fixture
def host(sandbox, switched):
    """v0 is registered and its group accepts UDP 53; nothing is attached."""
    sandbox.group("dns", "ingress accept udp 53", "egress accept udp 53")
    sandbox.sgate("instance", "add", "i-1", "--dev", "soon0")
    sandbox.sgate("associate", "dns", "i-1")
    return switched.host


def put(sandbox, mode="tc", no_tcx=False):
    """Put the instance on v0, which attaches."""
    sandbox.env = {"SGATE_NO_TCX": "1"} if no_tcx else {}
    sandbox.sgate("instance", "set", "i-1", "--dev", "v0", "--mode", mode)
    sandbox.sgate("reconcile", "--check")


def judged(switched):
    assert crosses(switched.g0, switched.r0, ACCEPTED_OUT)
    assert not crosses(switched.g0, switched.r0, REJECTED_OUT)
    assert crosses(switched.r0, switched.g0, ACCEPTED_IN)
    assert not crosses(switched.r0, switched.g0, REJECTED_IN)


def not_judged(switched):
    for sender, receiver, frame in ((switched.g0, switched.r0, REJECTED_OUT),
                                    (switched.r0, switched.g0, REJECTED_IN)):
        assert crosses(sender, receiver, frame)


@pytest.mark.parametrize("mode", ["tc", "xdp", "xdp-generic"])
def test_tcx_programs_of_others(sandbox, switched, host, other, mode):
    os.makedirs(sandbox.bpffs)
    program = load_tc(other, sandbox.bpffs + "/other")
    links = [attach_tcx(host, "v0", program, kind) for kind in (TCX_INGRESS, TCX_EGRESS)]
    try:
        before = attached(host, "v0")
        put(sandbox, mode)
        judged(switched)
        with_ours = attached(host, "v0")
        assert with_ours["tcx-tx"] == ["sg_tc_tx", "other_tc"]
        assert with_ours["tcx-rx"] == (["sg_tc_rx"] if mode == "tc" else []) + ["other_tc"]
        sandbox.sgate("detach", "i-1")
        assert attached(host, "v0") == before
        not_judged(switched)
    finally:
        for descriptor in [program, *links]:
            os.close(descriptor)


def add_filters(host, other, priority):
    for side in "ingress", "egress":
        host.tc(f"filter add dev v0 {side} prio {priority} bpf da obj {other} sec tc")


@pytest.mark.parametrize("no_tcx", [False, True], ids=["tcx", "clsact"])
@pytest.mark.parametrize("priority", [1, 5])
def test_filters_of_others(sandbox, switched, host, other, no_tcx, priority):
    host.tc("qdisc add dev v0 clsact")
    add_filters(host, other, priority)
    before = attached(host, "v0")
    put(sandbox, no_tcx=no_tcx)
    judged(switched)
    if no_tcx:
        assert filters(host, "v0", "ingress") == ["sg_tc_rx", "other_tc"]
        assert filters(host, "v0", "egress") == ["sg_tc_tx", "other_tc"]
    sandbox.sgate("detach", "i-1")
    assert attached(host, "v0") == before
    not_judged(switched)


def test_a_filter_of_another_kind_in_our_place_is_named_and_left(sandbox, switched, host):
    host.tc("qdisc add dev v0 clsact")
    host.tc("filter add dev v0 ingress prio 1 protocol all u32 match u32 0 0 flowid 1:1")
    before = attached(host, "v0")
    sandbox.env = {"SGATE_NO_TCX": "1"}
    state = sandbox.snapshot()
    message = sandbox.refused("instance", "set", "i-1", "--dev", "v0", code=IN_USE)
    assert '"v0"' in message and "priority 1" in message
    assert attached(host, "v0") == before
    assert sandbox.snapshot() == state
    not_judged(switched)


def test_a_clsact_qdisc_of_our_own_goes_with_us(sandbox, host):
    put(sandbox, no_tcx=True)
    assert has_clsact(host, "v0")
    sandbox.sgate("detach", "i-1")
    assert attached(host, "v0") == {}


def test_a_clsact_qdisc_that_was_there_stays(sandbox, host):
    host.tc("qdisc add dev v0 clsact")
    put(sandbox, no_tcx=True)
    sandbox.sgate("detach", "i-1")
    assert attached(host, "v0") == {"clsact": ["qdisc"]}


def test_a_clsact_qdisc_of_our_own_stays_where_others_use_it_meanwhile(sandbox, switched, host,
                                                                       other):
    put(sandbox, no_tcx=True)
    add_filters(host, other, 5)
    sandbox.sgate("detach", "i-1")
    assert attached(host, "v0") == {
        "clsact": ["qdisc"], "tc-rx": ["other_tc"], "tc-tx": ["other_tc"]}
    not_judged(switched)


@pytest.mark.parametrize("theirs", ["xdpdrv", "xdpgeneric"])
@pytest.mark.parametrize("mode", ["xdp", "xdp-generic"])
def test_an_xdp_program_of_others_is_named_and_left(sandbox, switched, host, other, theirs, mode):
    host.ip(f"link set dev v0 {theirs} obj {other} sec xdp.frags")
    before = attached(host, "v0")
    state = sandbox.snapshot()
    message = sandbox.refused("instance", "set", "i-1", "--dev", "v0", "--mode", mode, code=IN_USE)
    assert '"v0"' in message and '"other_xdp"' in message and "--mode tc" in message
    assert attached(host, "v0") == before
    assert sandbox.snapshot() == state
    not_judged(switched)


@pytest.mark.parametrize("no_tcx", [False, True], ids=["tcx", "clsact"])
@pytest.mark.parametrize("theirs", ["xdpdrv", "xdpgeneric"])
def test_tc_beside_an_xdp_program_of_others(sandbox, switched, host, other, theirs, no_tcx):
    host.ip(f"link set dev v0 {theirs} obj {other} sec xdp.frags")
    before = attached(host, "v0")
    put(sandbox, no_tcx=no_tcx)
    judged(switched)
    # Of these addresses the first bytes look like EtherType and IPv4 header to whoever
    # takes the beginning of the IP header for that of the frame.
    for source in "8.0.69.0", "8.0.70.16", "8.6.0.1":
        assert not crosses(switched.g0, switched.r0, packet(source, "10.0.0.2", UDP, 54))
        assert crosses(switched.g0, switched.r0, packet(source, "10.0.0.2", UDP, 53))
    v6 = packet("2001:db8:86dd:6000::1", "fd00::2", UDP, 54)
    assert not crosses(switched.g0, switched.r0, v6)
    tagged = packet("10.0.0.1", "10.0.0.2", UDP, 54, tags=[(0x88a8, 7), (0x8100, 9)])
    assert not crosses(switched.g0, switched.r0, tagged)
    sandbox.sgate("detach", "i-1")
    assert attached(host, "v0") == before


def test_our_xdp_program_keeps_others_out(sandbox, switched, host, other):
    put(sandbox, "xdp")
    host.ip(f"link set dev v0 xdpdrv obj {other} sec xdp.frags", status=2)
    host.ip("link set dev v0 xdpdrv off", status=2)
    judged(switched)
