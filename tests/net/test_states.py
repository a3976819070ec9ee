# SPDX-License-Identifier: BSD-3-Clause
"""The gate's exceptional states (include/faults.def), one after the other, made so by --force: what becomes of mail is
what the table says, the counter rises, the alarm comes; without --force all is well again. States that are not to be
forced are a scenario's matter, and each must have one."""
import glob
import os
import sys

from client import Client
from fake_gate import HELLO_READY, HELLO_WAITS, FakeGate, ack
from frames import contract
from harness import expect, main
from kept import CONFIG as MANY
from pair import Pair
from shell import wait_until

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
ALARMS = contract("../control/alarms/alarms.def", r'^ALARM\(\w+, "([\w-]+)",')
SCENARIOS = f"{TESTS}/scenario/*.txt"
COUNTERS = dict(contract("counters.def", r'^COUNTER\((\w+), \w+, "([\w-]+)"'))
ROW = r'^FAULT\((\w+), "([\w-]+)", (\w+), (\w+), (\w+),'
STATES = {name: {"counter": COUNTERS[counter], "open": policy == "OPEN", "loud": loud == "LOUD",
                 "forcible": how == "SWITCH"} for counter, name, policy, loud, how in contract("faults.def", ROW)}
# No test overloads a worker that it does not know the speed of.
UNTESTED = {"worker-overloaded"}


def start_gate(bed, *states):
    bed.end("gate")
    bed.forced = states
    bed.start_gate()
    bed.wait_enforced()
    expect(bed.ctl("status")["forced"] == ", ".join(states), bed.ctl("status")["forced"])


def alarms(bed):
    return {(row["alarm"], row["subject"]): row for row in bed.ctl("alarms")["rows"]}


def answer(bed, customer="acme"):
    """The first three signs of what a new connection hears; "" when it hears nothing."""
    client = Client(bed, customer, "google", timeout=2.5)
    try:
        return client.connect().reply()[:3]
    except TimeoutError:
        return ""
    finally:
        client.close()


def expect_state(bed, name, provoke=answer):
    """Its counter has risen, and it is said as loudly as the table has it. What rose before the daemon's first look at
    the gate is old news to it, so once more is provoked now and then."""
    state = STATES[name]
    wait_until(lambda: bed.counters()[state["counter"]] > 0, 5, f"{state['counter']} rises")
    if not state["loud"]:
        return f"{state['counter']} rises"
    wait_until(lambda: ("gate-counts", name) in alarms(bed) or provoke(bed) == "x", 20, f"the alarm of {name}", 1)
    row = alarms(bed)["gate-counts", name]
    expect(row["meanwhile"] == ("open" if state["open"] else "closed"), row)
    expect(f"{name}: " in bed.log_of("gate"), "the gate does not say so")
    expect(("gate-forced", "") in alarms(bed), "nobody is told that it is forced")
    return f"{state['counter']} rises, the alarm is on"


def test_flow_table_full(bed):
    start_gate(bed, "flow-table-full")
    heard = answer(bed)
    expect(heard == "421", heard)
    return f"{heard}; {expect_state(bed, 'flow-table-full')}"


def test_meters_full(bed):
    start_gate(bed, "meters-full")
    heard = answer(bed)
    expect(heard == "421", heard)
    return f"{heard}; {expect_state(bed, 'meters-full')}"


def test_pool_empty(bed):
    """What needs no word of the gate's goes on; a refusal is not said, and the SYN does not pass."""
    start_gate(bed, "pool-empty")
    bed.ctl("quarantine", "corvus", "--reason", "nobody hears it")
    heard = answer(bed), answer(bed, "corvus")
    expect(heard == ("220", ""), heard)
    saw = expect_state(bed, "pool-empty", lambda bed: answer(bed, "corvus"))
    bed.ctl("release", "corvus")
    return f"others {heard[0]}, the refused one nothing; {saw}"


def test_wait_room_full(bed):
    """The second of two at once would wait for two seconds."""
    start_gate(bed, "wait-room-full")
    bed.ctl("limit", "customer:acme", "connection-rate=1/2s")
    answer(bed)
    heard = answer(bed), answer(bed, "bravo")
    expect(heard == ("421", "220"), heard)
    saw = expect_state(bed, "wait-room-full")
    bed.ctl("release", "customer:acme")
    return f"who would wait {heard[0]}, others {heard[1]}; {saw}"


def test_segments_full(bed):
    """TCP repeats what was dropped, until there is a token."""
    start_gate(bed, "segments-full")
    bed.ctl("limit", "customer:acme", "byte-rate=3kB/s burst 300")
    client = Client(bed, "acme", "google", timeout=20).connect().greet()
    for _ in range(4):
        client.ask("NOOP " + "x" * 200, 250)
    client.close()
    bed.ctl("release", "customer:acme")
    return f"the dialogue goes on; {expect_state(bed, 'segments-full')}"


def test_port_full(bed):
    start_gate(bed, "port-full")
    heard = answer(bed)
    expect(heard == "", heard)
    return f"nothing; {expect_state(bed, 'port-full')}"


def wait_alarm(bed, name, talk):
    """It is on while something else stands in the gate's place, and over when the gate is back."""
    bed.end("gate")
    fake = FakeGate(f"{bed.dir}/gate.sock", talk)
    fake.start()
    try:
        wait_until(lambda: (name, "") in alarms(bed), 30, f"the alarm {name} is on", 0.5)
        row = alarms(bed)[name, ""]
    finally:
        fake.stop()
    start_gate(bed)
    wait_until(lambda: (name, "") not in alarms(bed), 20, f"the alarm {name} is over", 0.5)
    return f"{row['meanwhile']}: {row['what']}"


def test_gate_waits(bed):
    """Connected, and never ready."""
    def talk(gate, connection):
        connection.sendall(HELLO_WAITS)
        for _ in gate.frames_from(connection):
            pass
    return wait_alarm(bed, "gate-waits", talk)


def test_gate_refuses(bed):
    def talk(gate, connection):
        connection.sendall(HELLO_READY)
        for generation in gate.commits(connection):
            connection.sendall(ack(generation, -22, b"PUT_LIMITS: not with me"))
    saw = wait_alarm(bed, "gate-refuses", talk)
    expect("not with me" in saw, saw)
    return saw


def test_orders_stopped(_bed):
    """Of forty customers, by orders on one after the other."""
    pair = Pair("stopped", {**MANY, "blast-radius": {"customers": "10%", "at-least": 2}})

    def on():
        return "orders-stopped" in [row["alarm"] for row in pair.ask("GET", "/v1/alarms")[1]["rows"]]
    try:
        pair.start()
        pair.wait_enforced()
        for number in range(40):
            _, reply = pair.ask("POST", f"/v1/customers/c{number}/quarantine", {"reason": "too many"})
            if reply.get("preview"):
                break
        expect(reply.get("preview") and 2 < number < 8, f"customer {number}: {reply}")
        wait_until(on, 10, "the alarm is on")
        pair.ask("POST", "/v1/confirmations", {"number": reply["confirm"]})
        wait_until(lambda: not on(), 10, "the alarm is over")
    finally:
        pair.stop()
    return f"stopped at customer {number}, until it was confirmed"


def test_over(bed):
    """After a minute in which nothing rises."""
    start_gate(bed)
    wait_until(lambda: answer(bed) == "220", 10, "mail passes")
    wait_until(lambda: not alarms(bed), 120, "no alarm is on", 1)
    return "mail passes, every alarm is over"


def test_whole_table(bed):
    """Each state is forced above, or a scenario's expectation names its counter."""
    scenarios = "".join(open(path, encoding="utf-8").read() for path in glob.glob(SCENARIOS))
    forced = {name for name, state in STATES.items() if state["forcible"]}
    missing = [name for name in forced if f"test_{name.replace('-', '_')}" not in globals()]
    missing += [name for name in set(STATES) - forced - UNTESTED
                if f"expect count {STATES[name]['counter']} " not in scenarios]
    expect(not missing, f"no test of {missing}")
    python = "".join(open(path, encoding="utf-8").read() for path in glob.glob(f"{TESTS}/*/*.py"))
    missing = [name for name in ALARMS if f'"{name}"' not in python]
    expect(ALARMS and not missing, f"no test names the alarms {missing}")
    listed = {row["subject"] for row in bed.ctl("alarms", "--all")["rows"] if row["alarm"] == "gate-counts"}
    expect(listed == {name for name, state in STATES.items() if state["loud"]}, listed)
    return f"{len(STATES)} states, {len(forced)} forced here; {len(ALARMS)} alarms"


if __name__ == "__main__":
    main(sys.modules[__name__], {"smtp": {"max-hold": "5s"}})
