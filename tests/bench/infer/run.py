#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts messages of real sessions and compares with what the receiver logged.

  run.py [--json FILE] [--seed N] [--rounds N] [--delay MS]   records a set in namespaces of its own, as root
  run.py --data DIR --data DIR ...                            evaluates sets recorded before

A cell is a sender, the receiver's TLS, and what the round was about. Of each: connections, messages the
receiver read to their end (accepted or refused), messages counted; recall and precision by the smaller of both
in each connection; bias; connections off by none, one, more.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

from place import EXIM_RECEIVERS, RECEIVERS, ROOT, SENDERS

PROGRAM = os.environ.get("SLUICE_BUILD", os.path.join(ROOT, "build")) + "/tests/bench/infer/infer-count"
SENDER_OF = {"192.0.2.1": "notices", **{f"192.0.2.{number}": name for name, number in SENDERS.items()}}
RECEIVER_OF = {f"203.0.113.{number}": name for name, (number, _) in RECEIVERS.items()}

Row = collections.namedtuple("Row", "client port server server_port opened tls begun sent accepted refused rcpts odd "
                                    "lost")


def counted(capture, options):
    """Every connection of a capture as the modules saw it."""
    done = subprocess.run([PROGRAM, capture, *options], check=True, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        words = line.split()
        yield Row(words[0], int(words[1]), words[2], int(words[3]), float(words[4]), words[5] == "T",
                  *map(int, words[6:]))


def pairs(directory, options):
    """[(row, truth, feature)] of a recorded set."""
    with open(f"{directory}/truth.json") as file:
        facts = json.load(file)
    truths = collections.defaultdict(list)
    for truth in facts["connections"]:
        truths[truth["client"], truth["commands"] == "exim"].append(truth)
    found = []
    # A port used again: rows and truths of it come in the same order, within each receiver's log.
    for row in sorted(counted(f"{directory}/capture.pcap", options), key=lambda row: row.opened):
        those = truths[f"{row.client}:{row.port}", RECEIVER_OF[row.server] in EXIM_RECEIVERS]
        if not those:
            raise RuntimeError(f"no log of {row}")
        feature = [name for time, name in facts["marks"] if time <= row.opened][-1]
        found.append((row, those.pop(0), feature))
    missed = sum(map(len, truths.values()))
    if missed:
        raise RuntimeError(f"{missed} logged connections are not in the capture")
    return found


class Cell:
    def __init__(self):
        self.connections = self.true = self.count = self.both = 0
        self.off = collections.Counter()
        self.worst = []

    def add(self, row, truth):
        true = truth["accepted"] + truth["refused"]
        count = row.sent if row.tls else row.accepted + row.refused
        if SENDER_OF[row.client] == "exim-bdat":  # may have sent a message that had no recipient, or not
            true = min(max(true, count), true + truth.get("void", 0))
        off = count - true
        self.connections += 1
        self.true += true
        self.count += count
        self.both += min(true, count)
        self.off[min(abs(off), 2)] += 1
        if off:
            self.worst.append((off, f"{row.client}:{row.port}", true, truth["commands"]))

    def figures(self):
        return {"connections": self.connections, "messages": self.true, "counted": self.count,
                "recall": self.both / self.true if self.true else 1.0,
                "precision": self.both / self.count if self.count else 1.0,
                "bias": (self.count - self.true) / self.true if self.true else 0.0,
                "off_0": self.off[0] / self.connections, "off_1": self.off[1] / self.connections,
                "off_more": self.off[2] / self.connections}


HEAD = f"{'sender':17} {'receiver':14} {'about':8} {'conns':>5} {'msgs':>6} {'count':>6} {'recall':>7} {'precis':>7} " \
       f"{'bias':>7} {'off 0':>6} {'off 1':>6} {'more':>6}"


def show(key, cell):
    f = cell.figures()
    print(f"{key[0]:17} {key[1]:14} {key[2]:8} {f['connections']:5} {f['messages']:6} {f['counted']:6} "
          f"{f['recall']:7.2%} {f['precision']:7.2%} {f['bias']:+7.2%} {f['off_0']:6.1%} {f['off_1']:6.1%} "
          f"{f['off_more']:6.1%}")


def group(those, key_of):
    cells = collections.defaultdict(Cell)
    for row, truth, feature in those:
        cells[key_of(row, feature)].add(row, truth)
    return dict(sorted(cells.items()))


def names(row, feature):
    return SENDER_OF[row.client], RECEIVER_OF[row.server], feature


# What is shown, from fine to coarse.
VIEWS = {
    "cells": names,
    "features": lambda row, feature: (SENDER_OF[row.client], "TLS" if row.tls else "clear", feature),
    "pairs": lambda row, feature: (SENDER_OF[row.client], RECEIVER_OF[row.server], "all"),
    "all": lambda row, feature: ("all", "TLS" if row.tls else "clear", "all"),
}


def clear_faults(those):
    """Clear text is exact: every figure, not only the sum."""
    return [(row, truth) for row, truth, _ in those if not row.tls and
            ((row.accepted, row.refused) != (truth["accepted"], truth["refused"]) or row.odd or row.lost)]


def report(those, view, wrong):
    print(HEAD)
    for key, cell in group(those, VIEWS[view]).items():
        show(key, cell)
    if view != "all":
        for key, cell in group(those, VIEWS["all"]).items():
            show(key, cell)
    for row, truth in clear_faults(those)[:wrong]:
        print("clear text differs:", row, truth)
    if wrong:
        for key, cell in group(those, names).items():
            for item in cell.worst[:wrong]:
                print(*key, *item)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", action="append", help="a set recorded before")
    parser.add_argument("--json", help="writes all figures")
    parser.add_argument("--view", choices=VIEWS, default="pairs")
    parser.add_argument("--wrong", type=int, default=0, help="names so many wrong connections a cell")
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--remember", action="store_true",
                        help="a client's habit, DATA or BDAT, is known from its earlier sessions")
    chosen = parser.parse_args()
    options = ["--remember"] if chosen.remember else []
    with tempfile.TemporaryDirectory(prefix="infer-") as fresh:
        if not chosen.data:
            from record import record
            record(fresh, chosen.seed, chosen.rounds, chosen.delay)
        those = [pair for directory in chosen.data or [fresh] for pair in pairs(directory, options)]
    report(those, chosen.view, chosen.wrong)
    if chosen.json:
        with open(chosen.json, "w") as file:
            json.dump({view: [{"sender": k[0], "receiver": k[1], "about": k[2], **cell.figures()}
                              for k, cell in group(those, key_of).items()] for view, key_of in VIEWS.items()},
                      file, indent=1)
    figures = {key[1]: cell for key, cell in group(those, VIEWS["all"]).items()}
    goals = {"clear text is exact": not clear_faults(those) and figures["clear"].off[0] == figures["clear"].connections,
             "97 % of messages under TLS": min(figures["TLS"].figures()[k] for k in ("recall", "precision")) >= 0.97,
             "no session off by more than one": figures["TLS"].off[2] == 0}
    for goal, reached in goals.items():
        print("ok  " if reached else "FAIL", goal)
    print(f"{sum(goals.values())} passed, {len(goals) - sum(goals.values())} failed")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
