# SPDX-License-Identifier: GPL-2.0-only
"""Rules of the comparison, the packets that they accept and those that they do not.

All from one seed. A rule accepts TCP or UDP from a network of 10.0.0.0/8 to one
port or a range. No two rules overlap, since nftables' sets of concatenated
intervals would refuse them; so the order of rules has no meaning, and each
filter may arrange them as suits it.
"""
import random
from dataclasses import dataclass

PROTOCOLS = {"tcp": 6, "udp": 17}
LENGTHS = {16: 1, 20: 3, 22: 3, 24: 8, 26: 3, 28: 4, 32: 8}  # of networks, and how often
POPULAR = [("tcp", port, port) for port in (22, 25, 80, 110, 143, 443, 993, 3306, 5432, 6379, 8080, 8443)]
POPULAR += [("udp", port, port) for port in (53, 123, 161, 500, 514, 4500)]
SERVICES = 64
DESTINATION = "192.0.2.2"


@dataclass(frozen=True)
class Rule:
    protocol: str
    network: int
    length: int
    first: int
    last: int

    @property
    def source(self):
        return f"{dotted(self.network)}/{self.length}"

    def ports(self, joined):
        return str(self.first) if self.first == self.last else f"{self.first}{joined}{self.last}"

    @property
    def service(self):
        return self.protocol, self.first, self.last

    def overlaps(self, other):
        length = min(self.length, other.length)
        return (self.protocol == other.protocol and self.first <= other.last and other.first <= self.last and
                self.network >> 32 - length == other.network >> 32 - length)

    def accepts(self, protocol, source, port):
        return (self.protocol == protocol and self.first <= port <= self.last and
                source >> 32 - self.length == self.network >> 32 - self.length)


def dotted(address):
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


class RuleSet:
    """`count` rules in two groups of the same size, with flows to match."""

    def __init__(self, count, seed):
        self.random = random.Random(f"{seed} {count}")
        self.services = POPULAR + [self._range() for _ in range(SERVICES - len(POPULAR))]
        self.near = {}  # rules by the first two bytes of their network: none is wider than that
        self.rules = []
        while len(self.rules) < count:
            self._add(self._rule())

    @property
    def groups(self):
        half = len(self.rules) // 2
        return self.rules[:half], self.rules[half:]

    def _range(self):
        first = self.random.randrange(1024, 60000)
        return self.random.choice(list(PROTOCOLS)), first, first + self.random.choice((1, 9, 99, 999))

    def _rule(self):
        length = self.random.choices(list(LENGTHS), LENGTHS.values())[0]
        network = (10 << 24 | self.random.getrandbits(24)) >> 32 - length << 32 - length
        protocol, first, last = self.random.choice(self.services)
        return Rule(protocol, network, length, first, last)

    def _add(self, rule):
        near = self.near.setdefault(rule.network >> 16, [])
        if not any(rule.overlaps(other) for other in near):
            near.append(rule)
            self.rules.append(rule)

    def accepts(self, protocol, source, port):
        return any(rule.accepts(protocol, source, port) for rule in self.near.get(source >> 16, ()))

    def _flows(self, count, draw):
        """Distinct ones as peers_traffic reads them."""
        seen = {}
        while len(seen) < count:
            protocol, source, port = draw()
            flow = (PROTOCOLS[protocol], dotted(source), self.random.randrange(1024, 65536), DESTINATION, port)
            seen[flow] = " ".join(map(str, flow))
        return "".join(line + "\n" for line in seen.values())

    def _accepted(self):
        rule = self.random.choice(self.rules)
        return (rule.protocol, rule.network | self.random.getrandbits(32 - rule.length),
                self.random.randint(rule.first, rule.last))

    def _rejected(self):
        """A known service, or a network that is known, but not both together."""
        while True:
            if self.random.random() < 0.5:
                protocol, source, _ = self._accepted()
                port = self.random.randrange(1, 65536)
            else:
                protocol, first, last = self.random.choice(self.services)
                source, port = 10 << 24 | self.random.getrandbits(24), self.random.randint(first, last)
            if not self.accepts(protocol, source, port):
                return protocol, source, port

    def accepted_flows(self, count):
        """Each of a rule drawn at random."""
        return self._flows(count, self._accepted)

    def rejected_flows(self, count):
        return self._flows(count, self._rejected)

    def tcp_service(self):
        """(address of a client, port of a server) for real connections, by the last rule that is for TCP."""
        rule = [rule for rule in self.rules if rule.protocol == "tcp"][-1]
        return dotted(rule.network | (1 << 32 - rule.length) - 1 & 7), rule.first


def sgate_text(rules):
    return "".join(f"ingress accept {r.protocol} {r.ports('-')} from {r.source}\n" for r in rules)


def nft_text(rules, inner, outer, shape):
    """shape: `linear`, `set` (both take the way back for granted), `stateful`.

    The address comes first in the set: the kernel goes on with all elements that match so far, and
    with the protocol first that is half of them, which takes ten times as long.
    """
    elements = ",\n".join(f"{r.source} . {r.protocol} . {r.ports('-')}" for r in rules)
    begin = f'iif "{inner}" accept' if shape != "stateful" else "ct state established,related accept"
    if shape == "linear":
        body = "\n".join(f"ip saddr {r.source} {r.protocol} dport {r.ports('-')} accept" for r in rules)
        accepted = ""
    else:
        body = f'iif "{outer}" ip saddr . meta l4proto . th dport @accepted accept'
        accepted = ("set accepted { type ipv4_addr . inet_proto . inet_service; flags interval;\n"
                    f"elements = {{ {elements} }}\n}}\n")
    return (f"table ip peers {{\n{accepted}chain forward {{\n"
            f"type filter hook forward priority filter; policy drop;\n{begin}\n{body}\n}}\n}}\n")


def iptables_text(matches, inner):
    body = "".join(f"-A FORWARD {match} -j ACCEPT\n" for match in matches)
    return f"*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i {inner} -j ACCEPT\n{body}COMMIT\n"


def iptables_matches(rules):
    return [f"-s {r.source} -p {r.protocol} -m {r.protocol} --dport {r.ports(':')}" for r in rules]


def ipset_texts(rules):
    """A set of networks for each service: (for ipset restore, matches for iptables)."""
    services = {}
    for rule in rules:
        services.setdefault(rule.service, []).append(rule)
    sets, matches = [], []
    for number, members in enumerate(services.values()):
        sets += [f"create peers{number} hash:net\n"]
        sets += [f"add peers{number} {rule.source}\n" for rule in members]
        matches.append(f"-p {members[0].protocol} -m {members[0].protocol} --dport {members[0].ports(':')} "
                       f"-m set --match-set peers{number} src")
    return "".join(sets), matches
