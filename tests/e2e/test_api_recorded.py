# SPDX-License-Identifier: GPL-2.0-only
"""The promise: what a vendor's SDK sends is understood as it is, byte for byte, in both versions of
the API; signatures and time stamps included.

tests/data/vendor-requests has the recordings; the daemon's clock stands where they were made.
"""
import json
import pathlib
import re
import socket

import pytest

from daemon import running

RECORDED = pathlib.Path(__file__).parents[1] / "data" / "vendor-requests"
KEYS = "mock-key-id mock-secret\n"
WEB = {"direction": "ingress", "policy": "accept", "ipProtocol": "tcp", "portRange": "22/22",
       "cidrIp": "203.0.113.0/24", "description": "from the office"}
OUT = {"direction": "egress", "policy": "accept", "ipProtocol": "all", "portRange": "-1/-1",
       "cidrIp": "0.0.0.0/0", "description": "from the office"}
HTTP = {"direction": "ingress", "policy": "accept", "ipProtocol": "tcp", "portRange": "80/443",
        "cidrIp": "0.0.0.0/0", "description": "http"}


class Exchange:
    """A connection that is kept, over which recordings are sent as they are."""

    def __init__(self, namespace):
        self.socket = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.connect(("127.0.0.1", 18080))
        self.file = self.socket.makefile("rb")

    def send(self, raw):
        """Status and document of the answer."""
        self.socket.sendall(raw)
        status = int(self.file.readline().split()[1])
        length = 0
        while (line := self.file.readline()) != b"\r\n":
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        return status, json.loads(self.file.read(length))

    def close(self):
        self.file.close()
        self.socket.close()


def recordings(version):
    """{number: (action, bytes)}"""
    found = {}
    for path in sorted(RECORDED.glob(f"python-{version}-*.http")):
        number, action = re.fullmatch(rf"python-{version}-(\d\d)-(\w+)\.http", path.name).groups()
        found[int(number)] = (action, path.read_bytes())
    assert len(found) == 14
    return found


def clock_of(raw):
    return re.search(rb"x-zc-timestamp: (\d+)\r\n", raw)[1].decode()


@pytest.fixture(params=["2023-03-13", "2026-04-01"])
def recorded(request, sandbox):
    """send(number): the recording's answer; with the group sg-1001 and the instance vm-2001."""
    host, guest = sandbox.namespace("host"), sandbox.namespace("guest")
    host.veth("v0", guest, "g0")
    sandbox.sgate("attach", "v0", "--id", "vm-2001")
    sandbox.group("web-1.prod", ident="sg-1001")
    keys = pathlib.Path(sandbox.state_dir) / "keys"
    keys.touch(0o600)
    keys.write_text(KEYS, encoding="ascii")
    files = recordings(request.param)
    stamps = {clock_of(raw) for _, raw in files.values()}
    with running(sandbox, "--listen", "127.0.0.1:18080", "--keys", keys, env={"SGATE_TEST_CLOCK": min(stamps)}):
        exchange = Exchange(host)

        def send(number):
            action, raw = files[number]
            status, document = exchange.send(raw)
            assert status == 200, (action, document)
            assert document["requestId"] == document["response"].pop("requestId")
            return document["response"]

        send.version, send.raw, send.exchange = request.param, files, exchange
        yield send
        exchange.close()


def expected(version, *rules):
    """As they are answered; the newer version has a priority, of the rules that it was recorded with."""
    if version == "2023-03-13":
        return list(rules)
    return [{**rule, "priority": 8 if rule is WEB else 1} for rule in rules]


def test_a_whole_session_of_the_sdk(recorded, sandbox):
    made = recorded(1)["securityGroupId"]
    found = recorded(3)
    assert found["totalCount"] == 2 and found["dataSet"][0]["securityGroupId"] == made
    assert found["dataSet"][0]["securityGroupName"] == "web-1.prod"
    assert found["dataSet"][0]["description"] == "web servers"
    assert found["dataSet"][0]["ruleInfos"] == expected(recorded.version, WEB, OUT)

    def rules():
        return recorded(2)["dataSet"][0]["ruleInfos"]

    assert recorded(4) == {}
    assert recorded(2)["dataSet"][0]["securityGroupName"] == "web-2"
    assert recorded(5) == {}
    assert rules() == expected(recorded.version, HTTP)
    assert recorded(6) == {}
    assert rules() == expected(recorded.version, HTTP, WEB, OUT)
    assert recorded(7) == {}
    assert rules() == expected(recorded.version, HTTP, OUT)
    assert recorded(8) == {}
    assert rules() == expected(recorded.version, OUT, WEB)
    assert recorded(9) == {}
    assert rules() == []
    assert recorded(10) == {}
    assert sandbox.json("instance", "show", "vm-2001")["securityGroupIds"] == ["sg-1001"]
    assert recorded(14)["dataSet"][0]["securityGroupIds"] == ["sg-1001"]
    assert [group["securityGroupId"] for group in recorded(12)["instanceAvailableSecurityGroups"]] == [made]
    assert recorded(11) == {}
    assert recorded(14)["dataSet"][0]["securityGroupIds"] == []
    assert recorded(13) == {}
    assert recorded(2) == {"totalCount": 0, "dataSet": []}


def test_one_changed_byte_is_seen(recorded):
    action, raw = recorded.raw[10]
    assert action == "AssociateSecurityGroupInstance"
    for old, new in ((b"sg-1001", b"sg-1002"), (b"application/json", b"application/jsoN"),
                     (b"127.0.0.1:18080", b"127.0.0.1:18081"), (b"mock-key-id", b"mock-key-ie")):
        assert raw.count(old) == 1
        status, document = recorded.exchange.send(raw.replace(old, new))
        assert (status, document["code"]) == (401, "AUTHFAILURE_SIGNATURE_FAILURE"), new
    stamp = clock_of(raw)
    late = str(int(stamp) + 1)
    status, document = recorded.exchange.send(raw.replace(stamp.encode(), late.encode()))
    assert (status, document["code"]) == (401, "AUTHFAILURE_SIGNATURE_FAILURE")
