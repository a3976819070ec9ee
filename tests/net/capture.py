# SPDX-License-Identifier: BSD-3-Clause
"""What a capture outside the gate shows of SMTP connections: reads tcpdump's file, follows TCP."""
import collections
import ipaddress
import struct

FIN, SYN, RST, ACK = 1, 2, 4, 16

Packet = collections.namedtuple("Packet", "time source sport target tport flags seq ack size first")


def packets(path):
    """Yields the TCP packets of a pcap file (Ethernet, microseconds)."""
    with open(path, "rb") as file:
        head = file.read(24)
        order = "<" if head[:4] == b"\xd4\xc3\xb2\xa1" else ">"
        while True:
            record = file.read(16)
            if len(record) < 16:
                return
            seconds, micros, kept, _ = struct.unpack(order + "IIII", record)
            packet = parse(seconds + micros / 1e6, file.read(kept))
            if packet is not None:
                yield packet


def parse(time, frame):
    kind, at = struct.unpack_from("!H", frame, 12)[0], 14
    while kind == 0x8100:
        kind, at = struct.unpack_from("!H", frame, at + 2)[0], at + 4
    if kind == 0x0800:
        if frame[at + 9] != 6:
            return None
        tcp = at + (frame[at] & 15) * 4
        end = at + struct.unpack_from("!H", frame, at + 2)[0]
        source, target = frame[at + 12:at + 16], frame[at + 16:at + 20]
    elif kind == 0x86dd and frame[at + 6] == 6:
        tcp, end = at + 40, at + 40 + struct.unpack_from("!H", frame, at + 4)[0]
        source, target = frame[at + 8:at + 24], frame[at + 24:at + 40]
    else:
        return None
    sport, tport, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", frame, tcp)
    payload = tcp + (offset >> 4) * 4
    first = frame[payload] if payload < min(len(frame), end) else None
    return Packet(time, str(ipaddress.ip_address(source)), sport, str(ipaddress.ip_address(target)), tport, flags,
                  seq, ack, end - payload, first)


class Connection:
    """One SMTP connection as the world saw it."""

    def __init__(self, packet):
        self.source, self.remote = packet.source, packet.target
        self.opened, self.closed = packet.time, None
        self.isn = packet.seq
        self.client_end = 0       # highest client byte seen, relative
        self.server_end = None
        self.speaker = None
        self.turns = []           # (time, first byte) of each turn of the client
        self.fins = set()

    def see(self, packet, from_client):
        if packet.flags & RST:
            self.closed = self.closed or packet.time
        if packet.flags & FIN:
            self.fins.add(from_client)
            if len(self.fins) == 2:
                self.closed = self.closed or packet.time
        if packet.size == 0:
            return
        if not from_client:
            end = packet.seq + packet.size
            if self.server_end is None or 0 < ((end - self.server_end) & 0xffffffff) < 0x80000000:
                self.server_end = end
                self.speaker = "server"
            return
        end = (packet.seq - self.isn - 1 + packet.size) & 0xffffffff
        if end > self.client_end or self.client_end == 0:
            if self.speaker != "client":
                self.turns.append((packet.time, packet.first))
            self.client_end, self.speaker = end, "client"


def connections(path):
    """(connections, SYNs): every connection that was opened, and (time, source, remote) of every SYN."""
    live, done, syns = {}, [], []
    for packet in packets(path):
        if packet.tport == 25:
            key, from_client = (packet.source, packet.sport, packet.target), True
        elif packet.sport == 25:
            key, from_client = (packet.target, packet.tport, packet.source), False
        else:
            continue
        if from_client and packet.flags & (SYN | ACK) == SYN:
            syns.append((packet.time, packet.source, packet.target))
            if key not in live or live[key].isn != packet.seq:
                live[key] = Connection(packet)
                done.append(live[key])
        elif key in live:
            live[key].see(packet, from_client)
    return done, syns


def most_at_once(those):
    """The highest number open at one moment."""
    events = sorted([(c.opened, 1) for c in those] + [(c.closed, -1) for c in those if c.closed])
    most = now = 0
    for _, step in events:
        now += step
        most = max(most, now)
    return most


def is_tls_handshake(first):
    """A record of the handshake: ChangeCipherSpec or Handshake (RFC 8446 section 5.1)."""
    return first in (20, 22)


def rate_excess(times, rate, burst):
    """By how many units the fullest window goes beyond burst + rate * t; at most 0 when the limit held."""
    times = sorted(times)
    worst, tokens_before = float("-inf"), 0.0
    # The largest of (j - i + 1) - burst - rate * (t_j - t_i) over all i <= j, in one pass.
    for j, time in enumerate(times):
        start = -j + rate * (time - times[0])
        tokens_before = start if j == 0 else max(tokens_before, start)
        worst = max(worst, j + 1 - rate * (time - times[0]) + tokens_before - burst)
    return worst if times else 0.0
