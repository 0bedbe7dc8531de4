# SPDX-License-Identifier: GPL-2.0-only
"""The promise: under its systemd unit the daemon can do all that it has to, and little else.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate.service runs in a system of its own and guards v0
"""
import contextlib
import http.client
import json
import os
import re
import shutil
import ssl

import pytest

from debian import TREE, UNIT, build_deb, system
from frames import UDP, packet
from sandbox import Namespace, run, wait_until
from wire import cross

ACCEPTED = packet("10.0.0.1", "10.0.0.2", UDP, 53)
REJECTED = packet("10.0.0.1", "10.0.0.2", UDP, 54)
METRICS = 9469
API = 8443
CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF = 12, 38, 39
UNIT_FILE = f"{TREE}/tools/packaging/sgate.service"
MOST_EXPOSED = 2.5  # as systemd-analyze counts, from 0 to 10


@pytest.fixture(name="debian")
def made_debian(sandbox, switched, tmp_path):
    del switched
    with system(sandbox, tmp_path) as made:
        made.write("/etc/default/sgate",
                   f'SGATE_OPTIONS="--listen unix:/run/sgate/api.sock --metrics 127.0.0.1:{METRICS}"\n')
        made.write(f"/etc/systemd/system/{UNIT}.d/test.conf",
                   "[Service]\nStandardError=append:/var/log/sgate.log\n")
        made.run("dpkg", "--install", "--force-confold", build_deb(made.shared))
        assert made.property(UNIT, "ActiveState") == "active", made.read("/var/log/sgate.log")
        yield made


def enforced(switched):
    return cross(switched.g0, switched.r0, [REJECTED, ACCEPTED]) == [ACCEPTED]


def get(namespace: Namespace, path):
    """Status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", METRICS, timeout=10)
    with namespace.entered():
        connection.connect()
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def process_status(debian):
    text = debian.read(f"/proc/{debian.property(UNIT, 'MainPID')}/status")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_it_works_with_few_privileges(debian, switched):
    status = process_status(debian)
    kept = 1 << CAP_NET_ADMIN | 1 << CAP_PERFMON | 1 << CAP_BPF
    assert {int(status[which], 16) for which in ("CapPrm", "CapEff", "CapBnd")} == {kept}
    assert {int(status[which], 16) for which in ("CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"

    # an instance whose interface comes later: attached by the daemon itself
    host = switched.host
    debian.run("sgate", "group", "create", "dns", "--id", "dns", "--rule", "egress accept udp 53")
    debian.run("sgate", "instance", "add", "i-0", "--dev", "v0")
    debian.run("sgate", "associate", "dns", "i-0")
    debian.run("sgate", "attach", "v0")
    debian.run("sgate", "instance", "add", "i-1", "--dev", "later", "--mode", "xdp")
    debian.run("sgate", "associate", "dns", "i-1")
    host.ip("link add later type veth peer name other")

    def shown():
        return json.loads(debian.run("sgate", "--json", "instance", "show", "i-1").stdout)

    wait_until(lambda: shown()["attached"])
    assert (shown()["rxHook"], shown()["txHook"]) == ("xdp", "tcx")
    assert enforced(switched)
    code, body = get(host, "/healthz")
    assert code == 200 and json.loads(body)["healthy"] is True
    assert 'sg_instance_in_force{instance_id="i-1"} 1' in get(host, "/metrics")[1]
    host.ip("link del later")
    wait_until(lambda: shown()["instanceStatus"] == "STOPPED")
    assert debian.run("stat", "-c", "%F", "/run/sgate/api.sock").stdout.strip() == "socket"


def test_it_comes_back_and_enforcement_never_went(debian, switched):
    debian.run("sgate", "group", "create", "dns", "--id", "dns", "--rule", "egress accept udp 53")
    debian.run("sgate", "attach", "v0")
    debian.run("sgate", "associate", "dns", "v0")
    debian.write(f"/etc/systemd/system/{UNIT}.d/watchdog.conf", "[Service]\nWatchdogSec=3\n")
    debian.run("systemctl", "daemon-reload")
    debian.run("systemctl", "restart", UNIT)
    for signal in "KILL", "STOP":  # the watchdog ends one that does not answer
        before = debian.property(UNIT, "MainPID")
        debian.run("kill", f"-{signal}", before)
        wait_until(lambda old=before: enforced(switched) and debian.property(UNIT, "MainPID") not in ("0", old))
        wait_until(lambda: debian.property(UNIT, "ActiveState") == "active")
    debian.run("systemctl", "reload", UNIT)
    debian.run("systemctl", "stop", UNIT)
    assert debian.property(UNIT, "Result") == "success"
    assert enforced(switched)
    debian.run("sgate", "reconcile", "--check")


def test_it_speaks_tls_and_reads_keys(debian, switched):
    """The library of TLS, and the API with a change of its own, under the filter of system calls."""
    debian.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-keyout", "/etc/sgate.key", "-out", "/etc/sgate.crt", "-subj", "/CN=sgate")
    debian.run("sh", "-c", "umask 077 && echo 'one bearer 0123456789' >/etc/sgate.keys")
    debian.write("/etc/default/sgate", f'SGATE_OPTIONS="--listen 0.0.0.0:{API} --keys /etc/sgate.keys '
                                       '--tls-cert /etc/sgate.crt --tls-key /etc/sgate.key"\n')
    debian.run("systemctl", "restart", UNIT)
    trusting = ssl.create_default_context(cadata=debian.read("/etc/sgate.crt"))
    trusting.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", API, timeout=10, context=trusting)
    with contextlib.closing(connection), switched.host.entered():
        connection.request("POST", "/api/v2/vm", json.dumps({"securityGroupName": "web"}),
                           {"content-type": "application/json", "authorization": "Bearer 0123456789",
                            "x-zc-action": "CreateSecurityGroup", "x-zc-version": "2026-04-01"})
        answer = connection.getresponse()
        assert answer.status == 200
        ident = json.loads(answer.read())["response"]["securityGroupId"]
    assert ident in debian.run("sgate", "group", "list").stdout


def test_wrong_options_are_not_tried_again(debian):
    debian.write("/etc/default/sgate", 'SGATE_OPTIONS="--nonsense"\n')
    assert debian.run("systemctl", "restart", UNIT, status=None).returncode != 0
    assert debian.property(UNIT, "ActiveState") == "failed"
    assert debian.property(UNIT, "ExecMainStatus") == "2"
    assert "USAGE" in debian.read("/var/log/sgate.log")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_unit_is_well_formed_and_hardened(tmp_path):
    """With the program where the unit says, since that is looked for."""
    program = tmp_path / "sgate"
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(0o755)
    copy = tmp_path / UNIT
    with open(UNIT_FILE, encoding="ascii") as file:
        copy.write_text(re.sub("(?m)^ExecStart=[^ ]*", f"ExecStart={program}", file.read()), encoding="ascii")
    done = run("systemd-analyze", "verify", "--man=no", copy)
    assert done.stdout + done.stderr == ""
    told = run("systemd-analyze", "security", "--offline=true", "--no-pager", copy).stdout
    exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)[1])
    print(f"exposure of {UNIT}: {exposure}")
    assert exposure <= MOST_EXPOSED


def test_make_install_puts_all_files_where_they_belong(tmp_path):
    build = os.path.dirname(os.environ.get("SGATE", "build/sgate"))
    run("make", "-C", TREE, "--no-print-directory", "install", f"B={os.path.abspath(build)}", f"DESTDIR={tmp_path}",
        "PREFIX=/opt/sgate", "unitdir=/opt/units")
    found = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777
             for path in tmp_path.rglob("*") if path.is_file()}
    share = "opt/sgate/share"
    assert found == {
        "opt/sgate/sbin/sgate": 0o755,
        f"{share}/man/man8/sgate.8": 0o644,
        f"{share}/bash-completion/completions/sgate": 0o644,
        f"{share}/sgate/grafana.json": 0o644,
        f"{share}/doc/sgate/README.md": 0o644,
        f"{share}/doc/sgate/api.md": 0o644,
        f"{share}/doc/sgate/LICENSE": 0o644,
        "opt/units/sgate.service": 0o644,
    }
    assert "\nExecStart=/opt/sgate/sbin/sgate daemon " in (tmp_path / "opt/units/sgate.service").read_text()
    assert run(tmp_path / "opt/sgate/sbin/sgate", "version").stdout.startswith("sgate ")
