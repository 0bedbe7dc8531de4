# SPDX-License-Identifier: GPL-2.0-only
"""The promise: killed at any moment of any call, the daemon loses nothing that it has acknowledged;
started again, store, kernel and answers agree; and no packet is judged otherwise meanwhile.

    guest g0 --- v0 [br0] u0 --- r0 remote       sgate guards v0
"""
import http.client
import os
import random
import signal
import threading
import time

from api_client import Client, Refused
from daemon import running
from frames import UDP, packet
from sandbox import wait_until
from wire import Stream

CALLS = 500 if os.environ.get("SGATE_LONG") == "1" else 60
PORTS = range(1000, 1020)  # of the rules that come and go
REJECTED = packet("10.0.0.1", "10.0.0.2", UDP, 54)


def accepted(number):
    return packet("10.0.0.1", "10.0.0.2", UDP, 53, data=b"%08d" % number)


def rule(port):
    return {"direction": "ingress", "ipProtocol": "tcp", "portRange": f"{port}/{port}", "cidrIp": "10.9.0.0/16"}


def toggle(client, port, rules):
    """Add the rule when it is not there, else take it away."""
    action = "RevokeSecurityGroupRules" if port in rules else "AuthorizeSecurityGroupRules"
    client.call(action, securityGroupId="web", ruleInfos=[rule(port)])


def answered(client):
    """Ports of the rules that the API tells of."""
    group, = client.call("DescribeSecurityGroups", securityGroupIds=["web"])["dataSet"]
    return {int(r["portRange"].split("/")[0]) for r in group["ruleInfos"] if r["ipProtocol"] == "tcp"}


def stored(sandbox):
    lines = sandbox.sgate("rule", "list", "web").out.splitlines()
    return {int(line.split()[3]) for line in lines if " tcp " in line}


class Killer(threading.Thread):
    """Kills the daemon after a while that is like a call's."""

    def __init__(self, daemon, chance):
        super().__init__()
        self.daemon_process = daemon
        self.delay = chance.uniform(0, 0.03)

    def run(self):
        time.sleep(self.delay)  # the random moment, not a wait for something
        self.daemon_process.send(signal.SIGKILL)


def calls_until_killed(client, rules, chance, count):
    """Calls in a row, then one during which nothing is promised; that one's port, or None."""
    for _ in range(count):
        port = chance.choice(PORTS)
        try:
            toggle(client, port, rules)
        except Refused as refused:
            raise AssertionError(f"refused: {refused}") from refused
        except (OSError, http.client.HTTPException):
            return port
        rules ^= {port}
    return None


def test_killed_during_calls_nothing_acknowledged_is_lost(sandbox, switched):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    sandbox.group("web", "egress accept udp 53")
    sandbox.sgate("attach", "v0", "--id", "i-1")
    sandbox.sgate("associate", "web", "i-1")
    path = f"{sandbox.state_dir}/api.sock"
    rules, calls, kills, open_ones = set(), 0, 0, 0
    with Stream(switched.g0, switched.r0, accepted, [REJECTED]) as stream:
        while calls < CALLS:
            with running(sandbox, "--listen", f"unix:{path}", "--rate", "0") as daemon:
                client = Client(path)
                assert answered(client) == rules == stored(sandbox)
                sandbox.sgate("reconcile", "--check")
                killer = Killer(daemon, chance)
                killer.start()
                before = rules.copy()
                port = calls_until_killed(client, rules, chance, 1000)
                killer.join()
                client.close()
                wait_until(lambda d=daemon: d.process.poll() is not None)
                kills += 1
                calls += 1 + len(before ^ rules)
            # the call that was cut off is done or not, as a whole
            now = stored(sandbox)
            assert now ^ rules <= {port}, (now, rules, port)
            open_ones += now != rules
            rules = now
            stream.go_on(5)
        with running(sandbox, "--listen", f"unix:{path}"):
            client = Client(path)
            assert answered(client) == stored(sandbox) == rules
            client.close()
        sandbox.sgate("reconcile", "--check")
    print(f"{calls} calls, {kills} kills, {open_ones} calls done and not acknowledged")


def test_a_slow_client_delays_no_interface(sandbox, switched):
    """Clients that send half a request, one of many bytes, or do not read: events go on."""
    host = switched.host
    sandbox.sgate("instance", "add", "w", "--dev", "w0")
    path = f"{sandbox.state_dir}/api.sock"
    with running(sandbox, "--listen", f"unix:{path}", "--reconcile", "86400") as daemon:
        clients = [Client(path) for _ in range(20)]
        for client in clients:
            client.connection.connect()
            client.connection.sock.sendall(b"POST /api/v2/vm HTTP/1.1\r\nhost: x\r\n"
                                           b"content-length: 100000\r\n\r\n{")
        for _ in range(5):
            daemon.forget()
            host.ip("link add w0 type bridge")
            began = time.monotonic()
            daemon.wait_event("instance-enforced", instanceId="w")
            assert time.monotonic() - began < 3
            host.ip("link del w0")
            daemon.wait_event("instance-released", instanceId="w")
        for client in clients:
            client.close()
