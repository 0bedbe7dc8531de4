# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a call that was answered with 200 is enforced by then.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0
"""
import contextlib
import time

import pytest

from api_client import Client
from daemon import running
from frames import UDP, packet
from wire import crosses

OUT = packet("10.0.0.1", "10.0.0.2", UDP, 53)
DNS = {"direction": "egress", "ipProtocol": "udp", "portRange": "53"}
TURNS = 1000


@pytest.fixture
def served(sandbox, switched):
    """call(...) of the API; i-1 on v0."""
    del switched
    sandbox.sgate("attach", "v0", "--id", "i-1")
    path = f"{sandbox.state_dir}/api.sock"
    with running(sandbox, "--listen", f"unix:{path}", "--rate", "0"), contextlib.closing(Client(path)) as client:
        yield client.call


def test_each_of_many_changes_is_in_force_when_it_is_answered(served, switched):
    group = served("CreateSecurityGroup", securityGroupName="dns", ruleInfos=[DNS])["securityGroupId"]
    pair = {"securityGroupId": group, "instanceId": "i-1"}
    started = time.monotonic()
    for turn in range(TURNS):
        action = "UnAssociateSecurityGroupInstance" if turn % 2 else "AssociateSecurityGroupInstance"
        served(action, **pair)
        assert crosses(switched.g0, switched.r0, OUT) is (turn % 2 == 0), f"turn {turn}"
    print(f"{TURNS} changes, each checked with a packet, in {time.monotonic() - started:.1f} s")


def test_rules_are_in_force_when_they_are_answered(served, switched):
    group = served("CreateSecurityGroup", securityGroupName="dns")["securityGroupId"]
    served("AssociateSecurityGroupInstance", securityGroupId=group, instanceId="i-1")

    def passes():
        return crosses(switched.g0, switched.r0, OUT)

    assert not passes()
    for _ in range(3):
        served("AuthorizeSecurityGroupRule", securityGroupId=group, **DNS)
        assert passes()
        served("AuthorizeSecurityGroupRules", securityGroupId=group, ruleInfos=[{**DNS, "policy": "drop"}])
        assert not passes()
        served("RevokeSecurityGroupRules", securityGroupId=group, ruleInfos=[{**DNS, "policy": "deny"}])
        assert passes()
        served("ConfigureSecurityGroupRules", securityGroupId=group)
        assert not passes()
        served("ConfigureSecurityGroupRules", securityGroupId=group, ruleInfos=[DNS])
        assert passes()
        served("RevokeSecurityGroupRules", securityGroupId=group, ruleInfos=[DNS])
        assert not passes()


def test_both_ways_of_changing_things_see_each_other_at_once(served, switched, sandbox):
    """By turns over the API and with the command line, which is a process of its own."""
    group = served("CreateSecurityGroup", securityGroupName="dns", ruleInfos=[DNS])["securityGroupId"]
    pair = {"securityGroupId": group, "instanceId": "i-1"}
    for _ in range(5):
        served("AssociateSecurityGroupInstance", **pair)
        assert crosses(switched.g0, switched.r0, OUT)
        sandbox.sgate("dissociate", group, "i-1")
        assert not crosses(switched.g0, switched.r0, OUT)
        sandbox.sgate("associate", group, "i-1")
        assert crosses(switched.g0, switched.r0, OUT)
        served("UnAssociateSecurityGroupInstance", **pair)
        assert not crosses(switched.g0, switched.r0, OUT)
    sandbox.sgate("reconcile", "--check")
