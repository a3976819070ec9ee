# SPDX-License-Identifier: BSD-3-Clause
"""One fault on a daemon and a gate of its own: how often, what was ordered meanwhile, what became of it."""
import contextlib
import os
import subprocess

from kept import CONFIG, Kept
from pair import Pair


class Case:
    def __init__(self, name, quick=False, **config):
        self.pair, self.quick = Pair(name, {**CONFIG, **config}), quick
        self.kept = Kept(self.pair)
        self.times = 0      # so often the fault was there
        self.said = ""      # what somebody is told
        self.problem = None  # what is wrong beside what was lost, stale, fallen

    def many(self, quick, full):
        return quick if self.quick else full

    @contextlib.contextmanager
    def daemon_away(self):
        """Whatever happens, it comes back."""
        self.pair.end("daemon")
        try:
            yield
        finally:
            self.daemon_back()

    def daemon_back(self):
        self.pair.start_daemon()
        self.pair.wait_for("daemon", "admin.sock")

    def gate_back(self):
        self.pair.start_gate()
        self.pair.wait_for("gate", "gate.sock")

    def orders_refused(self, most=100):
        """Gives orders until one is refused, and says why it was."""
        for _ in range(most):
            status, reply = self.kept.order()
            if status == 503:
                self.times += 1
                return reply["error"]
            if status is None:
                raise RuntimeError(f"no answer: {reply}")
        raise RuntimeError(f"{most} orders, and none was refused")

    def alarms(self):
        return {row["alarm"] for row in self.pair.ask("GET", "/v1/alarms")[1]["rows"]}

    def last_said(self, name, *words):
        """The last line of a log that has all these words, without its time."""
        lines = [line for line in self.pair.log_of(name).splitlines() if all(word in line for word in words)]
        if not lines:
            raise RuntimeError(f"{name} does not say {words}:\n{self.pair.log_of(name)[-600:]}")
        return lines[-1]

    @property
    def bad(self):
        return bool(self.kept.lost or self.kept.stale or self.pair.fallen or self.problem)


class Disk:
    """A small file system that can be full, or read-only. In the mount namespace of whoever made it, and gone with
    it."""

    def __init__(self, path, size="64m"):
        self.path = path
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "sluice-faults", path], check=True)

    def fill(self):
        """Nothing more is to be had; again, when something was given back."""
        free = os.statvfs(self.path)
        with open(f"{self.path}/ballast", "ab") as file:
            if free.f_bavail > 0:
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, free.f_bavail * free.f_frsize)

    def empty(self):
        os.unlink(f"{self.path}/ballast")

    def set_writable(self, yes):
        subprocess.run(["mount", "-o", f"remount,{'rw' if yes else 'ro'}", self.path], check=True)

    def end(self):
        subprocess.run(["umount", self.path], check=True)
