# SPDX-License-Identifier: GPL-2.0-only
"""What tests of connections share: ends of both families, sockets and TCP frames, the table.

The ends are those of the topology Switched: the guest's g0 and the remote's r0.
"""
import contextlib
import hashlib
import itertools
import socket
import struct
import threading

import pytest

from conftest import Switched
from frames import TCP, checksum, ethernet, ipv4, ipv6
from sandbox import TIMEOUT, Sandbox, wait_until
from wire import cross

GUEST = {4: "10.0.0.1", 6: "fd00::1"}
REMOTE = {4: "10.0.0.2", 6: "fd00::2"}
# Ends of raw frames: nobody has these, so no kernel answers.
RAW_GUEST = {4: "10.0.0.101", 6: "fd00::101"}
RAW_REMOTE = {4: "10.0.0.102", 6: "fd00::102"}
MODES = "tc", "xdp"
AF = {4: socket.AF_INET, 6: socket.AF_INET6}
ICMP_NAME = {4: "icmp", 6: "icmpv6"}
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35

both_families = pytest.mark.parametrize("family", (4, 6), ids=("ipv4", "ipv6"))
both_modes = pytest.mark.parametrize("mode", MODES)


def guard(sandbox, *rules, mode="tc", dev="v0", instance="i-1", options=()):
    """Attach to `dev` as `instance`, which gets a group "of-INSTANCE" with these rules."""
    sandbox.group(f"of-{instance}", *rules)
    sandbox.sgate("attach", dev, "--id", instance, "--mode", mode, *options)
    sandbox.sgate("associate", f"of-{instance}", instance)


@contextlib.contextmanager
def switched_in(directory):
    """The topology Switched with both families, for the tests of a whole module."""
    sandbox = Sandbox(directory)
    try:
        switched = Switched(sandbox)
        switched.enable_ipv6()
        yield switched
        switched.close()
    finally:
        sandbox.close()


def connections(sandbox, *instance):
    return sandbox.json("connections", "list", *instance)["connections"]


def phases(sandbox, *instance):
    """The phases of what is in the table, sorted."""
    return sorted(c["phase"] for c in connections(sandbox, *instance))


def shares(sandbox):
    """{instance: its row of `connections count`}"""
    rows = sandbox.json("connections", "count")["instances"]
    return {row["instanceId"]: row for row in rows}


def passes(sender, receiver, frame):
    """Whether the frame arrives; kernels may send their own beside it."""
    return bytes(frame) in cross(sender, receiver, [frame])


def count(sandbox, reason, instance="i-1"):
    """How many packets of the instance, in both directions, had this reason."""
    return sum(packets for (_, why), packets in sandbox.counters(instance).items()
               if why == reason)


@contextlib.contextmanager
def sockets(*opened):
    """They are closed in the end."""
    try:
        yield opened
    finally:
        for each in opened:
            each.close()


def udp_at(namespace, address, port):
    made = namespace.socket(AF[6 if ":" in address else 4], socket.SOCK_DGRAM)
    made.bind((address, port))
    return made


def say_hello(opener, replier, to):
    """A first UDP packet, again when it is lost (who has the address?); where it came from."""
    for number in itertools.count():
        opener.sendto(b"hello", to)
        replier.settimeout(1)
        with contextlib.suppress(TimeoutError):
            _, came_from = replier.recvfrom(100)
            break
        assert number < TIMEOUT, "it does not arrive"
    replier.settimeout(TIMEOUT)
    return came_from


def listen(namespace, address, port):
    made = namespace.socket(AF[6 if ":" in address else 4], socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen(64)
    return made


def connect(namespace, server, address, port, source=("", 0)):
    """A TCP connection to the listening socket: (the opener's end, the server's end)."""
    opener = namespace.socket(server.family, socket.SOCK_STREAM)
    if source != ("", 0):
        opener.bind(source)
    opener.connect((address, port))
    accepted, _ = server.accept()
    accepted.settimeout(TIMEOUT)
    return opener, accepted


def receive_exactly(end, count):
    data = b""
    while len(data) < count:
        more = end.recv(count - len(data))
        assert more, f"it ended after {len(data)} bytes of {count}"
        data += more
    return data


def exchange(one, other, data=b"a few words"):
    """The ends of a TCP connection hear each other."""
    for sender, receiver in (one, other), (other, one):
        sender.sendall(data)
        assert receive_exactly(receiver, len(data)) == data


def send_much(sender, receiver, count):
    """Send `count` bytes over a TCP connection; what arrives is the same."""
    block = bytes(range(256)) * 1024
    sent, received = hashlib.sha256(), hashlib.sha256()
    left = count

    def send():
        for at in range(0, count, len(block)):
            part = block[:count - at]
            sent.update(part)
            sender.sendall(part)

    thread = threading.Thread(target=send)
    thread.start()
    while left:
        data = receiver.recv(1 << 20)
        assert data, f"it ended {left} bytes early"
        received.update(data)
        left -= len(data)
    thread.join()
    assert sent.digest() == received.digest()


def data_segments(end):
    """Of a TCP socket, those with data: (received, sent), each as often as it was."""
    return struct.unpack_from("=II", end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160), 152)


def tcp(source, destination, flags, dport, sport=1000, data=b"", seq=1, ack=0):
    """A TCP frame with these flags."""
    body = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0) + data
    family = 6 if ":" in source else 4
    ends = b"".join(socket.inet_pton(AF[family], each) for each in (source, destination))
    of_all = checksum(ends + struct.pack("!II", len(body), TCP) + body)
    body = body[:16] + struct.pack("!H", of_all) + body[18:]
    if family == 6:
        return ethernet(ipv6(source, destination, TCP, body), 0x86dd)
    return ethernet(ipv4(source, destination, TCP, body), 0x0800)


def wait_phases(sandbox, expected, timeout=TIMEOUT):
    wait_until(lambda: phases(sandbox) == expected, timeout=timeout)


class Transfer:
    """Bytes that run over a TCP connection from entering to leaving; all must arrive unchanged."""

    def __init__(self, sender, receiver):
        self.sender, self.receiver = sender, receiver
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.arrived = 0
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=each) for each in (self.send, self.receive)]

    def send(self):
        with contextlib.suppress(OSError):
            for number in itertools.count():
                if self.ended.is_set():
                    break
                block = struct.pack("=Q", number) * 1024
                self.sender.sendall(block)
                self.sent.update(block)
        with contextlib.suppress(OSError):
            self.sender.shutdown(socket.SHUT_WR)

    def receive(self):
        with contextlib.suppress(OSError):
            while data := self.receiver.recv(1 << 18):
                self.received.update(data)
                self.arrived += len(data)

    def wait_more(self, count=1_000_000):
        """Until so many more bytes have arrived."""
        before = self.arrived
        wait_until(lambda: self.arrived >= before + count)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.ended.set()
        if kind:
            self.receiver.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join()
        assert kind or self.sent.digest() == self.received.digest()


class Stream:
    """Numbered packets from one connected UDP socket to another, which keeps when each came."""

    def __init__(self, sender, receiver):
        self.sender, self.receiver = sender, receiver
        self.sent = 0
        self.arrived = []  # (number, time.time() when the kernel got it)
        receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        receiver.setblocking(False)

    def send(self):
        # What our own side drops, and what an ICMP error tells, is seen by what arrives.
        with contextlib.suppress(OSError):
            self.sender.send(struct.pack("=Q", self.sent))
        self.sent += 1

    def drain(self):
        """What has arrived until now."""
        while True:
            try:
                data, ancillary, _, _ = self.receiver.recvmsg(64, 64)
            except BlockingIOError:
                return self.arrived
            seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
            if data != b"hello":
                self.arrived.append((*struct.unpack("=Q", data), seconds + nanoseconds / 1e9))

    def last(self):
        """When the last one arrived."""
        return max((when for _, when in self.drain()), default=0)


class Sender:
    """A thread that sends a packet of each stream every few milliseconds."""

    def __init__(self, streams, interval_s=0.002):
        self.streams, self.interval_s = streams, interval_s
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.ended.wait(self.interval_s):
            for stream in self.streams:
                stream.send()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
