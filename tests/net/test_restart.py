# SPDX-License-Identifier: BSD-3-Clause
"""Either process killed at any moment: mail is neither lost nor doubled, decisions stay in force."""
import random
import signal
import sys
import time

from shell import run, wait_until
from topology import PROVIDERS
from client import Client
from harness import expect, main

CONFIG = {"providers": {"google": {"limits": {"connections": 30}}}}


def refused(bed, customer="corvus"):
    client = Client(bed, customer, "google")
    try:
        return client.connect().reply()
    finally:
        client.close()


def test_gate_killed_under_load(bed):
    """Running connections are adopted; what TCP lost meanwhile it repeats."""
    for provider in PROVIDERS:
        bed.set_receiver(provider, smtpd_data_restrictions="sleep 1, permit",
                         smtpd_end_of_data_restrictions="sleep 1, permit")
    chance, adopted, blackouts = random.Random(1), 0, []
    for _ in range(4):
        for customer in ("acme", "bravo"):
            for provider in PROVIDERS:
                bed.send(customer, provider, 6, size=40000)
        time.sleep(chance.uniform(0.5, 1.5))
        begin = time.monotonic()
        bed.end("gate", signal.SIGKILL)
        bed.start_gate()
        blackouts.append(time.monotonic() - begin)
        bed.wait_enforced()
        time.sleep(2)
        adopted += bed.counters()["flows-adopted"]
    for provider in PROVIDERS:
        bed.set_receiver(provider, smtpd_data_restrictions="", smtpd_end_of_data_restrictions="")
    expect(bed.wait_empty(120), f"still queued: {len(bed.queued())}")
    figures = bed.reconcile()
    for key in ("lost", "duplicated", "cleartext_downgrades", "queued"):
        expect(figures[key] == 0, f"{key}: {figures}")
    expect(adopted > 0, "no running connection was adopted")
    return (f"4 kills, {adopted} connections adopted, gate back after {max(blackouts):.1f} s at most: "
            f"sent {figures['sent']}, delivered {figures['delivered']}, lost 0, duplicated 0, downgraded 0")


def test_gate_restart_without_daemon(bed):
    """The gate's own last state: decisions hold before the daemon speaks."""
    bed.ctl("quarantine", "corvus", "--reason", "survives")
    bed.end("daemon", signal.SIGKILL)
    bed.end("gate", signal.SIGKILL)
    bed.start_gate()
    try:
        line = refused(bed)
        expect("421 4.7.0 Held by sluice: survives" in line, line)
        Client(bed, "acme", "google").connect().greet().close()
    finally:
        bed.start_daemon()
        bed.wait_enforced()
        bed.ctl("release", "customer:corvus")
    return f"{line}; others pass"


def test_torn_state_file(bed):
    """Both slots damaged: no SMTP until the daemon speaks; what is not SMTP passes."""
    bed.end("daemon", signal.SIGTERM)
    bed.end("gate", signal.SIGKILL)
    for slot in (0, 1):
        with open(f"{bed.dir}/gate.state.{slot}", "r+b") as file:
            file.seek(200)
            file.write(b"\xff\xff\xff")
    bed.start_gate()
    try:
        client = Client(bed, "acme", "google", timeout=1.5)
        try:
            client.connect()
            raise AssertionError("SMTP passed without tables")
        except TimeoutError:
            pass
        expect("1 received" in run(*bed.netns("mta", "ping", "-c", "1", "-W", "2", "203.0.113.11")), "no ping")
        log = bed.log_of("gate")
        expect("torn, or not a state file" in log and "SMTP waits for sluiced" in log, log[-500:])
    finally:
        bed.start_daemon()
        bed.wait_enforced()
    Client(bed, "acme", "google").connect().greet().close()
    return "said so, SMTP closed, ping passes, mail again with the daemon"


def test_daemon_killed(bed):
    """Confirmed decisions are there after each of many kills, and none that was released."""
    chance, kills, confirmed = random.Random(2), 10, {}
    for number in range(kills):
        name = chance.choice(("corvus", "acme"))
        reply = bed.ctl("limit", f"customer:{name}", f"connections={number + 5}")
        # It takes the place of what was on the customer.
        confirmed = {decision: whose for decision, whose in confirmed.items() if whose != name}
        confirmed[reply["decision"]] = name
        if chance.random() < 0.5 and len(confirmed) > 1:
            gone = chance.choice(list(confirmed))
            bed.ctl("release", str(gone))
            del confirmed[gone]
        bed.end("daemon", signal.SIGKILL)
        bed.start_daemon()
        there = {row["id"] for row in bed.ctl("decisions")["rows"]}
        expect(there == set(confirmed), f"after kill {number}: {there} instead of {set(confirmed)}")
    bed.wait_enforced()
    for decision in confirmed:
        bed.ctl("release", str(decision))
    return f"{kills} kills: every confirmed decision in force, no released one"


def test_enforced_while_daemon_is_away(bed):
    bed.ctl("quarantine", "corvus", "--reason", "stays")
    bed.end("daemon", signal.SIGKILL)
    try:
        line = refused(bed)
        expect("421 4.7.0 Held by sluice: stays" in line, line)
    finally:
        bed.start_daemon()
        bed.wait_enforced()
    expect("421" in refused(bed), "gone after the daemon's return")
    bed.ctl("release", "customer:corvus")
    return line


def let_in(bed, count=6):
    """How many of so many connections at once are let in; none waits for longer than max-hold."""
    clients = [Client(bed, "acme", "google", timeout=6) for _ in range(count)]
    try:
        for client in clients:
            client.connect()
        return [client.reply()[:3] for client in clients].count("220")
    finally:
        for client in clients:
            client.close()


def test_blind(bed):
    """Without the daemon limits tighten to their ceilings, and they come back with it; a gate that starts without
    a daemon has them from the first moment."""
    bed.reload({**CONFIG, "smtp": {"max-hold": "500ms"}, "blind": {
        "stale-after": "2s", "decay": "4s", "each-customer": {"connections": 2}}})
    before = let_in(bed)
    bed.end("daemon", signal.SIGKILL)
    soon = let_in(bed)
    wait_until(lambda: let_in(bed) == 2, 20, "the ceiling holds")
    bed.end("gate", signal.SIGKILL)
    bed.start_gate()
    restarted = let_in(bed)
    bed.start_daemon()
    wait_until(lambda: let_in(bed) == 6, 20, "limits are back")
    bed.reload(CONFIG)
    expect((before, soon, restarted) == (6, 6, 2), (before, soon, restarted))
    log = bed.log_of("gate")
    expect("limits tighten to their ceilings" in log and "limits are back" in log, log[-800:])
    return "6 of 6 connections; daemon gone: 6, then 2; gate started anew: 2; daemon back: 6"


def test_order_while_gate_is_away(bed):
    """Stored, said so by exit code 4, enforced when the gate is back."""
    bed.end("gate", signal.SIGKILL)
    reply = bed.ctl("quarantine", "corvus", "--reason", "later", check=False)
    expect(reply["ok"] and reply["enforced"] is False, reply)
    bed.start_gate()
    bed.wait_enforced()
    line = refused(bed)
    expect("421 4.7.0 Held by sluice: later" in line, line)
    bed.ctl("release", "customer:corvus")
    return reply["message"]


def test_gate_hangs(bed):
    """A gate that keeps its connection and says nothing: hung up on, told everything when it moves again."""
    bed.process["gate"].send_signal(signal.SIGSTOP)
    begin = time.monotonic()
    try:
        reply = bed.ctl("quarantine", "corvus", "--reason", "hangs", check=False)
        waited = time.monotonic() - begin
        expect(reply["ok"] and reply["enforced"] is False and waited < 7, f"{waited:.1f} s: {reply}")
        status = bed.ctl("status", check=False)
        expect(not status["ready"] and status["refusal"] == "it did not answer", status)
    finally:
        bed.process["gate"].send_signal(signal.SIGCONT)
    bed.wait_enforced()
    line = refused(bed)
    bed.ctl("release", "customer:corvus")
    expect("Held by sluice: hangs" in line, line)
    return f"\"stored\" after {waited:.1f} s, in force as soon as it moved again"


def test_expiry(bed):
    bed.ctl("quarantine", "corvus", "--for", "2s", "--reason", "short")
    expect("421" in refused(bed), "not refused")
    wait_until(lambda: refused(bed).startswith("220"), 4, "it ends by itself")
    row = [row for row in bed.ctl("decisions", "--all")["rows"] if row["reason"] == "short"][0]
    expect(row["ended"] == "expired", row)
    return "a quarantine of 2 s ended by itself, and the journal says so"


def alarms(bed):
    """How many of each are on."""
    rows = [row["alarm"] for row in bed.ctl("alarms")["rows"]]
    return {name: rows.count(name) for name in rows}


def test_alarms(bed):
    """The gate gone, and a configuration that is wrong: on, and off again."""
    expect(alarms(bed) == {}, alarms(bed))
    bed.end("gate", signal.SIGKILL)
    wait_until(lambda: alarms(bed) == {"gate-gone": 1}, 15, "the alarm is on")
    bed.start_gate()
    wait_until(lambda: alarms(bed) == {}, 15, "the alarm is over")
    with open(f"{bed.dir}/sluice.yaml", "a") as file:
        file.write("nonsense")
    bed.process["daemon"].send_signal(signal.SIGHUP)
    wait_until(lambda: alarms(bed) == {"config-refused": 1}, 5, "the wrong configuration is an alarm")
    bed.reload(CONFIG)
    expect(alarms(bed) == {}, alarms(bed))
    return "gate-gone, config-refused: on within 12 s, over by themselves"


def test_dns_dies(bed):
    """Providers' addresses outlive their DNS server."""
    before = {row["provider"]: row["addresses"] for row in bed.ctl("providers")["rows"]}
    bed.end("dns", signal.SIGTERM)
    bed.end("daemon", signal.SIGTERM)
    bed.start_daemon()
    try:
        bed.wait_enforced(15)
        after = {row["provider"]: row["addresses"] for row in bed.ctl("providers")["rows"]}
        expect(after == before, f"{after} instead of {before}")
        wait_until(lambda: alarms(bed) == {"dns-fails": len(PROVIDERS)}, 25, "an alarm of each provider is on")
    finally:
        bed.start_dns()
    wait_until(lambda: alarms(bed) == {}, 25, "the alarms are over")
    return f"restarted without DNS: {after}; alarms on, and off again with DNS"


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG)
