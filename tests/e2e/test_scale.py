# SPDX-License-Identifier: GPL-2.0-only
"""The promise: thousands of rules are judged right, to the last one; hundreds of instances
with the same groups share one policy and change together.
"""
import os
import random
import time

from frames import TCP, packet
from wire import Port, cross

RULES = 20000
INSTANCES = 200
SAMPLES = 200


def remote(i):
    return f"10.{64 + (i >> 16)}.{i >> 8 & 255}.{i & 255}"


def rule(i):
    """Each third a deny; half of them for a port list, so that port lists differ."""
    policy = "deny" if i % 3 == 0 else "accept"
    ports = 1 + i % 50000
    return (f"ingress {policy} tcp {ports}{f',{ports + 2}' if i % 2 else ''} "
            f"from {remote(i)} priority {1 + i % 100}")


def is_accepted(i, port):
    """What rule i says; no other is for that address."""
    ports = {1 + i % 50000} | ({3 + i % 50000} if i % 2 else set())
    return i % 3 != 0 and port in ports


def write_rules(directory, name, numbers):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="ascii") as file:
        file.writelines(rule(i) + "\n" for i in numbers)
    return path


def timed(sandbox, what, *words):
    started = time.monotonic()
    sandbox.sgate(*words)
    print(f"{what}: {(time.monotonic() - started) * 1000:.0f} ms")


def judged_right(switched, numbers):
    """Frames for these rules, to the ports they name and others; nothing else may arrive."""
    frames = {}
    for i in numbers:
        for port in range(i % 50000, i % 50000 + 5):
            if port:
                frame = packet(remote(i), "10.0.0.1", TCP, port, data=i.to_bytes(4, "big"))
                frames[frame] = is_accepted(i, port)
    arrived = cross(switched.r0, switched.g0, frames)
    assert sorted(arrived) == sorted(frame for frame, accepted in frames.items() if accepted)


def test_twenty_thousand_rules_in_two_groups(sandbox, switched, tmp_path):
    seed = int(os.environ.get("SGATE_SEED", random.randrange(1 << 32)))
    print(f"SGATE_SEED={seed}")
    halves = range(RULES // 2), range(RULES // 2, RULES)
    sandbox.group("first")
    sandbox.group("second")
    sandbox.sgate("attach", "v0")
    sandbox.sgate("associate", "first", "v0")
    sandbox.sgate("associate", "second", "v0")
    timed(sandbox, "two rules", "rule", "replace", "first", rule(1), rule(2))
    for name, half in zip(("first", "second"), halves):
        path = write_rules(tmp_path, name, half)
        timed(sandbox, f"{len(half)} new rules", "rule", "replace", name, "-f", path)
    path = write_rules(tmp_path, "all", range(RULES))
    timed(sandbox, "one rule beside 20,000", "rule", "add", "first", "egress accept tcp 1")
    timed(sandbox, "one rule less", "rule", "remove", "first", "egress accept tcp 1")
    sample = random.Random(seed).sample(range(RULES), SAMPLES)
    judged_right(switched, {0, *sample, halves[0][-1], halves[1][0], RULES - 1})

    # The same in one group, and the other one empty.
    timed(sandbox, "no rules", "rule", "replace", "second")
    timed(sandbox, "20,000 rules in one group", "rule", "replace", "first", "-f", path)
    judged_right(switched, {0, *sample, halves[0][-1], halves[1][0], RULES - 1})
    sandbox.sgate("reconcile", "--check")


def test_two_hundred_instances_share_one_policy(sandbox):
    host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
    for name, port in ("one", 22), ("two", 80):
        sandbox.sgate("group", "create", name, "--id", name, "--default", "--rule",
                      f"ingress accept tcp {port}")
    host.run("ip", "-batch", "-", input="".join(
        f"link add v{i} up type veth peer name g{i} netns {guest.name}\n"
        for i in range(INSTANCES)))
    guest.run("ip", "-batch", "-", input="".join(
        f"link set g{i} up\n" for i in range(INSTANCES)))
    for i in range(INSTANCES):
        sandbox.sgate("attach", f"v{i}")
    timed(sandbox, f"a rule for {INSTANCES} instances", "rule", "add", "one",
          "egress accept tcp 443")
    status = sandbox.json("status")
    assert status["healthy"], status["drift"]
    assert status["policyHeap"]["images"] == 1
    assert [row["health"] for row in status["instances"]] == ["ok"] * INSTANCES
    timed(sandbox, f"reconcile with {INSTANCES} instances", "reconcile")
    for i in 0, INSTANCES // 2, INSTANCES - 1:
        host.wait_carrier(f"v{i}")
        with Port(host, f"v{i}") as outside, Port(guest, f"g{i}") as inside:
            for port in 22, 80, 443, 81:
                frame = packet("10.0.0.2", "10.0.0.1", TCP, port)
                assert (frame in cross(outside, inside, [frame])) == (port in (22, 80))
