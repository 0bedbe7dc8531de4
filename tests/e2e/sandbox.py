# SPDX-License-Identifier: GPL-2.0-only
"""Network namespaces, a state directory and a bpffs directory of one test.

A Sandbox makes them under names that no other process uses and removes them
in close(), whatever became of the test. sgate runs inside a namespace with
nsenter, since `ip netns exec` would hide the bpffs.
"""
import contextlib
import ctypes
import itertools
import json
import os
import select
import shutil
import socket
import subprocess
import time

SGATE = os.path.abspath(os.environ.get("SGATE", "build/sgate"))
BPFFS = "/sys/fs/bpf"
CLONE_NEWNET = 0x40000000
RTMGRP_LINK = 1
TIMEOUT = 10  # seconds that an event may take before the test fails

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def run(*argv, status=0, **options):
    """Run a command; its exit status must be `status` (None: any)."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True,
                          timeout=60, **options)
    assert status is None or done.returncode == status, (
        f"{' '.join(map(str, argv))}\nexit status {done.returncode}, not {status}\n"
        f"{done.stdout}{done.stderr}")
    return done


def wait_until(claim, wake=None, timeout=TIMEOUT):
    """Ask `claim` again at each event of the socket `wake` until it is true; its answer.

    Without a socket it is asked as often as the machine allows.
    """
    deadline = time.monotonic() + timeout
    while not (answer := claim()):
        left = deadline - time.monotonic()
        assert left > 0, f"waited {timeout} s in vain for {claim}"
        if wake and select.select([wake], [], [], left)[0]:
            wake.recv(65536)
        elif not wake:
            os.sched_yield()
    return answer


class Namespace:
    """A network namespace of our own."""

    def __init__(self, name):
        self.name = name
        self.path = f"/run/netns/{name}"
        run("ip", "netns", "add", name)
        self.ip("link set lo up")
        self.set_ipv6(False)

    def close(self):
        run("ip", "netns", "del", self.name, status=None)

    @contextlib.contextmanager
    def entered(self):
        """This thread is in the namespace; sockets made here stay in it."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(there)
            yield self
        finally:
            _setns(home)
            os.close(there)
            os.close(home)

    def inside(self, *argv):
        """The command line that runs argv in here."""
        return ["nsenter", f"--net={self.path}", *map(str, argv)]

    def run(self, *argv, **options):
        return run(*self.inside(*argv), **options)

    def ip(self, arguments, **options):
        return run("ip", "-n", self.name, *arguments.split(), **options)

    def tc(self, arguments, **options):
        return run("tc", "-n", self.name, *arguments.split(), **options)

    def socket(self, family, kind, protocol=0):
        with self.entered():
            made = socket.socket(family, kind, protocol)
        made.settimeout(TIMEOUT)
        return made

    def set_ipv6(self, on):
        """Of interfaces that are there and that come; off, the kernel itself sends nothing."""
        with self.entered():
            for which in os.listdir("/proc/sys/net/ipv6/conf"):
                path = f"/proc/sys/net/ipv6/conf/{which}/"
                with open(path + "disable_ipv6", "w", encoding="ascii") as file:
                    file.write("0" if on else "1")

    def link(self, dev):
        """What `ip` knows of an interface, None when there is none."""
        shown = run("ip", "-n", self.name, "-j", "-d", "link", "show", "dev", dev, status=None)
        return json.loads(shown.stdout)[0] if shown.returncode == 0 else None

    def ifindex(self, dev):
        return self.link(dev)["ifindex"]

    def wait_link(self, dev, claim):
        """Wait until claim(link) of an interface (None when there is none)."""
        with self.socket(socket.AF_NETLINK, socket.SOCK_RAW) as events:
            events.bind((0, RTMGRP_LINK))
            return wait_until(lambda: claim(self.link(dev)), wake=events)

    def wait_carrier(self, *devs):
        """Frames sent earlier are lost: the queue is put in with the carrier."""
        for dev in devs:
            self.wait_link(dev, lambda link: link and "LOWER_UP" in link["flags"] and
                           link["qdisc"] != "noop")

    def veth(self, dev, peer, peer_dev, index=None, peer_index=None, mac=None, peer_mac=None):
        """A veth pair from here to the namespace `peer`, both ends up and running."""
        words = ["link", "add", dev]
        words += ["index", str(index)] if index else []
        words += ["address", mac] if mac else []
        words += ["type", "veth", "peer", "name", peer_dev]
        words += ["index", str(peer_index)] if peer_index else []
        words += ["address", peer_mac] if peer_mac else []
        run("ip", "-n", self.name, *words, "netns", peer.name)
        self.ip(f"link set {dev} up")
        peer.ip(f"link set {peer_dev} up")
        self.wait_carrier(dev)
        peer.wait_carrier(peer_dev)

    def bridge(self, dev, *ports):
        """A bridge that forwards whatever it gets, at once and without reading IP headers."""
        with self.entered():
            for name in "ip", "ip6", "arp":
                path = f"/proc/sys/net/bridge/bridge-nf-call-{name}tables"
                if os.path.exists(path):
                    with open(path, "w", encoding="ascii") as file:
                        file.write("0")
        self.ip(f"link add {dev} type bridge forward_delay 0 mcast_snooping 0 stp_state 0")
        self.ip(f"link set {dev} up")
        for port in ports:
            self.ip(f"link set {port} master {dev}")
        self.wait_carrier(dev)


class Result:
    """What a run of sgate gave."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        """Of --json: {"code", "message"}; nothing else may be on standard error."""
        assert self.err.count("\n") == 1 and self.err.endswith("\n"), self.err
        document = json.loads(self.err)
        assert list(document) == ["error"], document
        assert sorted(document["error"]) == ["code", "message"], document
        return document["error"]


class Sandbox:
    def __init__(self, directory):
        self.number = next(_numbers)
        self.state_dir = os.path.join(directory, "state")
        self.bpffs = f"{BPFFS}/sgate-e2e-{os.getpid()}-{self.number}"
        self.namespaces = []
        self.processes = []
        self.undo = []  # functions, called last to first
        self.home = None  # the namespace that sgate runs in; the first one made
        self.env = {}  # of every run of sgate

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for function in reversed(self.undo):
            function()
        shutil.rmtree(self.bpffs, ignore_errors=True)
        for namespace in self.namespaces:
            namespace.close()

    def namespace(self, name):
        made = Namespace(f"sg{os.getpid()}-{self.number}-{name}")
        self.namespaces.append(made)
        self.home = self.home or made
        return made

    def command(self, *arguments, ns=None):
        """The command line of sgate; ns: elsewhere than at home."""
        return (ns or self.home).inside(SGATE, "--state-dir", self.state_dir,
                                        "--bpffs", self.bpffs, *arguments)

    def sgate(self, *arguments, status=0, ns=None, env=None, stdin=None):
        """Run sgate: sgate("rule", "list", "web")."""
        settings = [f"{name}={value}" for name, value in {**self.env, **(env or {})}.items()]
        words = ["env", *settings] if settings else []
        words += self.command(*arguments, ns=ns)
        return Result(run(*words, status=status, input=stdin))

    def json(self, *arguments, **options):
        return self.sgate("--json", *arguments, **options).json

    def start(self, *argv, **options):
        """A process that is ended with the sandbox."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen([str(a) for a in argv], **options)
        self.processes.append(process)
        return process

    def refused(self, *arguments, code, status=1, **options):
        """As text and as JSON refused with `code`, in one line; the message."""
        text = self.sgate(*arguments, status=status, **options)
        assert text.out == "", text.out
        assert text.err.count("\n") == 1 and text.err.endswith("\n"), text.err
        error = self.sgate("--json", *arguments, status=status, **options).error
        assert error["code"] == code, error
        assert text.err == f"sgate: {code}: {error['message']}\n"
        return error["message"]

    def group(self, name, *rules, ident=None):
        """Make a group whose id is its name, with these rules."""
        words = ["group", "create", name, "--id", ident or name]
        for rule in rules:
            words += ["--rule", rule]
        self.sgate(*words)
        return ident or name

    def counters(self, instance):
        """{(direction, reason): packets} of an instance, without the zeroes."""
        rows = self.json("stats", instance)["instances"][0]["counters"]
        return {(r["direction"], r["reason"]): r["packets"] for r in rows if r["packets"]}

    def snapshot(self):
        """Everything that is stored, and whether the kernel matches (it must)."""
        self.sgate("reconcile", "--check")
        groups = self.json("group", "list")
        instances = [self.json("instance", "show", i["instanceId"])
                     for i in self.json("instance", "list")["instances"]]
        return groups, instances
