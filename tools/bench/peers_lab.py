# SPDX-License-Identifier: GPL-2.0-only
"""Three network namespaces of one filter, and programs in them.

    left                 router                  right
    l0 ----------------- r0     r1 ------------- x0
    198.18.0.2/24   .1/24       192.0.2.1/24   .2/24

The router forwards, and has the filter. Neighbours are known, so that nothing
is sent but what is measured; `left` is the way to 10.0.0.0/8. Every filter has
a lab of its own and all are there at the same time, so that rounds can take
turns without a filter being loaded twice.
"""
import contextlib
import itertools
import os
import resource
import shutil
import subprocess
import tempfile
import time

BPFFS = "/sys/fs/bpf"
MACS = {"l0": "02:00:00:00:01:01", "r0": "02:00:00:00:01:02", "r1": "02:00:00:00:02:01", "x0": "02:00:00:00:02:02"}
INNER, OUTER = "r1", "r0"
TIMEOUT = 120
_numbers = itertools.count(1)


class Failed(Exception):
    """A command failed; its own words."""


def run(argv, stdin=None, env=None):
    """Standard output of a command, or Failed."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=TIMEOUT, check=False,
                              env={**os.environ, **(env or {})})
    except FileNotFoundError:
        raise Failed(f"{argv[0]}: not installed") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]}: took more than {TIMEOUT} s") from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise Failed(f"{os.path.basename(argv[0])}: {said[:200] or f'exit status {done.returncode}'}")
    return done.stdout


def timed(argv):
    """(seconds of the clock, seconds of CPU) of a command that reads nothing."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run(argv)
    clock, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Helper:
    """A program of ours that answers a line for each order, until it is closed."""

    def __init__(self, argv):
        # pylint: disable-next=consider-using-with # ended in close()
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)

    def ask(self, order):
        with contextlib.suppress(BrokenPipeError):  # it has ended: the answer says why
            self.process.stdin.write(order + "\n")
            self.process.stdin.flush()
        return self.answer()

    def answer(self):
        answer = self.process.stdout.readline()
        if not answer:
            self.process.wait()
            raise Failed(self.process.stderr.read().strip() or f"{self.process.args}: ended")
        return answer.split()

    def number(self, order):
        return int(self.ask(order)[0])

    def close(self):
        self.process.terminate()
        self.process.communicate()


class Programs:
    """Those that send and count, the same in all labs."""

    def __init__(self, tools):
        self.directory = f"{BPFFS}/sgpeers{os.getpid()}"
        os.mkdir(self.directory)
        self.holder = Helper([f"{tools}/peers_programs", self.directory])
        try:
            self.holder.answer()
        except BaseException:
            self.close()
            raise

    def close(self):
        self.holder.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Lab:
    def __init__(self, tools):
        self.tools = tools
        self.name = f"sgpeers{os.getpid()}-{next(_numbers)}"
        self.directory = tempfile.mkdtemp(prefix="sgate-peers-")
        self.bpffs = f"{BPFFS}/{self.name}"
        self.helpers = []
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def _make(self):
        for where in "left", "router", "right":
            run(["ip", "netns", "add", self.namespace(where)])
        for one, two, there in ("r0", "l0", "left"), ("r1", "x0", "right"):
            run(["ip", "-n", self.namespace("router"), "link", "add", one, "address", MACS[one], "type", "veth",
                 "peer", "name", two, "address", MACS[two], "netns", self.namespace(there)])
        for end in "left", "right":
            # a connection starts as if it were the first: how often others ran before must not matter
            self._settings(end, {"net.ipv6.conf.all.disable_ipv6": 1, "net.ipv4.tcp_no_metrics_save": 1})
        self._settings("router", {"net.ipv6.conf.all.disable_ipv6": 1, "net.ipv4.ip_forward": 1,
                                  "net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.r0.rp_filter": 0,
                                  "net.ipv4.conf.r1.rp_filter": 0})
        self.ip("left", "link set lo up", "link set l0 up", "address add 198.18.0.2/24 dev l0",
                f"neighbour add 198.18.0.1 lladdr {MACS['r0']} dev l0")
        self.ip("right", "link set lo up", "link set x0 up", "address add 192.0.2.2/24 dev x0",
                f"neighbour add 192.0.2.1 lladdr {MACS['r1']} dev x0", "route add default via 192.0.2.1")
        self.ip("router", "link set r0 up", "link set r1 up", "address add 198.18.0.1/24 dev r0",
                "address add 192.0.2.1/24 dev r1", "route add 10.0.0.0/8 via 198.18.0.2",
                f"neighbour add 198.18.0.2 lladdr {MACS['l0']} dev r0",
                f"neighbour add 192.0.2.2 lladdr {MACS['x0']} dev r1")

    def namespace(self, where):
        return f"{self.name}-{where}"

    def _settings(self, where, values):
        run(self.inside(where, "sysctl", "-qw", *(f"{key}={value}" for key, value in values.items())))

    def ip(self, where, *commands):
        run(["ip", "-n", self.namespace(where), "-batch", "-"], stdin="\n".join(commands) + "\n")

    def inside(self, where, *argv):
        """The command line that runs argv in one of the namespaces."""
        return ["nsenter", f"--net=/run/netns/{self.namespace(where)}", *argv]

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def receive_by_napi(self, on):
        """Whether the router's interfaces take frames as a NIC's driver does; a veth does so with GRO only."""
        for dev in INNER, OUTER:
            run(self.inside("router", "ethtool", "-K", dev, "gro", "on" if on else "off"))

    def tool(self, where, cpu, name, *arguments):
        """The command line of one of our programs; cpu: the only one it runs on, None: any."""
        pinned = ["taskset", "-c", str(cpu)] if cpu is not None else []
        return self.inside(where, *pinned, f"{self.tools}/{name}", *arguments)

    def start(self, *arguments):
        """Such a program that takes orders; it ends with the lab."""
        made = Helper(self.tool(*arguments))
        self.helpers.append(made)
        return made

    def close(self):
        try:
            while self.helpers:
                self.helpers.pop().close()
        finally:
            shutil.rmtree(self.bpffs, ignore_errors=True)
            for where in "left", "router", "right":
                subprocess.run(["ip", "netns", "del", self.namespace(where)], capture_output=True, check=False)
            shutil.rmtree(self.directory, ignore_errors=True)
