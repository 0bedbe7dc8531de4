# SPDX-License-Identifier: GPL-2.0-only
"""The promise: what is counted is told as Prometheus reads it, and health as it is.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0
"""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import time

import pytest

from daemon import running
from frames import UDP, packet
from sandbox import run, wait_until
from wire import cross

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PORT = 9469
LISTEN = f"127.0.0.1:{PORT}"
ACCEPTED = packet("10.0.0.1", "10.0.0.2", UDP, 53)
REJECTED = packet("10.0.0.1", "10.0.0.2", UDP, 54)
SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
# Of a large number of instances a scrape may take, in seconds.
SLOWEST = 1.0
MANY = 1000 if os.environ.get("SGATE_LONG") else 40


def ask(namespace, path, method="GET"):
    """Status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    with contextlib.closing(connection):
        with namespace.entered():
            connection.connect()
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


class Scrape:
    """What a scrape gave."""

    def __init__(self, namespace):
        status, headers, self.text = ask(namespace, "/metrics")
        assert status == 200
        assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        self.samples = {}
        for line in self.text.splitlines():
            if not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                key = (name, tuple(sorted(LABEL.findall(labels or ""))))
                assert key not in self.samples, f"twice: {line}"
                self.samples[key] = float(value)

    def value(self, name, **labels):
        return self.samples.get((name, tuple(sorted(labels.items()))))

    def all(self, name):
        """[(labels, value)] of a metric."""
        return [(dict(labels), value) for (of, labels), value in self.samples.items() if of == name]


def names_of(text):
    return set(re.findall(r"(?m)^# TYPE (\S+) ", text))


@pytest.fixture(name="site")
def made_site(sandbox, switched):
    """i-1 on v0 may send UDP to port 53; i-2 waits for its interface."""
    del switched
    sandbox.group("dns", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.sgate("associate", "dns", "i-1")
    sandbox.sgate("instance", "add", "i-2", "--dev", "later")
    return sandbox


def check_metrics(text):
    """As Prometheus' own tool has it."""
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    done = run("promtool", "check", "metrics", input=text, status=None)
    assert done.returncode == 0 and done.stderr == "", done.stderr


def test_what_is_told_is_well_formed(site, switched):
    site.sgate("instance", "set", "i-2", "--status", "CREATING")
    with running(site, "--metrics", LISTEN, "--listen", f"unix:{site.state_dir}/api"):
        cross(switched.g0, switched.r0, [ACCEPTED, REJECTED])
        told = Scrape(site.home)
        check_metrics(told.text)
        assert [told.value("sg_instances", status=word) for word in ("RUNNING", "STOPPED", "other")] == [1, 0, 1]
        shown = {labels["instance_id"]: labels for labels, _ in told.all("sg_instance_info")}
        assert shown["i-2"]["status"] == "CREATING"
        assert (shown["i-1"]["dev"], shown["i-1"]["side"], shown["i-1"]["rx_hook"]) == ("v0", "guest", "tcx")


def test_packets_are_those_of_stats(site, switched):
    with running(site, "--metrics", LISTEN):
        cross(switched.g0, switched.r0, [ACCEPTED] * 3 + [REJECTED] * 2)
        told = Scrape(site.home)
        rows = site.json("stats", "i-1")["instances"][0]["counters"]
        for what in "packets", "bytes":
            assert {(tuple(sorted(labels.items())), value) for labels, value in told.all(f"sg_{what}_total")} == {
                (tuple(sorted({"instance_id": "i-1", "direction": row["direction"], "verdict": row["verdict"],
                               "reason": row["reason"]}.items())), row[what])
                for row in rows if row["packets"]}
        assert told.value("sg_packets_total", instance_id="i-1", direction="egress", verdict="drop",
                          reason="no-rule") == 2


def test_connections_are_those_of_the_table(site, switched):
    with running(site, "--metrics", LISTEN):
        frames = [packet("10.0.0.1", "10.0.0.2", UDP, 53, sport=1000 + i) for i in range(5)]
        cross(switched.g0, switched.r0, frames)
        cross(switched.r0, switched.g0, [packet("10.0.0.2", "10.0.0.1", UDP, 1000, sport=53)])
        told = Scrape(site.home)
        assert told.value("sg_connections", instance_id="i-1", state="udp-unreplied") == 4
        assert told.value("sg_connections", instance_id="i-1", state="udp-replied") == 1
        assert told.value("sg_connection_share_used", instance_id="i-1") == 5
        assert told.value("sg_connections_refused_total", instance_id="i-1") == 0
        status = site.json("status")
        assert told.value("sg_connection_table_entries") == status["connectionTable"]["entries"]
        assert told.value("sg_policy_images") == status["policyHeap"]["images"]
        assert told.value("sg_policy_heap_used_bytes") == status["policyHeap"]["bytes"]
        limit = next(i["connectionsLimit"] for i in status["instances"] if i["instanceId"] == "i-1")
        assert told.value("sg_connection_share_limit", instance_id="i-1") == limit


def test_a_lost_program_is_told_and_unhealthy_until_it_is_back(site):
    with running(site, "--metrics", LISTEN, "--reconcile", "86400"):
        assert ask(site.home, "/healthz")[0] == 200
        told = Scrape(site.home)
        assert told.value("sg_instance_in_force", instance_id="i-1") == 1
        assert told.value("sg_instance_in_force", instance_id="i-2") is None
        os.unlink(f"{site.bpffs}/links/{site.home.ifindex('v0')}-rx")
        wait_until(lambda: ask(site.home, "/healthz")[0] == 503)
        body = json.loads(ask(site.home, "/healthz")[2])
        assert body == site.json("status") and body["drift"]
        assert Scrape(site.home).value("sg_instance_in_force", instance_id="i-1") == 0
        site.sgate("reconcile")
        wait_until(lambda: ask(site.home, "/healthz")[0] == 200)
        assert json.loads(ask(site.home, "/healthz")[2]) == site.json("status")


def test_what_commands_add_to_the_maps_meanwhile_is_read_as_well(site):
    """The daemon has mapped what was used when it looked first: the rest is further than that."""
    rules = "".join(f"ingress accept tcp {i % 50 * 7 + 1} from 10.{i // 200}.{i % 200}.1\n" for i in range(8000))
    with running(site, "--metrics", LISTEN):
        before = json.loads(ask(site.home, "/healthz")[2])["policyHeap"]
        assert before["bytes"] < 1 << 18
        site.group("big")
        site.sgate("rule", "replace", "big", "-f", "-", stdin=rules)
        site.home.ip("link add far0 index 60000 up type bridge")
        site.sgate("attach", "far0", "--id", "far")
        site.sgate("associate", "big", "far")
        wait_until(lambda: json.loads(ask(site.home, "/healthz")[2]) == site.json("status"))
        told = json.loads(ask(site.home, "/healthz")[2])
        assert told["healthy"] and told["policyHeap"]["bytes"] > 1 << 18
        assert {i["instanceId"]: i["health"] for i in told["instances"]}["far"] == "ok"


def test_a_store_that_cannot_be_read_is_unhealthy(site):
    with running(site, "--metrics", LISTEN, "--reconcile", "86400"):
        assert Scrape(site.home).value("sg_store_readable") == 1
        run("sqlite3", f"{site.state_dir}/sgate.db", "ALTER TABLE instance RENAME TO gone")
        wait_until(lambda: ask(site.home, "/healthz")[0] == 503)
        told = Scrape(site.home)
        assert told.value("sg_store_readable") == 0
        check_metrics(told.text)


def test_differences_that_were_mended_are_counted(site):
    with running(site, "--metrics", LISTEN, "--reconcile", "1"):
        before = Scrape(site.home)
        os.unlink(f"{site.bpffs}/links/{site.home.ifindex('v0')}-rx")
        wait_until(lambda: Scrape(site.home).value("sg_drift_total") > before.value("sg_drift_total"))
        after = Scrape(site.home)
        assert after.value("sg_reconcile_runs_total") > before.value("sg_reconcile_runs_total")
        assert after.value("sg_reconcile_failures_total") == 0
        site.home.ip("link add later type veth peer name x")
        wait_until(lambda: Scrape(site.home).value("sg_link_events_total") > before.value("sg_link_events_total"))


def test_nothing_else_is_served_and_nobody_waits_for_a_slow_client(site):
    with running(site, "--metrics", LISTEN):
        with contextlib.ExitStack() as clients:
            for _ in range(10):
                client = clients.enter_context(site.home.socket(socket.AF_INET, socket.SOCK_STREAM))
                client.connect(("127.0.0.1", PORT))
                client.send(b"GET /metr")
            assert ask(site.home, "/")[0] == 404
            assert ask(site.home, "/metrics/")[0] == 404
            assert ask(site.home, "/api/v2/vm", "POST")[0] == 405
            status, headers, body = ask(site.home, "/metrics", "HEAD")
            assert status == 200 and body == "" and int(headers["Content-Length"]) > 1000
            assert ask(site.home, "/healthz")[0] == 200


def test_an_address_that_is_taken_or_none_is_refused(site):
    taken = site.home.socket(socket.AF_INET, socket.SOCK_STREAM)
    with contextlib.closing(taken):
        taken.bind(("127.0.0.1", PORT))
        taken.listen()
        assert LISTEN in site.refused("daemon", "--metrics", LISTEN, code="INTERNAL_SERVER_ERROR")
    site.refused("daemon", "--metrics", "9469", code="USAGE", status=2)


def test_many_instances_are_told_fast(site):
    """Prints how long a scrape takes; with SGATE_LONG=1 of a thousand instances."""
    host = site.home
    for i in range(MANY // 2):
        host.ip(f"link add m{i} type veth peer name n{i}")
        for dev in f"m{i}", f"n{i}":
            site.sgate("attach", dev)
            site.sgate("associate", "dns", dev)
    with running(site, "--metrics", LISTEN):
        Scrape(host)
        took = []
        for _ in range(5):
            began = time.monotonic()
            told = Scrape(host)
            took.append(time.monotonic() - began)
        assert len(told.all("sg_instance_in_force")) == MANY + 1
        print(f"{MANY} instances, {len(told.text)} bytes: {min(took) * 1000:.1f} ms at best, "
              f"{max(took) * 1000:.1f} ms at worst, of which in the daemon "
              f"{told.value('sg_scrape_duration_seconds') * 1000:.1f} ms")
        assert min(took) < SLOWEST


def test_manual_and_dashboard_know_the_metrics(site, tmp_path):
    with running(site, "--metrics", LISTEN):
        names = names_of(Scrape(site.home).text)
    with open(f"{TREE}/tools/man/sgate.8", encoding="utf-8") as file:
        section = re.search(r"(?s)^\.Sh METRICS\n(.*?)^\.Sh ", file.read(), re.MULTILINE)[1]
    described = set(re.findall(r"\b(?:sg|process)_[a-z_]+\b", " ".join(re.findall(r"(?m)^\.It Li (.*)$", section))))
    assert described == names

    with open(f"{TREE}/tools/grafana/sgate.json", encoding="utf-8") as file:
        dashboard = json.load(file)
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    for expression in expressions:
        used = set(re.findall(r"\b(?:sg|process)_[a-z_]+\b", expression))
        assert used and {re.sub("_bucket$", "", name) for name in used} <= names, expression
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    rules = [{"record": f"r{i}", "expr": expression.replace("$__rate_interval", "5m")}
             for i, expression in enumerate(expressions)]
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="ascii")
    run("promtool", "check", "rules", file)
