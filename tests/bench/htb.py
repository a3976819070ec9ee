# SPDX-License-Identifier: BSD-3-Clause
"""Linux HTB on a veth pair, in two namespaces that are gone afterwards. The classifier is one program of four
instructions, the cheapest there is; the far end drops all at its ingress. Rates are so high that nothing waits."""
import contextlib
import os
import subprocess

DEVICE, FAR = "bench0", "bench1"
BY_ADDRESS = "4,32 0 0 30,84 0 0 {mask},4 0 0 65538,22 0 0 0"  # class 1:2 and on, by the last bits of the destination
DROP_ALL = "1,6 0 0 2"


class Missing(Exception):
    """This machine cannot do it, and why."""


def _run(*command, text=None):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout


@contextlib.contextmanager
def _pair():
    near, far = f"bench-near-{os.getpid()}", f"bench-far-{os.getpid()}"
    made = []
    try:
        for name in (near, far):
            _run("ip", "netns", "add", name)
            made.append(name)
        _run("ip", "-n", near, "link", "add", DEVICE, "address", "02:00:00:00:00:01", "type", "veth",
             "peer", "name", FAR, "address", "02:00:00:00:00:02", "netns", far)
        _run("ip", "-n", near, "link", "set", DEVICE, "up")
        _run("ip", "-n", far, "link", "set", FAR, "up")
        _run("tc", "-n", far, "qdisc", "add", "dev", FAR, "clsact")
        _run("tc", "-n", far, "filter", "add", "dev", FAR, "ingress", "protocol", "all", "bpf", "da",
             "bytecode", DROP_ALL)
        yield near
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], check=False)


def _set_classes(namespace, classes):
    top, each = (f"htb rate 100gbit ceil 100gbit burst {burst} cburst {burst} quantum {quantum}"
                 for burst, quantum in (("10mb", 60000), ("1mb", 1514)))
    lines = [f"qdisc replace dev {DEVICE} root handle 1: htb default 1",
             f"class add dev {DEVICE} parent 1: classid 1:1 {top}"]
    lines += [f"class add dev {DEVICE} parent 1:1 classid 1:{number + 2:x} {each}" for number in range(classes)]
    _run("tc", "-n", namespace, "-batch", "-", text="\n".join(lines) + "\n")
    _run("tc", "-n", namespace, "filter", "add", "dev", DEVICE, "parent", "1:", "protocol", "ip", "prio", "1", "bpf",
         "bytecode", BY_ADDRESS.format(mask=classes - 1))


def measure(sender, classes, seconds, rounds):
    """CPU ns a packet that left, each round; Missing when there is no HTB here."""
    with _pair() as namespace:
        _set_classes(namespace, classes)
        figures = []
        for _ in range(rounds):
            output = _run("ip", "netns", "exec", namespace, sender, DEVICE, str(classes), str(seconds))
            figures.append(float(output.split()[1]))
        return figures
