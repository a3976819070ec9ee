# SPDX-License-Identifier: BSD-3-Clause
"""A rate of messages, over few connections that carry many: what leaves, and that waiting costs no TCP timer."""
import os
import re
import socket
import struct
import sys
import time

import capture
from client import Client
from harness import expect, main
from shell import wait_until
from test_limits import with_limit

CONFIG = {"smtp": {"max-hold": "3s"}}
COUNT, RATE, BURST = 30, 5, 2
# Of a message. Inside TLS it is the receiver that says when it took a message, and it has to come to its turn first:
# one message more than the rate allows would still be seen.
JITTER, RECEIVER_JITTER = 0.5, 0.95
# Few connections, each used again at once.
REUSE = {"initial_destination_concurrency": 3, "default_destination_concurrency_limit": 3,
         "smtp_connection_cache_on_demand": "yes", "smtp_tls_connection_reuse": "yes",
         "smtp_connection_cache_destinations": "icloud.example, me.example, gmail.example, googlemail.example"}


# Digits of Postfix's long queue ids: when a message's first recipient was taken, seconds and microseconds.
DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


def number(text):
    value = 0
    for digit in text:
        value = value * len(DIGITS) + DIGITS.index(digit)
    return value


def taken(bed, provider, ids):
    """When the receiver took each message's recipient, by its queue ids."""
    box = f"{bed.dir}/{provider}/box/all/new"
    for name in os.listdir(box):
        with open(f"{box}/{name}", errors="replace") as file:
            head = file.read(4096)
        found = re.search(r"^Message-ID: (\S+)", head, re.M | re.I)
        if found and found.group(1) in ids:
            queue_id = re.search(r"with ESMTPS?\s+id (\w+)", head).group(1)
            yield number(queue_id[:6]) + number(queue_id[6:10]) / 1e6


def flood(bed, provider, name):
    """Messages of one customer, all at once; (when each was taken, connections of the capture)."""
    bed.set_sender(**REUSE)
    bed.set_receiver(provider, enable_long_queue_ids="yes")
    path = bed.start_capture(name)
    with with_limit(bed, "customer:corvus", f"message-rate={RATE}/s burst {BURST}"):
        time.sleep(0.5)
        ids = bed.send("corvus", provider, COUNT)
        expect(bed.wait_empty(60), f"still queued: {bed.queued()}")
    bed.stop_capture(name)
    wait_until(lambda: len([m for m, _ in bed.stored() if m in ids]) >= COUNT, 30, "all are stored")
    report = bed.reconcile()
    expect(report["lost"] == 0 and report["duplicated"] == 0, report)
    return sorted(taken(bed, provider, ids)), capture.connections(path)[0]


def judge(times, opened, what, jitter):
    span = times[-1] - times[0]
    excess = capture.rate_excess(times, RATE, BURST)
    measured = (COUNT - BURST) / span
    expect(excess < jitter, f"{what}: {excess:.2f} messages beyond {BURST} + {RATE}/s")
    expect(len(opened) < COUNT / 2, f"{what}: {len(opened)} connections for {COUNT} messages: none was used again")
    return f"{COUNT} messages over {len(opened)} connections, {measured:.2f}/s of {RATE}, {excess:+.2f} beyond {BURST}"


def test_clear_text(bed):
    _, opened = flood(bed, "apple", "clear")
    begun = sorted(when for connection in opened for when, first in connection.turns if first == ord("M"))
    expect(len(begun) == COUNT, f"{len(begun)} envelopes seen")
    counters = bed.counters()
    expect(counters["window-closed"] > 0, counters)
    return judge(begun, opened, "clear text", JITTER) + f"; {counters['window-closed']} windows closed, " \
        f"{counters['message-owed']} owed"


def test_tls(bed):
    before = bed.counters()
    begun, opened = flood(bed, "google", "tls")
    clear = bed.reconcile()["cleartext_downgrades"]
    expect(clear == 0, f"{clear} went in clear text")
    after = bed.counters()
    judged = judge(begun, opened, "TLS", RECEIVER_JITTER)
    return f"{judged}; {after['window-closed'] - before['window-closed']} windows closed, " \
        f"{after['message-owed'] - before['message-owed']} owed"


def tcp_info(client):
    """(RTO in ms, smoothed round trip in ms, retransmissions), linux/tcp.h."""
    raw = client.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    rto, rtt, again = (struct.unpack_from("I", raw, at)[0] for at in (8, 68, 100))
    return rto / 1000, rtt / 1000, again


def message(client, domain):
    client.envelope(domain)
    client.ask("DATA", 354)
    client.ask("Subject: x\r\n\r\n" + "x" * 500 + "\r\n.", 250)


def waits(bed, provider, domain, tls):
    with with_limit(bed, "customer:acme", "message-rate=1/2s"):
        time.sleep(2.5)
        client = Client(bed, "acme", provider).connect().greet()
        if tls:
            client.ask_starttls()
            client.handshake()
            client.ask("EHLO test.example", 250)
        message(client, domain)
        before = tcp_info(client)
        begin = time.monotonic()
        message(client, domain)
        took = time.monotonic() - begin
        after = tcp_info(client)
        client.ask("QUIT", 221)
        client.close()
    expect(1.5 < took < 2.3, f"{provider}: the second message took {took:.2f} s, 2 expected")
    expect(after[0] <= 1.5 * before[0], f"{provider}: RTO {before[0]:.0f} ms before, {after[0]:.0f} ms after")
    expect(after[2] == before[2] == 0, f"{provider}: {after[2]} retransmissions")
    return f"{'TLS' if tls else 'clear text'} {took:.2f} s, RTO {before[0]:.0f} -> {after[0]:.0f} ms, " \
        f"round trip {before[1]:.1f} -> {after[1]:.1f} ms, none repeated"


def test_timers(bed):
    return "; ".join((waits(bed, "apple", "icloud.example", False), waits(bed, "google", "gmail.example", True)))


def test_new_connection_pays(bed):
    """The first message's token is taken with the connection; one that was not used comes back at the end."""
    with with_limit(bed, "customer:acme", "message-rate=1/s"):
        time.sleep(1.5)
        begin = time.monotonic()
        first = Client(bed, "acme", "apple").connect().greet()
        message(first, "icloud.example")  # the token of the next one is its own now
        first.close()
        second = Client(bed, "acme", "google").connect().greet()
        took = time.monotonic() - begin
        second.close()
    expect(0.95 < took < 1.5, f"the second connection came after {took:.2f} s, 1 expected")
    return f"the second connection came after {took:.2f} s of 1"


def shown_of(bed, domain):
    return {row["domain"]: row["messages"] for row in bed.ctl("domains")["rows"]}[domain]


def test_domain(bed):
    """Two domains on the same hosts, in clear text: which one a message is for is known by its recipient alone."""
    lanes, before = REUSE["initial_destination_concurrency"], shown_of(bed, "icloud.example")
    bed.set_sender(**REUSE)
    bed.set_receiver("apple", enable_long_queue_ids="yes")
    with with_limit(bed, "domain:icloud.example", f"message-rate={RATE}/s burst {BURST}"):
        time.sleep(0.5)
        held = bed.send("corvus", "apple", COUNT, domain="icloud.example")
        free = bed.send("acme", "apple", COUNT, domain="me.example")
        expect(bed.wait_empty(60), f"still queued: {bed.queued()}")
    wait_until(lambda: len([m for m, _ in bed.stored() if m in held + free]) >= 2 * COUNT, 30, "all are stored")
    times, others = sorted(taken(bed, "apple", held)), sorted(taken(bed, "apple", free))
    # A connection's first message is known too late to wait: it is owed.
    excess = capture.rate_excess(times, RATE, BURST + lanes)
    expect(excess < JITTER, f"{excess:.2f} messages beyond {BURST} + {lanes} + {RATE}/s")
    span, other = times[-1] - times[0], others[-1] - others[0]
    expect(other < span / 2, f"the other domain took {other:.1f} s, the limited one {span:.1f} s")
    # Figures for people are a few seconds old.
    wait_until(lambda: shown_of(bed, "icloud.example") - before >= COUNT, 15, f"{COUNT} messages are shown of it")
    return f"{COUNT} to the limited domain in {span:.1f} s, as many to the other on the same hosts in {other:.1f} s"


def say_message(bed, provider, tls, expected):
    """By hand, as delta, who sends nothing else."""
    client = Client(bed, "delta", provider).connect().greet()
    if tls:
        client.ask_starttls()
        client.handshake()
        client.ask("EHLO test.example", 250)
    client.envelope("icloud.example" if provider == "apple" else "gmail.example")
    client.ask("DATA", 354)
    client.ask("Subject: x\r\n\r\n" + "text\r\n" * 20 + ".", expected)
    client.ask("QUIT", 221)
    client.close()


def replies(bed):
    """As `customers` says them, and as `explain` does."""
    row = bed.ctl("customers", "--match", "delta")["rows"][0]
    said = [row["value"] for row in bed.ctl("explain", "delta")["rows"] if row["what"] == "customer:delta replies"]
    expect(said == ([row["replies"]] if row["replies"] else []), f"{said} instead of {row['replies']!r}")
    return row["replies"]


def test_replies(bed):
    """None seen, none bad, some bad."""
    saw = [replies(bed)]
    for provider, tls, expected, wanted in (("google", True, 250, "none seen (1 inside TLS)"),
                                            ("apple", False, 250, "none bad of 1, 1 not seen"),
                                            ("apple", False, 554, "1 bad of 2, 1 not seen")):
        bed.set_receiver(provider, smtpd_end_of_data_restrictions="" if expected == 250 else "reject")
        say_message(bed, provider, tls, expected)
        wait_until(lambda wanted=wanted: replies(bed) == wanted, 10, f"the replies are {wanted}")
        saw.append(wanted)
    bed.set_receiver("apple", smtpd_end_of_data_restrictions="")
    expect(saw[0] == "", saw)
    return "; ".join(saw[1:])


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG)
