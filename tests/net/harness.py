# SPDX-License-Identifier: BSD-3-Clause
"""Runs the test functions of a file on one bed, in order; says what each saw; counts."""
import os
import sys
import time
import traceback

from bed import Bed


def main(module, config=None, **start):
    """Every function test_*(bed) of a module. Ends the process."""
    os.chdir("/")
    tests = [value for name, value in vars(module).items() if name.startswith("test_")]
    wanted = sys.argv[1:]
    passed = failed = 0
    with Bed(f"sluice-{os.path.basename(sys.argv[0]).split('.')[0].replace('test_', '')}") as bed:
        try:
            bed.start(config, **start)
        except (RuntimeError, OSError) as error:
            print(f"FAIL the bed: {error}", flush=True)
            failed += 1
            tests = []
        for test in tests:
            if wanted and test.__name__[5:] not in wanted:
                continue
            begin = time.monotonic()
            try:
                saw = test(bed)
                passed += 1
                print(f"ok   {test.__name__[5:]} ({time.monotonic() - begin:.1f} s): {saw}", flush=True)
            except Exception as error:  # a test may fail in any way; the others still run
                failed += 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                print(f"FAIL {test.__name__[5:]} ({where.filename}:{where.lineno}): {error}", flush=True)
                print("  gate: " + bed.log_of("gate")[-600:].replace("\n", "\n  gate: "), flush=True)
                print("  daemon: " + bed.log_of("daemon")[-600:].replace("\n", "\n  daemon: "), flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def expect(condition, what):
    """An assertion that says what was seen."""
    if not condition:
        raise AssertionError(what)
