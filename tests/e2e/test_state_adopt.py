# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a connection that was there before the instance was attached goes on as soon
as the side that the rules accept sends a packet.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate is put on v0 while they talk
"""
import contextlib

import pytest

from state import (GUEST, REMOTE, Transfer, both_families, both_modes, connect, connections,
                   exchange, guard, listen, receive_exactly, say_hello, sockets,
                   udp_at)

SIDES = pytest.mark.parametrize("opens", ("egress", "ingress"))


def ends_of(switched, opens, family):
    """Opener, replier, and the address of the latter."""
    if opens == "egress":
        return switched.guest, switched.remote, REMOTE[family]
    return switched.remote, switched.guest, GUEST[family]


def open_tcp(switched, opens, family):
    opener, replier, there = ends_of(switched, opens, family)
    with contextlib.closing(listen(replier, there, 80)) as server:
        return sockets(*connect(opener, server, there, 80))


@both_families
@both_modes
@SIDES
def test_tcp_goes_on_when_its_accepted_side_sends(sandbox, switched, mode, family, opens):
    switched.enable_ipv6()
    with open_tcp(switched, opens, family) as (opener, replier):
        exchange(opener, replier)
        guard(sandbox, f"{opens} accept tcp 80", mode=mode)
        assert connections(sandbox) == []
        # The kernel sends what is lost here again, so it is late, not gone.
        replier.sendall(b"too early")
        opener.sendall(b"question")
        assert receive_exactly(replier, 8) == b"question"
        assert receive_exactly(opener, 9) == b"too early"
        exchange(replier, opener)
        assert [c["phase"] for c in connections(sandbox)] == ["established"]


@both_families
@both_modes
@SIDES
def test_udp_goes_on_when_its_accepted_side_sends(sandbox, switched, mode, family, opens):
    switched.enable_ipv6()
    one, two, there = ends_of(switched, opens, family)
    with sockets(udp_at(one, "::" if family == 6 else "", 0),
                 udp_at(two, there, 5000)) as (opener, replier):
        here = say_hello(opener, replier, (there, 5000))
        guard(sandbox, f"{opens} accept udp 5000", mode=mode)
        replier.sendto(b"too early", here)
        opener.sendto(b"question", (there, 5000))
        assert replier.recv(100) == b"question"
        replier.sendto(b"answer", here)
        assert opener.recv(100) == b"answer"


@both_modes
@SIDES
def test_a_running_transfer_survives(sandbox, switched, mode, opens):
    """The bytes run from the replier; only acknowledgements come from the accepted side."""
    with open_tcp(switched, opens, 4) as (opener, replier):
        exchange(opener, replier)
        # a default one: it is there before any packet meets the programs
        sandbox.sgate("group", "create", "all", "--default", "--rule", f"{opens} accept tcp 80")
        with Transfer(replier, opener) as transfer:
            transfer.wait_more()
            sandbox.sgate("attach", "v0", "--id", "i-1", "--mode", mode)
            transfer.wait_more()
        assert [c["phase"] for c in connections(sandbox)] == ["established"]
