#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs the benchmarks one after the other and says what they found. Called by tools/bench, which builds them."""
import argparse
import json
import os
import subprocess
import sys

import chart
import figures
import htb
import machine

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build-bench")
PROGRAMS = os.path.join(BUILD, "tests", "bench")
TIMEOUT = 600


class Bench:
    def __init__(self, quick):
        self.quick = quick
        self.raw, self.idle, self.notes, self.series = {}, [], [], {}
        self.broken = 0  # programs that crashed or hung: others say why they could not measure
        self.environment = dict(os.environ, BENCH_ROUNDS="3" if quick else "7",
                                BENCH_PACKETS="300000" if quick else "2000000")

    def note(self, text):
        self.notes.append(text)
        print(f"   {text}", flush=True)

    def quiet(self):
        shares = machine.wait_for_quiet(0, 0.2) if self.quick else machine.wait_for_quiet(10)
        self.idle.append(min(shares))
        self.environment["BENCH_CORE"] = str(shares.index(max(shares)))

    def run(self, program, *arguments, before=(), **more):
        """Figures of one program: name -> rounds. None when it could not measure."""
        self.quiet()
        print("==", program, *arguments, flush=True)
        command = [*before, os.path.join(PROGRAMS, "bench_" + program), *map(str, arguments)]
        try:
            done = subprocess.run(command, env=dict(self.environment, **more), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            self.note(f"{program}: not done within {TIMEOUT} s")
            self.broken += 1
            return None
        finally:
            self.idle.append(min(machine.idle_shares(0.2)))
        if done.returncode != 0:
            self.note(f"{program} {' '.join(map(str, arguments))}: {done.stderr.strip() or done.returncode}")
            self.broken += done.returncode < 0
            return None
        rows = (line.split() for line in done.stdout.splitlines())
        return {row[0]: [float(value) for value in row[1:]] for row in rows if len(row) > 1}

    def keep(self, found, rename=None):
        """Remembers them, under other names if need be (None: not at all)."""
        for key, rounds in (found or {}).items():
            name = rename(key) if rename else key
            if name:
                self.raw[name] = rounds

    def pipeline(self):
        found = self.run("pipeline", 1000000, 262144, 1)
        self.keep(found, lambda key: key if key == "huge_pages" else "pipeline_" + key)
        if found and not found["huge_pages"][0]:
            self.note("too few huge pages are free: the pipeline was measured in plain pages")
        if found and (found["waiting_packets"][0] < 200000 or found["waiting_share"][0] < 0.99):
            self.note(f"{found['waiting_packets'][0]:.0f} packets waited at once, {found['waiting_share'][0]:.0%} of "
                      "all; 200000 and all were meant to")
        two = self.run("pipeline", 500000, 262144, 2)
        self.keep(two, lambda key: "pipeline_" + key.replace("_cycles", "_two_workers_cycles")
                  if key.endswith("_cycles") else None)
        if two and not two["huge_pages"][0]:
            self.note("two workers were measured in plain pages")

    def stages(self):
        self.keep(self.run("stages", "hot", 1000, 1000))
        self.keep(self.run("stages", "cold", 1000000, 262144))
        self.keep(self.run("stages", "waiting", 1000000, 262144, "waiting"))

    def scale(self):
        most_flows = (1000, 30000, 1000000) if self.quick else (1000, 8000, 64000, 256000, 1000000, 4000000, 8000000)
        most_things = (250, 262144) if self.quick else (250, 2500, 16384, 65536, 262144)
        self.series["flows"] = [self.point("flows", flows, flows, 262144) for flows in most_flows]
        self.series["meters"] = [self.point("meters", 4 * things, 1000000, things) for things in most_things]

    def point(self, kind, size, flows, things):
        if (flows, things) == (1000000, 262144) and "pipeline_conforming_cycles" in self.raw:
            return (size, figures.median(self.raw["pipeline_conforming_cycles"]), bool(self.raw["huge_pages"][0]))
        found = self.run("pipeline", flows, things, 1, "conforming", BENCH_PACKETS="1000000", BENCH_ROUNDS="3")
        if found is None:
            return None
        self.raw[f"{kind}_{size}_cycles"] = found["conforming_cycles"]
        return (size, figures.median(found["conforming_cycles"]), bool(found["huge_pages"][0]))

    def htb(self):
        for name, classes in (("1", 1), ("1k", 1024), ("16k", 16384)):
            self.quiet()
            print("== htb", classes, flush=True)
            try:
                self.raw[f"htb{name}_ns"] = htb.measure(os.path.join(PROGRAMS, "bench_sender"), classes,
                                                        0.4 if self.quick else 1, 3 if self.quick else 5)
            except htb.Missing as missing:
                self.note(f"HTB is left out: {missing}")
                return

    def pacing(self):
        seconds = 1 if self.quick else 10
        self.keep(self.run("pacing", "pacing", 2000, seconds))
        alone = ("chrt", "--fifo", "1")
        self.keep(self.run("pacing", "pacing_alone", 2000, seconds, before=alone))
        self.keep(self.run("pacing", "pacing_calm", 200, seconds, before=alone))

    def all(self):
        self.pipeline()
        self.stages()
        self.keep(self.run("churn"))
        self.keep(self.run("peer"))
        self.htb()
        self.pacing()
        self.keep(self.run("shares"))
        for workers in (1, 2):
            self.keep(self.run("limits", workers))
        self.keep(self.run("updates", 1000000, 0.2 if self.quick else 1))
        self.scale()

    def plot(self):
        titles = {"flows": ("Cycles a packet by number of flows (262144 things a scope)", "flows"),
                  "meters": ("Cycles a packet by number of meters (a million flows)", "meters in use")}
        for name, (title, axis) in titles.items():
            points = [point for point in self.series.get(name, []) if point]
            if len(points) > 1:
                with open(os.path.join(BUILD, f"cycles-{name}.svg"), "w", encoding="utf-8") as file:
                    file.write(chart.draw(title, axis, "core cycles", {"conforming": points}))
                print(f"build-bench/cycles-{name}.svg")


def derive(raw, found):
    """Figures that come from several measurements."""
    waiting, conforming = raw.get("pipeline_waiting_ns"), raw.get("pipeline_conforming_ns")

    def ratio(theirs, ours):
        return figures.median(raw[theirs]) / figures.median(ours) if theirs in raw and ours else None

    found["peer_ratio"] = ratio("peer_ns", waiting)
    found["peer_ratio_conforming"] = ratio("peer_ns", conforming)
    for classes in ("1", "1k", "16k"):
        found[f"htb{classes}_ratio"] = ratio(f"htb{classes}_ns", conforming)
    errors = [abs(rounds[0]) for key, rounds in raw.items() if key.startswith("limit_") and key.endswith("_percent")]
    found["limit_error_percent"] = max(errors) if errors else None
    found["update_throughput_loss_percent"] = found.get("updates_200k_loss_percent")


def result_of(bench):
    found = {key: figures.median(rounds) for key, rounds in bench.raw.items()}
    derive(bench.raw, found)
    return {
        "machine": machine.describe(),
        "quick": bench.quick,
        "idle": {"least": min(bench.idle), "median": figures.median(bench.idle)},
        "figures": {**{figure.key: None for figure in figures.FIGURES}, **found},
        "must": {figure.key: figure.must for figure in figures.FIGURES},
        "goal": {figure.key: figure.goal for figure in figures.FIGURES},
        "spread": {key: figures.spread(rounds) for key, rounds in bench.raw.items()},
        "rounds": bench.raw,
        "notes": bench.notes,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--quick", action="store_true", help="shorter rounds, within two minutes; noisier")
    arguments = parser.parse_args()
    bench = Bench(arguments.quick)
    bench.all()
    bench.plot()
    result = result_of(bench)
    print()
    for row in figures.table(result):
        print(row)
    print(f"{result['machine']}. Cores were idle {result['idle']['median']:.0%} between the programs (median), "
          f"at least {result['idle']['least']:.0%}.")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    if bench.broken:
        print(f"{bench.broken} of the programs crashed or hung", file=sys.stderr)
    return 1 if bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
