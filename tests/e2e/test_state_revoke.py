# SPDX-License-Identifier: GPL-2.0-only
"""The promise: what the rules accept no longer stops at once, both ways, with all that was
running; other connections lose nothing; accepted again, it goes on.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0 (i-1)

i-2, on an interface that is not there, has the other end's addresses, and lends them to
group `members`. Streams run to port 5000, which is revoked, and to 5001, which is not.
"""
import contextlib
import socket
import struct
import time

import pytest

from sandbox import wait_until
from state import (AF, GUEST, REMOTE, Sender, Stream, Transfer, connect, listen, say_hello,
                   sockets, switched_in)

AT_ONCE_S = 0.1
LATER_S = 0.2
WORD = {"egress": "to", "ingress": "from"}
END = {"egress": REMOTE, "ingress": GUEST}  # whom the opener talks to


class Way:
    """A way to revoke what group `extra` of i-1 accepts, and the way back."""

    def __init__(self, revoke, *restore, remote="any"):
        self.revoke, self.restore, self.remote = revoke, restore, remote


ADDRESSES = [word for address in (*REMOTE.values(),) for word in ("--address", address)]
WAYS = {
    "rule remove": Way(["rule", "remove", "extra", "RULE"], ["rule", "add", "extra", "RULE"]),
    "rule add of a deny": Way(["rule", "add", "extra", "DENY"],
                              ["rule", "remove", "extra", "DENY"]),
    "rule replace": Way(["rule", "replace", "extra", "OTHER"],
                        ["rule", "replace", "extra", "RULE"]),
    "dissociate": Way(["dissociate", "extra", "i-1"], ["associate", "extra", "i-1"]),
    "another address": Way(["instance", "set", "i-2", "--address", "192.0.2.1"],
                           ["instance", "set", "i-2", *ADDRESSES], remote="group:members"),
    "member dissociated": Way(["dissociate", "members", "i-2"], ["associate", "members", "i-2"],
                              remote="group:members"),
    "member removed": Way(["instance", "remove", "i-2"],
                          ["instance", "add", "i-2", "--dev", "nowhere", *ADDRESSES],
                          ["associate", "members", "i-2"],
                          remote="group:members"),
}


@pytest.fixture(scope="module", params=("tc", "xdp"))
def switched(request, tmp_path_factory):
    with switched_in(tmp_path_factory.mktemp("revoke")) as made:
        sandbox = made.sandbox
        for group in "kept", "extra", "members":
            sandbox.group(group)
        sandbox.sgate("attach", "v0", "--id", "i-1", "--mode", request.param)
        sandbox.sgate("instance", "add", "i-2", "--dev", "nowhere", *ADDRESSES)
        sandbox.sgate("associate", "members", "i-2")
        yield made


@pytest.fixture
def revocable(switched):
    """Called with a direction and a way, returns (revoke, restore)."""
    sandbox = switched.sandbox

    def prepare(opens, way):
        rule = f"{opens} accept all {WORD[opens]} {way.remote}"
        words = {"RULE": rule, "DENY": f"{opens} deny udp 5000", "OTHER": f"{opens} accept tcp 9"}

        def run(*commands):
            for command in commands:
                sandbox.sgate(*(words.get(word, word) for word in command))

        run(["rule", "replace", "kept", f"{opens} accept udp 5001"],
            ["rule", "replace", "extra", rule])
        return lambda: run(way.revoke), lambda: run(*way.restore)

    for group in "kept", "extra":
        sandbox.sgate("associate", group, "i-1")
    yield prepare
    sandbox.sgate("connections", "flush")


def udp_streams(switched, opens, port, opened):
    """Of both families and both directions, of connections that `opens` opens; the sockets
    are entered into the ExitStack `opened`."""
    opener, replier = switched.guest, switched.remote
    if opens == "ingress":
        opener, replier = replier, opener
    streams = []
    for family in 4, 6:
        there = END[opens][family]
        one, other = (opened.enter_context(each.socket(AF[family], socket.SOCK_DGRAM))
                      for each in (opener, replier))
        other.bind((there, port))
        other.connect(say_hello(one, other, (there, port)))
        one.connect((there, port))
        streams += [Stream(one, other), Stream(other, one)]
    return streams


def flow_since(streams, moment):
    wait_until(lambda: all(stream.last() > moment for stream in streams))


def is_whole(stream):
    return [number for number, _ in stream.drain()] == list(range(stream.sent))


@pytest.mark.parametrize("opens", ("egress", "ingress"))
@pytest.mark.parametrize("way", WAYS)
def test_streams_stop_and_go_on(switched, revocable, way, opens):
    revoke, restore = revocable(opens, WAYS[way])
    with contextlib.ExitStack() as opened:
        revoked = udp_streams(switched, opens, 5000, opened)
        kept = udp_streams(switched, opens, 5001, opened)
        with Sender(revoked + kept):
            flow_since(revoked + kept, time.time())
            revoke()
            returned = time.time()
            flow_since(kept, returned + LATER_S)
            assert max(stream.last() for stream in revoked) <= returned + AT_ONCE_S
            restore()
            flow_since(revoked + kept, time.time())
        for stream in kept:
            wait_until(lambda: is_whole(stream))


def bytes_received(end):
    return struct.unpack_from("=Q", end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160),
                              128)[0]


@pytest.mark.parametrize("opens", ("egress", "ingress"))
@pytest.mark.parametrize("family", (4, 6))
def test_a_tcp_transfer_stops_and_goes_on(switched, revocable, family, opens):
    revoke, restore = revocable(opens, WAYS["rule remove"])
    opener, replier = switched.guest, switched.remote
    if opens == "ingress":
        opener, replier = replier, opener
    there = END[opens][family]
    with contextlib.closing(listen(replier, there, 80)) as server:
        ends = connect(opener, server, there, 80)
    with sockets(*ends), Transfer(ends[1], ends[0]) as transfer:
        transfer.wait_more()
        revoke()
        time.sleep(AT_ONCE_S)
        stopped = bytes_received(ends[0])
        time.sleep(LATER_S)
        assert bytes_received(ends[0]) == stopped
        restore()
        transfer.wait_more()
