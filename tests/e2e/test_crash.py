# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a command that is killed at any moment is done or not done, whole, after
`reconcile`; and meanwhile no packet passes that neither the old nor the new policy accepts,
and none is lost that both accept.

Commands are killed in two ways: at random moments, spread over the time that they take, and
before their calls that the kernel or the store can notice: every other one, the odd or the even
ones by chance, or with SGATE_LONG=1 each of them.

SGATE_SEED repeats a run. SGATE_KILLS is the number of random kills of a pair of commands, of
which there are seven.
"""
import json
import os
import random
import signal
import subprocess
import time

import pytest

from conftest import GUEST_MAC, REMOTE_MAC
from flows import Flows, tool
from sandbox import run

KILLS = int(os.environ.get("SGATE_KILLS", "30"))
STEP = 1 if os.environ.get("SGATE_LONG") == "1" else 2  # from one call to the next
RATE = 2000  # packets a second, of each flow and direction
OLD_ONLY, NEW_ONLY, BOTH, NEITHER, NEITHER_TOO = 1001, 1002, 1003, 1004, 1005


def rules(*ports):
    return [f"{way} accept udp {port}" for way in ("ingress", "egress") for port in ports]


class Change:
    """Two states of instance v0, and the command that makes each of the other.

    both_ways: the two commands do different things, not the same with other values.
    """

    def __init__(self, to_old, to_new, flows=True, always=(BOTH,), both_ways=True):
        self.commands = [to_old.split("|"), to_new.split("|")]
        self.has_flows = flows
        self.always = always
        self.ways = (1, 0) if both_ways else (1,)


CHANGES = {
    "associate": Change("dissociate|new|v0", "associate|new|v0", always=(BOTH, OLD_ONLY)),
    "rule replace": Change("|".join(["rule", "replace", "old", *rules(BOTH, OLD_ONLY)]),
                           "|".join(["rule", "replace", "old", *rules(BOTH, NEW_ONLY)]),
                           both_ways=False),
    "attach mode": Change("attach|v0|--mode|tc", "attach|v0|--mode|xdp-generic"),
    "attach native": Change("attach|v0|--mode|xdp-generic", "attach|v0|--mode|xdp",
                            both_ways=False),
    "instance set": Change("instance|set|v0|--strict|--allow-ethertype|none",
                           "instance|set|v0|--no-strict|--allow-ethertype|0x88cc",
                           both_ways=False),
    # What was ingress is egress now: for a moment nothing passes.
    "side": Change("instance|set|v0|--side|guest", "instance|set|v0|--side|host", always=(),
                   both_ways=False),
    # While it is detached everything passes.
    "detach": Change("detach|v0", "attach|v0", flows=False),
}


class Scene:
    """An instance that a change is made to, again and again."""

    def __init__(self, switched, change):
        self.sandbox = switched.sandbox
        self.change = change
        # Without these, ARP would be lost in moments when nothing else is sent.
        switched.guest.ip(f"neigh replace 10.0.0.2 lladdr {REMOTE_MAC} dev g0 nud permanent")
        switched.remote.ip(f"neigh replace 10.0.0.1 lladdr {GUEST_MAC} dev r0 nud permanent")
        self.sandbox.group("old", *rules(BOTH, OLD_ONLY))
        self.sandbox.group("new", *rules(BOTH, NEW_ONLY))
        self.sandbox.sgate("attach", "v0")
        self.sandbox.sgate("associate", "old", "v0")
        self.flows = None
        # The first rounds give rules their order.
        for command in change.commands * 2:
            self.sandbox.sgate(*command)
        self.states, self.seconds = [], []
        for command in change.commands:
            started = time.monotonic()
            self.sandbox.sgate(*command)
            self.seconds.append(time.monotonic() - started)
            self.states.append(self.state())
        assert self.states[0] != self.states[1]
        self.now = 1
        if change.has_flows:
            ends = (switched.guest, "10.0.0.1"), (switched.remote, "10.0.0.2")
            maybe = {OLD_ONLY, NEW_ONLY, BOTH} - set(change.always)
            self.flows = Flows(self.sandbox, ends, RATE, always=change.always,
                               never=(NEITHER, NEITHER_TOO), maybe=maybe)

    def state(self):
        """All that the store says of it and what is in force."""
        return [self.sandbox.json("instance", "show", "v0"),
                self.sandbox.json("rule", "list", "old")]

    def command(self, to):
        return self.sandbox.command(*self.change.commands[to])

    def go(self, to):
        """Be in that state, undisturbed."""
        if self.now != to:
            self.sandbox.sgate(*self.change.commands[to])
            self.now = to

    def after(self, what):
        """After the next command was killed, or ended: all must be one of the two states."""
        self.sandbox.sgate("reconcile")
        check = self.sandbox.sgate("reconcile", "--check", status=None)
        assert check.status == 0, f"{what}: {check.out}{check.err}"
        state = self.state()
        assert state in self.states, f"{what}: {json.dumps(state)}"
        self.now = self.states.index(state)
        if self.flows:
            self.flows.check_never()

    def end(self):
        if self.flows:
            self.flows.stop()


def kill_after(command, seconds):
    """Kill a command after a time; whether it was still running."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True) as process:
        time.sleep(seconds)
        process.kill()
        errors = process.communicate()[1]
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode != 0


def kill_at_call(command, number):
    """Kill a command before its call `number`; what was done, None when there is no such call."""
    done = run(tool("kill_at"), number, *command).stdout.split()
    assert done[0] == "killed" or done == ["ended", "0"], done
    return f"{done[1]}, call {number}" if done[0] == "killed" else None


@pytest.mark.parametrize("name", CHANGES)
def test_a_command_killed_at_a_random_moment_is_done_or_not_done(switched, name):
    seed = int(os.environ.get("SGATE_SEED", random.randrange(1 << 32)))
    print(f"SGATE_SEED={seed}")
    chance = random.Random(seed)
    scene = Scene(switched, CHANGES[name])
    kills = changed = 0
    while kills < KILLS:
        to = 1 - scene.now
        after = chance.uniform(0, 1.2 * scene.seconds[to])
        kills += kill_after(scene.command(to), after)
        scene.after(f"killed after {after * 1000:.1f} of {scene.seconds[to] * 1000:.1f} ms")
        changed += scene.now == to
    scene.end()
    print(f"{kills} kills; {changed} times the change was made")


def calls(scene, to):
    """Kill the command that leads there before its calls; yields what was killed."""
    scene.go(1 - to)
    number = random.randint(1, STEP)
    while what := kill_at_call(scene.command(to), number):
        yield what
        scene.go(1 - to)
        number += STEP
    assert number > 10, "the tool that kills did not work"
    scene.now = to


@pytest.mark.parametrize("name", CHANGES)
def test_a_command_killed_before_any_of_its_calls_is_done_or_not_done(switched, name):
    scene = Scene(switched, CHANGES[name])
    for to in scene.change.ways:
        for what in calls(scene, to):
            scene.after(what)
    scene.end()


def test_what_a_killed_command_left_is_mended_by_the_next_of_that_instance(switched):
    """Not only by `reconcile`: the same command again, and detaching, leave what they should."""
    scene = Scene(switched, CHANGES["attach mode"])
    sandbox = scene.sandbox
    links = os.path.join(sandbox.bpffs, "links")
    scene.go(0)
    before = sorted(os.listdir(links))
    for what in calls(scene, 1):
        scene.now = 1
        sandbox.sgate(*scene.change.commands[1])
        check = sandbox.sgate("reconcile", "--check", status=None)
        assert check.status == 0, f"{what}: {check.out}{check.err}"
    assert scene.state() == scene.states[1]
    scene.end()
    for what in calls(scene, 1):
        sandbox.sgate("detach", "v0")
        assert os.listdir(links) == [], what
        assert "xdp" not in switched.host.link("v0"), what
        sandbox.sgate("attach", "v0", "--mode", "tc")
        assert sorted(os.listdir(links)) == before, what
        scene.now = 0
