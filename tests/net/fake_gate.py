# SPDX-License-Identifier: BSD-3-Clause
"""Something that listens in the gate's place and answers as a test wants it to."""
import os
import socket
import struct
import threading

from frames import HEAD, TYPES, frame

HELLO_READY, HELLO_WAITS = (frame(TYPES["HELLO"], struct.pack("=QQIBBH", 0, 77, 1, ready, 1, 0)) for ready in (1, 0))


def ack(generation, status=0, error=b""):
    return frame(TYPES["ACK"], struct.pack("=QiIQQ128s", generation, status, 1, 1000, 1000, error))


class FakeGate(threading.Thread):
    """`talk(gate, connection)` is called for one connection after the other, until it returns or the daemon closes."""

    def __init__(self, path, talk):
        super().__init__(daemon=True)
        self.path, self.talk, self.stopped = path, talk, threading.Event()
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.listener.settimeout(0.2)

    def run(self):
        while not self.stopped.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                continue
            with connection:
                connection.settimeout(0.2)
                try:
                    self.talk(self, connection)
                except OSError:
                    continue

    def frames_from(self, connection):
        """(type, payload) of each frame that comes, until it ends."""
        data = b""
        while not self.stopped.is_set():
            try:
                more = connection.recv(1 << 20)
            except TimeoutError:
                continue
            if not more:
                return
            data += more
            while len(data) >= HEAD.size and len(data) >= (size := HEAD.unpack_from(data)[3]):
                yield HEAD.unpack_from(data)[2], data[HEAD.size:size]
                data = data[size:]

    def commits(self, connection):
        """The generation of each batch that came whole."""
        for kind, payload in self.frames_from(connection):
            if kind == TYPES["COMMIT"]:
                yield struct.unpack("=Q", payload)[0]

    def stop(self):
        self.stopped.set()
        self.join()
        self.listener.close()
        os.unlink(self.path)
