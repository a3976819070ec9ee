#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A million customers and a hundred thousand decisions: how long an import, a start and the gate's resynchronisation
take, and an order from the command's start to its end. Figures beside what must be and what is aimed at.

usage: scale.py [--customers N] [--decisions N] [--orders N] [--json FILE]"""
import argparse
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
from pair import Pair  # noqa: E402 pylint: disable=wrong-import-position

CONFIG = {"providers": [{"name": "google", "addresses": ["192.0.2.0/24"], "each-customer": {"connections": 20}}],
          "defaults": {"each-customer": {"connections": 300}}}
# key, what, unit, must, goal
FIGURES = [
    ("import_s", "import by sluicectl, until it is enforced", "s", None, None),
    ("start_s", "start of the daemon until all is enforced", "s", 5, 1),
    ("resync_1m_s", "everything to a gate that came back without a state file", "s", 5, 1),
    ("gate_start_s", "start of the gate until its state file is in force", "s", None, None),
    ("enforce_p50_ms", "an order, from sluicectl's start to its end, median", "ms", None, None),
    ("enforce_p99_ms", "the same, 99 of 100", "ms", 10, None),
    ("daemon_p99_ms", "of that in daemon and gate, 99 of 100", "ms", None, None),
    ("daemon_mb", "memory of the daemon", "MB", None, None),
    ("gate_mb", "memory of the gate", "MB", None, None),
]


def name_of(number):
    return f"customer-{number:07}"


def write_customers(path, count):
    """Every tenth has a limit of its own."""
    with open(path, "w", encoding="ascii") as file:
        file.write("name,sources,connections\n")
        for i in range(count):
            number = i + 1
            file.write(f"{name_of(i)},10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255},"
                       f"{'50' if i % 10 == 0 else ''}\n")


def write_decisions(path, count, customers):
    """Into the journal of a daemon that is not running: as if they had been given long ago."""
    now = int(time.time() * 1000)
    step = max(1, customers // count)
    rows = ((f"customer:{name_of(i * step)}", i % 2, "connections=3" if i % 2 else "", f"ticket {i}", "bench",
             now - 86400000, now + 86400000 + i, 1 << 60) for i in range(count))
    with sqlite3.connect(path) as journal:
        journal.executemany("INSERT INTO decisions (scope, action, settings, reason, author, created_ms, expires_ms, "
                            "deadline_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    journal.close()


def memory_of(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def ctl(pair, *words):
    """sluicectl's reply, and how long it took."""
    command = [f"{pair.build}/tools/ctl/sluicectl", "--json", "--socket", f"{pair.dir}/admin.sock", *words]
    start = time.monotonic()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    took = time.monotonic() - start
    if done.returncode not in (0, 4):  # 4: stored, not yet enforced
        raise RuntimeError(f"sluicectl {' '.join(words)}: {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout), took


def measure_import(pair, figures, customers):
    path = f"{pair.dir}/customers.csv"
    write_customers(path, customers)
    pair.start()
    pair.wait_enforced()
    reply, took = ctl(pair, "customers", "import", path)
    assert reply["customers"] == customers, reply
    figures["import_s"] = took if reply["enforced"] else took + pair.wait_enforced(60)


def measure_start(pair, figures):
    pair.start_daemon()
    start = time.monotonic()
    pair.wait_for("daemon", "admin.sock", 60)
    pair.wait_enforced(60, 0.005)
    figures["start_s"] = time.monotonic() - start


def last_resync(pair):
    return float(re.findall(r"has all there is, \d+ records, after ([\d.]+) ms", pair.log_of("daemon"))[-1]) / 1000


def measure_gate(pair, figures):
    """Killed and started again: first with its state file, then without."""
    for key in ("gate_start_s", "resync_1m_s"):
        pair.end("gate", signal.SIGKILL)
        if key == "resync_1m_s":
            for slot in (0, 1):
                os.unlink(f"{pair.dir}/gate.state.{slot}")
        start = time.monotonic()
        pair.start_gate()
        pair.wait_for("gate", "gate.sock", 60)
        if key == "gate_start_s":
            while "is in force" not in pair.log_of("gate"):
                time.sleep(0.005)
            figures[key] = time.monotonic() - start
        pair.wait_enforced(60, 0.005)
    figures["resync_1m_s"] = last_resync(pair)


def measure_orders(pair, figures, orders, customers):
    chance, took, inside = random.Random(4), [], []
    for number in range(orders):
        name = name_of(chance.randrange(customers))
        words = ("quarantine", name, "--reason", "bench") if number % 2 else ("limit", name, "connections=2")
        reply, seconds = ctl(pair, *words)
        assert reply["enforced"], reply
        took.append(seconds * 1e3)
        inside.append(reply["enforced_ms"])
    took.sort()
    inside.sort()
    figures.update(enforce_p50_ms=took[orders // 2], enforce_p99_ms=took[orders * 99 // 100],
                   daemon_p99_ms=inside[orders * 99 // 100])


def show(figures):
    print(f"{'':58} {'measured':>10} {'must':>6} {'goal':>6}")
    for key, what, unit, must, goal in FIGURES:
        print(f"{what:58} {figures[key]:7.2f} {unit:2} {must or '':>6} {goal or '':>6}")


def measure(customers, decisions, orders):
    """All figures, by their keys."""
    figures, pair = {}, Pair("scale", CONFIG)
    try:
        measure_import(pair, figures, customers)
        pair.end("daemon")
        write_decisions(f"{pair.dir}/store/sluice.db", decisions, customers)
        measure_start(pair, figures)
        measure_gate(pair, figures)
        measure_orders(pair, figures, orders, customers)
        figures["daemon_mb"], figures["gate_mb"] = (memory_of(pair.process[name]) for name in ("daemon", "gate"))
    finally:
        pair.stop()
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1000000)
    parser.add_argument("--decisions", type=int, default=100000)
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--json")
    args = parser.parse_args()
    figures = measure(args.customers, args.decisions, args.orders)
    show(figures)
    if args.json:
        with open(args.json, "w", encoding="ascii") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
