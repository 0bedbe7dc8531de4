# SPDX-License-Identifier: GPL-2.0-only
"""Steady flows of UDP packets, counted where they start and where they arrive.

The programs are in tools/; `make tests` builds them beside sgate.
"""
import json
import os
import select
import subprocess
import time

from sandbox import SGATE, TIMEOUT

TOOLS = os.path.join(os.path.dirname(SGATE), "tests/e2e/tools")
SLOW = 90  # seconds that a counted number of packets may take to be sent


def tool(name):
    path = os.path.join(TOOLS, name)
    assert os.access(path, os.X_OK), f"{path} is missing: run make tests"
    return path


class _End:
    """One end of a set of flows: a process that answers a line with its counts."""

    def __init__(self, sandbox, namespace, *words):
        self.process = sandbox.start(*namespace.inside(tool("flow"), *words),
                                     stdin=subprocess.PIPE, stderr=None, text=True)
        assert self._line(TIMEOUT) == "ready\n"

    def _line(self, timeout):
        assert select.select([self.process.stdout], [], [], timeout)[0], "flow does not answer"
        line = self.process.stdout.readline()
        assert line, f"flow ended: {self.process.wait()}"
        return line

    def _write(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _counts(self, timeout=TIMEOUT):
        counts = json.loads(self._line(timeout))
        return {int(key) if key.isdigit() else key: count for key, count in counts.items()}

    def counts(self):
        """{port: packets} so far; a receiver's have "dropped" as well, which must stay 0."""
        self._write("report")
        return self._counts()


class Sender(_End):
    def __init__(self, sandbox, namespace, address, rate, ports):
        super().__init__(sandbox, namespace, "send", address, rate, *ports)

    def stop(self):
        """Send no more; {port: packets}."""
        self._write("stop")
        return self._counts()

    def limit(self, packets):
        """Send so many more to each port and stop; counts() then waits for them."""
        self._write(f"send {packets}")

    def finished(self):
        """Wait for the packets of limit(); {port: packets}."""
        return self._counts(SLOW)


class Receiver(_End):
    def __init__(self, sandbox, namespace, ports):
        super().__init__(sandbox, namespace, "receive", *ports)
        self.ports = ports


class Flows:
    """The same flows in both directions between two namespaces, and what must become of them.

    `always`: ports all of whose packets must arrive; `never`: none may; `maybe`: either.
    """

    def __init__(self, sandbox, ends, rate, always=(), never=(), maybe=()):
        self.always, self.never = always, never
        ports = [*always, *never, *maybe]
        self.ways = []
        for (source, _), (destination, address) in (ends, ends[::-1]):
            receiver = Receiver(sandbox, destination, ports)
            self.ways.append((Sender(sandbox, source, address, rate, ports), receiver))

    def check_never(self):
        for _, receiver in self.ways:
            counts = receiver.counts()
            passed = {port: counts[port] for port in self.never if counts[port]}
            assert not passed, f"packets passed that no policy accepts: {passed}"

    def check_always(self, sent):
        """Every packet of what was sent, a list in the order of the ways, has arrived."""
        for (_, receiver), counts in zip(self.ways, sent):
            arrived = receiver.counts()
            deadline = time.monotonic() + 2
            while any(arrived[port] < counts[port] for port in self.always):
                if time.monotonic() > deadline:
                    break
                arrived = receiver.counts()
            lost = {port: counts[port] - arrived[port] for port in self.always}
            assert not any(lost.values()), f"lost {lost} of {counts}, {arrived}"
            assert arrived["dropped"] == 0, arrived

    def stop(self):
        """Stop and check everything; the packets that were sent."""
        sent = [sender.stop() for sender, _ in self.ways]
        self.check_always(sent)
        self.check_never()
        return sum(sum(counts.values()) for counts in sent)

    def limit(self, packets):
        for sender, _ in self.ways:
            sender.limit(packets)

    def finish(self):
        """Wait until what limit() said is sent and check everything; the packets sent."""
        sent = [sender.finished() for sender, _ in self.ways]
        self.check_always(sent)
        self.check_never()
        return sum(sum(counts.values()) for counts in sent)
