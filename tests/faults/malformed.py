# SPDX-License-Identifier: BSD-3-Clause
"""What nobody should send, by the ten thousand: to the daemon's API, to the gate's control socket."""
import json
import random
import socket
import struct

import frames
from fake_gate import HELLO_READY, FakeGate, ack
from harness import expect

COUNT = 10000
PATIENCE = 0.005  # with a request that is not whole
# None of these can ever be carried out, whatever byte of them is another one: there is no such customer.
SOUND = [("POST", "/v1/limits", {"scope": "customer:nobody-at-all", "setting": ["connections=5"]}),
         ("POST", "/v1/customers/nobody-at-all/quarantine", {"reason": "trap hits", "for": "1h"}),
         ("POST", "/v1/releases", {"target": "customer:nobody-at-all"}),
         ("POST", "/v1/config", {"what": "check", "file": "customers: 5"}),
         ("GET", "/v1/flows?customer=nobody-at-all&most=0", None),
         ("GET", "/v1/explain?subject=nobody-at-all&vlan=x", None)]
WRONG_VALUES = (None, 7.5, -1, [], {}, "", "x" * 5000, [[]], True, "\x00\x1b[2J", 1 << 80)


def request(method, path, body):
    text = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(text)}\r\n\r\n".encode() + text


def wrong_request(chance):
    """Noise; an argument of another kind; a length that is none; a sound one with bytes changed."""
    method, path, body = chance.choice(SOUND)
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(1, 300)) + b"\r\n\r\n"
    if kind == 1 and body is not None:
        body = {**body, chance.choice((*body, "no-such")): chance.choice(WRONG_VALUES)}
        return request(method, path, body)
    data = bytearray(request(method, path, body))
    if kind == 2:
        return bytes(data).replace(b"Content-Length: ", chance.choice((b"Content-Length: -", b"Content-Length: 0x")))
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def exchange(path, data):
    """The status of the answer to that; None when the connection just ends; 0 when more is waited for."""
    answer = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(path)
        try:
            client.sendall(data)
            while more := client.recv(65536):
                answer += more
        except TimeoutError:
            return 0
        except ConnectionError:
            pass
    words = answer.split(None, 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") else None


def api(case):
    """Refused, each of them; in between and afterwards orders are taken."""
    chance, seen = random.Random(9), {}
    case.kept.begin()
    for number in range(COUNT):
        status = exchange(f"{case.pair.dir}/admin.sock", wrong_request(chance))
        seen[status] = seen.get(status, 0) + 1
        if number % 500 == 0:
            case.kept.orders(1)
    case.times = COUNT
    expect(500 not in seen and 503 not in seen, seen)
    case.kept.settle()
    names = {None: "the connection ends", 0: "more is waited for"}
    case.said = ", ".join(f"{count}x {names.get(status, status)}" for status, count in
                          sorted(seen.items(), key=lambda item: -item[1]))


def gate_frames(case):
    """To a gate without a daemon, which would be deaf to others: nothing of it is published."""
    chance, path, words = random.Random(10), f"{case.pair.dir}/gate.sock", set()
    case.kept.begin()
    case.kept.orders(20)
    with case.daemon_away():
        before = frames.gate_generation(path)
        for _ in range(COUNT):
            answer = frames.talk(path, frames.damaged(chance), and_end=True)
            words.add(answer[-140:].rstrip(b"\0").rpartition(b"\0")[2].decode(errors="replace"))
        case.times = COUNT
        expect(frames.gate_generation(path) == before, "something was published")
        case.kept.in_state_file("at the gate, after wrong frames", case.kept.known)
    case.kept.orders(20)
    case.kept.settle()
    case.said = f"{len(words)} different answers, such as \"{max(words, key=len)}\""


SIZES = [(kind, size)
         for kind in ("ACK", "ROW_STATUS", "ROW_COUNTERS", "ROW_FLOW", "ROW_METER", "ROW_VOLUME", "ROW_WAITS", "END")
         for size in (0, 8, 64)]


def absurd_answers(chance, count):
    """Acknowledgements of what was never sent, and rows nobody asked for, with whatever in them."""
    answers = b""
    for _ in range(count):
        answers += ack(chance.getrandbits(64), 0, chance.randbytes(128))
    return answers


def gate_answers(case):
    """Something in the gate's place: each conversation is sound, but for what is answered then."""
    chance, sent = random.Random(11), []

    def talk(gate, connection):
        connection.sendall(HELLO_READY + absurd_answers(chance, 200))
        sent.append(200)
        for kind, payload in gate.frames_from(connection):
            if kind == frames.TYPES["COMMIT"]:
                connection.sendall(absurd_answers(chance, 50) + ack(*struct.unpack("=Q", payload)))
                sent.append(50)
            elif kind == frames.TYPES["QUERY"]:
                row, size = chance.choice(SIZES)
                connection.sendall(frames.frame(frames.TYPES[row], chance.randbytes(size)))
                sent.append(1)

    case.kept.begin()
    case.kept.orders(20)
    case.pair.end("gate")
    fake = FakeGate(f"{case.pair.dir}/gate.sock", talk)
    fake.start()
    try:
        for _ in range(case.many(100, 1000)):
            case.kept.order()
            if chance.random() < 0.1:
                case.pair.ask("GET", "/v1/customers")
    finally:
        fake.stop()
    case.times = sum(sent)
    case.gate_back()
    case.kept.enforced = [known | enforced for known, enforced in zip(case.kept.known, case.kept.enforced)]
    case.kept.settle()
    case.said = case.last_said("daemon", "gate:")
