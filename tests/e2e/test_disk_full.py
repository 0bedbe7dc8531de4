# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a change that cannot be stored is not in force either. The disk fills up at
every page that a change could need; packets flow meanwhile.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0; its state is on a small disk
"""
import os

import pytest

from conftest import GUEST_MAC, REMOTE_MAC
from flows import Flows
from sandbox import run

PAGE = 4096
DISK_PAGES = 512
BOTH, OLD_ONLY, NEW_ONLY, NEITHER = 1001, 1002, 1003, 1004
RATE = 2000


def rules(*ports):
    return [f"{way} accept udp {port}" for way in ("ingress", "egress") for port in ports]


CHANGES = {
    "rule replace": (("rule", "replace", "old", *rules(BOTH, OLD_ONLY)),
                     ("rule", "replace", "old", *rules(BOTH, NEW_ONLY))),
    "associate": (("dissociate", "new", "v0"), ("associate", "new", "v0")),
    "attach mode": (("attach", "v0", "--mode", "tc"), ("attach", "v0", "--mode", "xdp-generic")),
    "side": (("instance", "set", "v0", "--side", "guest"),
             ("instance", "set", "v0", "--side", "host")),
    "detach": (("attach", "v0"), ("detach", "v0")),
    "attach": (("detach", "v0"), ("attach", "v0")),
    "forget": (("attach", "v0"), ("detach", "v0", "--forget")),
}


@pytest.fixture
def disk(sandbox):
    """The state directory is a file system of DISK_PAGES; a function that leaves some free."""
    os.mkdir(sandbox.state_dir)
    run("mount", "-t", "tmpfs", "-o", f"size={DISK_PAGES * PAGE}", "tmpfs", sandbox.state_dir)
    sandbox.undo.append(lambda: run("umount", sandbox.state_dir, status=None))
    filler = os.path.join(sandbox.state_dir, "filler")

    def leave(pages):
        if os.path.exists(filler):
            os.unlink(filler)
        if pages is None:
            return
        free = os.statvfs(sandbox.state_dir).f_bavail
        with open(filler, "wb") as file:
            file.write(bytes(max(0, free - pages) * PAGE))

    return leave


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_cannot_be_stored_is_not_in_force(sandbox, switched, disk, name):
    to_old, to_new = CHANGES[name]
    switched.guest.ip(f"neigh replace 10.0.0.2 lladdr {REMOTE_MAC} dev g0 nud permanent")
    switched.remote.ip(f"neigh replace 10.0.0.1 lladdr {GUEST_MAC} dev r0 nud permanent")
    sandbox.group("old", *rules(BOTH, OLD_ONLY))
    sandbox.group("new", *rules(BOTH, NEW_ONLY))
    sandbox.sgate("attach", "v0")
    sandbox.sgate("associate", "old", "v0")
    for command in (to_new, to_old) * 2 if name != "forget" else ():
        sandbox.sgate(*command)
    before = sandbox.snapshot()
    flows = None
    if "detach" not in to_old + to_new:
        ends = (switched.guest, "10.0.0.1"), (switched.remote, "10.0.0.2")
        always = [] if name == "side" else [BOTH]
        flows = Flows(sandbox, ends, RATE, always=always, never=[NEITHER],
                      maybe=[OLD_ONLY, NEW_ONLY] + ([BOTH] if not always else []))
    pages = 0  # free; the log of the store's readers alone takes eight
    while True:
        disk(pages)
        done = sandbox.sgate("--json", *to_new, status=None)
        disk(None)
        if done.status == 0:
            break
        assert done.status == 1 and done.error["code"] == "INTERNAL_SERVER_ERROR"
        assert sandbox.snapshot() == before, f"{pages} pages: {done.err}"
        if flows:
            flows.check_never()
        pages += 1
    print(f"refused with less than {pages} pages")
    assert pages > 9
    assert sandbox.snapshot() != before
    if flows:
        flows.stop()
