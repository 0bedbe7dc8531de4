# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a state directory and a bpffs directory serve the network namespace in which they
were first used, and no other; two namespaces with directories of their own do not meet.

    here: v0 --- g0 :guest        there: v0 --- g0 :guest2      the same names and indexes
"""
import json
import os
import subprocess

import pytest

from frames import TCP, UDP, packet
from programs import attached
from sandbox import SGATE, Sandbox
from wire import Port, crosses

WRONG = "OPERATION_DENIED_NETWORK_NAMESPACE"


@pytest.fixture
def here(sandbox):
    """sgate is at home in `here`; there is another namespace with the same interface."""
    sandbox.here = sandbox.namespace("here")
    sandbox.guest = sandbox.namespace("guest")
    sandbox.here.veth("v0", sandbox.guest, "g0")
    sandbox.there = sandbox.namespace("there")
    sandbox.guest2 = sandbox.namespace("guest2")
    sandbox.there.veth("v0", sandbox.guest2, "g0")
    sandbox.group("base", "egress accept tcp")
    return sandbox


def inode(namespace):
    return str(os.stat(namespace.path).st_ino)


COMMANDS = [("group", "list"), ("group", "create", "other"), ("instance", "list"), ("status",),
            ("stats",), ("attach", "v0"), ("detach", "i-1"), ("associate", "base", "i-1"),
            ("instance", "add", "i-2", "--dev", "v1"), ("reconcile",), ("reconcile", "--check"),
            ("rule", "add", "base", "ingress accept all"), ("instance", "remove", "i-1")]


def test_a_state_directory_is_refused_elsewhere(here):
    here.sgate("attach", "v0", "--id", "i-1")
    here.sgate("associate", "base", "i-1")
    before = here.snapshot()
    for words in COMMANDS:
        message = here.refused(*words, code=WRONG, ns=here.there)
        assert here.state_dir in message
        assert inode(here.here) in message and inode(here.there) in message
        assert "--state-dir" in message
    assert here.snapshot() == before
    assert attached(here.there, "v0") == {}


def test_a_registered_instance_is_enough(here):
    """Interface names mean a namespace, before anything is attached."""
    here.sgate("instance", "add", "i-1", "--dev", "v0")
    here.refused("group", "list", code=WRONG, ns=here.there)


def test_groups_alone_belong_to_no_namespace(here):
    assert here.json("group", "list", ns=here.there) == here.json("group", "list")


def test_a_bpffs_directory_is_refused_elsewhere(here, tmp_path):
    here.sgate("attach", "v0", "--id", "i-1")
    before = here.snapshot(), attached(here.here, "v0")
    elsewhere = here.state_dir
    here.state_dir = str(tmp_path / "other")
    for words in ("attach", "v0"), ("instance", "add", "i-2", "--dev", "v0"):
        message = here.refused(*words, code=WRONG, ns=here.there)
        assert here.bpffs in message and "--bpffs" in message
        assert inode(here.here) in message and inode(here.there) in message
    status = here.json("status", ns=here.there)
    assert not status["healthy"] and here.bpffs in status["drift"][0]
    here.state_dir = elsewhere
    assert (here.snapshot(), attached(here.here, "v0")) == before
    assert attached(here.there, "v0") == {}


def test_ip_netns_exec_hides_the_bpffs_and_is_refused(here):
    """It gives each command a mount namespace, whose mounts and pins would end with it."""
    words = ["ip", "netns", "exec", here.here.name, SGATE, "--state-dir", here.state_dir, "--bpffs",
             here.bpffs]
    done = subprocess.run([*words, "attach", "v0"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith(f"sgate: {WRONG}: ")
    assert "nsenter" in done.stderr
    assert here.json("instance", "list")["instances"] == []
    assert attached(here.here, "v0") == {}
    assert not os.path.exists(here.bpffs)

    here.sgate("attach", "v0", "--id", "i-1")
    before = here.snapshot(), attached(here.here, "v0")
    for change in (("detach", "i-1"), ("detach", "i-1", "--forget"), ("instance", "remove", "i-1"),
                   ("associate", "base", "i-1"), ("reconcile",), ("stats",)):
        done = subprocess.run([*words, *change], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1 and done.stderr.startswith(f"sgate: {WRONG}: "), done
        assert "nsenter" in done.stderr
    status = subprocess.run([*words, "--json", "status"], capture_output=True, check=True)
    assert "nsenter" in json.loads(status.stdout)["drift"][0]
    assert (here.snapshot(), attached(here.here, "v0")) == before


def test_two_namespaces_at_once(here, tmp_path):
    """The same interface name, index and instance id; opposite policies."""
    other = Sandbox(tmp_path / "there")
    other.home = here.there
    try:
        other.group("base", "egress accept udp")
        for sandbox in here, other:
            sandbox.sgate("attach", "v0", "--id", "i-1")
            sandbox.sgate("associate", "base", "i-1")
        assert here.here.ifindex("v0") == here.there.ifindex("v0")
        for sandbox in here, other:
            sandbox.snapshot()
        with Bridged(here, here.here, here.guest) as way:
            assert way.crosses(TCP) and not way.crosses(UDP)
        with Bridged(here, here.there, here.guest2) as way:
            assert way.crosses(UDP) and not way.crosses(TCP)
        here.sgate("detach", "i-1", "--forget")
        with Bridged(here, here.there, here.guest2) as way:
            assert way.crosses(UDP) and not way.crosses(TCP)
        other.snapshot()
    finally:
        other.close()


class Bridged:
    """v0 of a host on a bridge, with an end to see what it let through."""

    number = 0

    def __init__(self, sandbox, host, guest):
        Bridged.number += 1
        self.host, self.dev = host, f"u{Bridged.number}"
        remote = sandbox.namespace(f"remote{Bridged.number}")
        host.veth(self.dev, remote, "r0")
        host.bridge("br0", "v0", self.dev)
        self.near, self.far = Port(guest, "g0"), Port(remote, "r0")

    def crosses(self, protocol):
        return crosses(self.near, self.far, packet("10.0.0.1", "10.0.0.2", protocol, 9))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.near.close()
        self.far.close()
        self.host.ip("link del br0")
