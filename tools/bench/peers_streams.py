# SPDX-License-Identifier: GPL-2.0-only
"""TCP between left and right through each filter: in bulk, and round trips.

Client and server are on the first and the last CPU; the router works where the
sender does. The connection is one that a rule accepts. Segmentation is left to
the receiving end, as veths have it, unless an XDP program on one forbids that.
These figures are of the clock: whatever else the machine does is in them.
"""
from peers_lab import run
from peers_packets import summary
from peers_rules import DESTINATION

ROUTER = "198.18.0.1"
# What a target is about has several turns a round: two runs of the same may differ by a tenth.
TURNS = {"sgate-tc": 4}


class Streams:
    """A server on the right of a case's lab, and who may connect to it."""

    def __init__(self, case, rules, cpus):
        self.lab, self.cpus = case.lab, cpus
        self.client, self.port = rules.tcp_service()
        self.lab.receive_by_napi(False)
        self.lab.ip("left", f"address replace {self.client}/32 dev l0",
                    f"route replace 192.0.2.0/24 via {ROUTER} src {self.client}")
        self.lab.start("right", cpus[-1], "peers_tcp", "serve", str(self.port)).answer()

    def ask(self, kind, amount):
        said = run(self.lab.tool("left", self.cpus[0], "peers_tcp", kind, self.client, DESTINATION,
                                 str(self.port), str(amount)))
        return [int(word) for word in said.split()]

    def bulk(self, milliseconds):
        """Gigabits a second."""
        sent, nanoseconds = self.ask("bulk", milliseconds)
        return sent * 8 / nanoseconds

    def echo(self, count):
        """Nanoseconds there and back: (median, 99th percentile)."""
        return self.ask("echo", count)


def measure_streams(cases, rules, settings):
    """Rows of throughput and latency; in bulk also as a share of what no filter gives just before and after."""
    cases = [case for case in cases if not case.filter.drops_all]
    streams = {case.key: case.attempt(Streams, case, rules, settings.cpus) for case in cases}
    figures = {case.key: [] for case in cases}

    def one_round(case):
        return streams[case.key].bulk(settings.bulk_ms), *streams[case.key].echo(settings.echoes)

    turns = [case for case in cases for _ in range(TURNS.get(case.key, 1))]
    for number in range(settings.stream_rounds + 1):
        before = streams["none"].bulk(settings.bulk_ms)
        for case in turns:
            figure = case.attempt(one_round, case)
            after = streams["none"].bulk(settings.bulk_ms)
            if number and figure:  # the first round warms up
                figures[case.key].append((figure[0], 2 * figure[0] / (before + after), *figure[1:]))
            before = after
    rows = []
    for case in cases:
        if not case.failure:
            names = "gigabitsPerSecond", "share", "roundTripNs", "roundTrip99Ns"
            row = dict(zip(names, map(summary, zip(*figures[case.key]))))
            rows.append({"rules": len(rules.rules), "filter": case.key, **row})
    return rows
