# SPDX-License-Identifier: BSD-3-Clause
"""What was confirmed must be kept: orders on the customers of a Pair, and where each of them stands afterwards: at
the daemon, and in the gate's state file. What is there no more is lost, what is there still is stale."""
import random
import subprocess

CUSTOMERS = 40
CONFIG = {"customers": [{"name": f"c{i}", "sources": [f"10.0.0.{i + 1}"]} for i in range(CUSTOMERS)]}
NOTHING = (None, None)  # quarantined by which reason, limited to how many connections


class Kept:
    """`known` has, for each customer, the states it may be in: one, or more while an order is unanswered; `enforced`
    the same at the gate, which may be away when the daemon confirms."""

    def __init__(self, pair, seed=20):
        self.pair, self.chance = pair, random.Random(seed)
        self.known = [{NOTHING} for _ in range(CUSTOMERS)]
        self.enforced = list(self.known)
        self.confirmed = self.refused = self.lost = self.stale = 0
        self.number = {}  # the gate's number of a customer -> ours

    # -- orders -----------------------------------------------------------------------------------------

    def request(self, customer):
        """An order by chance: its path, its body, and the states it leads to."""
        before = self.known[customer]
        kind = self.chance.choice(("limit", "limit", "quarantine", "release"))
        value = self.chance.randrange(1, 1000000)
        if kind == "limit":
            return ("/v1/limits", {"scope": f"customer:c{customer}", "setting": [f"connections={value}"]},
                    {(held, value) for held, _ in before})
        if kind == "quarantine":
            return (f"/v1/customers/c{customer}/quarantine", {"reason": f"r{value}"},
                    {(f"r{value}", limit) for _, limit in before})
        return "/v1/releases", {"target": f"customer:c{customer}"}, {NOTHING}

    def order(self):
        """Gives one; its status and reply, or (None, what became of it) when nobody answered."""
        customer = self.chance.randrange(CUSTOMERS)
        path, body, after = self.request(customer)
        before = self.known[customer]
        self.known[customer] = before | after
        self.enforced[customer] = self.enforced[customer] | after
        try:
            status, reply = self.pair.ask("POST", path, body)
        except (OSError, ValueError) as error:
            return None, str(error)
        if status in (200, 202):
            self.confirmed += 1
            self.known[customer] = after
            if reply["enforced"]:
                self.enforced[customer] = after
        elif status == 422 and after == {NOTHING}:  # there was nothing to release
            self.known[customer] = {state for state in before if state == NOTHING} or before
        elif status == 503:  # and nothing was changed
            self.refused += 1
            self.known[customer] = before
        else:
            raise RuntimeError(f"{path}: {status} {reply}")
        return status, reply

    def orders(self, count):
        """So many, which all must be taken."""
        for _ in range(count):
            status, reply = self.order()
            if status not in (200, 202, 422):
                raise RuntimeError(f"an order was not taken: {status} {reply}")

    # -- where they stand -------------------------------------------------------------------------------

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
            print(f"     {self.pair.name}: c{customer} {where}: {state}, expected one of {possible}", flush=True)

    def at_daemon(self):
        """What is in force; the orders nobody answered are then known too. Of two quarantines the newer one counts:
        after a jump of the calendar the older one may last longer, and stay."""
        states = {}
        _, reply = self.pair.ask("GET", "/v1/decisions?most=1000")
        for row in reversed(reply["rows"]):
            customer = int(row["scope"].removeprefix("customer:c"))
            held, limit = states.get(customer, NOTHING)
            if row["action"] == "quarantine":
                held = row["reason"]
            else:
                limit = int(row["values"].removeprefix("connections="))
            states[customer] = (held, limit)
        self.judge("at the daemon", states, self.known)
        self.known = [{states.get(customer, NOTHING)} for customer in range(CUSTOMERS)]

    def read_state_file(self, check=False):
        """The lines of what a gate would enforce that starts now; none when it would take no file."""
        done = subprocess.run([f"{self.pair.build}/tests/net/state", self.pair.state], capture_output=True, text=True,
                              timeout=10, check=check)
        if done.returncode not in (0, 1):
            raise RuntimeError(f"the state file's reader ended with {done.returncode}: {done.stderr}")
        return [line.split() for line in done.stdout.splitlines()]

    def in_state_file(self, where, allowed):
        states = {}
        for what, customer, value in self.read_state_file():
            held, limit = states.get(self.number[int(customer)], NOTHING)
            if what == "quarantine":
                held = value
            else:
                limit = int(value)
            states[self.number[int(customer)]] = (held, limit)
        self.judge(where, states, allowed)

    def begin(self):
        """Starts the pair, and learns in which order the gate knows our customers: each gets a limit that says who
        it is."""
        self.pair.start()
        self.pair.wait_enforced()
        for customer in range(CUSTOMERS):
            self.pair.ask("POST", "/v1/limits",
                          {"scope": f"customer:c{customer}", "setting": [f"connections={customer}"]})
        self.number = {int(customer): int(value) for _, customer, value in self.read_state_file(check=True)}
        for customer in range(CUSTOMERS):
            self.pair.ask("POST", "/v1/releases", {"target": f"customer:c{customer}"})

    def settle(self):
        """All is well again: daemon and gate have what they must have, and nothing else."""
        self.pair.wait_enforced(step=0.005)
        self.at_daemon()
        self.in_state_file("in the gate", self.known)
        self.enforced = list(self.known)
