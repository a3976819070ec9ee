# SPDX-License-Identifier: BSD-3-Clause
"""Small things the bed and the tests share: commands, files, waiting, ending processes."""
import contextlib
import os
import signal
import socket
import subprocess
import time


def run(*command, check=True, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def wait_until(condition, seconds, what, step=0.05):
    """Waits for a condition; a RuntimeError that says what did not come when it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(step)
    raise RuntimeError(f"not within {seconds} s: {what}")


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as probe:
        with contextlib.suppress(OSError):
            probe.connect(path)
            return True
    return False


def end_pid(pid, directory):
    """Ends a process only if its command line names our directory: a pid may be somebody else's by now."""
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            if directory not in file.read():
                return
        os.kill(pid, signal.SIGTERM)
        for _ in range(50):
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass
