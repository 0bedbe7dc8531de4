# SPDX-License-Identifier: GPL-2.0-only
"""The promise: the Debian package installs, upgrades without a packet unjudged, leaves the rules in force
when it is removed, and nothing at all when it is purged.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate is installed in a system of its own and guards v0
"""
import subprocess

import pytest

from debian import UNIT, build_deb, system
from frames import UDP, packet
from programs import attached
from sandbox import run
from wire import cross, crosses

ACCEPTED = packet("10.0.0.1", "10.0.0.2", UDP, 53)
REJECTED = packet("10.0.0.1", "10.0.0.2", UDP, 54)
PINS = "/sys/fs/bpf/sgate"


def enforced(switched):
    return cross(switched.g0, switched.r0, [REJECTED, ACCEPTED, REJECTED]) == [ACCEPTED]


@pytest.fixture(name="debian")
def made_debian(sandbox, switched, tmp_path):
    del switched
    with system(sandbox, tmp_path) as made:
        yield made


def guard(debian, **environment):
    words = ["env", *[f"{name}={value}" for name, value in environment.items()], "sgate"]
    debian.run(*words, "group", "create", "dns", "--id", "dns", "--rule", "egress accept udp 53")
    debian.run(*words, "attach", "v0")
    debian.run(*words, "associate", "dns", "v0")


def exists(debian, path):
    return debian.run("test", "-e", path, status=None).returncode == 0


def test_the_rules_outlive_upgrades_and_removal_but_not_a_purge(debian, switched):
    old = build_deb(debian.shared, "--version", "0.0.1")
    new = build_deb(debian.shared, "--version", "0.0.2")
    debian.run("dpkg", "--install", old)
    assert debian.run("sgate", "version").stdout.startswith("sgate ")
    assert debian.property(UNIT, "ActiveState") == "active"
    assert debian.property(UNIT, "UnitFileState") == "enabled"
    guard(debian)
    assert enforced(switched)
    debian.write("/etc/default/sgate", 'SGATE_OPTIONS="--log-level debug"\n')
    before = debian.property(UNIT, "MainPID")

    # not a packet passes unjudged, nor is an accepted one lost, while it is upgraded
    upgrade = subprocess.Popen(["nsenter", f"--target={debian.init}", "--all", "dpkg", "--install", new],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    rounds = 0
    while upgrade.poll() is None:
        assert enforced(switched)
        rounds += 1
    assert upgrade.returncode == 0, upgrade.stdout.read()
    assert rounds > 10
    assert debian.run("dpkg-query", "-W", "-f", "${Version}", "sgate").stdout == "0.0.2"
    assert debian.property(UNIT, "ActiveState") == "active"
    assert debian.property(UNIT, "MainPID") != before
    assert "log-level" in debian.read("/etc/default/sgate")
    debian.run("sgate", "reconcile", "--check")

    debian.run("dpkg", "--remove", "sgate")
    assert debian.property(UNIT, "ActiveState") in ("inactive", "")
    assert not exists(debian, "/usr/sbin/sgate")
    assert exists(debian, "/etc/default/sgate")
    assert enforced(switched)

    debian.run("dpkg", "--install", new)
    assert debian.property(UNIT, "ActiveState") == "active"
    debian.run("sgate", "reconcile", "--check")
    assert enforced(switched)

    debian.run("dpkg", "--purge", "sgate")
    for path in PINS, "/var/lib/sgate", "/etc/default/sgate", "/run/sgate", "/usr/share/sgate":
        assert not exists(debian, path), path
    assert debian.run("dpkg-query", "-W", "sgate", status=None).returncode != 0
    assert not attached(switched.host, "v0")
    assert crosses(switched.g0, switched.r0, REJECTED)


def test_a_purge_takes_off_the_filters_of_older_kernels(debian, switched):
    debian.run("dpkg", "--install", build_deb(debian.shared))
    debian.run("systemctl", "stop", UNIT)
    guard(debian, SGATE_NO_TCX="1")
    assert "sg_tc_rx" in switched.host.tc("filter show dev v0 ingress").stdout
    assert enforced(switched)
    debian.run("dpkg", "--purge", "sgate")
    assert crosses(switched.g0, switched.r0, REJECTED)


def test_the_package_is_what_it_says(tmp_path):
    first = build_deb(tmp_path, "--version", "9.8.7")
    fields = run("dpkg-deb", "--field", first).stdout
    assert "Version: 9.8.7\n" in fields
    for library in "libbpf1", "libsqlite3-0", "libjansson4", "libmnl0":
        assert library in fields
    owners = {line.split()[1] for line in run("dpkg-deb", "--contents", first).stdout.splitlines()}
    assert owners == {"root/root"}
    # the same files are the same bytes
    with open(first, "rb") as file:
        content = file.read()
    with open(build_deb(tmp_path, "--version", "9.8.7"), "rb") as file:
        assert file.read() == content
