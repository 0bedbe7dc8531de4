# SPDX-License-Identifier: GPL-2.0-only
"""The promise: whoever changes something waits for the others and loses nothing of theirs;
whoever reads waits for nobody, and is not told of a drift that is only a change under way.

    host: v0 v1 v2 v3 --- g0 g1 g2 g3: guest       one instance each, of group "shared"
"""
import threading
import time

import pytest

INSTANCES = 4
RULES = 40  # that each writer adds, one a call
ROUNDS = 15
PATIENCE = 2  # seconds that a reader may take on a busy machine; alone it takes 0.01


class Crowd:
    """Threads that all run to their end; the first failure of any is that of the test."""

    def __init__(self):
        self.threads, self.failures = [], []

    def add(self, function, *arguments):
        def run():
            try:
                function(*arguments)
            except BaseException as failure:  # pytest must see it, wherever it happened
                self.failures.append(failure)
        self.threads.append(threading.Thread(target=run))

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


@pytest.fixture
def shared(sandbox):
    host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
    sandbox.group("shared", "ingress accept udp 53")
    for i in range(INSTANCES):
        host.veth(f"v{i}", guest, f"g{i}")
        sandbox.sgate("attach", f"v{i}")
        sandbox.sgate("associate", "shared", f"v{i}")
    return sandbox


def read_until(sandbox, done, arguments, check):
    """Read again and again; the number of times."""
    times = slowest = 0
    while not done.is_set() or not times:
        started = time.monotonic()
        check(sandbox.json(*arguments))
        slowest = max(slowest, time.monotonic() - started)
        times += 1
    assert slowest < PATIENCE, f"{' '.join(arguments)} took {slowest:.2f} s"
    print(f"{' '.join(arguments)}: {times} times, the slowest took {slowest * 1000:.0f} ms")


def is_healthy(document):
    assert document["healthy"] and document["drift"] == [], document["drift"]
    assert [row["health"] for row in document["instances"]] == ["ok"] * INSTANCES


def has_instances(document):
    assert len(document["instances"]) == INSTANCES


def has_first_rule(document):
    assert document["ruleInfos"][0]["rule"] == "ingress accept udp 53 from any"


READERS = {
    ("status",): is_healthy,
    ("stats",): has_instances,
    ("instance", "list"): has_instances,
    ("rule", "list", "shared"): has_first_rule,
}


def write_and_read(sandbox, write, count):
    """write(i) of `count` writers, while everything is read."""
    done = threading.Event()
    readers, writers = Crowd(), Crowd()
    for arguments, check in READERS.items():
        readers.add(read_until, sandbox, done, arguments, check)
    for i in range(count):
        writers.add(write, i)
    reading = threading.Thread(target=lambda: _run(readers))
    reading.start()
    try:
        writers.run()
    finally:
        done.set()
        reading.join()
    if readers.failures:
        raise readers.failures[0]
    sandbox.sgate("reconcile", "--check")


def _run(crowd):
    try:
        crowd.run()
    except BaseException:  # kept in crowd.failures
        pass


@pytest.mark.parametrize("count", [2, 4])
def test_rules_that_several_add_at_once_are_all_there(shared, count):
    def rule(writer, number):
        return f"ingress accept tcp {1000 * (writer + 1) + number} from 10.{writer}.{number}.0/24"

    def write(writer):
        for number in range(RULES):
            shared.sgate("rule", "add", "shared", rule(writer, number))

    write_and_read(shared, write, count)
    there = [row["rule"] for row in shared.json("rule", "list", "shared")["ruleInfos"]]
    wanted = [rule(writer, number) for writer in range(count) for number in range(RULES)]
    assert sorted(there) == sorted([*wanted, "ingress accept udp 53 from any"])


@pytest.mark.parametrize("count", [2, 4])
def test_instances_that_several_change_at_once_are_as_each_left_them(shared, count):
    """Each has its instance; the group is new each time, so a new policy is made for it."""
    def write(writer):
        for number in range(ROUNDS):
            group = f"group-{writer}-{number}"
            shared.group(group, f"ingress accept udp {2000 + 100 * writer + number}")
            shared.sgate("associate", group, f"v{writer}")
            if number < ROUNDS - 1:
                shared.sgate("dissociate", group, f"v{writer}")
                shared.sgate("group", "delete", group)

    write_and_read(shared, write, count)
    for writer in range(count):
        groups = shared.json("instance", "show", f"v{writer}")["securityGroupIds"]
        assert sorted(groups) == sorted(["shared", f"group-{writer}-{ROUNDS - 1}"])
    images = shared.json("status")["policyHeap"]["images"]
    assert images == count + (count < INSTANCES)
