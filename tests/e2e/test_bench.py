# SPDX-License-Identifier: GPL-2.0-only
"""The promise: `sgate bench` measures packets that the programs judge as its cases say, names the
targets that follow, and leaves nothing behind.

Figures of a loaded machine mean little, so that they are there is what is tested.
"""
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

import pytest

from sandbox import SGATE, run

FEW = ["--quick", "--rounds", "1", "--only", "tc/ipv4/public/10x2/*"]
TARGETS = {"accept-hot", "accept-2000-cold", "accept-20000-cold", "two-groups", "established-hot",
           "established-100000", "drop-hot", "ipv6-accept-hot", "ipv6-accept-2000-cold",
           "ipv6-accept-20000-cold", "ipv6-established-hot", "ipv6-established-100000",
           "ipv6-drop-hot", "instances", "two-cpus", "publish-20000"}


def has_directory(bench):
    """Whether the one of this very process is there: others may be measuring."""
    return os.path.exists(f"/sys/fs/bpf/sgate-bench-{bench.pid}")


@pytest.fixture(scope="module", name="quick")
def one_quick_run(tmp_path_factory):
    plots = tmp_path_factory.mktemp("bench") / "plots"
    start = time.monotonic()
    done = subprocess.run([SGATE, "bench", "--quick", "--json", "--svg", plots], check=True,
                          capture_output=True, timeout=120)
    made = json.loads(done.stdout)
    made["seconds"] = time.monotonic() - start
    made["plots"] = plots
    return made


def figures(document):
    return {case["key"]: case for case in document["cases"]}


def test_every_case_has_a_cost_and_a_ratio(quick):
    for key, case in figures(quick).items():
        cost = case["ns"]
        assert cost["min"] <= cost["median"] <= cost["max"] and cost["firstDecile"] <= cost["max"], key
        # what is left of one is a difference, which a busy machine can make as small as it likes
        assert cost["max"] > 0 and case["emptyNs"] > 0 and case["referenceNs"] != 0, key
        # the first decile of nine rounds is the least of them
        assert isinstance(case["ratio"], float) and case["ratio"] == case["ratioOfLeast"], key


def test_every_target_is_computed(quick):
    targets = {target["key"]: target for target in quick["targets"]}
    wanted = TARGETS if os.cpu_count() > 1 else TARGETS - {"two-cpus"}
    assert set(targets) == wanted
    for target in targets.values():
        low, high = sorted([target["measured"], target["limit"]])
        assert target["met"] == (low == high or (target["measured"] == high) == target["atLeast"])


def test_a_target_is_a_figure_of_its_cases(quick):
    cases = figures(quick)
    target = next(each for each in quick["targets"] if each["key"] == "drop-hot")
    drops = [cases[f"tc/ipv4/public/2000x2/{what}/hot"] for what in ("no-rule", "no-rule-with-state")]
    assert target["measured"] == max(case["ratio"] for case in drops)
    assert target["ratioOfLeast"] == max(case["ratioOfLeast"] for case in drops)


def test_more_work_costs_more(quick):
    # least slices: a round's difference is small, too, where the empty program was disturbed
    least = {key: case["ns"]["firstDecile"] for key, case in figures(quick).items()}
    # pairs that are several times apart: a busy machine cannot turn them round
    assert (least["tc/ipv4/public/2000x2/first-packet/cold"]
            > least["tc/ipv4/public/2000x2/established/hot"])
    assert (least["tc/ipv4/public/20000x2/own-rule/cold"]
            > least["tc/ipv4/public/10x2/last-rule/hot"])


def test_all_passes_make_one_figure():
    said = run(SGATE, "bench", "--json", "--rounds", "7", "--only", "tc/ipv4/public/2x2/last-rule/*")
    document = json.loads(said.stdout)
    assert document["rounds"] == 7
    cases = document["cases"]
    assert [case["key"].rpartition("/")[2] for case in cases] == ["hot", "cold"]
    for case in cases:
        # the least of all rounds: a round that no pass had made would be 0
        assert case["emptyNs"] > 0 and case["referenceNs"] > 0, case


def test_a_quick_run_is_quick(quick):
    # it takes 16 s; other tests may be running
    assert quick["seconds"] < 100


def test_plots_are_well_formed(quick):
    names = sorted(path.name for path in quick["plots"].iterdir())
    assert names == ["packet-accept.svg", "packet-drop.svg", "packet-state.svg"]
    for path in quick["plots"].iterdir():
        root = xml.etree.ElementTree.parse(path).getroot()
        assert root.findall(".//{*}polyline") or len(root.findall(".//{*}rect")) > 5, path


def test_the_machine_is_named(quick):
    assert quick["machine"]["kernel"] == os.uname().release
    assert "clang" in quick["machine"]["compiler"]


def test_only_the_cases_asked_for_are_measured_and_nothing_is_left_behind(tmp_path):
    with subprocess.Popen([SGATE, "--state-dir", tmp_path / "state", "bench", *FEW, "--json"],
                          stdout=subprocess.PIPE) as bench:
        document = json.loads(bench.communicate(timeout=60)[0])
    assert bench.returncode == 0
    keys = [case["key"] for case in document["cases"]]
    assert keys and all(key.startswith("tc/ipv4/public/10x2/") for key in keys)
    assert [target["key"] for target in document["targets"]] == ["accept-hot"]
    assert not has_directory(bench)
    assert not (tmp_path / "state").exists()


def test_a_case_that_is_not_there_is_refused():
    said = run(SGATE, "bench", "--quick", "--rounds", "1", "--only", "nonsense", status=1).stderr
    assert 'no case matches "nonsense"' in said


def test_the_exit_status_tells_a_missed_target_when_asked():
    with subprocess.Popen([SGATE, "bench", *FEW, "--json", "--check"],
                          stdout=subprocess.PIPE) as checked:
        said = json.loads(checked.communicate(timeout=60)[0])
    met = all(target["met"] for target in said["targets"])
    assert checked.returncode == (0 if met else 1)


def test_an_interrupt_ends_it_and_leaves_nothing():
    with subprocess.Popen([SGATE, "bench"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as bench:
        seen = False
        while not seen and bench.poll() is None:
            seen = has_directory(bench)
        bench.send_signal(signal.SIGINT)
        said = bench.communicate(timeout=60)[1]
    assert seen and bench.returncode == 1 and "interrupted" in said
    assert not has_directory(bench)
