# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a policy belongs to its instance. It stays while the interface goes down and up,
is gone with the interface, comes back with it, and never meets another one.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0, which is deleted and made again

Without a daemon an interface that comes back is enforced from the next reconcile on.
"""
import os

import pytest

from frames import UDP, packet
from programs import attached
from wire import Port, crosses

MODES = ["tc", "xdp", "xdp-generic", "clsact"]
OUT = packet("10.0.0.1", "10.0.0.2", UDP, 53)
OUT_REJECTED = packet("10.0.0.1", "10.0.0.2", UDP, 54)
IN_REJECTED = packet("10.0.0.2", "10.0.0.1", UDP, 53)


@pytest.fixture(params=MODES)
def guarded(request, sandbox, switched):
    """i-1 on v0 may send UDP to port 53."""
    del switched
    if request.param == "clsact":
        sandbox.env = {"SGATE_NO_TCX": "1"}
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1", "--mode",
                  "tc" if request.param == "clsact" else request.param)
    sandbox.sgate("associate", "dns", "i-1")
    return sandbox


def state(sandbox):
    """(status, attached, health) of i-1."""
    shown, = (i for i in sandbox.json("status")["instances"] if i["instanceId"] == "i-1")
    return shown["instanceStatus"], shown["attached"], shown["health"]


def judged(guest, remote):
    assert crosses(guest, remote, OUT)
    assert not crosses(guest, remote, OUT_REJECTED)
    assert not crosses(remote, guest, IN_REJECTED)


def not_judged(guest, remote):
    assert crosses(guest, remote, OUT_REJECTED)
    assert crosses(remote, guest, IN_REJECTED)


def make_again(switched, dev="v0", index=None):
    """Another veth for the guest, on the bridge; its far end."""
    switched.host.veth(dev, switched.guest, "g0", index=index)
    switched.host.ip(f"link set {dev} master br0")
    return Port(switched.guest, "g0")


def delete(switched, dev="v0"):
    switched.host.ip(f"link del {dev}")
    switched.guest.wait_link("g0", lambda link: not link)


def mended(sandbox):
    """A check tells and changes nothing, a reconcile mends and says what, then all is well."""
    told = sandbox.json("reconcile", "--check", status=1)
    assert told["drift"] and not told["mended"]
    assert sandbox.json("reconcile", "--check", status=1) == told
    done = sandbox.json("reconcile")
    assert done["drift"] == told["drift"] and done["mended"]
    assert sandbox.json("reconcile", "--check") == {"drift": [], "mended": False}
    return told["drift"]


def test_down_and_up(guarded, switched):
    host = switched.host
    before = guarded.snapshot(), attached(host, "v0")
    host.ip("link set v0 down")
    assert (guarded.snapshot(), attached(host, "v0")) == before
    host.ip("link set v0 up")
    host.wait_carrier("v0", "br0")
    host.wait_link("v0", lambda link: link["operstate"] == "UP")
    switched.guest.wait_carrier("g0")
    judged(switched.g0, switched.r0)
    assert (guarded.snapshot(), attached(host, "v0")) == before


def test_deleted_and_made_again_with_another_index(guarded, switched):
    first = switched.host.ifindex("v0")
    delete(switched)
    assert state(guarded) == ("STOPPED", False, "waits for its interface")
    mended(guarded)
    assert os.listdir(f"{guarded.bpffs}/links") == []
    with make_again(switched, index=first + 50) as g0:
        assert state(guarded)[:2] == ("RUNNING", False)
        mended(guarded)
        judged(g0, switched.r0)
        assert state(guarded) == ("RUNNING", True, "ok")


def test_deleted_and_made_again_before_anybody_looks(guarded, switched):
    delete(switched)
    with make_again(switched, index=900) as g0:
        mended(guarded)
        judged(g0, switched.r0)


def test_made_again_with_the_same_index_and_name(guarded, switched):
    """The entry of its index is still there, but its programs went with the old interface."""
    first = switched.host.ifindex("v0")
    delete(switched)
    with make_again(switched, index=first) as g0:
        assert attached(switched.host, "v0") == {}
        assert state(guarded)[0] == "RUNNING" and state(guarded)[2] != "ok"
        mended(guarded)
        judged(g0, switched.r0)


def test_a_reused_index_carries_nothing_over(guarded, switched):
    """Another interface has the index of the old one: no program, no entry, no counter of it."""
    first = switched.host.ifindex("v0")
    delete(switched)
    with make_again(switched, dev="w0", index=first) as g0:
        assert attached(switched.host, "w0") == {}
        not_judged(g0, switched.r0)
        guarded.sgate("attach", "w0", "--id", "i-2", "--no-group", "pass")
        not_judged(g0, switched.r0)
        assert guarded.counters("i-2")["egress", "no-group-pass"] == 1
        guarded.sgate("reconcile")
        not_judged(g0, switched.r0)
        assert state(guarded) == ("STOPPED", False, "waits for its interface")
        assert ("egress", "no-rule") not in guarded.counters("i-2")


def test_renamed_it_is_enforced_until_somebody_decides(guarded, switched):
    """The instance has the old name, so it stops; its programs stay until a reconcile."""
    host = switched.host
    host.ip("link set v0 name w0")
    assert state(guarded) == ("STOPPED", False, "waits for its interface")
    judged(switched.g0, switched.r0)
    guarded.sgate("instance", "set", "i-1", "--dev", "w0")
    assert state(guarded) == ("RUNNING", True, "ok")
    guarded.sgate("reconcile", "--check")
    judged(switched.g0, switched.r0)


def test_renamed_and_reconciled_it_is_somebody_elses(guarded, switched):
    host = switched.host
    host.ip("link set v0 name w0")
    mended(guarded)
    assert attached(host, "w0") == {}
    not_judged(switched.g0, switched.r0)
    host.ip("link set w0 name v0")
    mended(guarded)
    judged(switched.g0, switched.r0)


def test_an_instance_that_waits_for_its_interface(sandbox, switched):
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("instance", "add", "i-1", "--dev", "v7", "--mode", "xdp")
    sandbox.sgate("associate", "dns", "i-1")
    assert state(sandbox) == ("STOPPED", False, "waits for its interface")
    sandbox.sgate("reconcile", "--check")
    delete(switched)
    with make_again(switched, dev="v7") as g0:
        mended(sandbox)
        assert attached(switched.host, "v7") == {"xdp": ["sg_xdp_rx"], "tcx-tx": ["sg_tc_tx"]}
        judged(g0, switched.r0)


@pytest.mark.parametrize("index", [65535, 65536, 70000, 2 ** 31 - 1])
def test_interface_indexes_beyond_the_array(guarded, switched, index):
    """Small indexes are looked up in an array, large ones in a hash."""
    delete(switched)
    with make_again(switched, index=index) as g0:
        mended(guarded)
        judged(g0, switched.r0)
        assert guarded.counters("i-1")["egress", "rule-accept"] == 1
        guarded.group("all", "ingress accept all", "egress accept all")
        guarded.sgate("associate", "all", "i-1")
        not_judged(g0, switched.r0)
        guarded.sgate("dissociate", "all", "i-1")
        judged(g0, switched.r0)
        guarded.sgate("detach", "i-1")
        assert attached(switched.host, "v0") == {}
        not_judged(g0, switched.r0)
        guarded.sgate("reconcile", "--check")


def test_what_somebody_took_off_is_put_back(guarded, switched):
    for link in os.listdir(f"{guarded.bpffs}/links"):
        os.unlink(f"{guarded.bpffs}/links/{link}")
    for side in "ingress", "egress":
        switched.host.tc(f"filter del dev v0 {side}", status=None)
    mended(guarded)
    judged(switched.g0, switched.r0)


def test_an_interface_in_another_namespace_is_not_ours(guarded, switched):
    """It takes its programs along, or loses them; the instance here has stopped."""
    switched.host.ip(f"link set v0 netns {switched.remote.name}")
    assert state(guarded) == ("STOPPED", False, "waits for its interface")
    mended(guarded)
    assert os.listdir(f"{guarded.bpffs}/links") == []
