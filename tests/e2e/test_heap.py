# SPDX-License-Identifier: GPL-2.0-only
"""The promise: what does not fit into the policy heap is refused and changes nothing; space
that was given up is used again, and never while a packet may still be reading it.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0, and s0 s1 ... beside it
"""
import os
import random

import pytest

from conftest import GUEST_MAC, REMOTE_MAC
from flows import Flows

ACCEPTED, REJECTED = 1001, 1002
BIG_RULES = 5000  # some 41,000 nodes of the heap's 524,288
BASE = [f"{way} accept udp {ACCEPTED}" for way in ("ingress", "egress")]
CHANGES = int(os.environ.get("SGATE_CHANGES", "300"))
RATE = 3000


def big_rules(directory, name, seed, count=BIG_RULES):
    """A file of rules that share nothing: for each address a port list of its own."""
    chance = random.Random(seed)
    path = os.path.join(directory, name)
    with open(path, "w", encoding="ascii") as file:
        for rule in BASE:
            file.write(rule + "\n")
        for i in range(count):
            ports = sorted(chance.sample(range(1000, 32000), 32))
            file.write(f"ingress accept tcp {','.join(str(2 * port) for port in ports)} "
                       f"from 172.16.{i >> 8}.{i & 255}\n")
    return path


@pytest.fixture
def guarded(sandbox, switched):
    switched.guest.ip(f"neigh replace 10.0.0.2 lladdr {REMOTE_MAC} dev g0 nud permanent")
    switched.remote.ip(f"neigh replace 10.0.0.1 lladdr {GUEST_MAC} dev r0 nud permanent")
    sandbox.group("small", *BASE)
    sandbox.sgate("attach", "v0")
    sandbox.sgate("associate", "small", "v0")
    return sandbox


def flows_of(guarded, switched):
    ends = (switched.guest, "10.0.0.1"), (switched.remote, "10.0.0.2")
    return Flows(guarded, ends, RATE, always=[ACCEPTED], never=[REJECTED])


def heap(guarded):
    return guarded.json("status")["policyHeap"]


def fill(guarded, switched, directory):
    """Instances s0, s1, ... of groups of their own, until one is refused: its number.

    s0 has the group of v0 as well.
    """
    other = guarded.namespace("other")
    for i in range(20):
        switched.host.veth(f"s{i}", other, f"o{i}")
        guarded.sgate("attach", f"s{i}")
        guarded.group(f"big{i}")
        if i == 0:
            guarded.sgate("associate", "small", "s0")
        guarded.sgate("rule", "replace", f"big{i}", "-f", big_rules(directory, f"{i}", i))
        done = guarded.sgate("--json", "associate", f"big{i}", f"s{i}", status=None)
        if done.status:
            assert done.status == 1
            assert done.error["code"] == "OPERATION_DENIED_POLICY_TOO_LARGE"
            return i
    raise AssertionError(f"the heap does not fill: {heap(guarded)}")


def state(guarded):
    """What could have changed, and the kernel agrees with the store."""
    guarded.sgate("reconcile", "--check")
    return [guarded.json("instance", "list"), guarded.json("group", "list"), heap(guarded),
            guarded.sgate("rule", "list", "small").out, guarded.sgate("rule", "list", "big0").out]


def test_a_full_heap_refuses_a_change_and_keeps_the_old_policy(guarded, switched, tmp_path):
    last = fill(guarded, switched, tmp_path)
    flows = flows_of(guarded, switched)
    before = state(guarded)
    too_much = [
        ("associate", f"big{last}", f"s{last}"),
        ("associate", f"big{last}", "v0"),
        ("rule", "replace", "small", "-f", big_rules(tmp_path, "large", 99)),
        # v0's image fits; that of s0, which has the rules of big0 as well, does not.
        ("rule", "replace", "small", "-f", big_rules(tmp_path, "middle", 98, BIG_RULES // 10)),
    ]
    for words in too_much:
        message = guarded.refused(*words, code="OPERATION_DENIED_POLICY_TOO_LARGE")
        assert "524288" in message
        assert state(guarded) == before
        flows.check_never()

    # When there is space again the same change succeeds, and another is refused.
    guarded.sgate("dissociate", "big1", "s1")
    guarded.sgate("associate", f"big{last}", f"s{last}")
    guarded.refused("associate", "big1", "s1", code="OPERATION_DENIED_POLICY_TOO_LARGE")
    guarded.sgate("rule", "replace", f"big{last}")
    guarded.sgate("associate", "big1", "s1")
    guarded.sgate("reconcile", "--check")
    flows.stop()


def test_packets_never_read_what_took_the_place_of_their_policy(guarded, switched, tmp_path):
    """The heap is filled many times over, each image in the place of older ones."""
    guarded.sgate("rule", "replace", "small", "-f", big_rules(tmp_path, "rules", 1))
    nodes = heap(guarded)["used"]
    assert CHANGES * nodes > 10 * heap(guarded)["nodes"] or CHANGES < 300
    # Others' images, which accept what ours rejects, come to lie where ours were.
    host, other = switched.host, guarded.namespace("other")
    host.veth("s0", other, "o0")
    guarded.sgate("attach", "s0")
    guarded.group("open")
    guarded.sgate("rule", "replace", "open", "-f", big_rules(tmp_path, "open", 2))
    guarded.sgate("rule", "add", "open", "ingress accept all", "egress accept all")
    guarded.sgate("associate", "open", "s0")
    flows = flows_of(guarded, switched)
    for i in range(CHANGES):
        group = ("small", "open")[i % 2]
        verb = ("add", "remove")[i // 2 % 2]
        guarded.sgate("rule", verb, group, "ingress accept tcp 7 from 192.0.2.1 priority 99")
        if i % 50 == 0:
            flows.check_never()
            guarded.sgate("reconcile", "--check")
    sent = flows.stop()
    print(f"{sent} packets during {CHANGES} changes of {nodes} nodes")
    guarded.sgate("reconcile", "--check")
