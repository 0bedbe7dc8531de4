# SPDX-License-Identifier: GPL-2.0-only
"""The promise: an ICMP error about a packet of the instance reaches it, so that path MTU
discovery and refusals work; one about no packet of it does not.

    guest g0 --- v0 [br0] u0 --- m0 middle m1 --- f0 far       sgate guards v0
    10.0.0.1          MTU 1500   10.0.0.254  MTU 1300  10.9.0.2
    fd00::1                      fd00::fe              fd09::2

The guest may open to TCP 80 and UDP 5000, others to its TCP 81 and UDP 5001.
"""
import contextlib
import errno
import socket

import pytest

from frames import ICMP, ICMPV6, TCP, UDP, ethernet, ipv4, ipv6, transport
from sandbox import Sandbox, wait_until
from state import (AF, MODES, both_families, connect, count, exchange, guard, listen, passes,
                   say_hello, send_much, sockets, udp_at)
from wire import Port

GUEST = {4: "10.0.0.1", 6: "fd00::1"}
MIDDLE = {4: "10.0.0.254", 6: "fd00::fe"}
BEHIND = {4: "10.9.0.1", 6: "fd09::1"}
FAR = {4: "10.9.0.2", 6: "fd09::2"}
NOWHERE = {4: "10.7.0.2", 6: "fd07::2"}
STRANGER = {4: "10.0.0.9", 6: "fd00::9"}
SMALL, FULL = 1300, 1500
RULES = ("egress accept tcp 80", "egress accept udp 5000",
         "ingress accept tcp 81", "ingress accept udp 5001")

LEVEL = {4: socket.IPPROTO_IP, 6: socket.IPPROTO_IPV6}
MTU = {4: 14, 6: 24}  # IP_MTU, IPV6_MTU
MTU_DISCOVER = {4: 10, 6: 23}
DISCOVER_DO = 2
RECVERR = {4: 11, 6: 25}
TTL = {4: socket.IP_TTL, 6: socket.IPV6_UNICAST_HOPS}

UNREACHABLE = {4: 3 << 8 | 3, 6: 1 << 8 | 4}  # the port
TOO_BIG = {4: 3 << 8 | 4, 6: 2 << 8}


class Routed:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        names = "host", "guest", "middle", "far"
        self.host, self.guest, self.middle, self.far = map(sandbox.namespace, names)
        self.host.veth("v0", self.guest, "g0")
        self.host.veth("u0", self.middle, "m0")
        self.middle.veth("m1", self.far, "f0")
        self.host.bridge("br0", "v0", "u0")
        for namespace in self.guest, self.middle, self.far:
            namespace.set_ipv6(True)
        for namespace, dev, address in ((self.guest, "g0", GUEST), (self.middle, "m0", MIDDLE),
                                        (self.middle, "m1", BEHIND), (self.far, "f0", FAR)):
            namespace.ip(f"address add {address[4]}/24 dev {dev}")
            namespace.ip(f"address add {address[6]}/64 dev {dev} nodad")
        self.middle.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                        "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        self.far.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        self.guest.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        # What the far end receives is not small, what it sends is: only the guest must discover.
        self.middle.ip(f"link set m1 mtu {SMALL}")
        for family in 4, 6:
            self.guest.ip(f"-{family} route add default via {MIDDLE[family]}")
            self.far.ip(f"-{family} route add default via {BEHIND[family]} mtu {SMALL} advmss 1440")
            self.middle.ip(f"-{family} route add unreachable {NOWHERE[family]}")
        self.g0, self.m0 = Port(self.guest, "g0"), Port(self.middle, "m0")

    def forget_mtus(self):
        for family in 4, 6:
            self.guest.ip(f"-{family} route flush cache")

    def close(self):
        self.g0.close()
        self.m0.close()


@pytest.fixture(scope="module", params=MODES)
def made(request, tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("icmp"))
    try:
        routed = Routed(sandbox)
        guard(sandbox, *RULES, mode=request.param)
        yield routed
        routed.close()
    finally:
        sandbox.close()


@pytest.fixture
def routed(made):
    made.sandbox.sgate("connections", "flush")
    made.forget_mtus()
    return made


def mtu_of(end, family):
    return end.getsockopt(LEVEL[family], MTU[family])


def tcp_ends(routed, family, opens):
    """(the guest's end, the far one)"""
    if opens == "egress":
        with contextlib.closing(listen(routed.far, FAR[family], 80)) as server:
            return connect(routed.guest, server, FAR[family], 80)
    with contextlib.closing(listen(routed.guest, GUEST[family], 81)) as server:
        return connect(routed.far, server, GUEST[family], 81)[::-1]


@contextlib.contextmanager
def udp_ends(routed, family, opens):
    """(the guest's connected socket, the far one), after a first packet."""
    ports = (0, 5000) if opens == "egress" else (5001, 0)
    with sockets(udp_at(routed.guest, GUEST[family], ports[0]),
                 udp_at(routed.far, FAR[family], ports[1])) as (guest, far):
        if opens == "egress":
            far.connect(say_hello(guest, far, (FAR[family], 5000)))
        else:
            guest.connect(say_hello(far, guest, (GUEST[family], 5001)))
        if opens == "egress":
            guest.connect((FAR[family], 5000))
        yield guest, far


OPENED = pytest.mark.parametrize("opens", ("egress", "ingress"))


@both_families
@OPENED
def test_tcp_finds_the_path_mtu(routed, family, opens):
    with sockets(*tcp_ends(routed, family, opens)) as (guest, far):
        exchange(guest, far)
        assert mtu_of(guest, family) == FULL
        send_much(guest, far, 1_000_000)
        assert mtu_of(guest, family) == SMALL
        send_much(far, guest, 1_000_000)


@both_families
@OPENED
def test_udp_finds_the_path_mtu(routed, family, opens):
    with udp_ends(routed, family, opens) as (guest, far):
        guest.setsockopt(LEVEL[family], MTU_DISCOVER[family], DISCOVER_DO)
        assert mtu_of(guest, family) == FULL
        guest.send(bytes(1400))
        wait_until(lambda: mtu_of(guest, family) == SMALL)
        assert guest.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.EMSGSIZE
        with pytest.raises(OSError) as raised:
            guest.send(bytes(1400))
        assert raised.value.errno == errno.EMSGSIZE
        guest.send(bytes(1200))
        assert far.recv(2000) == bytes(1200)


@both_families
@OPENED
def test_a_closed_port_is_told(routed, family, opens):
    with udp_ends(routed, family, opens) as (guest, far):
        far.close()
        guest.send(b"anybody there?")
        with pytest.raises(ConnectionRefusedError):
            guest.recv(100)


@both_families
def test_the_instance_may_tell_what_it_refuses(routed, family):
    with sockets(udp_at(routed.far, FAR[family], 0)) as (far,):
        far.connect((GUEST[family], 5001))
        far.send(b"accepted, but nobody listens")
        with pytest.raises(ConnectionRefusedError):
            far.recv(100)


@both_families
def test_an_unreachable_host_is_told(routed, family):
    with sockets(routed.guest.socket(AF[family], socket.SOCK_STREAM)) as (guest,):
        with pytest.raises(OSError) as raised:
            guest.connect((NOWHERE[family], 80))
        assert raised.value.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH)


@both_families
@OPENED
def test_a_time_that_is_exceeded_is_told(routed, family, opens):
    with udp_ends(routed, family, opens) as (guest, _):
        guest.setsockopt(LEVEL[family], RECVERR[family], 1)
        guest.setsockopt(LEVEL[family], TTL[family], 1)
        guest.send(b"not far")
        with pytest.raises(OSError) as raised:
            guest.recv(100)
        assert raised.value.errno == errno.EHOSTUNREACH


def inner(source, destination, protocol, dport, sport, family):
    payload = transport(protocol, source, destination, dport, sport)
    if family == 4:
        return ipv4(source, destination, protocol, payload)
    return ipv6(source, destination, protocol, payload)


def error(family, code, quoted, to=None):
    """An ICMP error from the router."""
    protocol = ICMP if family == 4 else ICMPV6
    source, destination = MIDDLE[family], to or GUEST[family]
    whole = transport(protocol, source, destination, code, data=quoted)
    if family == 4:
        return ethernet(ipv4(source, destination, protocol, whole), 0x0800)
    return ethernet(ipv6(source, destination, protocol, whole), 0x86dd)


class Forger:
    def __init__(self, routed, family):
        self.routed, self.family = routed, family

    def own(self, protocol, dport, sport):
        """What the guest would have sent."""
        return inner(GUEST[self.family], FAR[self.family], protocol, dport, sport, self.family)

    def passes(self, code, quoted, to=None):
        return passes(self.routed.m0, self.routed.g0, error(self.family, code, quoted, to))


@both_families
@pytest.mark.parametrize("code", (UNREACHABLE, TOO_BIG), ids=("unreachable", "too big"))
def test_one_about_nothing_of_the_instance_is_dropped(routed, family, code):
    forger, sandbox, code = Forger(routed, family), routed.sandbox, code[family]
    with udp_ends(routed, family, "ingress") as (guest, far), \
            sockets(*tcp_ends(routed, family, "ingress")) as (_, peer):
        del guest
        udp_port, tcp_port = far.getsockname()[1], peer.getsockname()[1]
        related, dropped = count(sandbox, "related"), count(sandbox, "no-rule")
        true = [forger.own(UDP, 5000, 4000), forger.own(TCP, 80, 4000),
                forger.own(UDP, udp_port, 5001), forger.own(TCP, tcp_port, 81)]
        wrong = [forger.own(UDP, 5002, 4000),  # the rules do not accept it
                 forger.own(TCP, 443, 4000),
                 forger.own(UDP, udp_port ^ 1, 5001),  # there is no such connection
                 forger.own(TCP, tcp_port ^ 1, 81),
                 forger.own(UDP, tcp_port, 81),
                 inner(STRANGER[family], FAR[family], UDP, 5000, 4000, family),  # another's
                 inner(FAR[family], GUEST[family], UDP, 5001, udp_port, family),  # not sent
                 error(family, code, forger.own(UDP, 5000, 4000))[14:],  # an error about one
                 forger.own(UDP, 5000, 4000)[:24 if family == 4 else 44]]  # cut off
        for quoted in true:
            assert forger.passes(code, quoted), quoted.hex()
        for quoted in wrong:
            assert not forger.passes(code, quoted), quoted.hex()
        # sent to somebody else than it is about
        assert not forger.passes(code, true[0], to=STRANGER[family])
    assert count(sandbox, "related") == related + len(true)
    assert count(sandbox, "no-rule") == dropped + len(wrong) + 1


@both_families
def test_one_about_a_connection_that_ended_is_dropped(routed, family):
    forger = Forger(routed, family)
    with sockets(*tcp_ends(routed, family, "ingress")) as (guest, far):
        quoted = forger.own(TCP, far.getsockname()[1], 81)
        assert forger.passes(UNREACHABLE[family], quoted)
        routed.sandbox.sgate("rule", "remove", "of-i-1", "ingress accept tcp 81")
        assert not forger.passes(UNREACHABLE[family], quoted), "revoked"
        routed.sandbox.sgate("rule", "add", "of-i-1", "ingress accept tcp 81")
        exchange(far, guest)
        routed.sandbox.sgate("connections", "flush")
        assert not forger.passes(UNREACHABLE[family], quoted), "forgotten"
