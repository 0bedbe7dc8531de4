# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the daemon keeps to its directory, to the privileges it needs and to its log; it sees
what the command line does at once, and the other way round. Enforcement goes on without it.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0
"""
import datetime
import fcntl
import os
import re
import shutil
import signal
import socket

import pytest

from api_client import Client
from daemon import Daemon, running
from frames import UDP, packet
from programs import TCX_INGRESS, attached, tcx_ids
from sandbox import SGATE, run, wait_until
from wire import crosses

OUT = packet("10.0.0.1", "10.0.0.2", UDP, 53)
OUT_REJECTED = packet("10.0.0.1", "10.0.0.2", UDP, 54)
F_SETPIPE_SZ = 1031
CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF = 12, 38, 39
KEPT = 1 << CAP_NET_ADMIN | 1 << CAP_PERFMON | 1 << CAP_BPF


@pytest.fixture
def site(sandbox, switched):
    """i-1 on v0 may send UDP to port 53."""
    del switched
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.sgate("associate", "dns", "i-1")
    return sandbox


def remove_pins(sandbox):
    """At once, so that nobody makes new ones in what is being removed."""
    gone = sandbox.bpffs + "-gone"
    os.rename(sandbox.bpffs, gone)
    shutil.rmtree(gone)


def enforced(switched):
    return crosses(switched.g0, switched.r0, OUT) and not crosses(switched.g0, switched.r0,
                                                                  OUT_REJECTED)


def test_a_second_daemon_names_the_first_and_ends(site):
    with running(site) as first:
        message = site.refused("daemon", code="OPERATION_DENIED_ALREADY_EXISTS")
        assert message.startswith(f"process {first.pid} is the daemon of state directory"), message
        # one that was killed leaves nothing behind
        first.stop(signal.SIGKILL)
    with running(site) as second:
        assert str(second.pid) in site.refused("daemon", code="OPERATION_DENIED_ALREADY_EXISTS")
        assert second.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_orderly_and_enforcement_goes_on(site, switched, number):
    with running(site) as daemon:
        assert daemon.stop(number) == 0
        assert [e["event"] for e in daemon.events][-2:] == ["stopping", "stopped"]
        assert daemon.find("stopping", signal=number.name)
        assert "STOPPING=1" in daemon.told
    assert enforced(switched)
    site.sgate("reconcile", "--check")


def test_a_reload_is_told_to_the_service_manager(site):
    with running(site) as daemon:
        daemon.told.clear()
        daemon.send(signal.SIGHUP)
        daemon.wait_event("reloaded")
        daemon.wait_told("READY=1")
        assert daemon.told[0] == "RELOADING=1"
        assert re.fullmatch(r"MONOTONIC_USEC=\d+", daemon.told[1])


def test_a_watchdog_is_told_that_it_is_alive(site):
    with running(site, env={"WATCHDOG_USEC": "200000"}) as daemon:
        daemon.wait(lambda: daemon.told.count("WATCHDOG=1") >= 3)


def test_it_keeps_only_the_privileges_it_needs(site):
    with running(site) as daemon:
        sets = {name: int(daemon.status(name), 16)
                for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
        assert sets == {"CapInh": 0, "CapPrm": KEPT, "CapEff": KEPT, "CapBnd": 0, "CapAmb": 0}
        assert daemon.status("NoNewPrivs") == "1"
        assert daemon.status("Uid").split() == ["0"] * 4


@pytest.mark.parametrize("mode", ["tc", "xdp", "xdp-generic", "clsact"])
def test_these_privileges_are_enough(sandbox, switched, mode):
    """Everything is made by the daemon: maps, programs, images, entries, links; and taken off again."""
    if mode == "clsact":
        sandbox.env = {"SGATE_NO_TCX": "1"}
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("instance", "add", "i-1", "--dev", "v0", "--address", "10.0.0.1", "--mode",
                  "tc" if mode == "clsact" else mode)
    sandbox.sgate("associate", "dns", "i-1")
    sandbox.sgate("detach", "i-1")
    remove_pins(sandbox)
    with running(sandbox, "--reconcile", "1") as daemon:
        assert int(daemon.status("CapEff"), 16) == KEPT
        # the store says attached, and nothing is: only the daemon looks
        sandbox.sgate("attach", "v0")
        daemon.forget()
        remove_pins(sandbox)
        daemon.wait_event("drift")
        wait_until(lambda: sandbox.json("status")["instances"][0]["health"] == "ok")
        assert enforced(switched)
        assert sandbox.counters("i-1")["egress", "rule-accept"] == 1
        switched.host.ip("link set v0 name w0")
        daemon.wait_event("instance-released", instanceId="i-1")
        # a qdisc stays: with the entry went the knowledge that it was ours
        assert attached(switched.host, "w0").keys() <= {"clsact"}, daemon.events
        assert not [e for e in daemon.events if e["level"] == "error"], daemon.events


def test_each_event_is_a_line_of_json_with_its_time(site):
    before = datetime.datetime.now(datetime.timezone.utc)
    with running(site) as daemon:
        started = daemon.find("started")
    assert list(started)[:3] == ["time", "level", "event"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", started["time"])
    when = datetime.datetime.fromisoformat(started["time"].replace("Z", "+00:00"))
    assert before <= when <= datetime.datetime.now(datetime.timezone.utc)
    assert started["level"] == "info" and started["pid"] == daemon.pid
    assert started["stateDir"] == site.state_dir


def test_what_is_below_the_log_level_is_not_written(site):
    with running(site, "--log-level", "warning") as daemon:
        assert daemon.stop() == 0
        assert daemon.events == []


def test_nobody_reading_the_log_stops_nothing(site, switched):
    """The pipe is full; the daemon goes on, and tells afterwards what it could not tell."""
    with running(site) as daemon:
        daemon.forget()
        fcntl.fcntl(daemon.process.stderr, F_SETPIPE_SZ, 8192)
        for _ in range(200):  # of about 80 bytes each
            daemon.send(signal.SIGHUP)
            daemon.told.clear()
            wait_until(lambda: "READY=1" in daemon.notified.recv(4096).decode())
        switched.host.ip("link set v0 name w0")
        wait_until(lambda: attached(switched.host, "w0") == {})
        daemon.forget()
        daemon.send(signal.SIGHUP)
        daemon.wait(lambda: any(e.get("lost") for e in daemon.events))


def test_both_see_at_once_what_the_other_did(site, switched):
    with running(site) as daemon:
        site.sgate("rule", "add", "dns", "egress accept udp 54")
        assert crosses(switched.g0, switched.r0, OUT_REJECTED)
        site.sgate("instance", "add", "i-2", "--dev", "w0", "--no-group", "pass")
        switched.host.ip("link set v0 name w0")
        daemon.wait_event("instance-enforced", instanceId="i-2")
        assert site.json("instance", "show", "i-2")["attached"]
        site.sgate("instance", "remove", "i-2")
        switched.host.ip("link set w0 name v0")
        daemon.wait_event("instance-enforced", instanceId="i-1")
        assert crosses(switched.g0, switched.r0, OUT_REJECTED)
        site.sgate("reconcile", "--check")


def test_a_kernel_side_that_was_removed_and_made_again_is_seen(site, switched):
    """The daemon holds maps open that nobody uses any more."""
    with running(site) as daemon:
        remove_pins(site)
        site.sgate("reconcile")
        assert enforced(switched)
        switched.host.ip("link set v0 name w0")
        daemon.wait_event("instance-released", instanceId="i-1")
        assert attached(switched.host, "w0") == {}
        switched.host.ip("link set w0 name v0")
        daemon.wait_event("instance-enforced", instanceId="i-1")
        assert enforced(switched)
        assert site.json("status")["instances"][0]["health"] == "ok"
        site.sgate("reconcile", "--check")
        # what is attached reads the maps that the command line writes
        site.sgate("rule", "add", "dns", "egress accept udp 54")
        assert crosses(switched.g0, switched.r0, OUT_REJECTED)


def other_build(directory):
    """A program whose BPF objects differ in a comment, and so are another build's."""
    path = f"{directory}/sgate-other"
    with open(SGATE, "rb") as file:
        program = file.read()
    assert b"clang version" in program
    with open(path, "wb") as file:
        file.write(program.replace(b"clang version", b"clanG version"))
    os.chmod(path, 0o755)
    return path


def test_programs_of_a_newer_build_stay(site, switched, tmp_path):
    """Somebody upgrades under the daemon: what it attaches next are those programs, not its own."""
    host = switched.host
    with running(site) as daemon:
        old = tcx_ids(host, "v0", TCX_INGRESS)
        newer = [other_build(tmp_path) if word == SGATE else word for word in site.command("reconcile")]
        run(*newer)
        new = tcx_ids(host, "v0", TCX_INGRESS)
        assert new != old
        host.ip("link set v0 name w0")
        daemon.wait_event("instance-released", instanceId="i-1")
        host.ip("link set w0 name v0")
        daemon.wait_event("instance-enforced", instanceId="i-1")
        assert tcx_ids(host, "v0", TCX_INGRESS) == new
        assert enforced(switched)


def test_a_service_manager_may_have_bounded_it_before(site, switched):
    """As the unit does: there is no capability to take others out of the bounding set with."""
    bounded = ["setpriv", "--inh-caps=-all", "--bounding-set=-all,+bpf,+net_admin,+perfmon"]
    with running(site, prefix=bounded) as daemon:
        assert int(daemon.status("CapEff"), 16) == int(daemon.status("CapPrm"), 16) == KEPT
        assert int(daemon.status("CapBnd"), 16) == KEPT and daemon.status("NoNewPrivs") == "1"
        switched.host.ip("link set v0 name w0")
        daemon.wait_event("instance-released", instanceId="i-1")
        switched.host.ip("link set w0 name v0")
        daemon.wait_event("instance-enforced", instanceId="i-1")
        assert enforced(switched)


def test_a_service_manager_may_hand_it_the_socket(site):
    """Socket activation: descriptor 3 listens, and its variables say whose it is."""
    path = f"{site.state_dir}/passed.sock"
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(path)
        passed.listen()
        shell = ["bash", "-c", f'exec 3<&{passed.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "bash"]
        with running(site, prefix=shell, pass_fds=[passed.fileno()]):
            group, = Client(path).call("DescribeSecurityGroups")["dataSet"]
            assert group["securityGroupId"] == "dns"


def test_drift_is_found_mended_told_and_counted(site, switched):
    port = free_port(site)
    with running(site, "--reconcile", "1", "--metrics", f"127.0.0.1:{port}") as daemon:
        for link in os.listdir(f"{site.bpffs}/links"):
            os.unlink(f"{site.bpffs}/links/{link}")
        told = daemon.wait_event("drift")
        assert "i-1" in told["message"]
        wait_until(lambda: site.json("status")["instances"][0]["health"] == "ok")
        assert enforced(switched)
        assert metric(site, port, "sg_drift_total") >= 1
        assert metric(site, port, "sg_reconcile_runs_total") >= 2


def test_one_instance_that_cannot_be_enforced_keeps_no_other_from_it(sandbox, switched):
    """v0 is somebody else's for XDP; u0's instance is enforced all the same."""
    host = switched.host
    sandbox.sgate("instance", "add", "bad", "--dev", "v7", "--mode", "xdp")
    sandbox.sgate("instance", "add", "good", "--dev", "v8")
    host.ip("link add v7 type bridge")  # has no native XDP
    host.ip("link add v8 type bridge")
    with running(sandbox) as daemon:
        assert daemon.wait_event("reconcile-refused")
        failed = daemon.wait_event("instance-failed", instanceId="bad")
        assert failed["level"] == "error" and "v7" in failed["message"]
        assert daemon.find("instance-enforced", instanceId="good")
        # and when both come together
        host.ip("link del v7")
        host.ip("link del v8")
        daemon.wait_event("instance-released", instanceId="good")
        daemon.forget()
        daemon.send(signal.SIGSTOP)
        host.ip("link add v7 type bridge")
        host.ip("link add v8 type bridge")
        daemon.send(signal.SIGCONT)
        daemon.wait_event("instance-failed", instanceId="bad")
        daemon.wait_event("instance-enforced", instanceId="good")


def test_killed_while_it_starts_it_leaves_nothing_in_the_way(site, switched):
    for _ in range(10):
        daemon = Daemon(site, wait=False)
        daemon.wait(lambda d=daemon: d.told or d.process.poll() is None)
        daemon.stop(signal.SIGKILL)
    assert enforced(switched)
    with running(site):
        site.sgate("reconcile", "--check")


@pytest.mark.parametrize("words, status, code", [
    (["--store", "etcd://127.0.0.1:2379"], 1, "INVALID_PARAMETER_VALUE"),
    (["--log-level", "loud"], 1, "INVALID_PARAMETER_VALUE"),
    (["--reconcile", "0"], 1, "INVALID_PARAMETER_VALUE"),
    (["--tls-cert", "x"], 2, "USAGE"),
    (["extra"], 2, "USAGE"),
])
def test_wrong_settings_are_refused_at_once(site, words, status, code):
    site.refused("daemon", *words, status=status, code=code)


def free_port(sandbox):
    with sandbox.home.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def metric(sandbox, port, name):
    """The value of a metric without labels."""
    with sandbox.home.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])
