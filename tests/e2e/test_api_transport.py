# SPDX-License-Identifier: GPL-2.0-only
"""The promise: only who has a key, or may open the socket, is served by the API, no faster than he may;
secrets show up nowhere, and what failed inside is told in the log only.

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

from api_client import REQUEST_ID, Client, Refused
from api_site import KEY, KEYS, TOKEN, client, code_of, listening, write_keys
from daemon import running
from sandbox import SGATE, run, wait_until


@pytest.fixture
def host(sandbox):
    """The sandbox, its state directory made, a file of keys in sandbox.keys."""
    sandbox.namespace("host")
    sandbox.sgate("group", "create", "web", "--id", "sg-web")
    sandbox.keys = f"{sandbox.state_dir}/keys"
    write_keys(sandbox, KEYS)
    return sandbox


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
