# SPDX-License-Identifier: GPL-2.0-only
"""A daemon that serves the API on loopback, in the sandbox's namespace, and clients of it."""
import contextlib
import os
import socket

from api_client import Client, Refused
from daemon import running

KEY = ("key-1", "SeCrEt-of-key-1")
TOKEN = "SeCrEt-token-2"
KEYS = f"# clients\n{KEY[0]} {KEY[1]}\nkey-2 bearer {TOKEN}\n"
HERE = ("127.0.0.1", 8080)


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
