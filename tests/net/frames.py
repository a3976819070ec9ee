# SPDX-License-Identifier: BSD-3-Clause
"""Frames of the control socket, made of what the gate was built with, so that a newer version is met by its own; and
a conversation with the gate."""
import os
import re
import socket
import struct

INCLUDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "include")
HEAD = struct.Struct("=HBBI")


def contract(name, pattern):
    with open(f"{INCLUDE}/{name}", encoding="utf-8") as file:
        return re.findall(pattern, file.read(), re.M)


MAGIC, VERSION = (int(number, 0) for number in contract("wire.h", r"^#define WIRE_(?:MAGIC|VERSION) (\w+)u$"))
TYPES = {name: number for number, name in enumerate(contract("frames.def", r"^FRAME\((\w+),"))}
SCOPES = contract("scope.h", r"^\tSCOPE_(\w+),")
SCOPE_KEY = 28


def frame(kind, payload, magic=MAGIC, version=VERSION, length=None):
    return HEAD.pack(magic, version, kind, HEAD.size + len(payload) if length is None else length) + payload


HELLO = frame(TYPES["HELLO"], bytes(24))
BEGIN = frame(TYPES["BEGIN"], struct.pack("=QII", 7, 0, 0))
COMMIT = frame(TYPES["COMMIT"], struct.pack("=Q", 7))


def key(scope, customer=0, provider=0):
    return struct.pack("=B3xII16x", scope, customer, provider)


def query(what, scope=len(SCOPES)):
    numbers = struct.pack("=IIIIIII", what, 0, 0, 0, scope, 0, 0)
    return frame(TYPES["QUERY"], numbers + bytes(SCOPE_KEY * len(SCOPES) + 4))


def verdict(**change):
    fields = {"scope": SCOPES.index("CUSTOMER"), "action": 1, "refuse": 0, "reason": b"x" + bytes(95), **change}
    numbers = struct.pack("=BB2xQ", fields["action"], fields["refuse"], 1)
    return frame(TYPES["PUT_VERDICT"], key(fields["scope"], 1) + numbers + fields["reason"])


def damaged(chance):
    """A conversation with some bytes changed, perhaps cut short; its COMMIT never comes whole."""
    data = bytearray(HELLO + BEGIN + verdict() + COMMIT)
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    cut = chance.random() < 0.3
    return bytes(data[:chance.randrange(1, len(data)) if cut else len(data) - 8])


def talk(path, data, timeout=3.0, and_end=False):
    """What the gate says to some bytes, until it closes or falls silent; `and_end`: that is all we say."""
    answer = b""
    with socket.socket(socket.AF_UNIX) as gate:
        gate.settimeout(timeout)
        gate.connect(path)
        try:
            gate.sendall(data)
            if and_end:
                gate.shutdown(socket.SHUT_WR)
            while more := gate.recv(65536):
                answer += more
        except OSError:
            pass
    return answer


def gate_generation(path):
    """What the gate itself says is published."""
    with socket.socket(socket.AF_UNIX) as gate:
        gate.settimeout(5)
        gate.connect(path)
        gate.sendall(HELLO + query(0))
        answer = b""
        while len(answer) < 2 * HEAD.size + 24 + 8:
            answer += gate.recv(4096)
    return struct.unpack_from("=Q", answer, 2 * HEAD.size + 24)[0]
