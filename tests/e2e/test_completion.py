# SPDX-License-Identifier: GPL-2.0-only
"""Completion of the command line, asked of a real bash."""
import json
import os
import re

import pytest

from sandbox import SGATE, run

SCRIPT = os.path.join(os.path.dirname(__file__), "../../tools/completion/sgate.bash")

# A shell stops at what is wrong with the script. The program that a word "sgate" runs is that of this test, with its directories.
ASK = """
source "$SCRIPT"
eval "sgate() { $SGATE_COMMAND \\"\\$@\\"; }"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_sgate
printf '%s\\n' "${COMPREPLY[@]}"
"""

TABLES = """
source "$SCRIPT"
printf 'global||%s\\n' "$_sgate_global"
for name in "${!_sgate_options[@]}"; do printf 'option|%s|%s\\n' "$name" "${_sgate_options["$name"]}"; done
for name in "${!_sgate_arguments[@]}"; do printf 'arguments|%s|%s\\n' "$name" "${_sgate_arguments["$name"]}"; done
for name in "${!_sgate_values[@]}"; do printf 'values|%s|%s\\n' "$name" "${_sgate_values["$name"]}"; done
"""


def bash(script, *arguments, **environment):
    done = run("bash", "-c", script, "bash", *arguments, env={**os.environ, "SCRIPT": SCRIPT, **environment})
    assert done.stderr == ""
    return done.stdout


def tables():
    made = {"global": {}, "option": {}, "arguments": {}, "values": {}}
    for line in bash(TABLES).splitlines():
        table, name, text = line.split("|", 2)
        made[table][name] = text
    return made


def options_of(documents):
    return sorted(o["name"] + ("=" if o["value"] else "") for o in documents)


def program_help():
    return json.loads(run(SGATE, "help", "--json").stdout)


def test_its_tables_are_those_of_the_program():
    told = program_help()
    made = tables()
    assert {name: sorted(text.split()) for name, text in made["option"].items()} == {
        c["name"]: options_of(c["options"]) for c in told["commands"]}
    assert sorted(made["global"][""].split()) == options_of(told["globalOptions"])
    assert made["arguments"] == {c["name"]: c["arguments"] for c in told["commands"] if c["arguments"]}


def test_values_are_those_that_the_program_names():
    """Where the program's help lists the values of an option, all of them are offered."""
    made = tables()["values"]
    for command in program_help()["commands"]:
        for option in command["options"]:
            value = option["value"] or ""
            if "|" not in value or value.upper() == value or ":" in value:
                continue
            own = made.get(f"{command['name']} {option['name']}", made.get(option["name"]))
            words = [w for w in value.split("|") if w.upper() != w]
            assert own and set(words) <= set(own.split()), (command["name"], option["name"])


@pytest.fixture(name="complete")
def made_complete(sandbox):
    sandbox.namespace("host")
    sandbox.group("web", ident="sg-web")
    sandbox.group("db", ident="sg-db")
    sandbox.sgate("instance", "add", "vm1", "--dev", "tap1")
    sandbox.sgate("instance", "add", "vm2", "--dev", "tap2")
    command = " ".join(sandbox.home.inside(SGATE))

    def complete(*words):
        broken = [part for word in words for part in re.findall("[:=]+|[^:=]+", word) or [""]]
        line = " ".join(["sgate", *words])
        return sorted(bash(ASK, "sgate", *broken, SGATE_COMMAND=command, COMP_LINE=line,
                           SGATE_STATE_DIR=sandbox.state_dir, SGATE_BPFFS=sandbox.bpffs).split())

    return complete


@pytest.mark.parametrize("words, offered", [
    (["gr"], ["group"]),
    (["group", ""], ["create", "delete", "list", "set", "show"]),
    (["--json", "connections", "s"], ["set", "settings"]),
    (["group", "show", ""], ["sg-db", "sg-web"]),
    (["group", "show", "sg-w"], ["sg-web"]),
    (["group", "show", "sg-web", ""], []),
    (["associate", ""], ["sg-db", "sg-web"]),
    (["associate", "sg-web", ""], ["vm1", "vm2"]),
    (["detach", ""], ["tap1", "tap2", "vm1", "vm2"]),
    (["stats", "vm1", ""], []),
    (["instance", "set", "vm1", "--mo"], ["--mode"]),
    (["instance", "set", "vm1", "--mode", "x"], ["xdp", "xdp-generic"]),
    (["instance", "set", "--mode", "tc", ""], ["vm1", "vm2"]),
    (["instance", "set", "vm1", "--status", ""], ["RUNNING", "STOPPED"]),
    (["group", "set", "sg-web", "--status", "A"], ["Available"]),
    (["connections", "set", "--timeout", "half"], ["half-open="]),
    (["reconcile", "--c"], ["--check"]),
    (["help", "rule", "a"], ["add"]),
    (["instance", "set", "--mode=x"], ["xdp", "xdp-generic"]),
    (["instance", "set", "--address", "2001:db8::1", "vm1", "--st"], ["--state-dir", "--status", "--strict"]),
    (["instance", "set", "--address=2001:db8::1", ""], ["vm1", "vm2"]),
    (["daemon", "--listen", "unix:/r"], ["/run/sgate/api.sock"]),
    (["nonsense", ""], []),
])
def test_it_offers(complete, words, offered):
    assert complete(*words) == offered


def test_it_asks_the_directories_that_the_line_names(complete, tmp_path):
    empty = str(tmp_path / "empty")
    assert complete("--state-dir", empty, "group", "show", "") == []
    assert not os.path.exists(empty), "to ask made a state directory"
    assert complete("--bpffs", empty, "--json", "group", "show", "") == ["sg-db", "sg-web"]


def test_it_completes_files_and_directories(complete, tmp_path):
    (tmp_path / "rules").write_text("")
    (tmp_path / "folder").mkdir()
    assert complete("rule", "replace", "sg-web", "-f", f"{tmp_path}/r") == [f"{tmp_path}/rules"]
    assert complete("--state-dir", f"{tmp_path}/f") == [f"{tmp_path}/folder"]
