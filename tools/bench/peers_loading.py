# SPDX-License-Identifier: GPL-2.0-only
"""How long it takes until rules are in force, from files of rules to the end of the commands."""
import peers_rules
from peers_lab import run
from peers_packets import summary

COMPILE = "sgate-compile"


def measure_loading(cases, rules, settings):
    """Rows of seconds for whole processes; `sgate-compile` is the part of sgate that compiles and publishes."""
    cases = [case for case in cases if case.filter.has_rules and not case.failure]
    times = {case.key: [] for case in cases}
    for _ in range(settings.loads):
        for case in cases:
            times[case.key].append(case.attempt(case.load, rules))
    rows = []
    for case in cases:
        if not case.failure:
            clock, cpu = zip(*times[case.key])
            rows.append({"rules": len(rules.rules), "filter": case.key, "seconds": summary(clock),
                         "cpuSeconds": summary(cpu)})
    sgate = [case for case in cases if case.key.startswith("sgate") and not case.failure]
    if sgate:
        seconds = sgate[0].attempt(compile_and_publish, sgate[0].lab, rules, settings)
        if seconds:
            rows.append({"rules": len(rules.rules), "filter": COMPILE, "seconds": summary(seconds)})
    return rows


def compile_and_publish(lab, rules, settings):
    files = [lab.file(f"group{number}", peers_rules.sgate_text(group)) for number, group in enumerate(rules.groups)]
    said = run(lab.tool("router", None, "peers_load", str(max(settings.loads, 3)), *files))
    return [sum(map(int, line.split())) / 1e9 for line in said.splitlines()]
