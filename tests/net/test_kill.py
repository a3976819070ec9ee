# SPDX-License-Identifier: BSD-3-Clause
"""Daemon, gate or both are killed (-9) at random moments while orders are given without a pause, more than two hundred
times. Afterwards each customer's decisions are what was confirmed last, or what the one order came to that nobody
answered: at the daemon when it is back, in the gate's state file as the dead gate left it, and in it again when all is
enforced. Nothing confirmed is lost, nothing that ended is left.

usage: test_kill.py [JSON-FILE]"""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from pair import Pair

KILLS = int(os.environ.get("SLUICE_KILLS", "210"))
SECONDS_MOST = 200
CUSTOMERS = 40
CONFIG = {"customers": [{"name": f"c{i}", "sources": [f"10.0.0.{i + 1}"]} for i in range(CUSTOMERS)]}
NOTHING = (None, None)  # quarantined by which decision, limited to how many connections


class Orders(threading.Thread):
    """Gives orders one after the other, until told to stop or the daemon does not answer."""

    def __init__(self, pair, chance, known, enforced):
        super().__init__()
        self.pair, self.chance, self.known, self.enforced = pair, chance, known, enforced
        self.stopped, self.answered = threading.Event(), 0

    def run(self):
        while not self.stopped.is_set():
            if not self.order(self.chance.randrange(CUSTOMERS)):
                return

    def order(self, customer):
        """`known` has, for each customer, the states it may be in: one, or more while an order is unanswered;
        `enforced` the same at the gate, which may be away when the daemon confirms."""
        before = self.known[customer]
        kind = self.chance.choice(("limit", "limit", "quarantine", "release"))
        value = self.chance.randrange(1, 1000000)
        if kind == "limit":
            path, body = "/v1/limits", {"scope": f"customer:c{customer}", "setting": [f"connections={value}"]}
            after = {(held, value) for held, _ in before}
        elif kind == "quarantine":
            path, body = f"/v1/customers/c{customer}/quarantine", {"reason": f"r{value}"}
            after = {(f"r{value}", limit) for _, limit in before}
        else:
            path, body, after = "/v1/releases", {"target": f"customer:c{customer}"}, {NOTHING}
        self.known[customer] = before | after
        self.enforced[customer] = self.enforced[customer] | after
        try:
            status, reply = self.pair.ask("POST", path, body)
        except (OSError, ValueError):
            return False
        if status in (200, 202):
            self.known[customer] = after
            self.answered += 1
            if reply["enforced"]:
                self.enforced[customer] = after
        elif kind == "release" and status == 422:  # there was nothing
            self.known[customer] = {state for state in before if state == NOTHING} or before
        else:
            raise RuntimeError(f"{path}: {status} {reply}")
        return True


class Test:
    def __init__(self, pair):
        self.pair, self.chance = pair, random.Random(20)
        self.known = [{NOTHING} for _ in range(CUSTOMERS)]
        self.enforced = list(self.known)
        self.kills = self.confirmed = self.lost = self.stale = 0
        self.number = {}  # the gate's number of a customer -> ours

    def judge(self, where, states, allowed):
        """Each customer is in a state it may be in."""
        for customer, possible in enumerate(allowed):
            state = states.get(customer, NOTHING)
            if state in possible:
                continue
            wanted = next(iter(possible))
            lost = any(have is None and want is not None for have, want in zip(state, wanted))
            self.lost += lost
            self.stale += not lost
            print(f"     c{customer} {where} after kill {self.kills}: {state}, expected one of {possible}", flush=True)

    def at_daemon(self):
        """What is in force; the order nobody answered is then known too."""
        states = {}
        _, reply = self.pair.ask("GET", "/v1/decisions?most=1000")
        for row in reply["rows"]:
            customer = int(row["scope"].removeprefix("customer:c"))
            held, limit = states.get(customer, NOTHING)
            if row["action"] == "quarantine":
                held = row["reason"]
            else:
                limit = int(row["values"].removeprefix("connections="))
            states[customer] = (held, limit)
        self.judge("at the daemon", states, self.known)
        self.known = [{states.get(customer, NOTHING)} for customer in range(CUSTOMERS)]

    def in_state_file(self, where, allowed):
        done = subprocess.run([f"{self.pair.build}/tests/net/state", f"{self.pair.dir}/gate.state"],
                              capture_output=True, text=True, timeout=10, check=False)
        states = {}
        for line in done.stdout.splitlines():
            what, customer, value = line.split()
            held, limit = states.get(self.number[int(customer)], NOTHING)
            if what == "quarantine":
                held = value
            else:
                limit = int(value)
            states[self.number[int(customer)]] = (held, limit)
        self.judge(where, states, allowed)

    def learn_numbers(self):
        """In which order the gate knows our customers: each gets a limit that says who it is."""
        for customer in range(CUSTOMERS):
            self.pair.ask("POST", "/v1/limits",
                          {"scope": f"customer:c{customer}", "setting": [f"connections={customer}"]})
        done = subprocess.run([f"{self.pair.build}/tests/net/state", f"{self.pair.dir}/gate.state"],
                              capture_output=True, text=True, timeout=10, check=True)
        self.number = {int(line.split()[1]): int(line.split()[2]) for line in done.stdout.splitlines()}
        for customer in range(CUSTOMERS):
            self.pair.ask("POST", "/v1/releases", {"target": f"customer:c{customer}"})

    def kill(self):
        orders = Orders(self.pair, self.chance, self.known, self.enforced)
        orders.start()
        time.sleep(self.chance.random() ** 2 * 0.08)
        victims = self.chance.choice((["daemon"], ["gate"], ["daemon", "gate"], ["gate", "daemon"]))
        for name in victims:
            self.pair.end(name, signal.SIGKILL)
            self.kills += 1
        orders.stopped.set()
        if "gate" in victims:
            self.in_state_file("in the dead gate's file", self.enforced)
        self.back(victims)
        orders.join()
        self.confirmed += orders.answered
        self.pair.wait_enforced(step=0.005)
        self.at_daemon()
        self.in_state_file("in the gate", self.known)
        self.enforced = list(self.known)

    def back(self, victims):
        for name in victims:
            (self.pair.start_gate if name == "gate" else self.pair.start_daemon)()
        for name in victims:
            self.pair.wait_for(name, "gate.sock" if name == "gate" else "admin.sock")

    def run(self):
        self.pair.start()
        self.pair.wait_enforced()
        self.learn_numbers()
        start = time.monotonic()
        while self.kills < KILLS and time.monotonic() - start < SECONDS_MOST:
            self.kill()
        print(f"     {self.kills} kills, {self.confirmed} orders confirmed, {self.lost} lost, {self.stale} stale, "
              f"{time.monotonic() - start:.0f} s", flush=True)
        return self.kills >= KILLS * 0.95 and self.confirmed > self.kills and not self.lost and not self.stale


def main():
    report = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
    os.chdir("/")
    pair = Pair("kill", CONFIG)
    test = Test(pair)
    try:
        good = test.run()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"FAIL kills: {error}\n{pair.log_of('daemon')}{pair.log_of('gate')}", flush=True)
        good = False
    finally:
        pair.stop()
    if report:
        with open(report, "w", encoding="ascii") as file:
            json.dump({"kills": test.kills, "confirmed": test.confirmed, "confirmed_lost": test.lost,
                       "stale_left": test.stale}, file, indent=1)
    print("ok   kills" if good else "FAIL kills")
    print(f"{int(good)} passed, {int(not good)} failed")
    sys.exit(not good)


if __name__ == "__main__":
    main()
