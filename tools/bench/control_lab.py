# SPDX-License-Identifier: GPL-2.0-only
"""Instances without a machine behind them: tap interfaces of a network namespace that ends with
this process, a state directory filled at once, a bpffs directory of its own.

Interfaces stay down and have nobody at the other end: packets are those of control_watch.
"""
import ctypes
import fcntl
import itertools
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

BPFFS = "/sys/fs/bpf"
CLONE_NEWNET = 0x40000000
TUNSETIFF, TUNSETPERSIST = 0x400454CA, 0x400454CB
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
TIMEOUT = 600
_numbers = itertools.count(1)


class Failed(Exception):
    """A command failed; its own words."""


def run(*argv, env=None):
    """Standard output of a command, or Failed."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=TIMEOUT, check=False,
                          env={**os.environ, **(env or {})})
    if done.returncode:
        raise Failed(f"{' '.join(map(str, argv[:6]))}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def enter_new_namespace():
    """From here on, also for what is started; the one before ends with its last process."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise Failed(f"cannot make a network namespace: {os.strerror(ctypes.get_errno())}")


def make_taps(count):
    for number in range(count):
        with open("/dev/net/tun", "r+b", buffering=0) as tun:
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"x%d" % number, IFF_TAP | IFF_NO_PI))
            fcntl.ioctl(tun, TUNSETPERSIST, 1)


class Lab:
    """`instances` x0, x1, ... with two of `groups` g0, g1, ... of `rules` rules each, in force."""

    def __init__(self, sgate, instances, groups, rules, with_tcx=True):
        self.sgate_path, self.tools = sgate, os.path.join(os.path.dirname(sgate), "tools/bench")
        self.bpffs = f"{BPFFS}/sgate-control-{os.getpid()}-{next(_numbers)}"
        self.directory = tempfile.mkdtemp(prefix="sgate-control-")
        self.state = os.path.join(self.directory, "state")
        # Attaching by tcx waits for two grace periods an instance; clsact for none.
        self.env = None if with_tcx else {"SGATE_NO_TCX": "1"}
        try:
            enter_new_namespace()
            make_taps(instances)
            if instances > 4096:
                self.sgate("connections", "set", "--instances", instances)
            run(f"{self.tools}/control_fill", self.state, instances, groups, rules)
            started = time.monotonic()
            self.sgate("reconcile")
            self.reconcile_ms = (time.monotonic() - started) * 1000
            indexes = {name: index for index, name in socket.if_nameindex()}
            self.ifindexes = [indexes[f"x{i}"] for i in range(instances)]
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        shutil.rmtree(self.bpffs, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def command(self, *words):
        return [self.sgate_path, "--state-dir", self.state, "--bpffs", self.bpffs, *map(str, words)]

    def sgate(self, *words):
        return run(*self.command(*words), env=self.env)

    def spend(self, *words):
        """Milliseconds that the whole process of a command takes."""
        started = time.monotonic_ns()
        subprocess.run(self.command(*words), stdout=subprocess.DEVNULL, check=True)
        return (time.monotonic_ns() - started) / 1e6

    def watch(self, port, verdict, ifindexes, *words):
        """Milliseconds from the start of a command that changes the verdict on TCP to `port`, until
        it has changed on the first of the interfaces, on all, and how late that may be noticed."""
        program = f"{self.bpffs}/progs/sg_tc_tx"
        argv = [f"{self.tools}/control_watch", program, port, verdict, *ifindexes]
        with subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, text=True) as watcher:
            if watcher.stdout.readline() != "ready\n":
                raise Failed(f"the verdict was {verdict} before: {' '.join(map(str, words))}")
            started = time.monotonic_ns()
            run(*self.command(*words))
            answer = watcher.stdout.readline().split()
        if len(answer) != 3:
            raise Failed(f"the verdict did not become {verdict}: {' '.join(map(str, words))}")
        first, last, late = map(int, answer)
        return (first - started) / 1e6, (last - started) / 1e6, late / 1e6

    def memory(self):
        """{map or "programs": bytes} of what is pinned and what that needs."""
        pins = f"{self.bpffs}/progs"
        programs = [json.loads(run("bpftool", "-j", "prog", "show", "pinned", f"{pins}/{name}"))
                    for name in sorted(os.listdir(pins))]
        used = {"programs": sum(program["bytes_memlock"] for program in programs)}
        maps = {number for program in programs for number in program.get("map_ids", ())}
        pins = f"{self.bpffs}/maps"
        maps |= {json.loads(run("bpftool", "-j", "map", "show", "pinned", f"{pins}/{name}"))["id"]
                 for name in os.listdir(pins)}
        for number in sorted(maps):
            shown = json.loads(run("bpftool", "-j", "map", "show", "id", number))
            used[shown["name"]] = used.get(shown["name"], 0) + shown["bytes_memlock"]
        return used
