# SPDX-License-Identifier: GPL-2.0-only
"""The filters that are compared: how each is given a set of rules in the router of a lab.

A filter judges packets from left to right by the rules and drops what none
accepts. From right to left a stateless one accepts everything; a stateful one
accepts what answers a connection, and nothing else.

load() puts the rules in force and gives (clock, CPU) seconds of the commands
that did it. Anything that goes wrong is a lab's Failed, with the words of
whoever refused.
"""
import json
import os
import shutil

import peers_rules
from peers_lab import INNER, OUTER, Failed, run, timed

SGATE = os.path.abspath(os.environ.get("SGATE", os.path.join(os.path.dirname(__file__), "../../build/sgate")))
GROUPS = "first", "second"


def bpfilter_ports(rule):
    return f"eq {rule.first}" if rule.first == rule.last else f"range {rule.first}-{rule.last}"


def add_times(times):
    return tuple(map(sum, zip(*times)))


class Filter:
    key = title = hook = ""  # hook: where it judges
    has_rules = True
    is_stateful = False
    is_open = False  # passes everything
    drops_all = False

    def __init__(self, lab):
        self.lab = lab

    def prepare(self):
        """Once, before the first load."""

    def load(self, rules):
        raise NotImplementedError

    def clear(self):
        """Before each load: no rules."""

    def check(self, flows):
        """After `flows` connections, besides what packets show."""


class Nothing(Filter):
    key, title, hook, is_open = "none", "no filter", "none", True
    has_rules = False

    def load(self, rules):
        return 0, 0


class Bare(Filter):
    """A program of two instructions: what its hook costs at least."""

    program, dev, is_open = "", OUTER, True
    has_rules = False

    def load(self, rules):
        self.lab.start("router", None, "peers_programs", self.dev, self.program).answer()
        return 0, 0


class BareTc(Bare):
    key, title, hook = "tc-pass", "an empty TC program", "TC, where r1 sends"
    program, dev = "tc-pass", INNER


class BareXdp(Bare):
    key, title, hook, program = "xdp-pass", "an empty XDP program", "XDP, where r0 receives", "pass"


class BareDrop(Bare):
    key, title, hook, program = "xdp-drop", "bare XDP_DROP", "XDP, where r0 receives", "drop"
    is_open, drops_all = False, True


class Sgate(Filter):
    """The two groups of a rule set on one interface of the router."""

    attach = [INNER, "--mode", "tc", "--side", "guest"]
    hook = "TC, where r1 sends; r1 is the way to a guest (packets: its ingress)"
    egress = ["egress accept udp 53"]  # so that answers need a connection

    def sgate(self, *words):
        return self.lab.inside("router", SGATE, "--state-dir", f"{self.lab.directory}/state",
                               "--bpffs", self.lab.bpffs, *words)

    def prepare(self):
        for group in GROUPS:
            run(self.sgate("group", "create", group, "--id", group))
        run(self.sgate("attach", *self.attach, "--id", "peer"))
        for group in GROUPS:
            run(self.sgate("associate", group, "peer"))

    def clear(self):
        for group in GROUPS:
            run(self.sgate("rule", "replace", group))

    def load(self, rules):
        times = []
        for group, part in zip(GROUPS, rules.groups):
            text = peers_rules.sgate_text(part) + "".join(line + "\n" for line in self.egress)
            times.append(timed(self.sgate("rule", "replace", group, "-f", self.lab.file(group, text))))
        return add_times(times)

    def check(self, flows):
        shares = json.loads(run(self.sgate("--json", "connections", "count", "peer")))["instances"]
        entries = sum(share["entries"] for share in shares)
        if entries < flows if self.is_stateful else entries:
            raise Failed(f"sgate: {entries} connection entries after {flows} connections")


class SgateTc(Sgate):
    key, title, is_stateful = "sgate-tc", "sgate, TC, stateful", True


class SgateXdp(Sgate):
    key, title, is_stateful = "sgate-xdp", "sgate, XDP, stateful", True
    attach = [OUTER, "--mode", "xdp", "--side", "host"]
    hook = "XDP, where r0 receives; r0 is the host's own NIC (packets: ingress)"


class SgateTcOpen(SgateTc):
    key, title, is_stateful = "sgate-tc-open", "sgate, TC, egress open", False
    egress = ["egress accept all"]


class SgateXdpOpen(SgateXdp):
    key, title, is_stateful = "sgate-xdp-open", "sgate, XDP, egress open", False
    egress = ["egress accept all"]


class Nft(Filter):
    shape = "linear"
    key, title, hook = "nft-linear", "nftables, a rule each", "forward"

    def prepare(self):
        self.clear()

    def clear(self):
        run(self.lab.inside("router", "nft", "flush", "ruleset"))

    def load(self, rules):
        path = self.lab.file("ruleset.nft", peers_rules.nft_text(rules.rules, INNER, OUTER, self.shape))
        return timed(self.lab.inside("router", "nft", "-f", path))


class NftSet(Nft):
    key, title, shape = "nft-set", "nftables, one interval set", "set"


class NftStateful(Nft):
    key, title, shape, is_stateful = "nft-set-ct", "nftables, interval set, ct state", "stateful", True


class Iptables(Filter):
    key, title, hook, command = "iptables-legacy", "iptables-legacy, a rule each", "forward", "iptables-legacy"

    def restore(self, matches):
        path = self.lab.file("ruleset.iptables", peers_rules.iptables_text(matches, INNER))
        return timed(self.lab.inside("router", f"{self.command}-restore", "--wait=30", path))

    def clear(self):
        self.restore([])

    def load(self, rules):
        return self.restore(peers_rules.iptables_matches(rules.rules))


class IptablesNft(Iptables):
    key, title, command = "iptables-nft", "iptables-nft, a rule each", "iptables-nft"


class Ipset(Iptables):
    key, title = "ipset", "iptables-legacy with an ipset a service"

    def clear(self):
        super().clear()
        run(self.lab.inside("router", "ipset", "destroy"))

    def load(self, rules):
        sets, matches = peers_rules.ipset_texts(rules.rules)
        path = self.lab.file("ruleset.ipset", sets)
        restored = timed(self.lab.inside("router", "ipset", "restore", "-file", path))
        return add_times([restored, self.restore(matches)])


class Bpfilter(Filter):
    key, title, hook = "bpfilter", "bpfilter, a rule each", "XDP, where r0 receives"

    def prepare(self):
        if not shutil.which("bfcli"):
            raise Failed("bfcli: not installed")

    def load(self, rules):
        """A process whose programs work alone afterwards; replaces the chain of the last load."""
        link = json.loads(run(["ip", "-n", self.lab.namespace("router"), "-j", "link", "show", "dev", OUTER]))[0]
        rows = "".join(f"rule ip4.snet eq {r.source} {r.protocol}.dport {bpfilter_ports(r)} ACCEPT\n"
                       for r in rules.rules)
        path = self.lab.file("chain.bpfilter",
                             f"chain peers BF_HOOK_XDP{{ifindex={link['ifindex']}}} DROP\n{rows}")
        os.makedirs(self.lab.bpffs, exist_ok=True)
        return timed(self.lab.inside("router", "bfcli", "--bpffs-path", self.lab.bpffs, "chain", "set",
                                     "--from-file", path))


FILTERS = [Nothing, BareTc, BareXdp, BareDrop, SgateTc, SgateXdp, SgateTcOpen, SgateXdpOpen, Nft, NftSet,
           NftStateful, Iptables, IptablesNft, Ipset, Bpfilter]
