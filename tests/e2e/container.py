# SPDX-License-Identifier: GPL-2.0-only
"""A Debian system of its own, with systemd as its first process.

Its files are this machine's, copied on write: what is installed or purged in it
is not seen outside. It has a bpffs of its own and the network namespace that is
given. Only what a test starts runs in it.

      this machine's /  (lower)  --+
      a tmpfs           (upper)  --+--> overlay  -->  systemd-nspawn  -->  systemd
      a new bpffs       ------------------------------^ /sys/fs/bpf
"""
import contextlib
import os
import subprocess

from sandbox import TIMEOUT, run, wait_until

# Nothing of the machine's own services: a target that wants nothing. Packages may start theirs, and are not
# held up by the index of manuals or by a disk.
TARGET = """[Unit]
Description=A test
AllowIsolate=yes
DefaultDependencies=no
"""

SETUP = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
cd "$1"
mkdir upper work root bpf shared
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work overlay root
mount -t bpf bpf bpf
rm -rf root/etc/systemd/system root/etc/default/sgate root/var/lib/sgate root/usr/sbin/policy-rc.d
rm -f root/var/lib/man-db/auto-update
echo force-unsafe-io >root/etc/dpkg/dpkg.cfg.d/unsafe
mkdir -p root/etc/systemd/system
cat >root/etc/systemd/system/test.target
exec systemd-nspawn --quiet --register=no --keep-unit --network-namespace-path="$2" --machine="$3" \
	--capability=all --system-call-filter=bpf --bind="$1/bpf:/sys/fs/bpf" --bind-ro="$4" --console=pipe \
	--link-journal=no --directory=root /lib/systemd/systemd --unit=test.target
"""


class Container:
    """Started by start(); close() ends all that runs in it and forgets its files."""

    def __init__(self, directory, namespace, shared):
        """`shared` is a directory of this machine that it sees under the same path."""
        self.directory = str(directory)
        self.namespace = namespace
        self.shared = str(shared)
        self.process = None
        self.init = None  # its first process, as this machine numbers it

    def start(self):
        name = os.path.basename(self.namespace.path)
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", SETUP, "sh", self.directory, self.namespace.path, name, self.shared],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.process.stdin.write(TARGET)
        self.process.stdin.close()
        self.init = wait_until(self._find_init, timeout=3 * TIMEOUT)
        wait_until(lambda: self.run("systemctl", "is-system-running", status=None).stdout.strip() == "running",
                   timeout=3 * TIMEOUT)

    def _find_init(self):
        """The process that is the first in a process namespace, once it is systemd."""
        assert self.process.poll() is None, self.process.stdout.read()
        found = run("pgrep", "--parent", self.process.pid, status=None).stdout.split()
        for pid in found:
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    if file.read().strip() == "systemd":
                        return pid
        return None

    def close(self):
        if self.process is None:
            return
        if self.init:
            run("kill", "-KILL", self.init, status=None)
        elif self.process.poll() is None:
            self.process.kill()
        self.process.wait(TIMEOUT)
        self.process.stdout.close()

    def run(self, *argv, **options):
        """Run a command inside; as sandbox.run."""
        return run("nsenter", f"--target={self.init}", "--all", *argv, **options)

    def read(self, path):
        return self.run("cat", path).stdout

    def write(self, path, text):
        self.run("sh", "-c", f'mkdir -p "$(dirname {path})" && cat >{path}', input=text)

    def property(self, unit, name):
        return self.run("systemctl", "show", unit, "--property", name, "--value").stdout.strip()
