# SPDX-License-Identifier: BSD-3-Clause
"""DNS is silent, wrong, or lies: a provider's address that was known stays, and orders are taken as ever."""
import signal
import time
from contextlib import contextmanager

from harness import expect
from liar import MODES, Liar, true_address
from shell import wait_until

ADDRESS = "127.0.53.1"
CONFIG = {"daemon": {"resolver": ADDRESS, "refresh-min": "1s"},
          "providers": [{"name": f"p{number}", "domains": [f"{number}.example"]} for number in range(len(MODES))]}


@contextmanager
def server():
    liar = Liar(ADDRESS)
    liar.start()
    try:
        yield liar
    finally:
        liar.stop()


def is_known(case, number):
    """Does the gate count the true address as that provider's?"""
    status, reply = case.pair.ask("GET", f"/v1/explain?subject=c1&to={true_address(number)}")
    expect(status == 200, reply)
    return reply["provider"] == f"p{number}"


def wait_known(case, numbers):
    wait_until(lambda: all(is_known(case, number) for number in numbers), 30, "DNS is believed")


def expect_kept(case):
    """Whatever the answers are."""
    lost = [mode for number, mode in enumerate(MODES) if not is_known(case, number)]
    expect(not lost, f"the address is not the provider's any more when DNS gives {lost}")


def moved(case):
    """The providers of which DNS says what it did not before."""
    return {row["subject"] for row in case.pair.ask("GET", "/v1/alarms")[1]["rows"] if row["alarm"] == "dns-moved"}


def restart(case):
    case.pair.end("daemon", signal.SIGKILL)
    case.daemon_back()
    case.pair.wait_enforced()


def dns(case):
    """All at once, each to a provider of its own; over a restart of the daemon, too."""
    with server() as liar:
        case.kept.begin()
        wait_known(case, range(len(MODES)))
        restart(case)  # what it knows then it has known for long
        liar.lying = True
        for _ in range(case.many(1, 10)):
            liar.lies = [0] * len(MODES)
            wait_until(lambda: min(liar.lies) >= 2, 60, "each was asked for twice")
            time.sleep(1.2)  # a round more of those that are answered at once
            case.kept.orders(10)
            expect_kept(case)
            wait_until(lambda: "p0" in moved(case), 20, "an address that is said to move is an alarm")
            restart(case)
            expect_kept(case)
            case.times += len(MODES) - 1
        case.said = case.last_said("daemon", "what was known stays")
        liar.lying = False
        wait_known(case, range(len(MODES)))
        wait_until(lambda: not {"dns-fails", "dns-moved"} & case.alarms(), 30, "no alarm is on")
        case.kept.settle()
