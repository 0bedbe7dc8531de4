# SPDX-License-Identifier: GPL-2.0-only
"""The promise: there can be as many instances as are set; one more is refused by naming the
setting, and a larger number is used when the maps are next made.
"""
import shutil

FULL = "OPERATION_DENIED_POLICY_TOO_LARGE"


def add(sandbox, number):
    sandbox.sgate("instance", "add", f"i-{number}", "--dev", f"x{number}")


def refusal(sandbox, number):
    return sandbox.refused("instance", "add", f"i-{number}", "--dev", f"x{number}", code=FULL)


def room(sandbox):
    return sandbox.json("status")["connectionTable"]["instances"]


def test_one_more_than_is_set_is_refused(sandbox):
    sandbox.namespace("host")
    assert sandbox.json("connections", "settings")["instances"] == 4096
    settings = sandbox.json("connections", "set", "--instances", "2")
    assert (settings["instances"], settings["sizesPending"]) == (2, False)
    add(sandbox, 1)
    add(sandbox, 2)
    message = refusal(sandbox, 3)
    assert "for 2 instances" in message and "connections set --instances" in message
    assert [i["instanceId"] for i in sandbox.json("instance", "list")["instances"]] == [
        "i-1", "i-2"]
    sandbox.sgate("instance", "remove", "i-1")
    add(sandbox, 3)
    refusal(sandbox, 4)
    sandbox.sgate("connections", "set", "--instances", "3")
    add(sandbox, 4)


def test_maps_have_room_for_as_many_as_when_they_were_made(sandbox, switched):
    del switched
    sandbox.sgate("connections", "set", "--instances", "2")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    assert room(sandbox) == 2
    assert "room for 2" in sandbox.sgate("status").out
    assert sandbox.json("connections", "set", "--instances", "default")["sizesPending"]
    assert room(sandbox) == 2
    add(sandbox, 2)
    assert "next made" in refusal(sandbox, 3)
    sandbox.sgate("attach", "u0", "--id", "i-3", status=1)
    sandbox.sgate("reconcile", "--check")

    shutil.rmtree(sandbox.bpffs)
    sandbox.sgate("reconcile")
    assert room(sandbox) == 4096
    sandbox.sgate("attach", "u0", "--id", "i-3")
    sandbox.refused("connections", "set", "--instances", "2",
                    code="INVALID_PARAMETER_LESS_MINIMUM")
    sandbox.sgate("connections", "set", "--instances", "3")
    sandbox.sgate("reconcile", "--check")


def test_a_number_that_cannot_be_is_refused(sandbox):
    sandbox.namespace("host")
    for number in "0", "65536", "many":
        assert f'"{number}"' in sandbox.refused("connections", "set", "--instances", number,
                                                code="INVALID_PARAMETER_VALUE")
    sandbox.sgate("connections", "set", "--instances", "65535")
