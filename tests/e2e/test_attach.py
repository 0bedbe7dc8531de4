# SPDX-License-Identifier: GPL-2.0-only
"""The promise: attached, an interface is enforced in both directions with no process about;
detached, nothing is left on it.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0, tap0 or br0
    machine ---- tap0 [br0] u0 - r0 remote
"""
import os
import shutil
import socket

import pytest

from conftest import REMOTE_MAC
from frames import ICMP, UDP, packet
from programs import attached
from wire import Port, Tap, cross, crosses, mac_bytes

PLACES = {
    "auto": {"tcx-rx": ["sg_tc_rx"], "tcx-tx": ["sg_tc_tx"]},
    "tc": {"tcx-rx": ["sg_tc_rx"], "tcx-tx": ["sg_tc_tx"]},
    "xdp": {"xdp": ["sg_xdp_rx"], "tcx-tx": ["sg_tc_tx"]},
    "xdp-generic": {"xdp-generic": ["sg_xdp_rx"], "tcx-tx": ["sg_tc_tx"]},
    "clsact": {"tc-rx": ["sg_tc_rx"], "tc-tx": ["sg_tc_tx"], "clsact": ["qdisc"]},
}
MODES = list(PLACES)

OUT_OF_GUEST = packet("10.0.0.1", "10.0.0.2", UDP, 53)
INTO_GUEST = packet("10.0.0.2", "10.0.0.1", UDP, 53)


def attach(sandbox, dev, mode, *options):
    """clsact is what tc is on a kernel without tcx."""
    sandbox.env = {"SGATE_NO_TCX": "1"} if mode == "clsact" else {}
    sandbox.sgate("attach", dev, "--id", "i-1", "--mode", "tc" if mode == "clsact" else mode,
                  *options)


def check_egress_only(near, far):
    """Of the group that accepts UDP 53 from the instance, and nothing to it."""
    assert crosses(near, far, OUT_OF_GUEST)
    assert not crosses(near, far, packet("10.0.0.1", "10.0.0.2", UDP, 54))
    assert not crosses(far, near, INTO_GUEST)


@pytest.mark.parametrize("mode", MODES)
def test_a_guest_behind_a_veth(sandbox, switched, mode):
    sandbox.group("dns", "egress accept udp 53")
    attach(sandbox, "v0", mode)
    assert attached(switched.host, "v0") == PLACES[mode]
    assert not crosses(switched.g0, switched.r0, OUT_OF_GUEST)  # no group: drop
    sandbox.sgate("associate", "dns", "i-1")
    check_egress_only(switched.g0, switched.r0)
    shown = sandbox.json("instance", "show", "i-1")
    assert (shown["side"], shown["noGroup"], shown["attached"]) == ("guest", "drop", True)
    sandbox.sgate("reconcile", "--check")


@pytest.mark.parametrize("mode", MODES)
def test_a_machine_behind_a_tap(sandbox, mode):
    host, remote = sandbox.namespace("host"), sandbox.namespace("remote")
    host.veth("u0", remote, "r0", peer_mac=REMOTE_MAC)
    machine = Tap(host, "tap0")
    host.bridge("br0", "tap0", "u0")
    sandbox.group("dns", "egress accept udp 53")
    attach(sandbox, "tap0", mode)
    sandbox.sgate("associate", "dns", "i-1")
    assert attached(host, "tap0") == PLACES[mode]
    assert sandbox.json("instance", "show", "i-1")["side"] == "guest"
    with Port(remote, "r0") as r0:
        check_egress_only(machine, r0)
    machine.close()


@pytest.mark.parametrize("mode", [m for m in MODES if m != "xdp"])
def test_the_host_itself_on_its_bridge(sandbox, switched, mode):
    """What br0 receives is for the host, what it sends is from it; guests are none of it."""
    host = switched.host
    host.ip("address add 10.0.0.3/24 dev br0")
    attach(sandbox, "br0", mode)
    shown = sandbox.json("instance", "show", "i-1")
    assert (shown["side"], shown["noGroup"]) == ("host", "pass")
    sandbox.group("dns", "ingress accept udp 53", "egress accept udp 5300")
    sandbox.sgate("associate", "dns", "i-1")
    assert attached(host, "br0") == PLACES[mode]

    remote = switched.remote.socket(socket.AF_INET, socket.SOCK_DGRAM)
    servers = [host.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for server, port in zip(servers, (54, 53)):
        server.bind(("10.0.0.3", port))
    remote.sendto(b"rejected", ("10.0.0.3", 54))
    remote.sendto(b"accepted", ("10.0.0.3", 53))
    assert servers[1].recv(100) == b"accepted"
    servers[0].setblocking(False)
    with pytest.raises(BlockingIOError):
        servers[0].recv(100)

    with Port(host, "br0") as br0:
        to = mac_bytes(REMOTE_MAC)
        frame = to + packet("10.0.0.3", "10.0.0.2", UDP, 5300)[6:]
        assert crosses(br0, switched.r0, frame)
        assert not crosses(br0, switched.r0, to + packet("10.0.0.3", "10.0.0.2", UDP, 53)[6:])
    assert crosses(switched.g0, switched.r0, packet("10.0.0.1", "10.0.0.2", ICMP, 8 << 8))


def test_a_driver_without_xdp_is_named(sandbox, switched):
    message = sandbox.refused("attach", "br0", "--mode", "xdp",
                              code="OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP")
    assert '"br0"' in message and "--mode tc" in message and "--mode xdp-generic" in message
    assert attached(switched.host, "br0") == {}
    assert sandbox.json("instance", "list")["instances"] == []
    sandbox.sgate("reconcile", "--check")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("side, accepted, rejected", [
    ("guest", "egress", "ingress"), ("host", "ingress", "egress")])
def test_the_side_gives_the_direction(sandbox, switched, mode, side, accepted, rejected):
    """One frame each way; what v0 receives is the guest's egress or the host's ingress."""
    attach(sandbox, "v0", mode, "--side", side)
    sandbox.group("one-way", f"{accepted} accept udp")
    sandbox.sgate("associate", "one-way", "i-1")
    assert crosses(switched.g0, switched.r0, OUT_OF_GUEST)
    assert not crosses(switched.r0, switched.g0, INTO_GUEST)
    counters = sandbox.counters("i-1")
    assert counters[accepted, "rule-accept"] == 1
    assert counters[rejected, "no-rule"] == 1


@pytest.mark.parametrize("mode", MODES)
def test_enforcement_needs_neither_process_nor_state(sandbox, switched, mode):
    sandbox.group("dns", "egress accept udp 53")
    attach(sandbox, "v0", mode)
    sandbox.sgate("associate", "dns", "i-1")
    shutil.rmtree(sandbox.state_dir)
    check_egress_only(switched.g0, switched.r0)


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left_of_it(sandbox, switched, mode):
    for words, instances in ((("detach", "v0"), 1), (("detach", "i-1"), 1),
                             (("detach", "i-1", "--forget"), 0), (("instance", "remove", "i-1"), 0)):
        attach(sandbox, "v0", mode)
        assert not crosses(switched.r0, switched.g0, INTO_GUEST)
        sandbox.sgate(*words)
        assert attached(switched.host, "v0") == {}
        assert os.listdir(f"{sandbox.bpffs}/links") == []
        assert crosses(switched.r0, switched.g0, INTO_GUEST)
        sandbox.sgate("reconcile", "--check")
        assert len(sandbox.json("instance", "list")["instances"]) == instances
        assert sandbox.json("status")["policyHeap"]["images"] == 0


def test_detached_it_keeps_its_groups_for_the_next_time(sandbox, switched):
    sandbox.group("dns", "egress accept udp 53")
    # of the frames that are sent below, and of the marker behind them
    attach(sandbox, "v0", "xdp", "--strict", "--mac", "02:00:00:00:00:0a", "--mac", "02:00:00:00:ff:01")
    sandbox.sgate("associate", "dns", "i-1")
    before = sandbox.json("instance", "show", "i-1")
    sandbox.sgate("detach", "i-1")
    assert sandbox.sgate("detach", "i-1").err == ""  # twice is as good as once
    shown = sandbox.json("instance", "show", "i-1")
    assert shown["attached"] is False and shown["securityGroupIds"] == ["dns"]
    sandbox.sgate("attach", "v0")
    assert sandbox.json("instance", "show", "i-1") == before
    check_egress_only(switched.g0, switched.r0)


@pytest.mark.parametrize("mode", MODES)
def test_attaching_again_changes_nothing(sandbox, switched, mode):
    attach(sandbox, "v0", mode)
    before = sandbox.snapshot(), attached(switched.host, "v0")
    links = {e.name: e.inode() for e in os.scandir(f"{sandbox.bpffs}/links")}
    attach(sandbox, "v0", mode)
    sandbox.sgate("attach", "v0")
    assert (sandbox.snapshot(), attached(switched.host, "v0")) == before
    assert {e.name: e.inode() for e in os.scandir(f"{sandbox.bpffs}/links")} == links


def test_an_instance_is_named_like_its_interface_unless_told(sandbox, switched):
    assert sandbox.json("attach", "v0") == {"instanceId": "v0"}
    assert sandbox.json("attach", "u0", "--id", "uplink") == {"instanceId": "uplink"}
    ids = {i["instanceId"]: i["dev"] for i in sandbox.json("instance", "list")["instances"]}
    assert ids == {"v0": "v0", "uplink": "u0"}
    assert attached(switched.host, "u0") == PLACES["auto"]


@pytest.mark.parametrize("policy, passes", [("drop", False), ("pass", True)])
@pytest.mark.parametrize("mode", ["tc", "xdp"])
def test_without_a_group(sandbox, switched, mode, policy, passes):
    attach(sandbox, "v0", mode, "--no-group", policy)
    assert crosses(switched.g0, switched.r0, OUT_OF_GUEST) == passes
    assert crosses(switched.r0, switched.g0, INTO_GUEST) == passes
    reason = "no-group-pass" if passes else "no-group"
    assert sandbox.counters("i-1")["egress", reason] == 1
    assert sandbox.counters("i-1")["ingress", reason] == 1


def test_arp_passes_whatever_the_policy(sandbox, switched):
    attach(sandbox, "v0", "tc")
    assert cross(switched.g0, switched.r0, []) == []  # the marker is ARP
    assert sandbox.counters("i-1") == {("egress", "arp"): 1}


def test_what_is_refused_attaches_nothing(sandbox, switched):
    attach(sandbox, "v0", "tc")
    before = sandbox.snapshot()
    for words, code in [
            (("attach", "lo"), "OPERATION_DENIED_INSTANCE_NOT_SUPPORT_SECURITY_GROUP"),
            (("attach", "missing0"), "INVALID_INTERFACE_NOT_FOUND"),
            (("attach", "u0", "--id", "i-1"), "OPERATION_DENIED_ALREADY_EXISTS")]:
        sandbox.refused(*words, code=code)
        assert sandbox.snapshot() == before
    assert attached(switched.host, "lo") == {}
    assert attached(switched.host, "u0") == {}
