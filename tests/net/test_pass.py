# SPDX-License-Identifier: BSD-3-Clause
"""What is not outbound SMTP passes untouched, both ways; SMTP of both IP versions arrives."""
import hashlib
import os
import re
import socket
import struct
import sys
import threading

from shell import run, wait_until
from topology import DNS, PROVIDERS, hosts_of
from client import Client
from harness import expect, main

MEGABYTES = 8


def transfer(bed, listen, connect, address, family, port=8080, seconds=30):
    """Bytes over TCP from one namespace to another; returns what arrived as a digest beside what was sent."""
    data, got = os.urandom(MEGABYTES << 20), []
    with bed.inside(listen):
        server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.settimeout(seconds)
    server.bind((address, port))
    server.listen()

    def receive():
        try:
            connection, _ = server.accept()
            connection.settimeout(seconds)
            digest = hashlib.sha256()
            while more := connection.recv(1 << 16):
                digest.update(more)
            got.append(digest.hexdigest())
        except OSError:
            pass  # the digest is missing, then
    thread = threading.Thread(target=receive)
    thread.start()
    with bed.inside(connect):
        client = socket.socket(family)
    with client:
        client.settimeout(seconds)
        client.connect((address, port))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        thread.join(seconds + 5)
    server.close()
    return got and got[0] == hashlib.sha256(data).hexdigest()


def test_ping(bed):
    seen = []
    for address, size in (("203.0.113.11", 56), ("203.0.113.11", 1472), ("2001:db8:3::11", 56),
                          ("2001:db8:3::11", 1452)):
        out = run(*bed.netns("mta", "ping", "-c", "3", "-i", "0.2", "-W", "2", "-M", "do", "-s", str(size), address))
        expect("3 received" in out, out)
        seen.append(re.search(r"= [\d.]+/([\d.]+)/", out).group(1))
    return f"IPv4 and IPv6, small and full frames, {', '.join(seen)} ms"


def test_dns(bed):
    out = run(*bed.netns("mta", "dig", f"@{DNS}", "+short", "+time=2", "MX", "outlook.example"))
    over_tcp = run(*bed.netns("mta", "dig", f"@{DNS}", "+short", "+tcp", "+time=2", "MX", "outlook.example"))
    expect("mx1.microsoft.example" in out and sorted(out.split()) == sorted(over_tcp.split()), out + over_tcp)
    return "over UDP and TCP"


def test_tcp(bed):
    for family, world, mta in ((socket.AF_INET, "203.0.113.11", "192.0.2.11"),
                               (socket.AF_INET6, "2001:db8:3::11", "2001:db8:1::11")):
        expect(transfer(bed, "world", "mta", world, family), "outward: not the same bytes")
        expect(transfer(bed, "mta", "world", mta, family), "inward: not the same bytes")
    return f"{MEGABYTES} MB each way, IPv4 and IPv6, byte for byte"


def test_inbound_smtp(bed):
    """Mail towards the MTAs is none of the gate's business."""
    expect(transfer(bed, "mta", "world", "192.0.2.12", socket.AF_INET, port=25), "not the same bytes")
    return f"{MEGABYTES} MB to the MTA's own port 25"


def frame_through(bed, frame, place, interface, far_place, far_interface):
    """Sends a raw frame at one end; True when the same bytes come out at the other."""
    with bed.inside(far_place):
        far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        far.bind((far_interface, 0))
    far.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA: the kernel takes the tag off and tells it here
    with bed.inside(place):
        near = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        near.bind((interface, 0))
    near.send(frame)
    far.settimeout(2)
    with near, far:
        for _ in range(50):
            try:
                got, extra, _, _ = far.recvmsg(2048, 256)
            except TimeoutError:
                return False
            for level, kind, data in extra:
                tci, tpid = struct.unpack_from("=HH", data, 16)
                if (level, kind) == (263, 8) and tci:
                    got = got[:12] + struct.pack("!HH", tpid or 0x8100, tci) + got[12:]
            if got[:len(frame)] == frame:
                return True
    return False


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def tagged_syn(port, sport, vlan=7):
    """An Ethernet frame with a VLAN tag and a TCP SYN from a customer, all checksums right."""
    source, target = socket.inet_aton("192.0.2.11"), socket.inet_aton("203.0.113.11")
    tcp = struct.pack("!HHIIBBHHH", sport, port, 1, 0, 5 << 4, 2, 1000, 0, 0)
    tcp_sum = checksum(source + target + struct.pack("!HH", 6, len(tcp)) + tcp)
    tcp = tcp[:16] + struct.pack("!H", tcp_sum) + tcp[18:]
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0x4000, 64, 6, 0, source, target)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\x02\0\0\0\0\x02" + b"\x02\0\0\0\0\x01" + struct.pack("!HHH", 0x8100, vlan, 0x0800) + ip + tcp


def test_vlan(bed):
    """Tagged frames by hand: this kernel may have no VLAN devices."""
    odd = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + struct.pack("!HHH", 0x8100, 9, 0x88b5) + bytes(range(60))
    expect(frame_through(bed, odd, "mta", "mta0", "world", "world0"), "a tagged frame outward")
    expect(frame_through(bed, odd, "world", "world0", "mta", "mta0"), "a tagged frame inward")
    before = bed.counters()
    expect(frame_through(bed, tagged_syn(8080, 4000), "mta", "mta0", "world", "world0"), "a tagged SYN to port 8080")
    expect(frame_through(bed, tagged_syn(25, 4001), "mta", "mta0", "world", "world0"), "a tagged SYN to port 25")
    after = bed.counters()
    expect(after["flows-opened"] == before["flows-opened"] + 1, "the tagged SMTP flow is not seen as one")
    return "tagged frames pass both ways byte for byte; a tagged SYN to port 25 is seen as SMTP, one to 8080 is not"


def test_mail_both_versions(bed):
    for provider in PROVIDERS:
        for ipv6 in (False, True):
            for host in range(len(hosts_of(provider))):
                Client(bed, "acme", provider, ipv6, host).connect().greet().close()
    return "every receiver greets over IPv4 and IPv6"


def test_mail(bed):
    for provider in PROVIDERS:
        bed.send("acme", provider, 10, size=60000)
    expect(bed.wait_empty(60), "still queued")
    figures = bed.reconcile()
    clean = not figures["duplicated"] and not figures["cleartext_downgrades"]
    expect(figures["delivered"] == figures["sent"] and clean, figures)
    return f"{figures['delivered']} of {figures['sent']} messages of 60 kB"


def test_telemetry(bed):
    """The same counters over DPDK's telemetry, of all workers and of one."""
    before = bed.counters()
    told, of_one, of_none, workers = bed.telemetry("/sluice/counters", "/sluice/counters,0", "/sluice/counters,9",
                                                   "/sluice/workers")
    after = bed.counters()
    expect(set(told) == {name.replace("-", "_") for name in before}, sorted(told))
    for name in before:
        expect(before[name] <= told[name.replace("-", "_")] <= after[name], f"{name}: {told} is not in between")
    expect(told["smtp"] > 0 and of_one == told and of_none is None, (of_one, of_none))
    expect(list(workers) == ["worker_0"] and workers["worker_0"]["busy_ns"] <= workers["worker_0"]["total_ns"], workers)
    return f"{len(told)} counters, {len(workers)} worker"


def test_default_offloads(bed):
    """A neighbour that sends frames larger than the link: said at once, with what to do."""
    run(*bed.netns("mta", "ethtool", "-K", "mta0", "tso", "on", "gso", "on"))
    try:
        try:
            transfer(bed, "world", "mta", "203.0.113.11", socket.AF_INET, seconds=3)
        except OSError:
            pass
    finally:
        run(*bed.netns("mta", "ethtool", "-K", "mta0", "tso", "off", "gso", "off"))
    drops = bed.counters()["drop-truncated"]
    expect(drops > 0, "no frame was cut: is this still a fault?")
    wait_until(lambda: "ethtool -K IF tso off" in bed.log_of("gate"), 5, "the log says what to do")
    return f"{drops} cut frames counted, and the log says what to do"


if __name__ == "__main__":
    main(sys.modules[__name__])
