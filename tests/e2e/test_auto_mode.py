# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the mode auto is what was measured for that kind of driver, and sgate says which
kind that is and what was measured.
"""
import pytest

MAKE = {
    "veth": "link add d0 type veth peer name d1",
    "tap": "tuntap add d0 mode tap",
    "tun": "tuntap add d0 mode tun",
    "bridge": "link add d0 type bridge",
}
MEASURED = {"veth": "slower", "tap": "as much"}


@pytest.mark.parametrize("kind", MAKE)
def test_auto_is_what_was_measured_for_the_driver(sandbox, kind):
    host = sandbox.namespace("host")
    host.ip(MAKE[kind])
    sandbox.sgate("attach", "d0")
    shown = sandbox.json("instance", "show", "d0")
    assert (shown["mode"], shown["rxHook"]) == ("auto", "tcx")
    reason = shown["hookReason"]
    assert reason.startswith(f"auto is tc on {kind}: ")
    assert MEASURED.get(kind, "XDP was not measured") in reason
    assert f"reason: {reason}\n" in sandbox.sgate("instance", "show", "d0").out
    assert [row["hookReason"] for row in sandbox.json("status")["instances"]] == [reason]
    assert f"\n{reason} (d0)\n" in sandbox.sgate("status").out


def test_status_tells_each_reason_once(sandbox):
    host = sandbox.namespace("host")
    for number in range(5):
        host.ip(f"link add v{number} type veth peer name p{number}")
        sandbox.sgate("attach", f"v{number}")
    host.ip("tuntap add t0 mode tap")
    sandbox.sgate("attach", "t0", "--mode", "tc")
    sandbox.sgate("instance", "add", "away", "--dev", "away")
    lines = sandbox.sgate("status").out.splitlines()
    (reason,) = [line for line in lines if line.startswith("auto is ")]
    assert reason.endswith("(v0, v1, v2 and 2 more)")
    assert "the mode asked for (t0)" in lines
    assert not [line for line in lines if "not attached" in line]
