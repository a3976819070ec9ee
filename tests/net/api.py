# SPDX-License-Identifier: BSD-3-Clause
"""The daemon's API for tests: HTTP over a UNIX socket, JSON in and out."""
import http.client
import json
import socket
from urllib.parse import urlencode


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=10):
        super().__init__("sluiced", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path, method, url, query=None, body=None):
    """(status, reply); `body` is an object, or bytes as they are."""
    connection = Connection(path)
    if query:
        url += "?" + urlencode(query, doseq=True)
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    try:
        connection.request(method, url, body, {"Content-Type": "application/json"} if body is not None else {})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
