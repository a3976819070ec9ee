# SPDX-License-Identifier: BSD-3-Clause
"""The spike brake: a customer that floods is held to what it may send, with a daemon and without one, and what was
allowed it beforehand goes out, over restarts."""
import signal
import sys
import time

import capture
from harness import expect, main
from shell import wait_until
from test_messages import JITTER, REUSE

# Nobody is known: each has the minimum, 1/s of messages and ten at once.
RATE, BURST = 1, 10
CONFIG = {"smtp": {"max-hold": "3s"},
          "brake": {"mode": "hold", "burst": f"{BURST}s", "messages": f"{RATE * 3600}"}}
MANY = 60


def envelopes(path):
    opened = capture.connections(path)[0]
    return sorted(when for connection in opened for when, first in connection.turns if first == ord("M"))


def flood(bed, name, seconds):
    """Far more than it may, for so long; when each message that passed began."""
    path = bed.start_capture(name)
    ids = bed.send("corvus", "apple", MANY)
    time.sleep(seconds)
    bed.stop_capture(name)
    return ids, envelopes(path)


def judge(begun, seconds):
    excess = capture.rate_excess(begun, RATE, BURST)
    expect(excess < JITTER, f"{excess:.2f} messages beyond {BURST} + {RATE}/s")
    expect(BURST <= len(begun) <= BURST + RATE * (seconds + 4), f"{len(begun)} began within {seconds} s")
    return f"{len(begun)} of {MANY} in {seconds} s, {excess:+.2f} beyond {BURST} + {RATE}/s"


def shown(bed):
    row = next(row for row in bed.ctl("customers")["rows"] if row["customer"] == "corvus")
    return "held by the spike brake" in row["decision"]


def test_flood(bed):
    bed.set_sender(**REUSE)
    time.sleep(BURST + 1)  # buckets of a gate that just started fill first
    _, begun = flood(bed, "flood", 8)
    saw = judge(begun, 8)
    wait_until(lambda: any(row["alarm"] == "brake-holds" and row["subject"] == "corvus"
                           for row in bed.ctl("alarms")["rows"]), 10, "the alarm is on")
    expect(shown(bed), bed.ctl("customers"))
    why = [row["why"] for row in bed.ctl("explain", "corvus")["rows"] if "message-rate" in row["what"]]
    expect(why and why[0].startswith("spike brake"), why)
    other = bed.send("acme", "apple")
    wait_until(lambda: other[0] in [stored for stored, _ in bed.stored()], 10, "another customer's mail passes")
    return saw


def test_allowed(bed):
    """The campaign goes at once, over a restart of the daemon; then the brake holds again."""
    bed.ctl("allow", "corvus", "1k", "messages", "--for", "1h")
    bed.end("daemon", signal.SIGKILL)
    bed.start_daemon()
    bed.wait_enforced()
    rows = [row for row in bed.ctl("decisions")["rows"] if row["action"] == "allow"]
    expect(len(rows) == 1 and rows[0]["scope"] == "customer:corvus", rows)
    expect(bed.wait_empty(40), f"still queued: {len(bed.queued())}")
    begin = time.monotonic()
    bed.send("corvus", "apple", MANY)
    expect(bed.wait_empty(20), f"still queued: {len(bed.queued())}")
    took = time.monotonic() - begin
    bed.ctl("release", str(rows[0]["id"]))
    report = bed.reconcile()
    expect(report["lost"] == 0 and report["duplicated"] == 0, report)
    return f"{MANY} more than usual out in {took:.1f} s"


def test_without_daemon(bed):
    time.sleep(BURST + 1)
    bed.end("daemon", signal.SIGKILL)
    try:
        _, begun = flood(bed, "alone", 8)
        return judge(begun, 8)
    finally:
        bed.start_daemon()
        bed.wait_enforced()


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG)
