# SPDX-License-Identifier: BSD-3-Clause
"""Bad configuration, bad frames, bad words: a clear error that names the place, and nothing changes."""
import random
import socket
import struct
import subprocess
import sys

from client import Client
from frames import BEGIN, COMMIT, HELLO, TYPES, damaged, frame, gate_generation, query, talk, verdict
from harness import expect, main

GOOD = """providers:
  - name: p
    addresses: [203.0.113.0/24]
customers:
  - name: c
    sources: [192.0.2.1]
"""

# (what, text, the error's place and some of its words)
BAD_CONFIGS = [
    ("not YAML", "providers: [", ":2:1: ", "did not find"),
    ("empty", "", ":1:1: ", "empty"),
    ("unknown section", "provider: []\n", ":1:1: ", "unknown key \"provider\""),
    ("unknown key", GOOD + "daemon: {directry: /x}\n", ":7:10: ", "directry"),
    ("twice", "smtp: {refuse: rst, refuse: rst}\n", ":1:21: ", "twice"),
    ("wrong type", "providers: 5\n", ":1:12: ", "expected a list"),
    ("bad duration", "smtp: {max-hold: 3 seconds}\n", ":1:18: ", "a duration from"),
    ("out of range", "smtp: {max-hold: 20min}\n", ":1:18: ", "10min"),
    ("bad refuse", "smtp: {refuse: drop}\n", ":1:16: ", "421 or rst"),
    ("bad port", "smtp: {ports: [25, 70000]}\n", ":1:20: ", "1 to 65535"),
    ("relative path", "gate: {socket: gate.sock}\n", ":1:16: ", "absolute path"),
    ("host bits", "providers:\n  - {name: p, addresses: [203.0.113.1/24]}\n", ":2:27: ", "host bits"),
    ("no target", "providers:\n  - name: p\n", ":2:5: ", "domains, mx, hosts or addresses"),
    ("no name", "providers:\n  - addresses: [203.0.113.1]\n", ":2:5: ", "\"name\" is missing"),
    ("same name", GOOD + "  - name: c\n    sources: [192.0.2.2]\n", ":7:5: ", "second customer"),
    ("same source", GOOD + "  - name: d\n    sources: [192.0.2.1]\n", ":8:15: ", "customer \"c\"'s already"),
    ("bad limit", GOOD + "    limits: {connection-rate: fast}\n", ":7:31: ", "10/s"),
    ("unknown limit", GOOD + "    limits: {speed: 5}\n", ":7:14: ", "connection-rate, byte-rate, message-rate"),
    ("no such provider", GOOD + "    at: {q: {connections: 1}}\n", ":7:10: ", "no provider \"q\""),
    ("bad ports", "customers:\n  - name: c\n    sources: [{prefix: 192.0.2.1, ports: 9-5}]\n", ":3:42: ", "range"),
    ("bad action", "unknown: {customer: {action: drop}}\n", ":1:30: ", "limit or deny"),
    ("bad weight", GOOD + "    weight: 0\n", ":7:13: ", "1 to"),
    ("no source", "customers:\n  - name: c\n    sources: []\n", ":3:14: ", "at least one"),
    ("crossing ports", "customers:\n  - name: c\n    sources: [{prefix: 192.0.2.1, ports: 10-19}, "
     "{prefix: 192.0.2.1, ports: 15-24}]\n", ":3:50: ", "overlap"),
    ("same address", GOOD.replace("customers", "  - name: q\n    addresses: [203.0.113.0/24]\ncustomers"), ":5:17: ",
     "provider \"p\"'s already"),
    ("one socket for two", "daemon: {admin-socket: /a, read-socket: /a}\n", ":1:1: ", "three"),
    ("a second document", GOOD + "---\n" + GOOD, ":8:1: ", "second document"),
    ("no group", "daemon: {read-group: nobodys-group}\n", ": daemon: ", "no group \"nobodys-group\""),
]


def check_config(bed, text):
    path = f"{bed.dir}/bad.yaml"
    with open(path, "w") as file:
        file.write(text)
    return subprocess.run([f"{bed.build}/control/sluiced", "--check", "--config", path], capture_output=True, text=True)


def test_config_errors(bed):
    good = check_config(bed, GOOD)
    expect(good.returncode == 0, good.stderr)
    for what, text, place, words in BAD_CONFIGS:
        done = check_config(bed, text)
        expect(done.returncode == 1 and f"bad.yaml{place}" in done.stderr and words in done.stderr,
               f"{what}: exit code {done.returncode}, {done.stderr!r}, expected {place!r} and {words!r}")
    return f"{len(BAD_CONFIGS)} wrong ones, each with file:line:column and what was expected"


def test_all_errors_at_once(bed):
    done = check_config(bed, "smtp: {refuse: x, max-hold: y}\nproviders:\n  - name: a b\n")
    expect(len(done.stderr.splitlines()) == 4, done.stderr)
    return f"{len(done.stderr.splitlines())} errors in one go"


def test_bad_reload(bed):
    """A wrong file on SIGHUP: said, not taken."""
    path = f"{bed.dir}/sluice.yaml"
    before = open(path).read()
    with open(path, "w") as file:
        file.write("providers: 5\n")
    import signal
    import time
    bed.process["daemon"].send_signal(signal.SIGHUP)
    time.sleep(0.5)
    log = bed.log_of("daemon")
    with open(path, "w") as file:
        file.write(before)
    expect("sluice.yaml:1:12" in log and "the old configuration stays" in log, log[-400:])
    expect(bed.ctl("customers")["rows"][0]["customer"] == "acme", "the old one is gone")
    return "the old configuration stays in force"


BAD_FRAMES = [
    ("magic", frame(0, bytes(24), magic=0x1234), "magic"),
    ("version", frame(0, bytes(24), version=9), "version 9"),
    ("type", frame(200, b""), "type 200"),
    ("length", frame(0, bytes(24), length=8), "HELLO of 8 bytes"),
    ("oversize", frame(0, bytes(24), length=1 << 30), "HELLO of"),
    ("direction", HELLO + frame(TYPES["ACK"], bytes(8 + 4 + 4 + 8 + 8 + 128)), "direction"),
    ("no HELLO", BEGIN, "before HELLO"),
    ("no BEGIN", HELLO + verdict(), "outside BEGIN"),
    ("COMMIT alone", HELLO + COMMIT, "COMMIT without BEGIN"),
    ("generation", HELLO + BEGIN + frame(TYPES["COMMIT"], struct.pack("=Q", 8)), "COMMIT of generation 8"),
    ("mode", HELLO + frame(TYPES["BEGIN"], struct.pack("=QII", 7, 5, 0)), "mode 5"),
    ("scope", HELLO + BEGIN + verdict(scope=99), "scope 99"),
    ("action", HELLO + BEGIN + verdict(action=7), "action 7"),
    ("endless reason", HELLO + BEGIN + verdict(reason=b"x" * 96), "no end"),
    ("line break in a reason", HELLO + BEGIN + verdict(reason=b"a\r\n250 ok" + bytes(87)), "0x0d"),
    ("query", HELLO + query(99), "what 99"),
    ("query's scope", HELLO + query(3, scope=99), "scope 99"),
    ("prefix", HELLO + BEGIN + frame(TYPES["PUT_DESTINATION"], bytes(15) + b"\x01" + struct.pack("=IB3x", 1, 120)),
     "bits after plen"),
]


def without_daemon(bed, check):
    """The gate takes batches of one daemon at a time."""
    bed.end("daemon")
    try:
        check()
    finally:
        bed.start_daemon()
        bed.wait_enforced()


def test_second_daemon(bed):
    """Neither the journal nor the sockets nor the gate serve two."""
    before = gate_generation(f"{bed.dir}/gate.sock")
    answer = talk(f"{bed.dir}/gate.sock", HELLO + BEGIN)
    expect(b"another daemon is connected" in answer, answer[-140:])
    other = subprocess.run([f"{bed.build}/control/sluiced", "--config", f"{bed.dir}/sluice.yaml"], capture_output=True,
                           text=True, timeout=10)
    expect(other.returncode == 1 and f"another sluiced uses {bed.dir}" in other.stderr, other.stderr)
    text = open(f"{bed.dir}/sluice.yaml").read().replace(f'"directory": "{bed.dir}"', f'"directory": "{bed.dir}/other"')
    with open(f"{bed.dir}/other.yaml", "w") as file:
        file.write(text)
    other = subprocess.run([f"{bed.build}/control/sluiced", "--config", f"{bed.dir}/other.yaml"], capture_output=True,
                           text=True, timeout=10)
    expect(other.returncode == 1 and "somebody listens there already" in other.stderr, other.stderr)
    expect(bed.ctl("status")["all_enforced"], "not all is enforced")
    expect(gate_generation(f"{bed.dir}/gate.sock") == before, "something changed")
    return "refused by the gate, by the journal's lock, by the sockets"


def test_bad_frames(bed):
    def check():
        before = gate_generation(f"{bed.dir}/gate.sock")
        for what, data, words in BAD_FRAMES:
            answer = talk(f"{bed.dir}/gate.sock", data)
            expect(words.encode() in answer, f"{what}: {answer[-140:]!r}, expected {words!r}")
        expect(gate_generation(f"{bed.dir}/gate.sock") == before, "something was applied")
    without_daemon(bed, check)
    Client(bed, "acme", "google").connect().greet().close()
    return f"{len(BAD_FRAMES)} kinds refused with a reason; nothing was applied"


def test_cut_off_batch(bed):
    """A batch whose sender goes away is not applied."""
    def check():
        before = gate_generation(f"{bed.dir}/gate.sock")
        with socket.socket(socket.AF_UNIX) as gate:
            gate.connect(f"{bed.dir}/gate.sock")
            gate.sendall(HELLO + BEGIN + verdict())
        expect(gate_generation(f"{bed.dir}/gate.sock") == before, "half a batch was applied")
    without_daemon(bed, check)
    reply = bed.ctl("quarantine", "corvus", "--reason", "after a cut-off batch")
    bed.ctl("release", "customer:corvus")
    expect(reply["enforced"], reply)
    return "nothing applied, the next batch goes through"


def test_random_frames(bed):
    chance, gate = random.Random(3), f"{bed.dir}/gate.sock"

    def check():
        for _ in range(150):
            talk(gate, damaged(chance), 0.02)
    without_daemon(bed, check)
    expect(bed.process["gate"].poll() is None, "the gate ended")
    Client(bed, "acme", "google").connect().greet().close()
    return "150 damaged conversations; the gate runs and mail passes"


def test_exit_codes(bed):
    def code(*words, socket_path="admin.sock"):
        return subprocess.run([f"{bed.build}/tools/ctl/sluicectl", "--socket", f"{bed.dir}/{socket_path}", *words],
                              capture_output=True).returncode
    seen = [code("status"), code("release", "777"), code("quarantine"), code("status", socket_path="none.sock")]
    expect(seen == [0, 1, 2, 3], seen)
    return f"done, refused, usage, unreachable: {seen}"


if __name__ == "__main__":
    main(sys.modules[__name__])
