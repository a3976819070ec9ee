# SPDX-License-Identifier: BSD-3-Clause
"""Each limit on real connections, in each scope, measured by a capture outside the gate."""
import sys
import threading
import time

import capture
from shell import run, wait_until
from topology import CUSTOMERS
from client import Client
from harness import expect, main

CONFIG = {"smtp": {"max-hold": "2s"}}
JITTER = 0.5  # of a unit

SCOPES = {
    "customer": "customer:corvus", "provider": "provider:google",
    "customer-provider": "customer:corvus/provider:google",
    "source": f"source:{CUSTOMERS['corvus']['ipv4']}", "remote": "remote:203.0.113.21", "gate": "gate",
    "source-provider": f"source:{CUSTOMERS['corvus']['ipv4']}/provider:google",
}


def try_many(bed, count, hold=0.0, seconds=4.0):
    """Connections at once; what the banner said to each: "220", "421" or the name of what happened."""
    results, clients = [None] * count, []

    def one(number):
        client = Client(bed, "corvus", "google", timeout=seconds)
        clients.append(client)
        try:
            results[number] = client.connect().reply()[:3]
        except OSError as error:
            results[number] = type(error).__name__
    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(hold)
    return results, clients


def with_limit(bed, scope, *settings):
    class Limit:
        def __enter__(self):
            bed.ctl("limit", scope, *settings)

        def __exit__(self, *_):
            bed.ctl("release", scope)
    return Limit()


def connections_in(bed, scope):
    with with_limit(bed, scope, "connections=3"):
        results, clients = try_many(bed, 6)
        expect(sorted(results) == ["220"] * 3 + ["421"] * 3, f"{scope}: {results}")
        # A slot that comes free is taken by who waits.
        waiting = threading.Thread(target=lambda: more.append(try_many(bed, 1)))
        more = []
        waiting.start()
        time.sleep(0.5)
        clients[results.index("220")].close()
        waiting.join()
        expect(more[0][0] == ["220"], f"{scope}: after one was closed: {more[0][0]}")
        for client in clients + more[0][1]:
            client.close()
    time.sleep(0.3)


def test_connections(bed):
    for scope in SCOPES.values():
        connections_in(bed, scope)
    scopes = f"{len(SCOPES)} scopes: {', '.join(SCOPES)}"
    return f"3 of 6 let in, 3 refused by 421 after 2 s, a freed slot taken; in {scopes}"


def test_no_slot_is_kept(bed):
    time.sleep(1)
    rows = {row["customer"]: row["connections"] for row in bed.ctl("customers")["rows"]}
    expect(not any(rows.values()), f"still counted: {rows}")
    return "every slot was given back"


def test_connection_rate(bed):
    seen = []
    for name, scope in SCOPES.items():
        path = bed.start_capture(f"rate-{name}")
        with with_limit(bed, scope, "connection-rate=10/s burst 4"):
            time.sleep(0.5)
            results, clients = try_many(bed, 20)
            for client in clients:
                client.close()
        bed.stop_capture(f"rate-{name}")
        opened = [c.opened for c in capture.connections(path)[0]]
        excess = capture.rate_excess(opened, 10, 4)
        expect(excess < JITTER, f"{scope}: {excess:.2f} beyond 4 + 10/s")
        # 4 at once, 20 more within max-hold: all of them.
        expect(results.count("220") == 20, f"{scope}: {results}")
        expect(max(opened) - min(opened) < 1.9, f"{scope}: took {max(opened) - min(opened):.2f} s, 1.6 expected")
        seen.append(f"{name} {max(opened) - min(opened):.2f} s")
    return f"20 connections at 10/s burst 4 (1.6 s expected): {', '.join(seen)}"


def test_rate_refuses_beyond_hold(bed):
    with with_limit(bed, "customer:corvus", "connection-rate=2/s"):
        results, clients = try_many(bed, 12)
        for client in clients:
            client.close()
    let_in = results.count("220")
    expect(let_in + results.count("421") == 12 and 4 <= let_in <= 6, results)
    return f"2/s and max-hold 2 s: {let_in} of 12 let in, the others told 421"


def throughput(bed, seconds=4.0):
    """Pours a message body in for a while."""
    client = Client(bed, "corvus", "apple").connect().greet()
    client.envelope("icloud.example")
    client.ask("DATA", 354)
    data, end = ("z" * 998 + "\r\n").encode() * 16, time.monotonic() + seconds
    client.socket.settimeout(20)
    while time.monotonic() < end:
        client.socket.sendall(data)
    client.close()


def test_byte_rate(bed):
    path = bed.start_capture("bytes")
    with with_limit(bed, "customer:corvus", "byte-rate=200kB/s burst 20kB"):
        time.sleep(0.3)
        throughput(bed)
        bed.stop_capture("bytes")  # before the release lets the rest go at once
    sizes = [(p.time, p.size + (66 - 14)) for p in capture.packets(path) if p.tport == 25 and p.size > 0]
    first, last = sizes[0][0], sizes[-1][0]
    total = sum(size for _, size in sizes)
    window = max_window(sizes, 200_000, 20_000)
    rate = (total - 20_000) / (last - first) / 1000
    expect(window < 3000, f"{window:.0f} bytes beyond burst + rate x time")
    expect(185 < rate < 205, f"{rate:.1f} kB/s")
    return f"{rate:.1f} kB/s of 200 configured, no window more than {max(0, window):.0f} B over"


def max_window(sizes, rate, burst):
    worst, best, done = float("-inf"), float("-inf"), 0
    for moment, size in sizes:
        best = max(best, rate * (moment - sizes[0][0]) - done)
        done += size
        worst = max(worst, done - rate * (moment - sizes[0][0]) + best - burst)
    return worst


def test_unknown_customer(bed):
    """A source nobody configured: denied or limited, as configured."""
    bed.ip("mta", "addr", "add", "192.0.2.99/24", "dev", "mta0")

    def stray():
        return Client(bed, None, "google", source="192.0.2.99").connect()
    try:
        bed.reload({**CONFIG, "unknown": {"customer": {"action": "deny"}}})
        denied = stray().reply()
        expect(denied.startswith("421 4.7.0 Held by sluice: unknown source"), denied)
        Client(bed, "acme", "google").connect().greet().close()
        bed.reload({**CONFIG, "unknown": {"customer": {"limits": {"connections": 1}}}})
        first = stray().greet()
        second = stray().reply()
        wait_until(lambda: any(row["alarm"] == "unknown-sources" and "192.0.2.99" in row["what"]
                               for row in bed.ctl("alarms")["rows"]), 15, "an alarm names the stranger", 1)
        first.close()
        expect(second.startswith("421 4.7.0 Deferred by sluice"), second)
    finally:
        bed.reload(CONFIG)
    return f"denied: {denied}; limited: {second}"


def test_unknown_provider(bed):
    bed.ip("world", "addr", "add", "203.0.113.250/24", "dev", "world0")
    addresses = "203.0.113.31, [2001:db8:3::31], 203.0.113.32, [2001:db8:3::32], 203.0.113.250"
    bed.set_receiver("apple", inet_interfaces=addresses)
    base = f"{bed.dir}/apple/etc"
    run(*bed.netns("world", "postfix", "-c", base, "stop"))
    run(*bed.netns("world", "postfix", "-c", base, "start"))
    bed.reload({**CONFIG, "unknown": {"provider": {"action": "deny"}}})
    try:
        client = Client(bed, "acme", "apple")
        client.target = ("203.0.113.250", 25)
        denied = client.connect().reply()
        expect("unknown destination" in denied, denied)
    finally:
        bed.reload(CONFIG)
    client = Client(bed, "acme", "apple")
    client.target = ("203.0.113.250", 25)
    client.connect().greet().close()
    return f"denied: {denied}; passes when not"


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG)
