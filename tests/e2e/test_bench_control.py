# SPDX-License-Identifier: GPL-2.0-only
"""The promise: tools/bench/control measures what it says, and leaves nothing behind."""
import json
import os
from xml.etree import ElementTree

from sandbox import BPFFS, SGATE, run

CONTROL = os.path.join(os.path.dirname(__file__), "../../tools/bench/control")
TIMES = {"reconcile-first", "associate-judged", "associate", "rule-first", "rule-all", "rule", "check", "replace",
         "compile", "publish", "compile-publish"}


def control(*words, **options):
    return run(CONTROL, "--quick", "--instances", "5", "--rounds", "1", *words,
               env={**os.environ, "SGATE": SGATE}, **options)


def test_a_short_run_measures_all_of_it(tmp_path):
    document = json.loads(control("--json", "--svg", tmp_path).stdout)
    rows = document["rows"]
    assert set(rows) == TIMES
    for row in rows.values():
        assert 0 < row["min"] <= row["median"] <= row["max"], row
    assert rows["rule-first"]["median"] <= rows["rule-all"]["median"]
    assert rows["rule-all"]["count"] == 2
    memory = {(row["instances"], row["groups"]): row for row in document["memory"]}
    assert set(memory) == {(1, "shared"), (1, "distinct"), (5, "shared"), (5, "distinct")}
    assert memory[5, "shared"]["images"] == 1 and memory[5, "distinct"]["images"] == 5
    for row in memory.values():
        assert row["objects"]["sg_heap"] > 32 << 20
        assert row["bytes"] == sum(row["objects"].values())
    (target,) = document["targets"]
    assert target["key"] == "compile-publish"
    assert target["met"] == (target["measured"] <= target["limit"])
    for name in "control-latency.svg", "control-memory.svg":
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
    assert not [name for name in os.listdir(BPFFS) if name.startswith("sgate-control-")]


def test_a_program_that_does_not_work_is_told(tmp_path):
    broken = tmp_path / "sgate"
    broken.write_text("#!/bin/sh\necho cannot >&2\nexit 1\n", encoding="ascii")
    broken.chmod(0o755)
    (tmp_path / "tools").symlink_to(os.path.join(os.path.dirname(SGATE), "tools"))
    failed = run(CONTROL, "--quick", "--instances", "1", env={**os.environ, "SGATE": str(broken)}, status=1)
    assert failed.stdout == "" and "cannot" in failed.stderr
    assert not [name for name in os.listdir(BPFFS) if name.startswith("sgate-control-")]
