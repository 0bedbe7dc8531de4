# SPDX-License-Identifier: GPL-2.0-only
"""The promise: only who has a key, or may open the socket, is served by the API; secrets show up
nowhere; what is not a request gets an error, and whoever is slow is cut off.

The daemon listens in a namespace of its own, on loopback or at a unix socket.
"""
import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import time
import warnings

import pytest

from api_client import PATH, REQUEST_ID, Client, Refused, UnixConnection
from daemon import running
from sandbox import SGATE, Sandbox, run, wait_until

KEY = ("key-1", "SeCrEt-of-key-1")
TOKEN = "SeCrEt-token-2"
KEYS = f"# clients\n{KEY[0]} {KEY[1]}\nkey-2 bearer {TOKEN}\n"
HERE = ("127.0.0.1", 8080)


@pytest.fixture
def host(sandbox):
    """The sandbox, its state directory made, a file of keys in sandbox.keys."""
    sandbox.namespace("host")
    sandbox.sgate("group", "create", "web", "--id", "sg-web")
    sandbox.keys = f"{sandbox.state_dir}/keys"
    write_keys(sandbox, KEYS)
    return sandbox


def write_keys(sandbox, text):
    with open(os.open(sandbox.keys, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w",
              encoding="ascii") as file:
        file.write(text)


@contextlib.contextmanager
def listening(sandbox, *options, **settings):
    with running(sandbox, "--listen", "127.0.0.1:8080", "--keys", sandbox.keys, *options, **settings) as daemon:
        yield daemon


@contextlib.contextmanager
def client(sandbox, **options):
    made = Client(HERE, namespace=sandbox.home, **{"key": KEY, **options})
    try:
        yield made
    finally:
        made.close()


def code_of(made, action="DescribeSecurityGroups", **parameters):
    try:
        made.call(action, **parameters)
        return "OK"
    except Refused as refused:
        return refused.code


def connect(sandbox):
    made = sandbox.home.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.connect(HERE)
    return made


def answered(sandbox, raw):
    """All that comes back to these bytes until the connection is closed."""
    with connect(sandbox) as made:
        made.sendall(raw)
        made.shutdown(socket.SHUT_WR)
        text = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := made.recv(65536):
                text += chunk
    return text


def test_keys_and_tokens_open_it_and_nothing_else_does(host):
    with listening(host) as daemon:
        for key, code in ((KEY, "OK"), (TOKEN, "OK"), (None, "AUTHFAILURE_INVALID_AUTHORIZATION"),
                          ((KEY[0], KEY[1] + "x"), "AUTHFAILURE_SIGNATURE_FAILURE"),
                          (("nobody", KEY[1]), "AUTHFAILURE_SIGNATURE_FAILURE"),
                          (("key-2", TOKEN), "AUTHFAILURE_SIGNATURE_FAILURE"),
                          (KEY[1], "AUTHFAILURE_SIGNATURE_FAILURE"),
                          (TOKEN[:-1], "AUTHFAILURE_SIGNATURE_FAILURE"),
                          (TOKEN + "x", "AUTHFAILURE_SIGNATURE_FAILURE")):
            with client(host, key=key) as made:
                assert code_of(made) == code, key
        with client(host) as made:
            for off, code in ((-290, "OK"), (290, "OK"), (-310, "AUTHFAILURE_SIGNATURE_EXPIRED"),
                              (310, "AUTHFAILURE_SIGNATURE_EXPIRED")):
                made.timestamp = int(time.time()) + off
                assert code_of(made) == code, off
            made.timestamp = None
            assert code_of(made, "NoSuchAction") == "AUTHFAILURE_UNAUTHORIZED_OPERATION"
            with pytest.raises(Refused) as caught:
                made.headers["authorization"] = "Basic dXNlcjpwYXNz"
                made.call("DescribeSecurityGroups")
            assert caught.value.status == 401
        events = [daemon.wait_event("request", code=None), daemon.wait_event("request", keyId="key-2")]
        assert events[0]["keyId"] == "key-1" and events[0]["peer"].startswith("127.0.0.1:")
        # not in the log, not among its arguments, not in its environment
        assert "SeCrEt" not in str(daemon.events)
        for name in "cmdline", "environ":
            with open(f"/proc/{daemon.pid}/{name}", "rb") as file:
                assert b"SeCrEt" not in file.read()


def test_a_client_may_sign_what_another_client_would_not(host):
    with listening(host), client(host) as made:
        made.headers["content-type"] = "application/json; charset=utf-8"
        assert code_of(made) == "OK"


def test_each_request_is_one_line_of_the_log(host):
    with listening(host) as daemon, client(host) as made:
        made.call("DescribeSecurityGroups")
        with pytest.raises(Refused) as caught:
            made.call("DeleteSecurityGroup", securityGroupId="sg-none")
        done = daemon.wait_event("request", action="DescribeSecurityGroups")
        assert (done["status"], done["code"], done["level"]) == (200, None, "info")
        assert 0 < done["durationUs"] < 10000000 and REQUEST_ID.fullmatch(done["requestId"])
        refused = daemon.wait_event("request", action="DeleteSecurityGroup")
        assert (refused["status"], refused["code"]) == (404, caught.value.code)
        assert refused["requestId"] == caught.value.request_id
        assert sum(event["event"] == "request" for event in daemon.events) == 2


def test_keys_are_read_again_on_a_signal_and_bad_ones_are_not_taken(host):
    with listening(host) as daemon, client(host) as old, client(host, key=("new", "new-SeCrEt")) as new:
        assert (code_of(old), code_of(new)) == ("OK", "AUTHFAILURE_SIGNATURE_FAILURE")
        write_keys(host, "new new-SeCrEt\n")
        daemon.send(signal.SIGHUP)
        daemon.wait_event("reloaded")
        assert (code_of(old), code_of(new)) == ("AUTHFAILURE_SIGNATURE_FAILURE", "OK")
        write_keys(host, "SeCrEt\n")
        daemon.send(signal.SIGHUP)
        event = daemon.wait_event("reload-failed")
        assert "line 1" in event["message"] and "SeCrEt" not in str(daemon.events)
        assert code_of(new) == "OK"


def test_listening_where_it_would_be_unsafe_is_refused(host):
    def refused(*options):
        return host.refused("daemon", *options, code="USAGE", status=2)

    assert "--allow-plaintext" in refused("--listen", "0.0.0.0:8080", "--keys", host.keys)
    assert "--allow-plaintext" in refused("--listen", "[::]:8080", "--keys", host.keys)
    assert "--keys" in refused("--listen", "127.0.0.1:8080")
    assert "--keys" in refused("--listen", "0.0.0.0:8080", "--allow-plaintext")
    for text in "127.0.0.1", "localhost:8080", "127.0.0.1:http", "unix:socket", "unix:":
        refused("--listen", text, "--keys", host.keys)
    os.chmod(host.keys, 0o640)
    message = host.refused("daemon", "--listen", "127.0.0.1:8080", "--keys", host.keys, code="INVALID_PARAMETER_VALUE")
    assert "0600" in message
    os.chmod(host.keys, 0o600)
    with running(host, "--listen", "0.0.0.0:8080", "--keys", host.keys, "--allow-plaintext"), client(host) as made:
        assert code_of(made) == "OK"


def test_tls_is_spoken_where_it_is_asked_for(host, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
        key, "-out", cert, "-days", "2", "-subj", "/CN=sgate", "-addext", "subjectAltName=IP:127.0.0.1")
    trust = ssl.create_default_context(cafile=cert)
    old = ssl.create_default_context(cafile=cert)
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with running(host, "--listen", "0.0.0.0:8080", "--keys", host.keys, "--tls-cert", cert, "--tls-key", key):
        with client(host, tls=trust) as made:
            assert [code_of(made) for _ in range(3)] == ["OK"] * 3
        with client(host) as plain, pytest.raises((OSError, http.client.HTTPException)):
            plain.call("DescribeSecurityGroups")
        with client(host, tls=old) as made, pytest.raises(OSError):
            made.call("DescribeSecurityGroups")
    assert "TLS" in host.refused("daemon", "--listen", "127.0.0.1:8080", "--keys", host.keys, "--tls-cert", key,
                                 "--tls-key", key, code="INVALID_PARAMETER_VALUE")


def test_a_socket_file_says_who_may_connect(host):
    path = f"{host.state_dir}/api.sock"
    with running(host, "--listen", f"unix:{path}") as daemon:
        status = os.stat(path)
        assert stat.S_IMODE(status.st_mode) == 0o660 and status.st_uid == 0
        with contextlib.closing(Client(path)) as made:
            assert code_of(made) == "OK"
        event = daemon.wait_event("request")
        assert (event["peer"], event["pid"], event["uid"], event["gid"]) == ("unix", os.getpid(), 0, 0)
        # one that is alive is not taken away, by a daemon of another state directory
        host.undo.append(lambda: shutil.rmtree(f"{host.bpffs}-2", ignore_errors=True))
        other = host.home.run(SGATE, "--state-dir", f"{host.state_dir}-2", "--bpffs", f"{host.bpffs}-2", "daemon",
                              "--listen", f"unix:{path}", status=1)
        assert "another process has it" in other.stderr
        with contextlib.closing(Client(path)) as made:
            assert code_of(made) == "OK"
        daemon.stop(signal.SIGKILL)
    # one of a dead daemon is replaced
    assert os.path.exists(path)
    with running(host, "--listen", f"unix:{path}") as daemon:
        with contextlib.closing(Client(path)) as made:
            assert code_of(made) == "OK"
        assert daemon.stop() == 0
    assert not os.path.exists(path)
    with open(path, "w", encoding="ascii"):
        pass
    assert "no socket" in host.sgate("daemon", "--listen", f"unix:{path}", status=1).err
    assert os.path.exists(path)


def test_a_socket_of_a_service_manager_is_listened_at(host):
    path = f"{host.state_dir}/passed.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        script = f'exec 3<&{listener.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'
        daemon = host.start("bash", "-c", script, "bash", *host.command("daemon"), pass_fds=[listener.fileno()])
        with contextlib.closing(Client(path)) as made:
            assert code_of(made) == "OK"
    daemon.terminate()
    assert daemon.wait(10) == 0
    assert os.path.exists(path), "whoever made it removes it"


def test_keys_are_asked_for_at_a_socket_file_too_when_there_are_any(host):
    path = f"{host.state_dir}/api.sock"
    with running(host, "--listen", f"unix:{path}", "--keys", host.keys):
        for key, code in (None, "AUTHFAILURE_INVALID_AUTHORIZATION"), (KEY, "OK"), (TOKEN, "OK"):
            with contextlib.closing(Client(path, key=key)) as made:
                assert code_of(made) == code


def test_a_key_has_its_rate_and_others_have_theirs(host):
    with listening(host, "--rate", "5"), client(host) as made, client(host, key=TOKEN) as other:
        codes = [code_of(made) for _ in range(20)]
        assert codes[:5] == ["OK"] * 5 and "REQUEST_LIMIT_EXCEEDED" in codes
        assert code_of(other) == "OK"
        wait_until(lambda: code_of(made) == "OK")
        with pytest.raises(Refused) as caught:
            while True:
                made.call("DescribeSecurityGroups")
        assert caught.value.status == 429


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


def test_a_store_that_is_held_by_another_is_unavailable(host):
    with listening(host) as daemon, client(host) as made:
        holder = host.start("sqlite3", f"{host.state_dir}/sgate.db", stdin=subprocess.PIPE)
        holder.stdin.write(b"BEGIN IMMEDIATE; SELECT 'held';\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Refused) as caught:
            made.call("CreateSecurityGroup", securityGroupName="new")
        assert (caught.value.status, caught.value.code) == (503, "SERVICE_TEMPORARY_UNAVAILABLE")
        assert host.state_dir not in caught.value.message
        # reading goes on
        assert made.call("DescribeSecurityGroups")["totalCount"] == 1
        event = daemon.wait_event("request", code="SERVICE_TEMPORARY_UNAVAILABLE")
        assert "in use by another process" in event["message"]
        holder.stdin.write(b"ROLLBACK;\n")
        holder.stdin.close()
        holder.stdin = None
        holder.wait(10)
        assert code_of(made, "CreateSecurityGroup", securityGroupName="new") == "OK"


def test_what_fails_inside_is_in_the_log_only(host):
    with listening(host) as daemon, client(host) as made:
        run("sqlite3", f"{host.state_dir}/sgate.db",
            "PRAGMA ignore_check_constraints=1; INSERT INTO rule (group_key, direction, policy, protocol, ports, "
            "remote, priority, description) SELECT key, 'ingress', 'accept', 'tcp', '9-1', 'any', 1, '' "
            "FROM security_group;")
        with pytest.raises(Refused) as caught:
            made.call("DescribeSecurityGroups")
        assert (caught.value.status, caught.value.code) == (500, "INTERNAL_SERVER_ERROR")
        assert "9-1" not in caught.value.message and "database" not in caught.value.message
        event = daemon.wait_event("request", code="INTERNAL_SERVER_ERROR")
        assert "9-1" in event["message"] and event["level"] == "error"
        assert event["requestId"] == caught.value.request_id
