# SPDX-License-Identifier: GPL-2.0-only
"""The promise: whatever bytes come, the API answers with an error or not at all, never with a crash;
whoever is slow is cut off, and whoever does not listen holds up nobody.

The daemon listens in a namespace of its own, on loopback or at a unix socket.
"""
import contextlib
import socket
import time

import pytest

from api_client import PATH, REQUEST_ID, Client, Refused, UnixConnection
from api_site import KEYS, TOKEN, client, code_of, connect, listening, write_keys
from daemon import running
from sandbox import Sandbox


def answered(sandbox, raw):
    """All that comes back to these bytes until the connection is closed.

    Whoever refuses them may reset it before all of them are sent; what was answered is read all the same."""
    with connect(sandbox) as made:
        with contextlib.suppress(OSError):
            made.sendall(raw)
            made.shutdown(socket.SHUT_WR)
        text = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := made.recv(65536):
                text += chunk
    return text


@pytest.mark.parametrize("headers, method, path, status, code", [
    ({}, "GET", PATH, 405, "METHOD_NOT_ALLOWED"),
    ({}, "PUT", PATH, 405, "METHOD_NOT_ALLOWED"),
    ({}, "POST", "/healthz", 405, "METHOD_NOT_ALLOWED"),
    ({}, "POST", "/", 404, "INVALID_PATH_NOT_FOUND"),
    ({}, "POST", PATH + "/", 404, "INVALID_PATH_NOT_FOUND"),
    ({"content-type": "text/plain"}, "POST", PATH, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ({"content-type": "application/json5"}, "POST", PATH, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ({"content-type": "Application/JSON ; a=b"}, "POST", PATH, 200, None),
    ({"x-zc-action": None}, "POST", PATH, 400, "MISSING_PARAMETER"),
    ({"x-zc-action": ""}, "POST", PATH, 401, "AUTHFAILURE_UNAUTHORIZED_OPERATION"),
    ({"x-zc-version": "2024-01-01"}, "POST", PATH, 400, "INVALID_PARAMETER_VALUE"),
    ({"x-zc-service": "bmc"}, "POST", PATH, 400, "INVALID_PARAMETER_VALUE"),
    ({"x-zc-service": None}, "POST", PATH, 200, None),
    ({"content-length": "1048577"}, "POST", PATH, 413, "REQUEST_TOO_LARGE"),
    ({"content-length": "99999999999"}, "POST", PATH, 413, "REQUEST_TOO_LARGE"),
    ({f"x-{number}": "a" for number in range(65)}, "POST", PATH, 413, "REQUEST_TOO_LARGE"),
])
def test_what_the_headers_say_is_checked(unix, headers, method, path, status, code):
    with contextlib.closing(Client(unix)) as made:
        made.headers.update(headers)
        # what is far too much is not waited for
        body = {"1048577": b"{}".ljust(1048577), "99999999999": b""}.get(headers.get("content-length"), b"{}")
        got, document = made.send("DescribeSecurityGroups", body, method=method, path=path)
    assert (got, document.get("code")) == (status, code), document
    assert REQUEST_ID.fullmatch(document["requestId"])


@pytest.fixture(scope="module")
def unix(tmp_path_factory):
    """The socket of a daemon that several tests use."""
    sandbox = Sandbox(tmp_path_factory.mktemp("api"))
    try:
        sandbox.namespace("host")
        sandbox.sgate("group", "create", "web", "--id", "sg-web")
        path = f"{sandbox.state_dir}/api.sock"
        with running(sandbox, "--listen", f"unix:{path}", "--rate", "0"):
            yield path
    finally:
        sandbox.close()


@pytest.mark.parametrize("body", [
    b"", b"[]", b"null", b"7", b"{", b"{}{}", b'{"pageNum":1,"pageNum":1}', b"[" * 10000, b'{"a":' * 10000,
    b'{"a":[' * 5000 + b"]}" * 5000, b'{"pageNum":1e999}', b'{"pageNum":' + b"9" * 5000 + b"}",
    b'{"securityGroupName":"\xff\xfe"}', b'{"securityGroupName":"\xed\xa0\x80"}', b'{"securityGroupName":"\\u0000"}',
    b'{"securityGroupName":"a\x00b"}', b"\x00" * 100, b'{"a":"' + b"x" * 500000, b"{'a':1}", b'\xef\xbb\xbf{}',
], ids=lambda body: repr(body[:12]) + f"*{len(body)}")
def test_a_body_that_is_no_object_is_an_error(unix, body):
    with contextlib.closing(Client(unix)) as made:
        with pytest.raises(Refused) as caught:
            made.call_json("DescribeSecurityGroups", body)
        assert (caught.value.status, caught.value.code) == (400, "INVALID_PARAMETER_TYPE")
        # the connection, and the daemon, are as good as before
        assert made.call("DescribeSecurityGroups")["totalCount"] == 1


def test_large_bodies_are_read_up_to_a_mebibyte(unix):
    with contextlib.closing(Client(unix)) as made:
        for size, status in ((1 << 20, 200), ((1 << 20) + 1, 413), (3 << 20, 413), (1 << 20, 200)):
            assert made.send("DescribeSecurityGroups", b"{}".ljust(size))[0] == status


def test_a_body_in_chunks_has_the_same_bounds(unix):
    def chunks(total):
        connection = UnixConnection(unix, 30)
        headers = {"content-type": "application/json", "x-zc-action": "DescribeSecurityGroups", "host": "localhost"}
        pieces = [b"{}".ljust(1000)] + [b" " * 1000] * (total // 1000 - 1)
        connection.request("POST", PATH, iter(pieces), headers, encode_chunked=True)
        status = connection.getresponse().status
        connection.close()
        return status

    assert (chunks(500000), chunks(1200000)) == (200, 413)


def test_health_is_what_status_says(unix):
    connection = UnixConnection(unix, 30)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200 and b'"healthy":true' in text
    connection.request("HEAD", "/healthz")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    connection.close()


GOOD = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n".encode()


@pytest.mark.parametrize("raw", [
    b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, b"\x00" * 1000,
    GOOD + b"x-long: " + b"a" * 100000 + b"\r\n\r\n", b"POST /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
    GOOD + b"content-length: -1\r\n\r\n", GOOD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
    GOOD + b"content-length: 18446744073709551617\r\n\r\n{}",
    GOOD + b"transfer-encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    GOOD + b"authorization: Bearer a\r\nauthorization: Bearer " + TOKEN.encode() + b"\r\ncontent-length: 2\r\n\r\n{}",
    GOOD + b"content-length: 2\r\n\r\n{", GOOD, b"POST",
    b"POST " + PATH.encode() + b" HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
], ids=lambda raw: repr(raw[-14:]))
def test_bytes_that_are_no_request_get_no_service(refusing, raw):
    text = answered(refusing, raw)
    assert b"200 OK" not in text and b"securityGroupId" not in text
    with client(refusing) as made:
        assert code_of(made) == "OK"


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    """A sandbox whose daemon listens on loopback with keys."""
    sandbox = Sandbox(tmp_path_factory.mktemp("api"))
    try:
        sandbox.namespace("host")
        sandbox.sgate("group", "create", "web", "--id", "sg-web")
        sandbox.keys = f"{sandbox.state_dir}/keys"
        write_keys(sandbox, KEYS)
        with listening(sandbox, "--rate", "0", "--client-timeout", "2") as sandbox.daemon:
            yield sandbox
    finally:
        sandbox.close()


@pytest.mark.parametrize("begin, drip", [
    (b"", b""), (b"POST ", b"a"), (GOOD, b"x-a: b\r\n"), (GOOD + b"content-length: 1000\r\n\r\n", b"{"),
    (GOOD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
], ids=["silent", "request line", "headers", "body", "chunks"])
def test_whoever_is_slow_is_cut_off(refusing, begin, drip):
    """However regularly something comes; others are served meanwhile."""
    with connect(refusing) as slow, client(refusing) as made:
        started = time.monotonic()
        slow.sendall(begin)
        slow.settimeout(0.1)
        while True:
            assert time.monotonic() - started < 10, "it is still connected"
            assert code_of(made) == "OK"
            try:
                slow.sendall(drip)
                if slow.recv(65536) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - started > 1.5


def test_connections_are_bounded_and_come_free_again(refusing):
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(connect(refusing))
        # what is over the bound waits until those that say nothing are cut off
        with client(refusing) as made:
            assert code_of(made) == "OK"


def test_a_client_that_reads_nothing_holds_up_nobody(refusing):
    names = [f"g-{number}" for number in range(30)]
    with client(refusing) as made:
        rules = [{"direction": "ingress", "ipProtocol": "tcp", "portRange": str(port), "description": "x" * 200}
                 for port in range(1, 1001)]
        for name in names:
            made.call("CreateSecurityGroup", securityGroupName=name, ruleInfos=rules)
        deaf = connect(refusing)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        body = b'{"pageSize":1000}'
        deaf.sendall(GOOD + b"authorization: Bearer " + TOKEN.encode() + b"\r\nx-zc-action: DescribeSecurityGroups\r\n"
                     b"content-length: 17\r\n\r\n" + body)
        started = time.monotonic()
        while time.monotonic() - started < 2:
            assert code_of(made, "DescribeInstances") == "OK"
        refusing.daemon.wait_event("request", code="ABORTED", action="DescribeSecurityGroups")
        deaf.close()
