# SPDX-License-Identifier: GPL-2.0-only
"""The promise: many clients at once are all answered, rightly, and the daemon grows by nothing;
what associating costs over the API is printed.

SGATE_LONG=1 makes it 100,000 requests, and measures beside 1,000 instances too.
"""
import contextlib
import json
import os
import pathlib
import selectors
import socket
import time

import pytest

from api_client import METHOD, NEW, PATH, Client, Refused, signature
from daemon import running

LONG = os.environ.get("SGATE_LONG") == "1"
REQUESTS = 100000 if LONG else 3000
CONNECTIONS = 50
KEY = ("key-1", "secret-of-key-1")
HERE = ("127.0.0.1", 8080)
RULE = {"direction": "ingress", "ipProtocol": "tcp", "portRange": "22/22"}
GROWTH_KIB = 1024


def request(action, **parameters):
    """The bytes of a signed request; good for some minutes, since no nonce is signed."""
    body = json.dumps(parameters).encode()
    stamp = str(int(time.time()))
    made = signature(KEY[1], stamp, body, "application/json", "127.0.0.1:8080")
    head = (f"POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1:8080\r\ncontent-type: application/json\r\n"
            f"x-zc-action: {action}\r\nx-zc-version: {NEW}\r\nx-zc-timestamp: {stamp}\r\n"
            f"authorization: {METHOD} Credential={KEY[0]}, SignedHeaders=content-type;host, Signature={made}\r\n"
            f"content-length: {len(body)}\r\n\r\n")
    return action, head.encode() + body


class Caller:
    """A connection that sends its requests in turn, each when the last is answered."""

    def __init__(self, namespace, requests):
        self.socket = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.connect(HERE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.count = 0
        self.text = b""
        self.times = {}  # seconds, by action

    def send(self):
        self.action, raw = self.requests[self.count % len(self.requests)]
        self.sent = time.monotonic()
        self.socket.sendall(raw)

    def receive(self):
        """Whether the whole answer is there."""
        chunk = self.socket.recv(1 << 20)
        assert chunk, "the connection was closed"
        self.text += chunk
        head, found, body = self.text.partition(b"\r\n\r\n")
        if not found:
            return False
        length = int(next(line.split(b":")[1] for line in head.split(b"\r\n")
                          if line.lower().startswith(b"content-length:")))
        if len(body) < length:
            return False
        assert b" 200 " in head and len(body) == length, self.text
        self.times.setdefault(self.action, []).append(time.monotonic() - self.sent)
        self.count += 1
        self.text = b""
        return True


def drive(callers, count):
    """Until so many requests in all are answered."""
    with selectors.DefaultSelector() as selector:
        for caller in callers:
            selector.register(caller.socket, selectors.EVENT_READ, caller)
            caller.send()
        left = count - len(callers)
        open_ = len(callers)
        while open_:
            for ready, _ in selector.select(30) or pytest.fail("no answer for 30 s"):
                if not ready.data.receive():
                    continue
                if left > 0:
                    left -= 1
                    ready.data.send()
                else:
                    open_ -= 1


def percentile(times, part):
    return sorted(times)[min(int(len(times) * part), len(times) - 1)] * 1000


@pytest.fixture
def served(sandbox):
    """The sandbox with 50 instances that wait for their interfaces, i-0 being there; and its daemon."""
    host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
    host.veth("v0", guest, "g0")
    sandbox.sgate("attach", "v0", "--id", "i-0")
    keys = pathlib.Path(sandbox.state_dir) / "keys"
    keys.touch(0o600)
    keys.write_text(" ".join(KEY) + "\n", encoding="ascii")
    with running(sandbox, "--listen", "127.0.0.1:8080", "--keys", keys, "--rate", "0",
                 "--log-level", "warning") as sandbox.daemon:
        yield sandbox


def test_many_requests_from_many_connections_leave_the_daemon_as_it_was(served):
    for number in range(1, CONNECTIONS):
        served.sgate("instance", "add", f"i-{number}", "--dev", f"dev{number}")
    with contextlib.closing(Client(HERE, key=KEY, namespace=served.home)) as client:
        groups = [client.call("CreateSecurityGroup", securityGroupName=f"g-{number}")["securityGroupId"]
                  for number in range(CONNECTIONS)]
    callers = []
    for number, group in enumerate(groups):
        pair = {"securityGroupId": group, "instanceId": f"i-{number}"}
        callers.append(Caller(served.home, [
            request("AssociateSecurityGroupInstance", **pair),
            request("DescribeSecurityGroups", securityGroupIds=[group]),
            request("AuthorizeSecurityGroupRule", securityGroupId=group, **RULE),
            request("DescribeInstances", instanceIds=[f"i-{number}"]),
            request("RevokeSecurityGroupRules", securityGroupId=group, ruleInfos=[RULE]),
            request("UnAssociateSecurityGroupInstance", **pair)]))
    warm = REQUESTS // 5
    drive(callers, warm)
    before, files = served.daemon.memory_kib(), served.daemon.open_files()
    started = time.monotonic()
    for caller in callers:
        caller.times.clear()
    drive(callers, REQUESTS - warm)
    seconds = time.monotonic() - started
    assert sum(caller.count for caller in callers) == REQUESTS
    times = [t for caller in callers for t in caller.times["AssociateSecurityGroupInstance"]]
    growth = served.daemon.memory_kib() - before
    print(f"{REQUESTS} requests from {CONNECTIONS} connections: {(REQUESTS - warm) / seconds:.0f} a second; "
          f"AssociateSecurityGroupInstance p50 {percentile(times, 0.5):.1f} ms, p99 {percentile(times, 0.99):.1f} ms; "
          f"memory {before} KiB, grown by {growth} KiB")
    assert growth < GROWTH_KIB, f"grown by {growth} KiB"
    assert served.daemon.open_files() == files
    for caller in callers:
        caller.socket.close()
    served.sgate("reconcile", "--check")


def test_an_answer_is_of_bounded_size(served, tmp_path):
    """A full group of long rules is answered whole; two of them are too much at a time."""
    lines = (f"ingress accept tcp from 10.{n >> 16}.{n >> 8 & 255}.{n & 255} description {'x' * 250}\n"
             for n in range(100000))
    file = tmp_path / "rules"
    file.write_text("".join(lines), encoding="ascii")
    with contextlib.closing(Client(HERE, key=KEY, namespace=served.home)) as client:
        for name in "one", "two":
            served.group(name)
            served.sgate("rule", "replace", name, "-f", file)
        found = client.call("DescribeSecurityGroups", securityGroupIds=["one"])["dataSet"][0]
        assert len(found["ruleInfos"]) == 100000
        assert found["ruleInfos"][99999]["description"] == "x" * 250
        with pytest.raises(Refused) as caught:
            client.call("DescribeSecurityGroups")
        assert (caught.value.status, caught.value.code) == (400, "INVALID_PARAMETER_EXCEED_MAXIMUM")
        assert len(client.call("DescribeSecurityGroups", pageSize=1)["dataSet"]) == 1


def add_instances(sandbox, count):
    """More of them, on interfaces that are there."""
    text = "".join(f"link add w{number} type veth peer name x{number}\n" for number in range(1, count))
    sandbox.home.run("ip", "-batch", "-", input=text)
    for number in range(1, count):
        sandbox.sgate("attach", f"w{number}", "--id", f"w-{number}")


@pytest.mark.parametrize("instances", [1, 1000] if LONG else [1])
def test_what_associating_costs_over_the_api(served, instances):
    """One after the other, on one connection; a rule's group, given and taken."""
    add_instances(served, instances)
    with contextlib.closing(Client(HERE, key=KEY, namespace=served.home)) as client:
        group = client.call("CreateSecurityGroup", securityGroupName="web", ruleInfos=[RULE])["securityGroupId"]
    pair = {"securityGroupId": group, "instanceId": "i-0"}
    caller = Caller(served.home, [request("AssociateSecurityGroupInstance", **pair),
                                  request("UnAssociateSecurityGroupInstance", **pair)])
    drive([caller], 2000 if LONG else 400)
    times = caller.times["AssociateSecurityGroupInstance"]
    print(f"AssociateSecurityGroupInstance with {instances} instances, {len(times)} times: "
          f"p50 {percentile(times, 0.5):.2f} ms, p99 {percentile(times, 0.99):.2f} ms")
    caller.socket.close()
    assert served.json("instance", "show", "i-0")["securityGroupIds"] == []
