# SPDX-License-Identifier: GPL-2.0-only
"""Frames as bytes; checksums right, so that stacks accept them as well."""
import ipaddress
import socket
import struct

from wire import mac_bytes

MAC_A = mac_bytes("02:00:00:00:00:0a")
MAC_B = mac_bytes("02:00:00:00:00:0b")
ICMP, TCP, UDP, ICMPV6, SCTP = 1, 6, 17, 58, 132
HOP_BY_HOP, ROUTING, FRAGMENT, AH, DESTINATION = 0, 43, 44, 51, 60


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(payload, ethertype, tags=(), source=MAC_A, destination=MAC_B):
    """tags: (TPID, VLAN id), the outer one first."""
    header = destination + source
    for tpid, vlan in tags:
        header += struct.pack("!HH", tpid, vlan)
    return header + struct.pack("!H", ethertype) + payload


def ipv4(source, destination, protocol, payload, options=b"", fragment=0, total=None, ihl=None,
         version=4, identification=1):
    """An IPv4 packet; total and ihl say otherwise than is true."""
    header = 20 + len(options)
    words = [version << 4 | (ihl if ihl is not None else header // 4), 0,
             total if total is not None else header + len(payload),
             identification, fragment, 64, protocol, 0,
             socket.inet_aton(source), socket.inet_aton(destination)]
    layout = "!BBHHHBBH4s4s"
    words[7] = checksum(struct.pack(layout, *words) + options)
    return struct.pack(layout, *words) + options + payload


def ipv6(source, destination, protocol, payload, extensions=(), length=None, version=6):
    """An IPv6 packet; extensions: (header number, its bytes after the next-header byte)."""
    chain = b""
    numbers = [number for number, _ in extensions] + [protocol]
    for (_, body), following in zip(extensions, numbers[1:]):
        chain += bytes([following]) + body
    body = chain + payload
    return struct.pack("!IHBB", version << 28, len(body) if length is None else length, numbers[0],
                       64) + socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(
                           socket.AF_INET6, destination) + body


def transport(protocol, source, destination, dport, sport=1000, data=b"data"):
    """A transport header and data with its checksum; of ICMP, dport is type << 8 | code."""
    checksum_at = {TCP: 16, UDP: 6, ICMP: 2, ICMPV6: 2}.get(protocol)
    if protocol == UDP:
        body = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
    elif protocol == TCP:
        body = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 5 << 4, 2, 65535, 0, 0) + data
    elif protocol == SCTP:
        body = struct.pack("!HHII", sport, dport, 1, 0) + data
    elif protocol in (ICMP, ICMPV6):
        body = struct.pack("!HHHH", dport, 0, 7, 1) + data
    else:
        body = data
    if checksum_at is None:
        return body
    covered = body
    if protocol != ICMP:
        ends = b"".join(ipaddress.ip_address(a).packed for a in (source, destination))
        covered = ends + struct.pack("!II", len(body), protocol) + body
    return body[:checksum_at] + struct.pack("!H", checksum(covered)) + body[checksum_at + 2:]


def packet(source, destination, protocol, dport=0, tags=(), sport=1000, data=b"data", **ip):
    """A frame of the family of its addresses; ip: what ipv4 or ipv6 take."""
    payload = transport(protocol, source, destination, dport, sport, data)
    if ":" in source:
        return ethernet(ipv6(source, destination, protocol, payload, **ip), 0x86dd, tags)
    return ethernet(ipv4(source, destination, protocol, payload, **ip), 0x0800, tags)


def ipv4_udp(source, destination, dport, **rest):
    return packet(source, destination, UDP, dport, **rest)


def ipv6_udp(source, destination, dport, **rest):
    return packet(source, destination, UDP, dport, **rest)
