# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a wrong or empty state directory does not take the enforcement off.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0
"""


def test_another_state_directory_is_refused_while_instances_are_bound(sandbox, switched, tmp_path):
    sandbox.sgate("attach", "v0", "--id", "i-1")
    ours, other = sandbox.state_dir, tmp_path / "other"
    sandbox.state_dir = other
    for command in (("reconcile",), ("reconcile", "--check"), ("attach", "v0"),
                    ("instance", "add", "x", "--dev", "v0")):
        message = sandbox.refused(*command, code="OPERATION_DENIED_NETWORK_NAMESPACE")
        assert "another state directory" in message
    assert not sandbox.json("status")["healthy"]
    sandbox.state_dir = ours
    assert sandbox.json("status")["healthy"]
    sandbox.sgate("detach", "v0")
    # nothing is bound any more: whoever comes next may have it
    sandbox.state_dir = other
    sandbox.sgate("attach", "v0", "--id", "i-2")
    sandbox.sgate("detach", "v0")
