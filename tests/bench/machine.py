# SPDX-License-Identifier: BSD-3-Clause
"""How quiet the machine is: measured figures are worth as much as that."""
import os
import time

QUIET_IDLE = 0.92


def _processors():
    """(busy, idle) ticks of each processor so far; time stolen by the host counts as busy."""
    result = []
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            word = line.split()
            if word[0].startswith("cpu") and word[0] != "cpu":
                ticks = [int(number) for number in word[1:9]]
                idle = ticks[3] + ticks[4]
                result.append((sum(ticks) - idle, idle))
    return result


def idle_shares(seconds=0.5):
    """Of each processor, while nothing of ours runs."""
    before = _processors()
    time.sleep(seconds)
    shares = []
    for (busy, idle), (busy_then, idle_then) in zip(_processors(), before):
        busy, idle = busy - busy_then, idle - idle_then
        shares.append(idle / (busy + idle) if busy + idle else 1.0)
    return shares


def wait_for_quiet(seconds, look=0.5):
    """Until all processors are nearly idle, at most so long; the last idle shares."""
    end = time.monotonic() + seconds
    shares = idle_shares(look)
    while min(shares) < QUIET_IDLE and time.monotonic() < end:
        shares = idle_shares(look)
    return shares


def describe():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} x {model}, Linux {os.uname().release}"
