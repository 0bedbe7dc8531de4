# SPDX-License-Identifier: GPL-2.0-only
"""The promise: a bulk transfer over TCP loses and changes nothing on its way through the
filter, with segments merged (GRO) and split late (GSO) as the kernel likes.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0

How fast it was is only told.
"""
import contextlib
import socket
import time

from sandbox import wait_until
from state import (REMOTE, both_families, both_modes, data_segments, guard, listen, send_much,
                   sockets)

BYTES = 100_000_000
# Fewer packets than the kernel's queues between the namespaces hold (256 in veth's ring for
# native XDP), so that no one else loses any.
IN_FLIGHT = 128 << 10


@both_families
@both_modes
def test_bulk_tcp_is_whole_and_loses_nothing(sandbox, switched, mode, family, record_property):
    switched.enable_ipv6()
    guard(sandbox, "egress accept tcp 80", mode=mode)
    server = listen(switched.remote, REMOTE[family], 80)
    opener = switched.guest.socket(server.family, socket.SOCK_STREAM)
    for end in server, opener:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, IN_FLIGHT)
    with contextlib.closing(server):
        opener.connect((REMOTE[family], 80))
        replier, _ = server.accept()
    with sockets(opener, replier):
        for sender, receiver in (opener, replier), (replier, opener):
            started = time.monotonic()
            send_much(sender, receiver, BYTES)
            rate = BYTES * 8 / 1e6 / (time.monotonic() - started)
            record_property("Mbit/s", round(rate))
            print(f"{mode}, IPv{family}: {rate:.0f} Mbit/s")
            # A busy sender is impatient and sends again without any loss, so compare both ends.
            wait_until(lambda: data_segments(sender)[1] == data_segments(receiver)[0])
    counters = sandbox.counters("i-1")
    assert counters["egress", "rule-accept"] >= 2 * BYTES // 65536
    # One packet may be as good as many, but they are counted as on the wire: MTU 1500.
    assert counters["ingress", "reply"] >= BYTES // 1460
    assert not {reason for _, reason in counters} - {"rule-accept", "reply", "arp", "neighbor"}
