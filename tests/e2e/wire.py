# SPDX-License-Identifier: GPL-2.0-only
"""Raw frames sent and seen at interfaces, with AF_PACKET sockets.

A frame that must not arrive cannot be waited for. So after the frames in
question goes a marker, an ARP request, which always passes: what had to arrive
came before it. All are sent from one CPU, so they stay in order.
"""
import contextlib
import itertools
import os
import select
import socket
import struct
import time

from sandbox import TIMEOUT

ETH_P_ALL = 0x0003
ETH_P_ARP = 0x0806
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_OUTGOING = 4
TP_STATUS_VLAN_VALID = 0x10
TP_STATUS_VLAN_TPID_VALID = 0x40
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
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((dev, ETH_P_ALL))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, frame):
        self.socket.send(frame)

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
