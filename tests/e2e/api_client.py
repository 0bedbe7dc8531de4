# SPDX-License-Identifier: GPL-2.0-only
"""A client of the HTTP API, made from its description alone; it signs by itself."""
import hashlib
import hmac
import http.client
import json
import re
import socket
import time

PATH = "/api/v2/vm"
METHOD = "ZC2-HMAC-SHA256"
OLD, NEW = "2023-03-13", "2026-04-01"
REQUEST_ID = re.compile(r"T[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}")


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status, document):
        super().__init__(f"{status} {document['code']}: {document['message']}")
        self.status = status
        self.code = document["code"]
        self.message = document["message"]
        self.request_id = document["requestId"]


def signature(secret, timestamp, body, content_type, host, method="POST"):
    canonical = "\n".join((
        method, "/", "", f"content-type:{content_type}\nhost:{host}\n", "content-type;host",
        hashlib.sha256(body).hexdigest()))
    text = f"{METHOD}\n{timestamp}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    """One connection. address: (host, port), or the path of a socket.

    namespace: the Namespace to connect in. key: (id, secret), or a token.
    """

    def __init__(self, address, key=None, version=NEW, namespace=None, tls=None, timeout=30):
        self.key = key
        self.version = version
        self.namespace = namespace
        self.headers = {}  # sent over those that are usual; None: left out
        self.timestamp = None  # in place of the clock's
        if isinstance(address, str):
            self.host = "localhost"
            self.connection = UnixConnection(address, timeout)
        else:
            self.host = f"{address[0]}:{address[1]}"
            make = http.client.HTTPConnection if tls is None else http.client.HTTPSConnection
            options = {} if tls is None else {"context": tls}
            self.connection = make(*address, timeout=timeout, **options)

    def close(self):
        self.connection.close()

    def authorization(self, body, content_type):
        if not self.key:
            return {}
        if isinstance(self.key, str):
            return {"authorization": f"Bearer {self.key}"}
        timestamp = str(self.timestamp or int(time.time()))
        made = signature(self.key[1], timestamp, body, content_type, self.host)
        return {"x-zc-timestamp": timestamp, "x-zc-signature-method": METHOD,
                "authorization": f"{METHOD} Credential={self.key[0]}, "
                                 f"SignedHeaders=content-type;host, Signature={made}"}

    def send(self, action, body, method="POST", path=PATH):
        """Status and document of an answer; the body is bytes."""
        content_type = self.headers.get("content-type") or "application/json"
        headers = {"host": self.host, "content-type": content_type, "x-zc-action": action,
                   "x-zc-service": "vm", "x-zc-version": self.version,
                   **self.authorization(body, content_type), **self.headers}
        headers = {name: value for name, value in headers.items() if value is not None}
        if self.connection.sock is None and self.namespace:
            with self.namespace.entered():
                self.connection.connect()
        self.connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            self.connection.putheader(name, value)
        if "content-length" not in headers:
            self.connection.putheader("content-length", str(len(body)))
        self.connection.endheaders(body)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.getheader("content-type") == "application/json", text
        return answer.status, json.loads(text)

    def call(self, action, **parameters):
        """What `response` holds beside the id of the request."""
        return self.call_json(action, json.dumps(parameters).encode())

    def call_json(self, action, body):
        status, document = self.send(action, body)
        assert REQUEST_ID.fullmatch(document["requestId"]), document
        if status != 200:
            assert sorted(document) == ["code", "message", "requestId"], document
            assert document["message"] and "\n" not in document["message"], document
            raise Refused(status, document)
        assert sorted(document) == ["requestId", "response"], document
        response = document["response"]
        assert response.pop("requestId") == document["requestId"]
        return response
