# SPDX-License-Identifier: GPL-2.0-only
"""Debian packages of the program under test, and systems to install them in."""
import contextlib
import os
import shutil

import pytest

from container import Container
from sandbox import SGATE, run

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
UNIT = "sgate.service"
NEEDED = ("systemd-nspawn", "dpkg-deb", "dpkg-shlibdeps", "strip")


def build_deb(output, *options):
    """The path of a new package."""
    done = run(f"{TREE}/tools/packaging/build-deb", "--build", os.path.dirname(SGATE), "--output", output, *options)
    return done.stdout.strip()


@contextlib.contextmanager
def system(sandbox, directory):
    """A running system in the network namespace of sgate, without sgate."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        pytest.skip(f"not installed: {' '.join(missing)}")
    shared, files = directory / "shared", directory / "system"
    shared.mkdir()
    files.mkdir()
    made = Container(files, sandbox.home, shared)
    try:
        made.start()
        yield made
    finally:
        made.close()
