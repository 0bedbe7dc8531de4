# SPDX-License-Identifier: GPL-2.0-only
"""The promise: sgate(8) describes every command and option, and none that is not there."""
import json
import os
import re
import shutil

import pytest

from sandbox import SGATE, run

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PAGE = f"{TREE}/tools/man/sgate.8"


def page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def words_of(line):
    """The words of a mdoc line without its macros."""
    return [word for word in line.split() if word not in ("Ar", "Cm", "Op", "Ns", "Fl", "|")]


def described():
    """{command: {option: whether it takes a value}}; those of every command under ""."""
    made = {}
    section = command = None
    for line in page().splitlines():
        if line.startswith(".Sh "):
            section = line[4:]
            command = "" if section == "OPTIONS" else None
            if command == "":
                made[""] = {}
        elif section == "COMMANDS" and line.startswith(".It Cm "):
            command = re.match(r"\.It Cm ((?:[a-z]+ ?)+)", line)[1].strip()
            assert command not in made, f"{command} is described twice"
            made[command] = {}
        elif section in ("OPTIONS", "COMMANDS") and line.startswith(".It Fl "):
            name, *rest = words_of(line[7:])
            made[command][f"-{name}"] = bool(rest)
    return made


def told():
    return json.loads(run(SGATE, "help", "--json").stdout)


def options_of(documents):
    return {option["name"]: option["value"] is not None for option in documents}


def test_commands_and_options_are_those_of_the_program():
    program = told()
    assert described() == {"": options_of(program["globalOptions"]),
                           **{c["name"]: options_of(c["options"]) for c in program["commands"]}}


def test_arguments_are_those_of_the_program():
    lines = {re.match(r"\.It Cm ((?:[a-z]+ ?)+)", line)[1].strip(): line
             for line in page().splitlines() if line.startswith(".It Cm ")}
    for command in told()["commands"]:
        name = command["name"]
        wanted = re.findall("[A-Z]+", command["arguments"])
        assert re.findall(r"\b[A-Z]+\b", lines[name]) == wanted, name


def test_reasons_are_those_of_the_programs_in_the_kernel():
    with open(f"{TREE}/include/sgate/reason.h", encoding="ascii") as file:
        labels = re.findall(r'X\([A-Z_]+, (?:ACCEPT|DROP), "([a-z-]+)"', file.read())
    section = re.search(r"(?s)^\.Sh REASONS\n(.*?)^\.Sh ", page(), re.MULTILINE)[1]
    assert len(labels) > 20
    assert sorted(re.findall(r"(?m)^\.It Li ([a-z-]+)$", section)) == sorted(labels)


def test_states_of_connections_are_all_named():
    with open(f"{TREE}/include/sgate/connection.h", encoding="ascii") as file:
        labels = re.findall(r'X\([A-Z_]+, "([a-z-]+)", \d+\)', file.read())
    assert len(labels) == 10
    for label in labels:
        assert re.search(rf"(?m)^\.Cm {label}\b", page()), label


def test_environment_variables_are_those_that_are_read():
    """But for those that only tests set."""
    text = run("grep", "-rhoE", r'"SGATE_[A-Z_]+"', f"{TREE}/loader").stdout
    named = {name.strip('"') for name in text.split()}
    read = {name for name in named if not name.startswith("SGATE_TEST_")}
    section = re.search(r"(?s)^\.Sh ENVIRONMENT\n(.*?)^\.Sh ", page(), re.MULTILINE)[1]
    assert set(re.findall(r"(?m)^\.It Ev (SGATE_[A-Z_]+)$", section)) == read


@pytest.mark.parametrize("checker", [
    ("mandoc", "-T", "lint", "-W", "warning"),
    ("groff", "-ww", "-mandoc", "-Tutf8", "-z"),
])
def test_it_is_well_formed(checker):
    if not shutil.which(checker[0]):
        pytest.skip(f"{checker[0]} is not installed")
    done = run(*checker, PAGE, status=None)
    assert done.stdout + done.stderr == ""
