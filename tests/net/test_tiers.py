# SPDX-License-Identifier: BSD-3-Clause
"""A new customer on real connections: limited, rising by a short schedule; what holds it, what a restart keeps."""
import signal
import sys
import time

from client import Client
from harness import expect, main
from shell import wait_until

CONFIG = {
    "smtp": {"max-hold": "1s"},
    "tiers": {"new": {"limits": {"connections": 5}},
              "trusted": {"limits": {"connections": 8}, "blind": {"connections": 2}}},
    "blind": {"stale-after": "8s", "decay": "1s", "each-customer": {"connections": 4}},
    "warm-up": [{"for": "2s", "messages": 3, "limits": {"connections": 1}},
                {"for": "1s", "messages": 2, "limits": {"connections": 2}}],
    "customers": {"corvus": {"tier": "new"}},
}
LOOK = 25  # the daemon looks each ten seconds, at what the gate tells each few


def send(bed, count, customer="corvus"):
    client = Client(bed, customer, "google").connect().greet()
    for _ in range(count):
        client.envelope("gmail.example")
        client.ask("DATA", 354)
        client.ask("Subject: warm\r\n\r\nup\r\n.", 250)
    client.close()


def let_in(bed, count, customer="corvus"):
    """Of so many connections at once, how many are greeted."""
    clients, banners = [], []
    try:
        for _ in range(count):
            clients.append(Client(bed, customer, "google").connect())
        banners = [client.reply()[:3] for client in clients]
    finally:
        for client in clients:
            client.close()
    time.sleep(0.3)
    return banners.count("220")


def row_of(bed, customer="corvus"):
    return next(row for row in bed.ctl("customers")["rows"] if row["customer"] == customer)


def place(bed, customer="corvus"):
    row = row_of(bed, customer)
    return row["tier"], row["step"]


def wait_for(bed, tier, step):
    wait_until(lambda: place(bed) == (tier, step), LOOK, f"corvus is {tier}, step {step}: {place(bed)}")


def why(bed):
    return next(row for row in bed.ctl("explain", "corvus")["rows"] if row["what"] == "tier")["why"]


def test_limited(bed):
    expect(place(bed) == ("new", 1), place(bed))
    expect(let_in(bed, 3) == 1, "more than one connection in the first step")
    expect(let_in(bed, 3, "acme") == 3, "another customer is limited")
    return "1 of 3 connections let in, of a normal customer all"


def test_rises(bed):
    wait_until(lambda: "clean messages" in why(bed), LOOK, f"it is seen: {why(bed)}")
    time.sleep(2)
    send(bed, 2)
    wait_until(lambda: "2 of 3 clean" in why(bed), LOOK, f"two are counted: {why(bed)}")
    expect(place(bed) == ("new", 1), place(bed))
    send(bed, 1)
    wait_for(bed, "new", 2)
    expect(let_in(bed, 4) == 2, "not two connections in the second step")
    events = [row for row in bed.ctl("history", "corvus")["rows"] if row["author"] == "rule warm-up"]
    expect(len(events) == 1 and "new, step 2 of 2" in events[0]["text"], events)
    return f"2 of 4 let in after 3 clean messages: {events[0]['text']}"


def test_a_restart_keeps_it(bed):
    bed.end("daemon")
    bed.start_daemon()
    bed.wait_enforced()
    expect(place(bed) == ("new", 2) and let_in(bed, 4) == 2, place(bed))
    bed.end("daemon")
    expect(let_in(bed, 4) == 2, "without the daemon")
    bed.start_daemon()
    bed.wait_enforced()
    return "step 2 over a restart, and at the gate without the daemon"


def test_a_quarantine_sets_it_back(bed):
    bed.ctl("quarantine", "corvus", "--reason", "spam")
    expect(place(bed) == ("new", 1), place(bed))
    bed.ctl("release", "corvus")
    expect(let_in(bed, 3) == 1, "more than one connection after it was set back")
    return f"back in step 1: {why(bed)}"


def test_by_hand(bed):
    bed.ctl("tier", "corvus", "trusted", "--reason", "contract 2931")
    expect(place(bed) == ("trusted", None) and let_in(bed, 6) == 6, place(bed))
    bed.ctl("tier", "corvus", "new", "--reason", "it ended")
    expect(place(bed) == ("new", 1) and let_in(bed, 3) == 1, place(bed))
    return "6 of 6 let in as trusted, 1 of 3 as new again"


def test_ceilings_of_a_blind_gate(bed):
    bed.ctl("tier", "corvus", "trusted", "--reason", "contract 2931")
    expect(let_in(bed, 6) == 6, "a trusted customer is limited")
    bed.end("daemon")
    wait_until(lambda: let_in(bed, 6) == 2, LOOK, "a trusted customer comes to its tier's ceiling")
    expect(let_in(bed, 6, "acme") == 4, "another one comes to that of each")
    bed.end("gate", signal.SIGKILL)
    bed.start_gate()
    wait_until(lambda: let_in(bed, 1) == 1, LOOK, "the gate has its last state")
    seen = let_in(bed, 6), let_in(bed, 6, "acme")
    expect(seen == (2, 4), f"a gate that was started anew lets in {seen}")
    bed.start_daemon()
    bed.wait_enforced()
    wait_until(lambda: let_in(bed, 6) == 6, LOOK, "the daemon is back")
    return "2 of 6 as trusted, 4 of 6 as any other, a restart of the gate opens nothing; 6 of 6 when the daemon is back"


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG)
