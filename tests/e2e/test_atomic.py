# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a packet sees one policy, whole. While policies change, nothing is lost that
each of them accepts, and nothing passes that each of them rejects.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0; flows both ways meanwhile

The changes are made by the command line itself, about 10 ms each. SGATE_FLIPS is their number.
"""
import os

import pytest

from conftest import GUEST_MAC, REMOTE_MAC
from flows import Flows

FLIPS = int(os.environ.get("SGATE_FLIPS", "1000"))
PACKETS = 100 * FLIPS  # accepted ones, both ways together; and as many that are not
RATE = 5000  # a second, of each flow and direction: 50 packets of each during a change
ACCEPTED, REJECTED = 1001, 1002
WAYS = ("ingress", "from"), ("egress", "to")

# The two have no rule in common, and decide about our flows in different ways.
ONE = [rule for way, side in WAYS for rule in (
    f"{way} accept udp {ACCEPTED}", f"{way} accept udp 2000-2999",
    f"{way} accept tcp 22 {side} 10.0.0.0/8")]
OTHER = [rule for way, side in WAYS for rule in (
    f"{way} accept udp 1000-1010 {side} 10.0.0.0/24 priority 50",
    f"{way} deny udp {REJECTED} {side} 10.0.0.0/16 priority 7",
    f"{way} deny udp {ACCEPTED} {side} 10.0.1.0/24", f"{way} accept icmp")]


@pytest.fixture
def guarded(sandbox, switched):
    switched.guest.ip(f"neigh replace 10.0.0.2 lladdr {REMOTE_MAC} dev g0 nud permanent")
    switched.remote.ip(f"neigh replace 10.0.0.1 lladdr {GUEST_MAC} dev r0 nud permanent")
    sandbox.group("one", *ONE)
    sandbox.group("other", *OTHER)
    sandbox.sgate("attach", "v0")
    sandbox.sgate("associate", "one", "v0")
    return sandbox


def change_under_traffic(guarded, switched, commands):
    """Run the commands in turn while packets flow, until there were enough of both."""
    ends = (switched.guest, "10.0.0.1"), (switched.remote, "10.0.0.2")
    flows = Flows(guarded, ends, RATE, always=[ACCEPTED], never=[REJECTED])
    changes = sent = 0
    while changes < FLIPS or sent < PACKETS:
        for command in commands:
            guarded.sgate(*command)
        changes += len(commands)
        if changes % 100 == 0:
            sent = sum(sender.counts()[ACCEPTED] for sender, _ in flows.ways)
            flows.check_never()
    sent = flows.stop()
    print(f"{changes} changes, {sent} packets")
    guarded.sgate("reconcile", "--check")


def test_replacing_rules_loses_nothing_and_lets_nothing_by(guarded, switched):
    change_under_traffic(guarded, switched, [
        ("rule", "replace", "one", *OTHER), ("rule", "replace", "one", *ONE)])


def test_changing_groups_loses_nothing_and_lets_nothing_by(guarded, switched):
    """From one group to the other and back, by way of both."""
    change_under_traffic(guarded, switched, [
        ("associate", "other", "v0"), ("dissociate", "one", "v0"),
        ("associate", "one", "v0"), ("dissociate", "other", "v0")])
