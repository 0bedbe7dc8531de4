# SPDX-License-Identifier: GPL-2.0-only
"""The promise: an instance that opens more connections than its share hurts nobody's open
connections, not even its own, and gets no more than its share; what needs no state has none.

    g1: guest1 --- v1 \\
                      [br0] u0 --- r0: remote     sgate guards v1 (i-1) and v2 (i-2)
    g2: guest2 --- v2 /
"""
import contextlib

import pytest

from flows import tool
from sandbox import run
from state import (ACK, SYN, both_modes, connect, count, exchange, guard, listen, passes, phases,
                   shares, sockets, tcp, udp_at)
from wire import Port, one_cpu

ADDRESS = {"guest1": "10.0.0.1", "guest2": "10.0.0.3", "remote": "10.0.0.2"}
FLOWS = 200_000
OPEN = 40  # connections of each instance and kind
SHARE = 8192
UNREPLIED = SHARE // 4  # of them, half-open handshakes; as many of other protocols


class Neighbors:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.host = sandbox.namespace("host")
        self.guest1, self.guest2, self.remote = map(sandbox.namespace, ADDRESS)
        for namespace, near, far in ((self.guest1, "v1", "g1"), (self.guest2, "v2", "g2"),
                                     (self.remote, "u0", "r0")):
            self.host.veth(near, namespace, far)
        self.host.bridge("br0", "v1", "v2", "u0")
        for namespace, dev, name in ((self.guest1, "g1", "guest1"), (self.guest2, "g2", "guest2"),
                                     (self.remote, "r0", "remote")):
            namespace.ip(f"address add {ADDRESS[name]}/24 dev {dev}")

    def flood(self, namespace, *words):
        with one_cpu():
            run(*namespace.inside(tool("flood"), *words))


@pytest.fixture
def neighbors(sandbox):
    return Neighbors(sandbox)


@contextlib.contextmanager
def open_connections(neighbors):
    """TCP and UDP connections from both guests; yields a function that uses all of them."""
    with contextlib.ExitStack() as opened:
        tcp_ends, udp_ends = [], []
        server = opened.enter_context(listen(neighbors.remote, ADDRESS["remote"], 80))
        other = opened.enter_context(udp_at(neighbors.remote, ADDRESS["remote"], 5000))
        for guest in neighbors.guest1, neighbors.guest2:
            for _ in range(OPEN):
                ends = connect(guest, server, ADDRESS["remote"], 80)
                tcp_ends.append(opened.enter_context(sockets(*ends)))
                one = opened.enter_context(udp_at(guest, "", 0))
                one.sendto(b"open", (ADDRESS["remote"], 5000))
                udp_ends.append((one, other.recvfrom(100)[1]))

        def use_all():
            """The side that needs the state begins."""
            for one, replier in tcp_ends:
                exchange(replier, one)
            for one, address in udp_ends:
                other.sendto(b"reply", address)
                assert one.recv(100) == b"reply"

        use_all()
        yield use_all


@both_modes
def test_a_flood_of_unreplied_flows_hurts_no_open_connection(neighbors, mode):
    sandbox = neighbors.sandbox
    for instance, dev in ("i-1", "v1"), ("i-2", "v2"):
        guard(sandbox, "egress accept tcp", "egress accept udp", mode=mode, dev=dev,
              instance=instance)
    with open_connections(neighbors) as use_all:
        before = shares(sandbox)["i-2"]
        for kind, budgets in ("udp", 1), ("syn", 2):
            neighbors.flood(neighbors.guest1, "g1", kind, "10.0.0.11", "10.0.0.102", 6000, FLOWS)
            use_all()
            row = shares(sandbox)["i-1"]
            assert row["limit"] == SHARE
            assert (budgets - 0.5) * UNREPLIED < row["unreplied"] <= budgets * UNREPLIED
            assert row["entries"] - row["unreplied"] == 2 * OPEN
            assert shares(sandbox)["i-2"] == before
        accepted = sandbox.counters("i-1")["egress", "rule-accept"]
    row = shares(sandbox)["i-1"]
    assert row["refused"] == count(sandbox, "share-full") + count(sandbox, "table-full")
    assert accepted + row["refused"] >= 2 * FLOWS, "the flood did not get here"
    # one in some ten million has no entry: its tag is another's in the same two buckets
    assert row["refused"] + row["replaced"] + row["unreplied"] >= 2 * FLOWS - 2
    assert shares(sandbox)["i-2"]["refused"] == 0


@both_modes
def test_half_open_and_other_unreplied_do_not_keep_each_other_out(neighbors, mode):
    guard(neighbors.sandbox, "egress accept tcp", "egress accept udp", mode=mode, dev="v1")
    neighbors.flood(neighbors.guest1, "g1", "udp", "10.0.0.11", "10.0.0.102", 6000, 20_000)
    server = listen(neighbors.remote, ADDRESS["remote"], 80)
    with server, sockets(*connect(neighbors.guest1, server, ADDRESS["remote"], 80)) as ends:
        exchange(*ends)
    neighbors.sandbox.sgate("connections", "flush")
    neighbors.flood(neighbors.guest1, "g1", "syn", "10.0.0.11", "10.0.0.102", 6000, 20_000)
    with sockets(udp_at(neighbors.guest1, "", 0),
                 udp_at(neighbors.remote, ADDRESS["remote"], 5000)) as (one, other):
        one.sendto(b"question", (ADDRESS["remote"], 5000))
        other.sendto(b"answer", other.recvfrom(100)[1])
        assert one.recv(100) == b"answer"


@both_modes
def test_replied_connections_end_at_the_share(neighbors, mode):
    limit, opened = 20, []
    guard(neighbors.sandbox, "egress accept tcp 80", mode=mode, dev="v1",
          options=("--connections", limit))
    with Port(neighbors.guest1, "g1") as inside, Port(neighbors.remote, "r0") as outside:
        for port in range(1000, 1030):
            there, here = "10.0.0.102", "10.0.0.101"
            if passes(inside, outside, tcp(here, there, SYN, 80, port)):
                opened.append(port)
                assert passes(outside, inside, tcp(there, here, SYN | ACK, port, 80))
        assert opened == list(range(1000, 1000 + limit))
        for port in opened:
            assert passes(outside, inside, tcp(there, here, ACK, port, 80))
    row = shares(neighbors.sandbox)["i-1"]
    assert (row["entries"], row["limit"], row["refused"]) == (limit, limit, 10)
    assert count(neighbors.sandbox, "share-full") == 10
    assert phases(neighbors.sandbox) == ["established"] * limit


@both_modes
def test_a_smaller_share_is_not_passed_either(neighbors, mode):
    guard(neighbors.sandbox, "egress accept udp", mode=mode, dev="v1",
          options=("--connections", 100))
    neighbors.flood(neighbors.guest1, "g1", "udp", "10.0.0.11", "10.0.0.102", 6000, 10_000)
    row = shares(neighbors.sandbox)["i-1"]
    assert row["entries"] == row["unreplied"] == 25
    assert row["refused"] == count(neighbors.sandbox, "share-full") > 0
    assert row["refused"] + row["replaced"] == 10_000 - 25


def test_syns_at_an_open_port_leave_nothing(neighbors):
    guard(neighbors.sandbox, "egress accept all", "ingress accept tcp 80", dev="v1")
    neighbors.flood(neighbors.remote, "r0", "syn", "random", ADDRESS["guest1"], 80, 1_000_000)
    assert neighbors.sandbox.counters("i-1")["ingress", "rule-accept"] == 1_000_000
    row = shares(neighbors.sandbox)["i-1"]
    assert (row["entries"], row["refused"], row["replaced"]) == (0, 0, 0)
