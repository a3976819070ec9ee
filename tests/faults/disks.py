# SPDX-License-Identifier: BSD-3-Clause
"""A disk that is full, or read-only: orders are refused with the reason, or enforced without being noted at the gate;
nothing that ends comes back, nothing that was confirmed goes."""
import signal
import time
from contextlib import contextmanager

from case import Disk
from harness import expect
from shell import wait_until

ORDERS = 20
ORDERS_MOST = 3000  # until a small disk's last free page is used up


@contextmanager
def disk_of(case, path):
    disk = Disk(f"{case.pair.dir}/{path}")
    try:
        yield disk
    finally:
        case.pair.end("daemon")
        case.pair.end("gate")
        disk.end()


def wait_alarm(case, name, on):
    wait_until(lambda: (name in case.alarms()) == on, 10, f"the alarm {name} is {'on' if on else 'over'}")


def daemon_full_at_start(case):
    """It says so and does not start, or starts and takes no order."""
    case.pair.end("daemon", signal.SIGKILL)
    words = case.pair.refuses_to_start()
    if words:
        expect("full" in words, words)
    else:
        case.orders_refused(ORDERS_MOST)
    return words != ""


def daemon_disk_full(case):
    with disk_of(case, "store") as disk:
        case.kept.begin()
        for _ in range(case.many(2, 10)):
            status, reply = case.pair.ask("POST", "/v1/limits", {"scope": "gate", "setting": ["byte-rate=1GB/s"],
                                                                 "for": "1s"})
            expect(status == 200, reply)
            disk.fill()
            case.said = case.orders_refused(ORDERS_MOST)
            wait_alarm(case, "journal-fails", True)
            time.sleep(1.5)  # one is due, again and again
            expect("journal-fails" in case.alarms(), "the alarm is over, and nothing is well")
            down = daemon_full_at_start(case)
            disk.empty()
            if down:
                case.daemon_back()
            case.pair.wait_enforced()
            wait_until(lambda: not any(row["scope"] == "gate" for row in
                                       case.pair.ask("GET", "/v1/decisions?most=1000")[1]["rows"]), 5, "it ends")
            case.kept.orders(ORDERS)
            wait_alarm(case, "journal-fails", False)
            case.kept.settle()


def order_unsaved(case, disk):
    """One that is enforced on a full disk. True once the alarm tells of it."""
    disk.fill()
    status, reply = case.kept.order()
    expect(status in (200, 422), reply)
    return "gate-unsaved" in case.alarms()


def gate_disk_full(case):
    """Enforced all the same; a gate that starts from its older file is told what it lacks."""
    case.pair.state = f"{case.pair.dir}/small/gate.state"
    with disk_of(case, "small") as disk:
        case.kept.begin()
        for _ in range(case.many(1, 10)):
            case.kept.orders(ORDERS)
            wait_until(lambda: order_unsaved(case, disk), 20, "the alarm gate-unsaved is on")
            case.times += 1
            case.said = case.last_said("gate", "No space left")
            case.pair.end("gate", signal.SIGKILL)
            case.gate_back()
            case.pair.wait_enforced()
            disk.empty()
            case.kept.orders(ORDERS)
            wait_alarm(case, "gate-unsaved", False)
            case.kept.settle()


def journal_read_only(case):
    """A daemon does not start on what it cannot write, and says so; the gate keeps what it has."""
    with disk_of(case, "store") as disk:
        case.kept.begin()
        for _ in range(case.many(2, 10)):
            case.kept.orders(ORDERS)
            case.pair.end("daemon", signal.SIGKILL)
            case.times += 1
            disk.set_writable(False)
            case.said = case.pair.refuses_to_start()
            expect("read-only" in case.said.lower() or "readonly" in case.said, case.said or "it started")
            case.kept.in_state_file("at the gate, without a daemon", case.kept.known)
            disk.set_writable(True)
            case.daemon_back()
            case.kept.orders(ORDERS)
            case.kept.settle()
