# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 of daemon and gate, more than two hundred times (kills.py): nothing confirmed is lost, nothing that ended
is left."""
import os
import subprocess
import sys
import time

from kept import CONFIG, Kept
from kills import Kills
from pair import Pair

KILLS = 210
SECONDS_MOST = 200


def main():
    os.chdir("/")
    pair, start = Pair("kill", CONFIG), time.monotonic()
    kept = Kept(pair)
    kills = Kills(kept)
    try:
        kills.run(KILLS, SECONDS_MOST)
        good = kills.count >= KILLS * 0.95 and kept.confirmed > kills.count and not (kept.lost or kept.stale)
        good = good and not pair.fallen
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"FAIL kills: {error}\n{pair.log_of('daemon')}{pair.log_of('gate')}", flush=True)
        good = False
    finally:
        pair.stop()
    print(f"{'ok  ' if good else 'FAIL'} kills: {kills.count} kills, {kept.confirmed} orders confirmed, {kept.lost} "
          f"lost, {kept.stale} stale, {len(pair.fallen)} fell by themselves, {time.monotonic() - start:.0f} s")
    print(f"{int(good)} passed, {int(not good)} failed")
    sys.exit(not good)


if __name__ == "__main__":
    main()
