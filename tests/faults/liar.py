# SPDX-License-Identifier: BSD-3-Clause
"""A DNS server that tells the truth, or of each domain something else: of N.example what the Nth of MODES is."""
import random
import socket
import struct
import threading

TYPE_A, TYPE_MX = 1, 15
LIE = "198.18.0.99"


def record(name, kind, data, ttl=1):
    return name + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def true_address(number):
    return f"203.0.113.{number + 1}"


def number_of(query):
    """Of the domain, which is its name's last but one label."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]])
        at += 1 + query[at]
    return int(labels[-2])


def answer_to(query, address=None, rcode=0, count=None):
    """A sound answer: the MX is the domain's host mx, which has that address and no IPv6."""
    at = query.index(b"\0", 12) + 5
    question, kind = query[12:at], struct.unpack("!H", query[at - 4:at - 2])[0]
    data = b""
    if kind == TYPE_MX:
        data = record(b"\xc0\x0c", kind, struct.pack("!H", 10) + b"\x02mx\xc0\x0c")
    elif kind == TYPE_A:
        data = record(b"\xc0\x0c", kind, socket.inet_aton(address or true_address(number_of(query))))
    if rcode != 0:
        data = b""
    answers = int(data != b"") if count is None else count
    return query[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, answers, 0, 0) + question + data


def wrong_id(query, _chance):
    answer = bytearray(answer_to(query, LIE))
    answer[0] ^= 0x55
    return bytes(answer)


def looping_name(query, _chance):
    """A name that points at itself."""
    at = query.index(b"\0", 12) + 5
    return answer_to(query)[:at] + record(struct.pack("!H", 0xc000 | at), TYPE_A, socket.inet_aton(LIE))


def changed(query, chance):
    answer = bytearray(answer_to(query))
    for _ in range(4):
        answer[chance.randrange(4, len(answer))] = chance.randrange(256)
    return bytes(answer[:chance.randrange(12, len(answer) + 1)])


# What it says, by name; None: nothing.
MODES = {
    "a neighbour's address": lambda query, chance: answer_to(query, true_address(number_of(query) + 1)),
    "truth": lambda query, chance: answer_to(query),
    "silent": lambda query, chance: None,
    "no such name": lambda query, chance: answer_to(query, rcode=3),
    "failure": lambda query, chance: answer_to(query, rcode=2),
    "refused": lambda query, chance: answer_to(query, rcode=5),
    "noise": lambda query, chance: query[:2] + chance.randbytes(60),
    "another's answer": wrong_id,
    "a name that points at itself": looping_name,
    "more records than there are": lambda query, chance: answer_to(query, count=65535),
    "changed bytes": changed,
    "another address": lambda query, chance: answer_to(query, LIE),
}


class Liar(threading.Thread):
    def __init__(self, address):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.socket.settimeout(0.2)
        self.lying, self.stopped = False, threading.Event()
        self.lies = [0] * len(MODES)  # so often each was asked for, while it was lying

    def answer(self, query, chance):
        number = number_of(query)
        self.lies[number] += self.lying
        mode = list(MODES)[number] if self.lying else "truth"
        return MODES[mode](query, chance)

    def run(self):
        chance = random.Random(12)
        while not self.stopped.is_set():
            try:
                query, whose = self.socket.recvfrom(4096)
                answer = self.answer(query, chance)
                if answer is not None:
                    self.socket.sendto(answer, whose)
            except OSError:
                continue
        self.socket.close()

    def stop(self):
        self.stopped.set()
        self.join()
