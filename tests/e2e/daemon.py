# SPDX-License-Identifier: GPL-2.0-only
"""sgate daemon as a service manager runs it: told when it is ready, its log read as it comes."""
import contextlib
import json
import os
import select
import signal
import socket
import time

from sandbox import SGATE, TIMEOUT


class Daemon:
    """A daemon in the sandbox's home, ready when this returns; ended by stop() or the sandbox."""

    def __init__(self, sandbox, *options, env=None, wait=True, prefix=(), **popen):
        self.sandbox = sandbox
        self.path = f"{sandbox.state_dir}.notify-{time.monotonic_ns()}"
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(self.path)
        settings = {**sandbox.env, "NOTIFY_SOCKET": self.path, **(env or {})}
        words = [f"{name}={value}" for name, value in settings.items()]
        command = sandbox.command("daemon", *options)
        at = command.index(SGATE)
        self.process = sandbox.start("env", *words, *command[:at], *prefix, *command[at:], **popen)
        os.set_blocking(self.process.stderr.fileno(), False)
        self.text = b""
        self.events = []  # of the log, so far
        self.told = []  # to the service manager, line by line
        if wait:
            self.wait_told("READY=1")

    @property
    def pid(self):
        """nsenter and env become sgate: the process is the same."""
        return self.process.pid

    def _read(self):
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.process.stderr.fileno(), 65536):
                self.text += chunk
        *lines, self.text = self.text.split(b"\n")
        self.events += [json.loads(line) for line in lines]
        with contextlib.suppress(BlockingIOError):
            while self.notified.fileno() >= 0:
                self.told += self.notified.recv(4096, socket.MSG_DONTWAIT).decode().split("\n")

    def wait(self, claim, timeout=TIMEOUT):
        """Look at log and notifications as they come, until `claim` is true; its answer."""
        deadline = time.monotonic() + timeout
        while True:
            self._read()
            if answer := claim():
                return answer
            left = deadline - time.monotonic()
            assert left > 0, f"waited in vain; log: {self.events[-20:]}, told: {self.told}"
            status = self.process.poll()
            assert status is None or self.notified is None, (
                f"the daemon ended with {status}: {self.text}, {self.events[-20:]}")
            select.select([self.process.stderr, self.notified], [], [], min(left, 0.2))

    def wait_told(self, line, **options):
        self.wait(lambda: line in self.told, **options)

    def find(self, event, **fields):
        """The first such event that the log has by now."""
        self._read()
        return next((e for e in self.events
                     if e["event"] == event and fields.items() <= e.items()), None)

    def wait_event(self, event, timeout=TIMEOUT, **fields):
        return self.wait(lambda: self.find(event, **fields), timeout)

    def forget(self):
        """Begin a new log."""
        self._read()
        self.events.clear()

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(TIMEOUT)
        self._read()
        self.close()
        return status

    def close(self):
        self.notified.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def status(self, field):
        """Of /proc/PID/status."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return dict(line.split(":", 1) for line in file)[field].strip()

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory_kib(self):
        """Of its own: what it shares with the kernel's maps is not counted."""
        return int(self.status("RssAnon").split()[0])


@contextlib.contextmanager
def running(sandbox, *options, **settings):
    daemon = Daemon(sandbox, *options, **settings)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.stop(signal.SIGKILL)
        else:
            daemon.close()
