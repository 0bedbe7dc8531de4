# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the comparison with other filters measures filters that let through what the
rules accept and nothing else, and says so of those that it cannot measure.

Too few rounds here for figures that mean something.
"""
import argparse
import contextlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree

import pytest

from sandbox import SGATE, run

sys.path.append(os.path.join(os.path.dirname(__file__), "../../tools/bench"))
# pylint: disable-next=wrong-import-position
import peers_packets  # noqa: E402

PEERS = os.path.join(os.path.dirname(__file__), "../../tools/bench/peers")
FILTERS = ["none", "xdp-drop", "sgate-tc", "sgate-xdp", "nft-set", "nft-set-ct", "bpfilter"]
QUICK = ["--quick", "--rounds", "1", "--labs", "2"]


def peers(*words, env=None, status=0):
    return run("env", f"SGATE={SGATE}", *(env or []), PEERS, *words, status=status)


def namespaces():
    words = run("ip", "netns", "list").stdout.split()
    return {word for word in words if word.startswith("sgpeers")}


@pytest.fixture(scope="module", name="document")
def one_run(tmp_path_factory):
    plots = tmp_path_factory.mktemp("plots")
    words = ["--json", "--svg", plots, "--rules", "20", "--only", ",".join(FILTERS)]
    made = json.loads(peers(*QUICK, *words).stdout)
    made["plots"] = {path.name: path.read_text() for path in plots.iterdir()}
    return made


def figures(document, part, figure):
    return {row["filter"]: row[figure]["figure"] for row in document[part]}


def test_each_filter_is_measured_or_says_why_not(document):
    failures = {peer["key"]: peer["failure"] for peer in document["filters"]}
    assert list(failures) == FILTERS
    if failures["bpfilter"]:
        assert "bfcli" in failures.pop("bpfilter")
    assert not any(failures.values()), failures


def test_forwarded_packets_cost_more_with_a_filter(document):
    costs = figures(document, "forwarding", "ns")
    assert set(costs) >= set(FILTERS) - {"xdp-drop", "bpfilter"}
    assert all(100 < cost < 100000 for cost in costs.values()), costs
    added = figures(document, "forwarding", "addedNs")
    assert added["none"] == 0


def test_dropping_alone_at_the_first_hook_is_faster_than_judging_after_routing(document):
    rates = figures(document, "dropping", "receiverPacketsPerSecond")
    assert set(rates) == set(FILTERS) - {"none", "bpfilter"}
    assert rates["xdp-drop"] > max(rates["sgate-tc"], rates["nft-set"]), rates


def test_tcp_gets_through_each(document):
    rows = {row["filter"]: row for row in document["streams"]}
    assert set(rows) >= set(FILTERS) - {"xdp-drop", "bpfilter"}
    for row in rows.values():
        assert row["gigabitsPerSecond"]["figure"] > 0
        assert 0 < row["roundTripNs"]["figure"] <= row["roundTrip99Ns"]["figure"]


def test_the_time_to_load_is_that_of_all_rules(document):
    seconds = figures(document, "loading", "seconds")
    assert set(seconds) >= {"sgate-tc", "nft-set", "sgate-compile"}
    assert seconds["sgate-compile"] < seconds["sgate-tc"]
    assert {row["rules"] for row in document["loading"]} == {40}


def test_plots_are_well_formed_and_name_the_filters(document):
    assert len(document["plots"]) == 5
    for name, text in document["plots"].items():
        words = "".join(xml.etree.ElementTree.fromstring(text).itertext())
        assert "sgate, TC, stateful" in words, name


@pytest.mark.parametrize("state, complaint", [
    ("accept", "packets arrived of what should be 0"),
    ("drop", "packets arrived of what should be 2048"),
])
def test_a_filter_that_judges_wrong_is_not_measured(tmp_path, state, complaint):
    """An nft that replaces the rule set by a policy alone."""
    wrong = tmp_path / "nft"
    wrong.write_text(f"""#!/bin/sh
[ "$1" = -f ] || exec /usr/sbin/nft "$@"
exec /usr/sbin/nft 'table ip wrong {{ chain forward {{
    type filter hook forward priority 0; policy {state}; }}; }}'
""")
    wrong.chmod(0o755)
    words = ["--json", "--rules", "5", "--only", "none,nft-set-ct,forwarding,dropping"]
    path = f"PATH={tmp_path}:{os.environ['PATH']}"
    document = json.loads(peers(*QUICK, *words, env=[path]).stdout)
    failure = {peer["key"]: peer["failure"] for peer in document["filters"]}["nft-set-ct"]
    assert complaint in failure
    assert {row["filter"] for row in document["forwarding"]} == {"none"}


def test_a_filter_that_judges_wrong_in_one_lab_is_not_measured_in_the_others(tmp_path):
    """An nft that loads no rules from the second time on."""
    wrong = tmp_path / "nft"
    wrong.write_text(f"""#!/bin/sh
[ "$1" = -f ] && ! mkdir {tmp_path}/first 2>/dev/null || exec /usr/sbin/nft "$@"
""")
    wrong.chmod(0o755)
    words = ["--json", "--rules", "5", "--only", "none,nft-set-ct,forwarding,dropping"]
    document = json.loads(peers(*QUICK, *words, env=[f"PATH={tmp_path}:{os.environ['PATH']}"]).stdout)
    failure = {peer["key"]: peer["failure"] for peer in document["filters"]}["nft-set-ct"]
    assert "packets arrived of what should be" in failure
    assert {row["filter"] for row in document["forwarding"]} == {"none"}
    assert document["dropping"] == []


class FakeCase:
    """A lab in which a packet costs so much; None: it fails."""

    def __init__(self, key, cost):
        self.key, self.cost, self.failure = key, cost, None
        self.filter, self.left = self, self
        self.is_open = self.drops_all = False

    def attempt(self, function, *arguments):
        return function(*arguments)

    def measure(self, *_):
        self.failure = None if self.cost else "it is broken"
        return self.cost

    def ignore(self, *_):
        return 0

    calibrate = flows = connect = number = ignore


def forwarding(*cases):
    rules = argparse.Namespace(accepted_flows=str, rules=[])
    return peers_packets.Forwarding(list(cases), rules, argparse.Namespace(round_ns=1))


def added(*cases):
    part = forwarding(*cases)
    part.measure(3)
    return {row["filter"]: row["addedNs"]["figure"] for row in part.rows()}


def test_the_labs_of_a_filter_count_with_their_mean():
    bare = FakeCase("none", 100), FakeCase("none", 120)
    ours = FakeCase("sgate-tc", 140), FakeCase("sgate-tc", 190)
    assert added(*bare, *ours) == {"none": 0, "sgate-tc": 55}
    assert added(*bare, *ours, FakeCase("sgate-tc", None)) == {"none": 0}
    assert not added(*ours, FakeCase("none", None), *bare)


def test_all_passes_make_one_figure_and_connections_are_made_once():
    bare, ours = FakeCase("none", 100), FakeCase("sgate-tc", 130)
    connected = []
    bare.connect = ours.connect = lambda: connected.append(1)
    part = forwarding(bare, ours)
    for cost in 130, 150:
        ours.cost = cost
        part.measure(20)
    assert len(connected) == 2
    assert [len(costs) for costs in part.costs.values()] == [40, 40] and len(part.making) == 40
    rows = {row["filter"]: row["ns"] for row in part.rows()}
    assert rows["sgate-tc"] == {"figure": 130, "low": 130, "high": 130}
    ours.cost = None
    part.measure(1)
    assert {row["filter"] for row in part.rows()} == {"none"}


def test_what_other_work_makes_dearer_does_not_count():
    rounds = [100] * 3 + [150] * 17
    assert peers_packets.lowest(rounds) == {"figure": 100, "low": 100, "high": 150}
    assert peers_packets.lowest(range(200, 100, -1)) == {"figure": 111, "low": 106, "high": 126}


@pytest.mark.parametrize("option", ["--labs", "--rounds"])
def test_a_number_of_nothing_is_refused(option):
    assert f"{option}: 0 is less than 1" in peers(option, "0", status=2).stderr


@contextlib.contextmanager
def running(*words):
    """A process of the comparison and what its namespaces begin with, until the block ends: then it is terminated."""
    process = subprocess.Popen([PEERS, *words], env={**os.environ, "SGATE": SGATE},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process, f"sgpeers{process.pid}-"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_an_interrupt_leaves_nothing_behind():
    with running("--only", "none,sgate-tc") as (process, ours):
        while sum(name.startswith(ours) for name in namespaces()) < 6:
            assert process.poll() is None, process.stderr.read()
    assert process.returncode == 143
    assert not {name for name in namespaces() if name.startswith(ours)}
    assert not os.path.exists(f"/sys/fs/bpf/{ours}2")


def counting_program(namespace, dev):
    """The number of the XDP program on an end of a lab, None while there is none."""
    done = subprocess.run(["ip", "-j", "-n", namespace, "link", "show", dev], capture_output=True, check=False)
    links = json.loads(done.stdout) if done.returncode == 0 else []
    return links[0].get("xdp", {}).get("prog", {}).get("id") if links else None


def test_all_labs_count_with_the_same_program():
    """Programs of their own would be called in another way from the 48th one on."""
    with running("--only", "none,nft-set,forwarding", "--rules", "5", "--labs", "2") as (process, ours):
        ends = [(f"{ours}{lab}-{where}", dev) for lab in (1, 2, 3) for where, dev in (("left", "l0"), ("right", "x0"))]
        found = []
        while len(found) < len(ends):
            assert process.poll() is None, process.stderr.read()
            found = list(filter(None, (counting_program(*end) for end in ends)))
    assert len(set(found)) == 1
