# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures: a sandbox for each test, and the two usual topologies in it."""
import os

import pytest

from sandbox import SGATE, Sandbox
from wire import Port

GUEST_MAC = "02:00:00:00:00:01"
REMOTE_MAC = "02:00:00:00:00:02"


# Files whose tests measure time, or need the machine to themselves.
ALONE = {"test_atomic", "test_bench", "test_crash", "test_heap", "test_writers", "test_scale",
         "test_disk_full", "test_mode_switch", "test_offload", "test_state_bulk", "test_state_revoke",
         "test_state_shares", "test_state_times"}


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: not beside other tests")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in ALONE:
            item.add_marker(pytest.mark.alone)


def pytest_sessionstart(session):
    del session
    if os.geteuid():
        pytest.exit("these tests make network namespaces: run them as root", 2)
    if not os.access(SGATE, os.X_OK):
        pytest.exit(f"{SGATE} is missing: build it, or name it in SGATE", 2)


@pytest.fixture
def sandbox(tmp_path):
    made = Sandbox(tmp_path)
    try:
        yield made
    finally:
        made.close()


class Switched:
    """A guest on a bridge of the host, and somebody it talks to.

        guest          |          host           |        remote
        g0  -----------+-- v0 --[ br0 ]-- u0 ----+-----------  r0
        10.0.0.1/24    |                         |    10.0.0.2/24
        fd00::1/64     |                         |     fd00::2/64

    sgate is in `host` and guards v0, whose guest is the instance. Frames are
    sent and seen at the ports g0 and r0.
    """

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.host = sandbox.namespace("host")
        self.guest = sandbox.namespace("guest")
        self.remote = sandbox.namespace("remote")
        self.host.veth("v0", self.guest, "g0", peer_mac=GUEST_MAC)
        self.host.veth("u0", self.remote, "r0", peer_mac=REMOTE_MAC)
        self.host.bridge("br0", "v0", "u0")
        self.guest.ip("address add 10.0.0.1/24 dev g0")
        self.remote.ip("address add 10.0.0.2/24 dev r0")
        self.g0 = Port(self.guest, "g0")
        self.r0 = Port(self.remote, "r0")

    def enable_ipv6(self):
        """The kernels of guest and remote speak IPv6 as well, and send on their own accord."""
        for namespace, dev, address in (self.guest, "g0", "fd00::1"), (self.remote, "r0",
                                                                       "fd00::2"):
            namespace.set_ipv6(True)
            namespace.ip(f"address add {address}/64 dev {dev} nodad")

    def close(self):
        self.g0.close()
        self.r0.close()


@pytest.fixture
def switched(sandbox):
    made = Switched(sandbox)
    try:
        yield made
    finally:
        made.close()
