# SPDX-License-Identifier: GPL-2.0-only
"""BPF programs of somebody else on the interfaces we guard, and what is attached where.

The system calls are made here, since bpftool 7.1 knows nothing of tcx.
"""
import ctypes
import json
import os
import struct
import subprocess

from sandbox import run

TCX_INGRESS, TCX_EGRESS = 46, 47
BPF_OBJ_GET, BPF_PROG_QUERY, BPF_LINK_CREATE, BPF_PROG_GET_FD_BY_ID = 7, 16, 28, 13
BPF_OBJ_GET_INFO_BY_FD = 15
SYS_BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]

# Their programs say "accepted, and nobody else is asked": whoever runs after them is out.
SOURCE = """
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int other_tc(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

SEC("xdp.frags")
int other_xdp(struct xdp_md *xdp)
{
	return XDP_PASS;
}
"""

_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(160, b"\0"), 160)
    result = _libc.syscall(SYS_BPF, command, buffer, len(buffer))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf command {command}")
    return result, buffer.raw


def compile_object(directory):
    """The object file of the programs above."""
    path = os.path.join(directory, "other.bpf.o")
    machine = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True,
                             check=True).stdout.strip()
    run("clang", "-O2", "-g", "-target", "bpf", "-idirafter", f"/usr/include/{machine}", "-c", "-x",
        "c", "-", "-o", path, input=SOURCE)
    return path


def load_tc(object_path, pin):
    """Pin other_tc; a descriptor of it."""
    run("bpftool", "prog", "loadall", object_path, pin, "type", "tc")
    path = ctypes.create_string_buffer(f"{pin}/other_tc".encode())
    return _bpf(BPF_OBJ_GET, struct.pack("=QII", ctypes.addressof(path), 0, 0))[0]


def attach_tcx(namespace, dev, program, kind):
    """A tcx link, as a descriptor that holds it."""
    with namespace.entered():
        return _bpf(BPF_LINK_CREATE,
                    struct.pack("=IIII", program, namespace.ifindex(dev), kind, 0))[0]


def _name(program_id):
    descriptor = _bpf(BPF_PROG_GET_FD_BY_ID, struct.pack("=I", program_id))[0]
    info = ctypes.create_string_buffer(256)
    try:
        _bpf(BPF_OBJ_GET_INFO_BY_FD,
             struct.pack("=IIQ", descriptor, len(info), ctypes.addressof(info)))
    finally:
        os.close(descriptor)
    return info.raw[64:80].split(b"\0")[0].decode()  # bpf_prog_info.name


def tcx_ids(namespace, dev, kind):
    """Ids of the programs at tcx in the order in which they run."""
    ids = (ctypes.c_uint32 * 64)()
    with namespace.entered():
        _, answer = _bpf(BPF_PROG_QUERY, struct.pack(
            "=IIIIQI", namespace.ifindex(dev), kind, 0, 0, ctypes.addressof(ids), len(ids)))
    count, = struct.unpack_from("=I", answer, 24)
    return list(ids[:count])


def filters(namespace, dev, side):
    """Names of the cls_bpf programs, or kinds of other filters, in the order they run."""
    shown = namespace.tc(f"-j filter show dev {dev} {side}", status=None)
    rows = json.loads(shown.stdout or "[]") if shown.returncode == 0 else []
    rows = [row for row in rows if "options" in row and "handle" in row["options"]]
    return [row["options"]["prog"]["name"] if "prog" in row["options"] else row["kind"]
            for row in rows]


def has_clsact(namespace, dev):
    shown = json.loads(namespace.tc(f"-j qdisc show dev {dev}").stdout)
    return any(row["kind"] == "clsact" for row in shown)


def attached(namespace, dev):
    """All programs on an interface: {place: names}, without empty places."""
    xdp = namespace.link(dev).get("xdp", {})
    modes = {1: "xdp", 2: "xdp-generic"}
    places = {
        "tcx-rx": [_name(i) for i in tcx_ids(namespace, dev, TCX_INGRESS)],
        "tcx-tx": [_name(i) for i in tcx_ids(namespace, dev, TCX_EGRESS)],
        "tc-rx": filters(namespace, dev, "ingress"),
        "tc-tx": filters(namespace, dev, "egress"),
        "clsact": ["qdisc"] if has_clsact(namespace, dev) else [],
    }
    if xdp:
        places[modes[xdp["mode"]]] = [_name(xdp["prog"]["id"])]
    return {place: names for place, names in places.items() if names}
