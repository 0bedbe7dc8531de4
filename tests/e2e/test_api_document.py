# SPDX-License-Identifier: GPL-2.0-only
"""The promise: docs/api.md names every action and every code that there is, each with its HTTP status."""
import pathlib
import re

TREE = pathlib.Path(__file__).parents[2]
TEXT = (TREE / "docs" / "api.md").read_text(encoding="utf-8")


def section(title):
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_action_is_described():
    source = (TREE / "loader" / "api" / "action.c").read_text(encoding="utf-8")
    actions = re.findall(r'^\t\{"(\w+)"', source, re.M)
    assert len(actions) == 12
    assert re.findall(r"^\| `(\w+)` \|", section("Actions"), re.M) == actions


def test_every_code_has_its_status():
    source = (TREE / "loader" / "model" / "code.h").read_text(encoding="utf-8")
    codes = dict(re.findall(r"^\tX\((\w+), (\d+)\)", source, re.M))
    assert len(codes) > 30
    described = {}
    for row in re.findall(r"^\| (\d.*?) \| (.*) \|$", section("Errors"), re.M):
        statuses = row[0].split(", ")
        for code in re.findall(r"`([A-Z_]{4,})`", row[1]):
            described[code] = statuses
    assert sorted(described) == sorted(codes)
    for code, status in codes.items():
        assert status in described[code], code
