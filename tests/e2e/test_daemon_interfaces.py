# SPDX-License-Identifier: GPL-2.0-only
"""The promise: under the daemon an instance is enforced wherever its interface is, and nowhere else.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0, which comes and goes

An instance that was added first, and whose interface is made down, lets not one packet by unjudged.
"""
import os
import signal
import statistics
import time

import pytest

from daemon import running
from frames import UDP, packet
from programs import attached
from sandbox import wait_until
from wire import Port, cross, crosses

OUT = packet("10.0.0.1", "10.0.0.2", UDP, 53)
OUT_REJECTED = packet("10.0.0.1", "10.0.0.2", UDP, 54)
IN_REJECTED = packet("10.0.0.2", "10.0.0.1", UDP, 53)
REPLY = packet("10.0.0.2", "10.0.0.1", UDP, 1000, sport=53)
LONG = os.environ.get("SGATE_LONG") == "1"


BOTH = pytest.mark.parametrize("site", ["tcx", "clsact"], indirect=True)


@pytest.fixture
def site(request, sandbox, switched):
    """i-1 on v0, which is there, may send UDP to port 53."""
    del switched
    if getattr(request, "param", "tcx") == "clsact":
        sandbox.env = {"SGATE_NO_TCX": "1"}
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.sgate("associate", "dns", "i-1")
    return sandbox


@pytest.fixture
def daemon(site):
    """It reconciles by itself only at its start: what is mended later, an event has mended."""
    with running(site, "--reconcile", "86400") as started:
        yield started


def state(sandbox, instance="i-1"):
    shown = sandbox.json("instance", "show", instance)
    return shown["instanceStatus"], shown["attached"]


def judged(guest, remote):
    assert crosses(guest, remote, OUT)
    assert not crosses(guest, remote, OUT_REJECTED)
    assert not crosses(remote, guest, IN_REJECTED)


def not_judged(guest, remote):
    assert crosses(guest, remote, OUT_REJECTED)
    assert crosses(remote, guest, IN_REJECTED)


def connections(sandbox):
    return len(sandbox.json("connections", "list", "i-1")["connections"])


def delete(daemon, switched, dev="v0", instance="i-1"):
    daemon.forget()
    switched.host.ip(f"link del {dev}")
    if instance:
        daemon.wait_event("instance-released", instanceId=instance, dev=dev)


def make(switched, dev="v0", index=None):
    """Another veth for the guest, on the bridge; its far end."""
    switched.host.veth(dev, switched.guest, "g0", index=index)
    switched.host.ip(f"link set {dev} master br0")
    return Port(switched.guest, "g0")


@BOTH
@pytest.mark.parametrize("index", [None, 500, 70000])
def test_gone_it_stops_and_come_again_it_runs(site, daemon, switched, index):
    delete(daemon, switched)
    assert state(site) == ("STOPPED", False)
    assert os.listdir(f"{site.bpffs}/links") == []
    with make(switched, index=index) as g0:
        told = daemon.wait_event("instance-enforced", instanceId="i-1", dev="v0")
        assert told["ifindex"] == switched.host.ifindex("v0")
        assert state(site) == ("RUNNING", True)
        judged(g0, switched.r0)
    site.sgate("reconcile", "--check")


def test_renamed_to_its_name_it_runs_and_away_it_stops(site, daemon, switched):
    host = switched.host
    host.ip("link set v0 name w0")
    daemon.wait_event("instance-released", instanceId="i-1")
    assert attached(host, "w0") == {}
    not_judged(switched.g0, switched.r0)
    daemon.forget()
    host.ip("link set w0 name v0")
    daemon.wait_event("instance-enforced", instanceId="i-1")
    judged(switched.g0, switched.r0)
    site.sgate("reconcile", "--check")


def test_two_interfaces_that_change_their_names_keep_to_the_names(site, daemon, switched):
    """As udev does it: eth0 and eth1 are swapped by way of a third name."""
    host = switched.host
    site.sgate("attach", "u0", "--id", "i-2", "--no-group", "pass", "--side", "host")
    daemon.send(signal.SIGSTOP)  # all of it is one look
    host.ip("link set v0 name tmp")
    host.ip("link set u0 name v0")
    host.ip("link set tmp name u0")
    daemon.forget()
    daemon.send(signal.SIGCONT)
    daemon.wait_event("instance-enforced", instanceId="i-1", ifindex=host.ifindex("v0"))
    daemon.wait_event("instance-enforced", instanceId="i-2", ifindex=host.ifindex("u0"))
    assert state(site) == state(site, "i-2") == ("RUNNING", True)
    site.sgate("reconcile", "--check")


def test_renaming_races(site, daemon, switched):
    """However the names change hands meanwhile, in the end each instance is where its name is."""
    host = switched.host
    site.sgate("instance", "add", "i-2", "--dev", "w0", "--no-group", "pass")
    for _ in range(40):
        host.ip("link set v0 name w0")
        host.ip("link set w0 name v0")
    wait_until(lambda: state(site) == ("RUNNING", True) and state(site, "i-2")[0] == "STOPPED")
    wait_until(lambda: site.sgate("reconcile", "--check", status=None).status == 0)
    judged(switched.g0, switched.r0)
    assert not [e for e in daemon.events if e["level"] == "error"]


@BOTH
def test_a_reused_index_carries_nothing_over(site, daemon, switched):
    """Another interface has the index of the old one at once: no program, no entry, no counter."""
    first = switched.host.ifindex("v0")
    daemon.send(signal.SIGSTOP)
    switched.host.ip("link del v0")
    switched.guest.wait_link("g0", lambda link: not link)
    with make(switched, dev="w0", index=first) as g0:
        daemon.send(signal.SIGCONT)
        daemon.wait_event("instance-released", instanceId="i-1", ifindex=first)
        assert attached(switched.host, "w0") == {}
        not_judged(g0, switched.r0)
        assert state(site) == ("STOPPED", False)
        assert site.counters("i-1") == {}
    site.sgate("reconcile", "--check")


@BOTH
def test_with_the_same_index_and_name_it_starts_without_its_connections(site, daemon, switched):
    first = switched.host.ifindex("v0")
    assert crosses(switched.g0, switched.r0, OUT)
    assert crosses(switched.r0, switched.g0, REPLY)
    assert connections(site) == 1
    daemon.send(signal.SIGSTOP)
    daemon.forget()
    switched.host.ip("link del v0")
    switched.guest.wait_link("g0", lambda link: not link)
    with make(switched, index=first) as g0:
        daemon.send(signal.SIGCONT)
        daemon.wait_event("instance-enforced", instanceId="i-1", ifindex=first)
        assert not crosses(switched.r0, g0, REPLY)
        judged(g0, switched.r0)


def test_nor_has_it_them_when_nobody_saw_it_go(sandbox, switched):
    """Without a daemon a dead link tells that the entry was another interface's."""
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.sgate("associate", "dns", "i-1")
    first = switched.host.ifindex("v0")
    assert crosses(switched.g0, switched.r0, OUT)
    switched.host.ip("link del v0")
    switched.guest.wait_link("g0", lambda link: not link)
    with make(switched, index=first) as g0:
        assert connections(sandbox) == 1
        sandbox.sgate("reconcile")
        assert connections(sandbox) == 0
        assert not crosses(switched.r0, g0, REPLY)
        judged(g0, switched.r0)


def test_what_was_gone_leaves_no_connections(site, daemon, switched):
    assert crosses(switched.g0, switched.r0, OUT)
    delete(daemon, switched)
    assert connections(site) == 0


@BOTH
def test_added_first_and_made_down_it_lets_no_packet_by(site, daemon, switched):
    """The order for whoever must not have one packet pass: instance, interface down, attached, up."""
    host, r0 = switched.host, switched.r0
    delete(daemon, switched)
    for _ in range(10):
        daemon.forget()
        host.ip(f"link add v0 type veth peer name g0 netns {switched.guest.name}")
        host.ip("link set v0 master br0")
        switched.guest.ip("link set g0 up")
        daemon.wait_event("instance-enforced", instanceId="i-1")
        with Port(switched.guest, "g0") as g0:
            host.ip("link set v0 up")
            # from the first moment on: frames while the carrier comes up
            for _ in range(200):
                g0.send(bytes(OUT_REJECTED))
            switched.guest.wait_carrier("g0")
            host.wait_link("v0", lambda link: link["operstate"] == "UP")
            arrived = cross(g0, r0, [OUT_REJECTED, OUT])
            assert bytes(OUT_REJECTED) not in arrived
            assert bytes(OUT) in arrived
        delete(daemon, switched)


def test_in_another_namespace_it_is_not_ours(site, daemon, switched):
    switched.host.ip(f"link set v0 netns {switched.remote.name}")
    daemon.wait_event("instance-released", instanceId="i-1")
    assert os.listdir(f"{site.bpffs}/links") == []
    switched.remote.ip(f"link set v0 netns {switched.host.name}")
    daemon.wait_event("instance-enforced", instanceId="i-1")
    site.sgate("reconcile", "--check")


def test_leaving_a_bridge_is_no_going(site, daemon, switched):
    """The bridge tells of its ports in the same words as the kernel does of interfaces."""
    daemon.forget()
    switched.host.ip("link set v0 nomaster")
    switched.host.ip("link set v0 master br0")
    switched.host.ip("link add w0 type bridge")  # told after those
    site.sgate("instance", "add", "i-2", "--dev", "w1")
    switched.host.ip("link set w0 name w1")
    daemon.wait_event("instance-enforced", instanceId="i-2")
    assert not daemon.find("instance-released")
    assert state(site) == ("RUNNING", True)


def test_an_alternative_name_will_do_for_who_says_so(site, daemon, switched):
    host = switched.host
    host.ip("link add w0 up type bridge")  # the kernel tells of names of what is up
    site.sgate("instance", "add", "no", "--dev", "alt-a")
    site.sgate("instance", "add", "yes", "--dev", "alt-b", "--match-altname")
    site.sgate("instance", "add", "late", "--dev", "alt-c", "--match-altname")
    for name in "alt-a", "alt-c", "alt-b":
        host.ip(f"link property add dev w0 altname {name}")
    daemon.wait_event("instance-enforced", instanceId="yes", ifindex=host.ifindex("w0"))
    # the interface has one instance: the older of the two that would have it
    wait_until(lambda: state(site, "yes") == ("RUNNING", True))
    assert state(site, "no") == state(site, "late") == ("STOPPED", False)
    site.sgate("reconcile", "--check")
    daemon.forget()
    host.ip("link property del dev w0 altname alt-b")
    daemon.wait_event("instance-enforced", instanceId="late")
    assert state(site, "yes") == ("STOPPED", False)
    site.sgate("instance", "set", "late", "--no-match-altname")
    assert state(site, "late") == ("STOPPED", False)
    site.sgate("reconcile", "--check")


def test_missed_events_lead_to_a_look_at_everything(sandbox, switched):
    """With room for a single event there is no way not to miss some."""
    sandbox.group("dns", "egress accept udp 53")
    for i in range(20):
        sandbox.sgate("instance", "add", f"i-{i}", "--dev", f"w{i}")
        sandbox.sgate("associate", "dns", f"i-{i}")
    with running(sandbox, "--reconcile", "86400", env={"SGATE_TEST_RCVBUF": "1"}) as daemon:
        for i in range(20):
            switched.host.ip(f"link add w{i} type bridge")
        daemon.send(signal.SIGSTOP)
        for i in range(10):
            switched.host.ip(f"link del w{i}")
        daemon.send(signal.SIGCONT)
        daemon.wait_event("interface-events-missed")
        wait_until(lambda: [state(sandbox, f"i-{i}") for i in range(20)] ==
                   [("STOPPED", False)] * 10 + [("RUNNING", True)] * 10)
        wait_until(lambda: sandbox.sgate("reconcile", "--check", status=None).status == 0)


def test_a_thousand_come_and_go_while_packets_flow(sandbox, switched):
    """Nothing unenforced, nothing left over, nobody else disturbed, memory and descriptors flat."""
    host = switched.host
    count = 1000 if LONG else 100
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.sgate("associate", "dns", "i-1")
    for i in range(10):
        sandbox.sgate("instance", "add", f"c-{i}", "--dev", f"c{i}")
    with running(sandbox, "--reconcile", "86400") as daemon:
        churn(host, 20)
        settled(sandbox, daemon, host)
        before = daemon.memory_kib(), daemon.open_files()
        for part in range(10):
            churn(host, count // 10)
            judged(switched.g0, switched.r0)
            if part % 3 == 0:  # some stay, and are enforced
                host.ip("link add c3 type bridge")
                wait_until(lambda: state(sandbox, "c-3") == ("RUNNING", True))
                host.ip("link del c3")
        settled(sandbox, daemon, host)
        after = daemon.memory_kib(), daemon.open_files()
        print(f"memory {before[0]} -> {after[0]} KiB, descriptors {before[1]} -> {after[1]}")
        assert after[0] < before[0] + 1024 and after[1] == before[1]
        assert len(os.listdir(f"{sandbox.bpffs}/links")) == 2
        sandbox.sgate("reconcile", "--check")


def churn(host, count):
    """Make and delete c0 ... c9 in turn, `count` in all, each made up."""
    lines = []
    for i in range(count):
        lines += [f"link add c{i % 10} up type bridge", f"link del c{i % 10}"]
    host.run("ip", "-batch", "-", input="\n".join(lines))


def settled(sandbox, daemon, host):
    """All that was told has been seen to: what is told after it is."""
    daemon.forget()
    host.ip("link add c0 type bridge")
    daemon.wait_event("instance-enforced", instanceId="c-0", ifindex=host.ifindex("c0"), timeout=30)
    host.ip("link del c0")
    daemon.wait_event("instance-released", instanceId="c-0")
    wait_until(lambda: sandbox.sgate("reconcile", "--check", status=None).status == 0)


def test_how_long_an_interface_that_is_made_up_is_open(sandbox, switched, capsys):
    """Not a promise but a figure: between the answer to whoever made it and the programs on it."""
    host = switched.host
    rounds = 200 if LONG else 40
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("instance", "add", "w", "--dev", "w0")
    sandbox.sgate("associate", "dns", "w")
    times = []
    with running(sandbox, "--reconcile", "86400") as daemon:
        with host.entered():
            for i in range(rounds):
                times.append(window(host, sandbox, 3000 + i))
                host.ip("link del w0")
                daemon.wait_event("instance-released", instanceId="w", ifindex=3000 + i)
    times.sort()
    with capsys.disabled():
        print(f"\nwindow of an interface made up: p50 {statistics.median(times) * 1e3:.2f} ms, "
              f"max {times[-1] * 1e3:.2f} ms, {rounds} times")
    assert statistics.median(times) < 2


def window(host, sandbox, index):
    """Seconds from the end of `ip link add` to the link that holds the program of sent packets."""
    pins = [f"{sandbox.bpffs}/links/{index}-{side}" for side in ("tx", "rx")]
    host.ip(f"link add w0 index {index} up type bridge")
    begin = time.monotonic()
    while not all(os.path.exists(pin) for pin in pins):
        assert time.monotonic() < begin + 10
    return time.monotonic() - begin
