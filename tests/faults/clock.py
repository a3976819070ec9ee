# SPDX-License-Identifier: BSD-3-Clause
"""The calendar jumps, forward and back, while the daemon runs and over its restarts (calendar.c; the clocks that
count time that passed stay as they are): what was given for a day does not end early, and orders go on."""
import os
import random
import signal
import struct

from harness import expect
from shell import wait_until

DAY = 86400000
JUMPS = {"2 days on": 2 * DAY, "2 days back": -2 * DAY, "400 days on": 400 * DAY, "8 years back": -3000 * DAY,
         "an hour on": DAY // 24, "an hour back": -DAY // 24, "9000 days on": 9000 * DAY, "as it is": 0}


def set_clock(case, offset_ms):
    """In place, as the program has it mapped."""
    file = os.open(f"{case.pair.dir}/calendar", os.O_RDWR | os.O_CREAT)
    os.pwrite(file, struct.pack("=q", offset_ms), 0)
    os.close(file)


def calendar_jumps(case):
    pair, chance = case.pair, random.Random(11)
    set_clock(case, 0)
    pair.environment = {"LD_PRELOAD": f"{pair.build}/tests/faults/calendar.so",
                        "CALENDAR_OFFSET": f"{pair.dir}/calendar"}
    case.kept.begin()
    status, reply = pair.ask("POST", "/v1/limits", {"scope": "gate", "setting": ["connections=9"], "for": "1d"})
    expect(status == 200, reply)
    for offset_ms in JUMPS.values():
        case.kept.orders(10)
        set_clock(case, offset_ms)
        case.times += 1
        case.kept.orders(10)
        if chance.random() < 0.6:
            pair.end("daemon", signal.SIGKILL)
            case.daemon_back()
            case.kept.orders(10)
        stays(case)
    status, reply = pair.ask("POST", "/v1/releases", {"target": "gate"})
    expect(status == 200, reply)
    case.kept.settle()
    warns(case)
    case.said = f"a limit for a day stood through {', '.join(JUMPS)}"


def warns(case):
    """Of a quarantine that is days old by the calendar."""
    status, reply = case.pair.ask("POST", "/v1/customers/c1/quarantine", {"reason": "old"})
    expect(status == 200, reply)
    set_clock(case, 2 * DAY)
    case.pair.end("daemon", signal.SIGKILL)  # looks when it starts, and each minute
    case.daemon_back()
    wait_until(lambda: "quarantine-old" in case.alarms(), 15, "it is an alarm")


def stays(case):
    rows = case.pair.ask("GET", "/v1/decisions?most=1000")[1]["rows"]
    expect(any(row["scope"] == "gate" for row in rows), "a decision of a day ended early")
