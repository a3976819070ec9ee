#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does to a real daemon and a real gate what happens to such programs, each fault to a pair of its own; and measures
with a million customers. A table says what was done how often, what was lost, what was left that had ended, what fell,
and what an operator is told. In namespaces of its own (tools/faults makes them), so that full disks, a DNS server that
lies and whatever a crash leaves are gone with it. The last line is "N passed, N failed"; the exit code is not 0 when
something confirmed was lost, something stale was left, or something fell.

usage: faults.py [--quick] [--json FILE] [FAULT ...]"""
import argparse
import concurrent.futures
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", place) for place in ("net", "bench")]
import clock  # noqa: E402 pylint: disable=wrong-import-position
import crowd  # noqa: E402
import damage  # noqa: E402
import disks  # noqa: E402
import malformed  # noqa: E402
import names  # noqa: E402
import scale  # noqa: E402
from case import Case  # noqa: E402
from kills import Kills  # noqa: E402


def kills(case, how=signal.SIGKILL):
    ends = Kills(case.kept, how)
    ends.run(case.many(50, 400), case.many(30, 200))
    case.times = ends.count
    case.said = f"{case.kept.confirmed} orders were confirmed meanwhile"


def restarts(case):
    kills(case, signal.SIGTERM)


# name, what, how it is done, configuration. Those that take longest stand first: two run at a time.
FAULTS = [
    ("dns", "DNS dead, wrong, lying", names.dns, names.CONFIG),
    ("gate-disk", "disk full at the gate", disks.gate_disk_full, {}),
    ("kills", "kill -9 of daemon, gate, both", kills, {}),
    ("api", "malformed requests", malformed.api, {}),
    ("frames", "malformed frames", malformed.gate_frames, {}),
    ("answers", "absurd answers of a gate", malformed.gate_answers, {}),
    ("restarts", "restarts of daemon, gate, both", restarts, {}),
    ("daemon-disk", "disk full at the daemon", disks.daemon_disk_full, {}),
    ("pages", "corrupt journal page", damage.journal_pages, {}),
    ("state", "state file torn or corrupt", damage.gate_state, {}),
    ("slow", "slow clients", crowd.slow_clients, {}),
    ("read-only", "journal read-only", disks.journal_read_only, {}),
    ("clock", "the calendar jumps", clock.calendar_jumps, {}),
    ("flood", "idle connections to the sockets", crowd.socket_flood, {}),
]
COLUMNS = ("FAULT", "TIMES", "LOST", "STALE", "FELL", "WHAT IS SAID")


def run_fault(fault, quick):
    name, what, how, config = fault
    case, begin = Case(f"faults-{name}", quick, **config), time.monotonic()
    try:
        how(case)
    except (RuntimeError, AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        case.problem = f"{type(error).__name__}: {error}"
    for left in list(case.pair.process):
        case.pair.end(left)
    case.log = "".join(case.pair.log_of(each) for each in ("daemon", "gate") if os.path.exists(
        f"{case.pair.dir}/{each}.log")) if case.bad else ""
    case.pair.stop()
    case.seconds = time.monotonic() - begin
    print(f"{'FAIL' if case.bad else 'ok  '} {name}: {what}, {case.seconds:.1f} s", flush=True)
    return case


def show(rows):
    """The table; what is said is folded to the terminal's width."""
    width = max(78, min(shutil.get_terminal_size((100, 24)).columns, 140))
    rows = [COLUMNS, *rows]
    wide = [max(len(str(row[i])) for row in rows) for i in range(5)]
    for row in rows:
        head = [str(row[0]).ljust(wide[0]), *(str(row[i]).rjust(wide[i]) for i in range(1, 5))]
        text = "  ".join(head) + "  "
        print(textwrap.fill(text + row[5], width, subsequent_indent=" " * len(text), break_long_words=True,
                            replace_whitespace=False, drop_whitespace=True))


def clean(case):
    """What a program said, without its name, our folder, and what does not print."""
    text = case.said.removeprefix("sluiced: ").removeprefix("sluice-gate: ").replace(case.pair.dir + "/", "")
    return "".join(c for c in text if c.isprintable())


def run_all(wanted, quick):
    faults = [fault for fault in FAULTS if not wanted or fault[0] in wanted]
    with concurrent.futures.ThreadPoolExecutor(2) as lanes:
        return list(zip(faults, lanes.map(lambda fault: run_fault(fault, quick), faults)))


def tell(cases):
    """The table, and of what went wrong all there is."""
    show([(what, case.times, case.kept.lost, case.kept.stale, len(case.pair.fallen), clean(case))
          for (_, what, _, _), case in cases])
    for (name, *_), case in cases:
        if case.bad:
            print(f"FAIL {name}: {case.problem or ''} {case.pair.fallen or ''}\n{textwrap.indent(case.log, '     ')}")


def counts(cases):
    by_name = {name: case for (name, *_), case in cases}
    times = {name: case.times for name, case in by_name.items()}
    return {"kills": times.get("kills", 0), "restarts": times.get("restarts", 0),
            "confirmed": sum(case.kept.confirmed for case in by_name.values()),
            "confirmed_lost": sum(case.kept.lost for case in by_name.values()),
            "stale_left": sum(case.kept.stale for case in by_name.values()),
            "malformed_inputs": sum(times.get(name, 0) for name in ("api", "frames", "answers")),
            "crashes": sum(len(case.pair.fallen) for case in by_name.values()),
            "faults": times, "seconds": {name: round(case.seconds, 1) for name, case in by_name.items()}}


def measure(quick):
    """With a million customers and a hundred thousand decisions; no figures when it could not be done."""
    try:
        figures = scale.measure(1000000, 100000, 400 if quick else 2000)
    except (RuntimeError, AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        print(f"FAIL a million customers: {error}")
        return {}
    print()
    scale.show(figures)
    return figures


def main():
    parser = argparse.ArgumentParser(description="Faults on a real daemon and gate; see tests/faults/faults.py.")
    parser.add_argument("--quick", action="store_true", help="fewer of each, within a minute")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("fault", nargs="*", metavar="FAULT", help="only these: " + " ".join(row[0] for row in FAULTS))
    args = parser.parse_args()
    random.seed(1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    cases = run_all(args.fault, args.quick)
    tell(cases)
    figures = {} if args.fault else measure(args.quick)
    results = [not case.bad for _, case in cases] + [bool(figures)] * (not args.fault)
    figures.update(counts(cases))
    if args.json:
        with open(args.json, "w", encoding="ascii") as file:
            json.dump(figures, file, indent=1)
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
