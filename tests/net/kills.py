# SPDX-License-Identifier: BSD-3-Clause
"""Daemon, gate or both are ended at random moments while orders are given without a pause. Afterwards each customer's
decisions are what was confirmed last, or what the one order came to that nobody answered: at the daemon when it is
back, in the gate's state file as the dead gate left it, and in it again when all is enforced."""
import random
import signal
import threading
import time


class Orders(threading.Thread):
    """Gives orders one after the other, until told to stop or the daemon does not answer."""

    def __init__(self, kept):
        super().__init__()
        self.kept, self.stopped, self.error = kept, threading.Event(), None

    def run(self):
        try:
            while not self.stopped.is_set() and self.kept.order()[0] is not None:
                pass
        except RuntimeError as error:
            self.error = error


class Kills:
    def __init__(self, kept, how=signal.SIGKILL):
        self.pair, self.kept, self.how = kept.pair, kept, how
        self.chance, self.count = random.Random(20), 0

    def kill(self):
        orders = Orders(self.kept)
        orders.start()
        time.sleep(self.chance.random() ** 2 * 0.08)
        victims = self.chance.choice((["daemon"], ["gate"], ["daemon", "gate"], ["gate", "daemon"]))
        for name in victims:
            self.pair.end(name, self.how)
            self.count += 1
        orders.stopped.set()
        if "gate" in victims:
            self.kept.in_state_file("in the dead gate's file", self.kept.enforced)
        self.back(victims)
        orders.join()
        if orders.error is not None:
            raise orders.error
        self.kept.settle()

    def back(self, victims):
        for name in victims:
            (self.pair.start_gate if name == "gate" else self.pair.start_daemon)()
        for name in victims:
            self.pair.wait_for(name, "gate.sock" if name == "gate" else "admin.sock")

    def run(self, count, seconds):
        """At least so many, in at most so long."""
        self.kept.begin()
        start = time.monotonic()
        while self.count < count and time.monotonic() - start < seconds:
            self.kill()
