# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the answer to what the rules accept passes without a rule of its own, and
nothing else does.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0

The guest may open to ports 80 and 5000, the remote to 81 and 5001.
"""
import contextlib
import errno
import socket
import struct

import pytest

from frames import SCTP, UDP, packet
from sandbox import TIMEOUT
from state import (ACK, FIN, GUEST, ICMP_NAME, MODES, RAW_GUEST, RAW_REMOTE, REMOTE, RST, SYN,
                   both_families, connect, connections, exchange, guard, listen,
                   passes, phases, receive_exactly, send_much, sockets, switched_in, tcp, udp_at)

RULES = ("egress accept tcp 80", "ingress accept tcp 81",
         "egress accept udp 5000", "ingress accept udp 5001",
         "egress accept sctp 5000", "ingress accept sctp 5001")


@pytest.fixture(scope="module", params=MODES)
def switched(request, tmp_path_factory):
    with switched_in(tmp_path_factory.mktemp("sockets")) as made:
        guard(made.sandbox, *RULES, mode=request.param)
        yield made


@pytest.fixture
def guarded(switched):
    """As at the beginning: no connections, and these rules."""
    switched.sandbox.sgate("connections", "flush")
    yield switched.sandbox
    switched.sandbox.sgate("rule", "replace", "of-i-1", *RULES)


class Side:
    """Who opens a connection, and to whom."""

    def __init__(self, switched, family, opens, raw=False):
        guest = switched.guest, switched.g0, (RAW_GUEST if raw else GUEST)[family]
        remote = switched.remote, switched.r0, (RAW_REMOTE if raw else REMOTE)[family]
        mine, theirs = (guest, remote) if opens == "egress" else (remote, guest)
        self.opens = opens
        self.opener, self.opener_port, self.opener_address = mine
        self.replier, self.replier_port, self.replier_address = theirs
        self.tcp_port, self.port = (80, 5000) if opens == "egress" else (81, 5001)

    def send(self, frame):
        return passes(self.opener_port, self.replier_port, frame)

    def reply(self, frame):
        return passes(self.replier_port, self.opener_port, frame)

    def open_tcp(self):
        server = listen(self.replier, self.replier_address, self.tcp_port)
        with contextlib.closing(server):
            return connect(self.opener, server, self.replier_address, self.tcp_port)

    def segment(self, flags, **rest):
        """Of a connection from port 1000, from the opener."""
        return tcp(self.opener_address, self.replier_address, flags, self.tcp_port, **rest)

    def answer(self, flags, **rest):
        return tcp(self.replier_address, self.opener_address, flags, 1000, self.tcp_port, **rest)

    def establish(self):
        """With frames."""
        assert self.send(self.segment(SYN))
        assert self.reply(self.answer(SYN | ACK))
        assert self.send(self.segment(ACK))


def sides(switched, family, raw=False):
    return [Side(switched, family, opens, raw) for opens in ("egress", "ingress")]


@both_families
def test_tcp_is_answered(guarded, switched, family):
    for side in sides(switched, family):
        with sockets(*side.open_tcp()) as (opener, replier):
            exchange(opener, replier)
            listed = connections(guarded)
            assert [c["direction"] for c in listed if c["phase"] == "established"] == [side.opens]
            port = opener.getsockname()[1]
            there, here = side.replier_address, side.opener_address
            assert not side.reply(tcp(there, here, SYN, port, sport=side.tcp_port))
            assert not side.reply(tcp(there, here, SYN, side.tcp_port))
            assert not side.reply(tcp(there, here, ACK, port + 1, sport=side.tcp_port))
            exchange(opener, replier)


@both_families
def test_a_half_closed_connection_goes_on_the_other_way(guarded, switched, family):
    for side in sides(switched, family):
        for first in 0, 1:
            with sockets(*side.open_tcp()) as ends:
                closing, other = ends[first], ends[1 - first]
                closing.sendall(b"the last words")
                closing.shutdown(socket.SHUT_WR)
                assert receive_exactly(other, 14) == b"the last words"
                assert other.recv(1) == b""
                send_much(other, closing, 300_000)
                other.close()
                assert closing.recv(1) == b""
    assert phases(guarded) == ["closing"] * 4


@both_families
def test_a_reset_reaches_the_other_end(guarded, switched, family):
    for side in sides(switched, family):
        for first in 0, 1:
            with sockets(*side.open_tcp()) as ends:
                exchange(*ends)
                ends[first].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
                ends[first].close()
                with pytest.raises(ConnectionResetError):
                    ends[1 - first].recv(1)
        with side.opener.socket(socket.AF_INET6 if family == 6 else socket.AF_INET,
                                socket.SOCK_STREAM) as refused:
            with pytest.raises(ConnectionRefusedError):
                refused.connect((side.replier_address, side.tcp_port))
    assert phases(guarded) == ["closed"] * 6


@both_families
def test_udp_is_answered(guarded, switched, family):
    del guarded
    for side in sides(switched, family):
        with sockets(udp_at(side.opener, side.opener_address, 0),
                     udp_at(side.replier, side.replier_address, side.port)) as (opener, replier):
            port = opener.getsockname()[1]
            there, here = side.replier_address, side.opener_address
            assert not side.reply(packet(there, here, UDP, port, sport=side.port))
            opener.sendto(b"question", (side.replier_address, side.port))
            question, sender = replier.recvfrom(100)
            assert (question, sender[:2]) == (b"question", (side.opener_address, port))
            replier.sendto(b"answer", sender)
            assert opener.recv(100) == b"answer"
            assert not side.reply(packet(there, here, UDP, port, sport=side.port + 1))
            assert not side.reply(packet(there, here, UDP, port + 1, sport=side.port))


@both_families
def test_a_ping_is_answered(guarded, switched, family):
    name, echo = ICMP_NAME[family], {4: 8, 6: 128}[family]
    protocol = {4: 1, 6: 58}[family]
    for opens, word in ("egress", "to"), ("ingress", "from"):
        side = Side(switched, family, opens)
        raw = Side(switched, family, opens, raw=True)
        request = packet(raw.opener_address, raw.replier_address, protocol, echo << 8)
        reply_type = {4: 0, 6: 129}[family]
        reply = packet(raw.replier_address, raw.opener_address, protocol, reply_type << 8)
        backwards = packet(raw.replier_address, raw.opener_address, protocol, echo << 8)
        rule = f"{opens} accept {name} {echo} {word} any"

        guarded.sgate("rule", "replace", "of-i-1", rule)
        side.opener.run("ping", "-c", "2", "-i", "0.1", "-W", "5", side.replier_address)
        assert not raw.reply(reply), "nobody asked"
        assert raw.send(request) and raw.reply(reply)
        assert not raw.reply(backwards), "the other side asks"


def test_sctp_sockets_are_answered(switched, guarded):
    del guarded
    for side in sides(switched, 4):
        try:
            server = side.replier.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        except OSError as error:
            assert error.errno == errno.EPROTONOSUPPORT
            pytest.skip("this kernel has no SCTP sockets")
        opener = side.opener.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        with sockets(server, opener):
            server.bind((side.replier_address, side.port))
            server.listen()
            opener.connect((side.replier_address, side.port))
            accepted, _ = server.accept()
            with accepted:
                accepted.settimeout(TIMEOUT)
                exchange(opener, accepted)


@both_families
def test_sctp_frames_are_answered(guarded, switched, family):
    for side in sides(switched, family, raw=True):
        there, here = side.replier_address, side.opener_address
        answer = packet(there, here, SCTP, 1000, sport=side.port)
        assert not side.reply(answer)
        assert side.send(packet(here, there, SCTP, side.port))
        assert side.reply(answer)
        assert not side.reply(packet(there, here, SCTP, 1001, sport=side.port))
    assert phases(guarded) == ["other-replied"] * 2


@both_families
def test_both_sides_may_open_at_once(guarded, switched, family):
    for side in sides(switched, family, raw=True):
        assert not side.reply(side.answer(SYN))
        assert side.send(side.segment(SYN))
        assert side.reply(side.answer(SYN))
        assert side.send(side.segment(SYN | ACK))
        assert side.reply(side.answer(SYN | ACK))
        assert not side.reply(side.answer(SYN)), "it is open now"
    assert phases(guarded) == ["established"] * 2


@both_families
def test_a_syn_on_a_closed_connection_is_judged_anew(guarded, switched, family):
    for ending in (FIN | ACK, FIN | ACK), (RST, None):
        for side in sides(switched, family, raw=True):
            side.establish()
            assert side.send(side.segment(ending[0]))
            assert not ending[1] or side.reply(side.answer(ending[1]))
            assert set(phases(guarded)) & {"closing", "closed"}
            assert not side.reply(side.answer(SYN)), "a new connection, which no rule accepts"
            assert side.send(side.segment(SYN)), "a new connection, which a rule accepts"
            assert not side.reply(side.answer(FIN)), "it is not a reply to a SYN"
            assert side.reply(side.answer(SYN | ACK))
            assert side.send(side.segment(ACK))
            assert side.reply(side.answer(ACK, data=b"x"))
    assert phases(guarded) == ["established"] * 2


def test_the_end_of_an_unknown_connection_opens_none(guarded, switched):
    for side in sides(switched, 4, raw=True):
        assert side.send(side.segment(RST))
        assert not side.reply(side.answer(ACK))
    assert connections(guarded) == []
