# SPDX-License-Identifier: BSD-3-Clause
"""The same with two workers: packets are handed to the flow's owner, limits hold over both."""
import sys

import capture
from topology import PROVIDERS
from client import Client
from harness import expect, main
from test_limits import JITTER, try_many, with_limit

CONFIG = {"smtp": {"max-hold": "2s"}}


def test_mail(bed):
    for provider in PROVIDERS:
        for customer in ("acme", "bravo", "corvus"):
            bed.send(customer, provider, 15, size=20000)
    expect(bed.wait_empty(90), "still queued")
    figures = bed.reconcile()
    clean = not figures["duplicated"] and not figures["cleartext_downgrades"]
    expect(figures["delivered"] == figures["sent"] and clean, figures)
    steered = bed.counters()["steered"]
    expect(steered > 0, "no packet met the other worker")
    return f"{figures['delivered']} of {figures['sent']} messages; {steered} packets handed over"


def test_rate_over_workers(bed):
    path = bed.start_capture("rate")
    with with_limit(bed, "provider:google", "connection-rate=10/s burst 4"):
        results, clients = try_many(bed, 20)
        for client in clients:
            client.close()
    bed.stop_capture("rate")
    opened = [c.opened for c in capture.connections(path)[0]]
    excess = capture.rate_excess(opened, 10, 4)
    expect(excess < JITTER and results.count("220") == 20, f"{excess:.2f} beyond, {results}")
    return f"20 connections in {max(opened) - min(opened):.2f} s (1.6 s expected), never beyond burst + rate x time"


def test_connections_over_workers(bed):
    with with_limit(bed, "customer:corvus", "connections=5"):
        results, clients = try_many(bed, 12)
        for client in clients:
            client.close()
    expect(sorted(results) == ["220"] * 5 + ["421"] * 7, results)
    return "5 of 12 let in, 7 told 421"


def test_quarantine(bed):
    clients = [Client(bed, "corvus", "google").connect().greet() for _ in range(12)]
    bed.ctl("quarantine", "corvus", "--reason", "two workers")
    resets = [client.is_reset("NOOP") for client in clients]
    refused = Client(bed, "corvus", "google").connect().reply()
    bed.ctl("release", "customer:corvus")
    expect(all(resets) and refused.startswith("421"), f"{resets} {refused}")
    rows = {row["customer"]: row["connections"] for row in bed.ctl("customers")["rows"]}
    expect(not any(rows.values()), f"still counted: {rows}")
    return "12 connections cut, a new one refused, every slot given back"


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG, workers=2)
