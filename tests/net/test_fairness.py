# SPDX-License-Identifier: BSD-3-Clause
"""A customer who floods beside three who do not, all of them behind one limit of a provider: real Postfix, and the
wait of each message from its hand-over to the MTA until the receiver stored it.

The three send a few messages every few seconds, all at once: so they wait for each other without the flood as well,
and a fourth who takes his share makes it 4/3 of that (where a flood stands before them in one line, it is 40 s)."""
import statistics
import sys
import time

from harness import expect, main
from shell import wait_until
from test_limits import with_limit

RATE = 5                # connections a second, for all; a message is a connection here
NORMAL, FLOODER = ("acme", "bravo", "corvus"), "delta"
ROUNDS, EACH, PERIOD = 4, 7, 7.0
FLOOD = 200
MOST = 2.0              # times the median without the flood

CONFIG = {"smtp": {"max-hold": "25s"}}


def send_rounds(bed):
    """What the three send; Message-IDs."""
    ids, start = [], time.time()
    for number in range(ROUNDS):
        time.sleep(max(0.0, start + number * PERIOD - time.time()))
        for customer in NORMAL:
            ids += bed.send(customer, "apple", EACH)
    return ids


def waits_of(bed, ids):
    """Seconds from hand-over to delivery, of each."""
    wanted = set(ids)
    wait_until(lambda: sum(m in wanted for m, _ in bed.stored()) >= len(ids), 60, "all of the three's is stored", 1)
    return sorted(moment - bed.handed[m] for m, moment in bed.stored() if m in wanted)


def shown(waits):
    return f"median {statistics.median(waits):.2f} s, 90 % within {waits[int(len(waits) * 0.9)]:.2f} s"


def test_flood(bed):
    bed.set_sender(smtp_connection_cache_on_demand="no")
    with with_limit(bed, "provider:apple", f"connection-rate={RATE}/s burst 1"):
        alone = waits_of(bed, send_rounds(bed))
        flood = bed.send(FLOODER, "apple", FLOOD)
        time.sleep(3)
        beside = waits_of(bed, send_rounds(bed))
        stored = {m for m, _ in bed.stored()}
        left = sum(m not in stored for m in flood)
    expect(left > FLOOD / 10, f"the flood was over too early: {left} messages left of {FLOOD}")
    expect(bed.wait_empty(60), f"still queued: {len(bed.queued())}")
    report = bed.reconcile()
    expect(report["lost"] == 0 and report["duplicated"] == 0, report)
    ratio = statistics.median(beside) / statistics.median(alone)
    saw = f"without: {shown(alone)}; beside {FLOOD} messages of one more: {shown(beside)}; {ratio:.2f} times"
    expect(ratio < MOST, saw)
    rows = [f"{row['scope']} {row['waited']}" for row in bed.ctl("waits")["rows"] if row["unit"] == "connection"]
    return f"{saw} (at most {MOST:.0f}); {left} of the flood still waited; connections held: {', '.join(rows)}"


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG)
