# SPDX-License-Identifier: GPL-2.0-only
"""The promise: with GRO, GSO and checksum offload on, traffic flows and is counted as on the wire,
segment by segment.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0; real TCP and UDP sockets

At generic XDP a GSO packet is one packet of up to 64 KiB, and nothing tells of how many segments:
there only bytes are promised.
"""
import json
import socket
import threading

import pytest

PAYLOAD = 20_000_000
MSS = 1448  # of an MTU of 1500 with time stamps
UDP_SEGMENT = 103

RULES = ("ingress accept tcp", "egress accept tcp", "ingress accept udp", "egress accept udp")


@pytest.fixture(params=["tc", "clsact", "xdp", "xdp-generic"])
def guarded(request, sandbox, switched):
    del switched
    sandbox.env = {"SGATE_NO_TCX": "1"} if request.param == "clsact" else {}
    sandbox.mode = request.param
    sandbox.group("all", *RULES)
    sandbox.sgate("attach", "v0", "--id", "i-1", "--mode",
                  "tc" if request.param == "clsact" else request.param)
    sandbox.sgate("associate", "all", "i-1")
    return sandbox


def accepted(sandbox, direction):
    """(packets, bytes) by rule."""
    for row in sandbox.json("stats", "i-1")["instances"][0]["counters"]:
        if (row["direction"], row["reason"]) == (direction, "rule-accept"):
            return row["packets"], row["bytes"]
    raise AssertionError("no such counter")


def transfer(sender, receiver, address):
    """Send PAYLOAD bytes over TCP from one namespace to another."""
    listener = receiver.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((address, 5001))
    listener.listen()
    client = sender.socket(socket.AF_INET, socket.SOCK_STREAM)

    def send():
        client.connect((address, 5001))
        client.sendall(bytes(PAYLOAD))
        client.close()

    thread = threading.Thread(target=send)
    thread.start()
    connection, _ = listener.accept()
    connection.settimeout(20)
    received = 0
    while chunk := connection.recv(1 << 20):
        received += len(chunk)
    thread.join()
    connection.close()
    listener.close()
    assert received == PAYLOAD


def carried(namespace, dev, direction):
    """Packets as the kernel moved them, a GSO packet being one."""
    shown = json.loads(namespace.ip(f"-j -s link show dev {dev}").stdout)[0]
    return shown["stats64"]["rx" if direction == "egress" else "tx"]["packets"]


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_a_bulk_transfer_is_counted_in_segments(guarded, switched, direction):
    ends = (switched.guest, switched.remote, "10.0.0.2")
    if direction == "ingress":
        ends = (switched.remote, switched.guest, "10.0.0.1")
    transfer(*ends)
    packets, count = accepted(guarded, direction)
    wire = PAYLOAD + PAYLOAD // MSS * (14 + 20 + 32)  # the headers of each segment
    assert PAYLOAD <= count <= wire * 1.1
    if guarded.mode == "xdp-generic" and direction == "egress":
        assert 0 < packets <= PAYLOAD / MSS * 1.2
    else:
        # retransmissions, smaller segments and acknowledgements come on top
        assert PAYLOAD / MSS <= packets <= PAYLOAD / MSS * 1.2 + 200
        assert count >= wire * 0.98
    if guarded.mode in ("tc", "clsact"):
        assert carried(switched.host, "v0", direction) < packets / 2, "GSO was off"


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_a_datagram_in_segments_is_counted_in_segments(guarded, switched, direction):
    ends = (switched.guest, switched.remote, "10.0.0.2")
    if direction == "ingress":
        ends = (switched.remote, switched.guest, "10.0.0.1")
    sender, receiver, address = ends
    with sender.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, \
            receiver.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1000)
        client.sendto(bytes(9500), (address, 53))
        sizes = [len(server.recv(2000)) for _ in range(10)]
    assert sizes == [1000] * 9 + [500]
    packets, count = accepted(guarded, direction)
    if guarded.mode == "xdp-generic" and direction == "egress":
        assert packets in (1, 10) and count >= 9500
    else:
        assert (packets, count) == (10, 9500 + 10 * (14 + 20 + 8))
