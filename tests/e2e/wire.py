# SPDX-License-Identifier: GPL-2.0-only
"""Raw frames sent and seen at interfaces, with AF_PACKET sockets.

A frame that must not arrive cannot be waited for. So after the frames in
question goes a marker, an ARP request, which always passes: what had to arrive
came before it. All are sent from one CPU, so they stay in order.
"""
import contextlib
import errno
import fcntl
import itertools
import os
import select
import socket
import struct
import threading
import time

from sandbox import TIMEOUT

ETH_P_ALL = 0x0003
ETH_P_ARP = 0x0806
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
SO_RCVBUFFORCE = 33
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata

_markers = itertools.count(1)


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


class Frame:
    """A frame that was received, and the VLAN tag that was beside it (TPID, TCI) or None."""

    def __init__(self, data, tag):
        self.data = data
        self.tag = tag

    def whole(self):
        """As on the wire: the tag put back."""
        if not self.tag:
            return self.data
        return self.data[:12] + struct.pack("!HH", *self.tag) + self.data[12:]


def _tag_of(ancillary):
    for level, kind, data in ancillary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = AUXDATA.unpack(data[:AUXDATA.size])
            if status & TP_STATUS_VLAN_VALID:
                return (tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100, tci)
    return None


class Port:
    """An interface as the wire: sends frames through it, sees those it receives.

    It sees what it receives before TC judges it; so look at the far end of the
    interface that sgate is attached to.
    """

    def __init__(self, namespace, dev):
        self.socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.socket.bind((dev, ETH_P_ALL))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, frame):
        """A frame that is dropped on its way out is sent as well."""
        try:
            self.socket.send(frame)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise

    def receive(self, timeout=TIMEOUT):
        """The next frame, or None after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(0, deadline - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return None
            data, ancillary, _, address = self.socket.recvmsg(65536, 256)
            if address[2] != PACKET_OUTGOING:
                return Frame(data, _tag_of(ancillary))


class Tap:
    """A tap interface and its far end, as a virtual machine has it."""

    def __init__(self, namespace, dev):
        request = struct.pack("16sH22x", dev.encode(), IFF_TAP | IFF_NO_PI)
        with namespace.entered():  # the one it is opened in counts
            self.file = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            fcntl.ioctl(self.file, TUNSETIFF, request)
        namespace.set_ipv6(False)
        namespace.ip(f"link set {dev} up")
        namespace.wait_carrier(dev)

    def close(self):
        os.close(self.file)

    def send(self, frame):
        os.write(self.file, frame)

    def receive(self, timeout=TIMEOUT):
        if not select.select([self.file], [], [], timeout)[0]:
            return None
        return Frame(os.read(self.file, 65536), None)


def _marker():
    number = next(_markers)
    source = mac_bytes("02:00:00:00:ff:01")
    return (b"\xff" * 6 + source + struct.pack("!HHHBBH", ETH_P_ARP, 1, 0x0800, 6, 4, 1) + source +
            bytes(4) + bytes(6) + struct.pack("!I", 0xf0000000 + number) + bytes(18))


@contextlib.contextmanager
def one_cpu():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def cross(sender, receiver, frames):
    """Send frames from one port; those that arrived at the other, as on the wire."""
    marker = _marker()
    arrived = []
    with one_cpu():
        for frame in [*frames, marker]:
            sender.send(bytes(frame))
    while True:
        frame = receiver.receive()
        assert frame, "the marker did not arrive: the way itself is cut"
        if frame.data == marker:
            return arrived
        arrived.append(frame.whole())


def crosses(sender, receiver, frame):
    """Whether the frame arrives unchanged; a changed one is a failure."""
    arrived = cross(sender, receiver, [frame])
    unchanged = bytes(frame) in arrived
    assert unchanged or not arrived, f"something else arrived: {arrived[0].hex()}"
    return unchanged


class Stream(threading.Thread):
    """Frames from one port to another, without a pause, for as long as the `with` lasts.

    Before each accepted frame goes every forbidden one; the next follows when
    the accepted one has arrived. A lost one (unless may_lose) and a forbidden
    one that arrives fail the test. accepted(n) makes the n-th frame.
    """

    def __init__(self, sender, receiver, accepted, forbidden, may_lose=False):
        super().__init__(daemon=True)
        self.may_lose = may_lose
        self.sender, self.receiver = sender, receiver
        self.accepted = accepted
        self.forbidden = [bytes(frame) for frame in forbidden]
        self.count = 0
        self.changed = threading.Condition()
        self.stopping = False
        self.error = None

    def _check(self, frame):
        assert frame not in self.forbidden, f"a forbidden frame passed after {self.count}"

    def _await(self, frame):
        while True:
            arrived = self.receiver.receive(0.5 if self.may_lose else TIMEOUT)
            assert arrived or self.may_lose, f"accepted frame {self.count} was lost"
            if not arrived or arrived.whole() == frame:
                return
            self._check(arrived.whole())

    def run(self):
        try:
            while not self.stopping:
                for frame in self.forbidden:
                    self.sender.send(frame)
                frame = bytes(self.accepted(self.count))
                self.sender.send(frame)
                self._await(frame)
                with self.changed:
                    self.count += 1
                    self.changed.notify_all()
        except Exception as error:  # told in the thread that waits for us
            with self.changed:
                self.error = error
                self.changed.notify_all()

    def go_on(self, frames=50):
        """Wait until so many more accepted frames have arrived."""
        with self.changed:
            goal = self.count + frames
            done = self.changed.wait_for(lambda: self.error or self.count >= goal, 4 * TIMEOUT)
        assert done, "the stream stands still"
        if self.error:
            raise self.error

    def __enter__(self):
        self.start()
        self.go_on(1)
        return self

    def __exit__(self, kind, *_):
        self.stopping = True
        self.join()
        if self.error and not kind:
            raise self.error
        for arrived in cross(self.sender, self.receiver, []):
            self._check(arrived)
