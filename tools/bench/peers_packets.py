# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs that is forwarded, or dropped, with each filter.

Every figure is CPU time of one CPU for one packet: sent by a program, received
from a veth's queue as from a NIC's, forwarded, received and thrown away at the
other end, all on that CPU. Before a filter is measured it has shown that it
lets through what it must, and nothing else; and that is counted again in every
round.

Other work on the machine makes a packet dearer, never cheaper, and at times is
there for most of the rounds. So the figure is the first decile of many rounds,
for all filters alike: a median would be one of the other work. And as it comes
and goes by minutes, forwarding and dropping take turns, in passes.

Two labs of one filter may differ by ten nanoseconds for as long as they
are there. So a filter that a target names has several, and its figure is the
mean of theirs.
"""
import statistics

from peers_lab import MACS, Failed

FLOWS = 4096
CHUNK = 2048  # connections made at a time, before they are answered
PROBE = 256
MIN_PACKETS, MAX_PACKETS = 64, 100000


class Case:
    """A filter with its lab, until something fails: then `failure` says what."""

    def __init__(self, filter_type, lab):
        self.filter = filter_type(lab)
        self.lab = lab
        self.key = filter_type.key
        self.failure = None
        self.left = self.right = None
        self.packets = 0  # of a round

    def attempt(self, function, *arguments):
        """What function gives, None when the case has failed, now or before."""
        if self.failure:
            return None
        try:
            return function(*arguments)
        except Failed as failure:
            self.failure = str(failure)
            return None

    def start(self, cpu, programs):
        """The packets' source and their end."""
        self.lab.receive_by_napi(True)
        self.left = self.lab.start("left", cpu, "peers_traffic", "l0", MACS["r0"], programs.directory)
        self.right = self.lab.start("right", cpu, "peers_traffic", "x0", MACS["r1"], programs.directory)

    def stop(self):
        for helper in self.left, self.right:
            if helper:
                helper.close()
                self.lab.helpers.remove(helper)
        self.left = self.right = None

    def load(self, rules):
        self.filter.clear()
        return self.filter.load(rules)

    def flows(self, text):
        path = self.lab.file("flows", text)
        for traffic in self.left, self.right:
            traffic.ask(f"load {path}")

    def send(self, packets, start=0, way="forward", kind="data"):
        """(nanoseconds of CPU in all, packets that arrived)"""
        sender, receiver = (self.left, self.right) if way == "forward" else (self.right, self.left)
        before = receiver.number("count")
        spent = sender.number(f"send {packets} {start} {way} {kind}")
        return spent, receiver.number("count") - before

    def expect(self, what, packets, arrived):
        if arrived != packets:
            raise Failed(f"{arrived} packets arrived of what should be {packets}: {what}")

    def connect(self):
        """Show that the filter accepts what it must; afterwards all flows are established connections."""
        stateless = not self.filter.is_stateful
        back = self.send(FLOWS, way="back")[1]
        self.expect("backwards, without a connection", FLOWS * stateless, back)
        for start in range(0, FLOWS, CHUNK):
            for way, kind in ("forward", "syn"), ("back", "answer"), ("forward", "data"):
                arrived = self.send(CHUNK, start, way, kind)[1]
                self.expect(f"{way}, {kind} of an accepted connection", CHUNK, arrived)
        self.filter.check(FLOWS)

    def measure(self, start, is_accepted):
        # As in the middle of a stream: what the other filters' turns have put out of the caches is there again, and
        # what a filter notes of a connection once a second is noted.
        self.send(min(FLOWS, self.packets), start)
        spent, arrived = self.send(self.packets, start)
        self.expect("in a round that was measured", self.packets * is_accepted, arrived)
        return spent / self.packets

    def calibrate(self, round_ns, is_accepted):
        self.packets = PROBE
        cost = self.measure(0, is_accepted)
        self.packets = min(max(int(round_ns / cost), MIN_PACKETS), MAX_PACKETS)
        self.measure(0, is_accepted)


def summary(values):
    """Median, and the quartiles as its spread."""
    if len(values) < 3:
        values = sorted(values)
        return {"figure": statistics.median(values), "low": values[0], "high": values[-1]}
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"figure": middle, "low": low, "high": high}


def lowest(values):
    """The first decile; as its spread the first twentieth and the first quartile."""
    values = sorted(values)
    return {name: values[int(share * len(values))] for name, share in (("figure", 0.1), ("low", 0.05), ("high", 0.25))}


def all_work(cases):
    """The cases of filters none of whose labs has failed."""
    failed = {case.key for case in cases if case.failure}
    return [case for case in cases if case.key not in failed]


class Packets:
    """A part of the comparison that packets take: turns of all cases, in passes."""

    is_accepted = True

    def __init__(self, cases, rules, settings):
        self.rules = rules
        self.settings = settings
        self.flows = self.draw_flows()
        self.cases = [case for case in all_work(cases) if self.takes(case)]
        self.costs = {case: [] for case in self.cases}
        self.making = []  # what a packet costs the generator alone

    def draw_flows(self):
        raise NotImplementedError

    def takes(self, case):
        """Whether the part is about it."""
        raise NotImplementedError

    def begin(self, case):
        """Before its first turn."""

    def passes(self, case):
        """Whether the packets pass this filter."""
        return self.is_accepted or case.filter.is_open

    def measure(self, rounds):
        """A pass: the cases one after the other in each round."""
        cases = all_work(self.cases)
        if not cases:
            return
        generator = cases[0].left
        for case in cases:
            case.attempt(case.flows, self.flows)
            if not self.costs[case]:
                case.attempt(self.begin, case)
            case.attempt(case.calibrate, self.settings.round_ns, self.passes(case))
        for _ in range(rounds):
            number = len(self.making)
            cases = cases[1:] + cases[:1]
            for case in cases:
                self.costs[case].append(case.attempt(case.measure, number * 509 % FLOWS, self.passes(case)))
            self.making.append(generator.number(f"make {MAX_PACKETS}") / MAX_PACKETS)

    def figures(self):
        """What a packet costs with each filter, the mean of its labs."""
        labs = {}
        for case in all_work(self.cases):
            labs.setdefault(case.key, []).append(lowest(self.costs[case]))
        return {key: {name: statistics.mean(lab[name] for lab in of_each) for name in of_each[0]}
                for key, of_each in labs.items()}


class Forwarding(Packets):
    """Accepted packets of established connections."""

    def draw_flows(self):
        return self.rules.accepted_flows(FLOWS)

    def takes(self, case):
        return not case.filter.drops_all

    def begin(self, case):
        case.connect()

    def rows(self):
        """What an accepted packet costs, in all and more than with no filter."""
        costs = self.figures()
        if "none" not in costs:
            return []
        return [{"rules": len(self.rules.rules), "filter": key, "ns": cost,
                 "addedNs": {name: value - costs["none"]["figure"] for name, value in cost.items()}}
                for key, cost in costs.items()]


class Dropping(Packets):
    """Packets that no rule accepts."""

    is_accepted = False

    def draw_flows(self):
        return self.rules.rejected_flows(FLOWS)

    def takes(self, case):
        return not case.filter.is_open

    def rows(self):
        """What a packet costs: packets a second, with and without the generator's work."""
        costs = self.figures()
        making = lowest(self.making)["figure"] if costs else 0

        def a_second(cost, less=0):
            return {"figure": 1e9 / (cost["figure"] - less), "low": 1e9 / (cost["high"] - less),
                    "high": 1e9 / (cost["low"] - less)}

        return [{"rules": len(self.rules.rules), "filter": key, "ns": cost, "packetsPerSecond": a_second(cost),
                 "receiverPacketsPerSecond": a_second(cost, making)} for key, cost in costs.items()]
