# SPDX-License-Identifier: GPL-2.0-only
"""The promise: what we accept goes on to the next program of its hook, as it came.

Also in generic XDP mode, where the kernel can lose a packet's link header on the way from our
program to those at TC.
"""
import os
import subprocess

import pytest

from frames import packet, UDP
from sandbox import run
from wire import crosses

# Passes nothing whose EtherType is not where it should be.
SOURCE = """
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int meticulous(struct __sk_buff *skb)
{
	__u16 type = 0;

	if (bpf_skb_load_bytes(skb, 12, &type, sizeof(type)) || type != (__u16)skb->protocol)
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}
"""


def meticulous(directory):
    """The object file of the program above."""
    path = os.path.join(directory, "meticulous.o")
    machine = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True,
                             check=True).stdout.strip()
    run("clang", "-O2", "-g", "-target", "bpf", "-idirafter", f"/usr/include/{machine}", "-c", "-x",
        "c", "-", "-o", path, input=SOURCE)
    return path


@pytest.mark.parametrize("mode", ["xdp-generic", "xdp", "tc"])
def test_a_tc_program_behind_ours_sees_the_link_header(sandbox, switched, tmp_path, mode):
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--mode", mode)
    sandbox.sgate("associate", "dns", "v0")
    switched.host.tc("qdisc add dev v0 clsact")
    switched.host.tc(f"filter add dev v0 ingress bpf da obj {meticulous(tmp_path)} sec tc")
    frame = packet("10.0.0.1", "10.0.0.2", UDP, 53)
    assert crosses(switched.g0, switched.r0, frame)
