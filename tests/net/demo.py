# SPDX-License-Identifier: BSD-3-Clause
"""The main job, told: three customers' mail through the gate, a flood, a quarantine while mail is in flight,
a release, and every message accounted for. Ends in a table; exit code 0 only when nothing was lost, doubled,
sent in clear, or over its limit."""
import argparse
import json
import os
import re
import sys
import time

import capture
from bed import Bed
from topology import CUSTOMERS, PROVIDERS, hosts_of

CONFIG = {
    "smtp": {"max-hold": "3s"},
    "providers": {
        # Slow receivers: the number at once binds. / Quick ones: the rate does.
        "microsoft": {"limits": {"connections": 16, "connection-rate": "15/s burst 5"},
                      "each-customer": {"connections": 10}},
        "google": {"limits": {"connections": 40, "connection-rate": "12/s burst 5"},
                   "each-customer": {"connections": 25}},
        "apple": {"limits": {"connections": 8, "connection-rate": "10/s burst 5"},
                  "each-customer": {"connections": 5}},
    },
}
SLEEPS = {"microsoft": ("smtpd_data_restrictions", "smtpd_end_of_data_restrictions"),
          "google": ("smtpd_end_of_data_restrictions",)}
FLOODER = "corvus"
WINDOW = 5.0   # seconds over which a rate is measured
JITTER = 0.5   # of a connection: what a capture's clock and two shared cores may add
SILENCE_MS = 10.0


class Story:
    """Progress for people: a line each; on a terminal the current one is kept up to date."""

    def __init__(self):
        self.start = time.time()
        self.live = sys.stdout.isatty()

    def say(self, text):
        print(f"\r\033[K[{time.time() - self.start:5.1f} s] {text}" if self.live else
              f"[{time.time() - self.start:5.1f} s] {text}", flush=True)

    def progress(self, text):
        if self.live:
            print(f"\r\033[K[{time.time() - self.start:5.1f} s] {text}", end="", flush=True)


def limits_of(provider):
    limits = CONFIG["providers"][provider]["limits"]
    rate, burst = re.match(r"(\d+)/s burst (\d+)", limits["connection-rate"]).groups()
    return limits["connections"], float(rate), int(burst)


def customer_of(source):
    return next((name for name, facts in CUSTOMERS.items() if source in (facts["ipv4"], facts["ipv6"])), "?")


def provider_of(remote):
    return next((name for name in PROVIDERS for _, *hosts in hosts_of(name) if remote in hosts), "?")


def watch(story, bed, seconds, what):
    """Live figures while something goes on."""
    end = time.time() + seconds
    while time.time() < end:
        rows = {row["customer"]: row for row in bed.ctl("customers")["rows"]}
        figures = (f"{name}: {rows[name]['connections']} open, {rows[name]['admitted']} let in" for name in CUSTOMERS
                   if rows[name]["admitted"])
        story.progress(what + "  " + "  ".join(figures))
        time.sleep(0.5)


def busiest(times, burst):
    """Connections per second beyond the burst, in the busiest window."""
    times, most, first = sorted(times), 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] > WINDOW:
            first += 1
        most = max(most, last - first + 1)
    return max(0, most - burst) / WINDOW


def measure_providers(connections):
    figures = {}
    for provider in PROVIDERS:
        most, rate, burst = limits_of(provider)
        those = [c for c in connections if provider_of(c.remote) == provider]
        times = [c.opened for c in those]
        figures[provider] = {
            "configured_rate": rate, "configured_burst": burst, "measured_rate": round(busiest(times, burst), 2),
            "rate_excess": round(capture.rate_excess(times, rate, burst), 2),
            "configured_connections": most, "measured_connections": capture.most_at_once(those),
            "connections": len(those)}
    return figures


def measure_silence(connections, enforced):
    """Last SYN or new turn of the flooder after the moment, in ms; negative when the last one was before."""
    moments = []
    for connection in connections:
        if customer_of(connection.source) == FLOODER:
            moments.append(connection.opened)
            moments += [moment for moment, first in connection.turns]
    before_release = [m for m in moments if m < enforced["released"]]
    return (max(before_release) - enforced["at"]) * 1000


def finished_after(bed, enforced):
    """Messages of the flooder that receivers stored after the moment, before the release. Storing is a little
    later than accepting: so none is missed, and one accepted just before may be counted."""
    return sum(1 for message_id, moment in bed.stored()
               if f".{FLOODER}." in message_id and enforced["at"] < moment < enforced["released"])


def last_refusal(bed):
    lines = [line for line in bed.mta_log().splitlines() if "421" in line and f"postfix-{FLOODER}" in line]
    shorten = r"^.*?(postfix-\w+).*?(to=<[^>]*>).*?(dsn=.*)"
    return re.sub(shorten, r"\1: \2, ... \3", lines[-1]) if lines else "(nothing)"


def quarantine(story, bed):
    open_before = len([r for r in bed.ctl("flows", "--customer", FLOODER, "--most", "1000")["rows"]
                       if r["state"] in ("open", "connecting", "closing")])
    reply = bed.ctl("quarantine", FLOODER, "--for", "1h", "--reason", "flood, see ticket 4711")
    moment = time.time()
    story.say(f"$ sluicectl quarantine {FLOODER} --for 1h --reason 'flood, see ticket 4711'")
    story.say(f"  {reply['message']}; {open_before} of its connections were open")
    return {"at": moment, "open": open_before, "enforced_ms": reply["enforced_ms"]}


def flood(story, bed, scale):
    story.say("acme and bravo send their usual mail")
    for customer in ("acme", "bravo"):
        for provider in PROVIDERS:
            bed.send(customer, provider, 10 * scale)
    story.say(f"{FLOODER} floods: {150 * scale} messages at once, most to microsoft")
    bed.send(FLOODER, "microsoft", 90 * scale, size=20000)
    bed.send(FLOODER, "google", 40 * scale, size=20000)
    bed.send(FLOODER, "apple", 20 * scale, size=20000)
    watch(story, bed, 4, "flooding:")
    story.say("the others go on sending meanwhile")
    for customer in ("acme", "bravo"):
        for provider in PROVIDERS:
            bed.send(customer, provider, 5 * scale)


def tell(story, bed, scale):
    story.say("MTAs, DNS, receivers, gate and daemon run; three customers, three providers")
    bed.start_capture()
    flood(story, bed, scale)
    enforced = quarantine(story, bed)
    watch(story, bed, 5, "quarantined:")
    story.say(f"its MTA logged: {last_refusal(bed)}")
    others = bed.ctl("customers")["rows"]
    story.say("meanwhile: " + ", ".join(f"{r['customer']} {r['connections']} open" for r in others[:3]))
    enforced["released"] = time.time()
    story.say(f"$ sluicectl release customer:{FLOODER}")
    story.say("  " + bed.ctl("release", f"customer:{FLOODER}")["message"])
    story.say("waiting until everything is delivered")
    bed.wait_empty(120)
    connections, _ = capture.connections(bed.stop_capture())
    silence = measure_silence(connections, enforced)
    return {**bed.reconcile(), "silence_ms": round(max(0.0, silence), 2), "silence_ms_raw": round(silence, 2),
            "enforced_ms": round(enforced["enforced_ms"], 2), "tail_messages": finished_after(bed, enforced),
            "open_at_quarantine": enforced["open"], "providers": measure_providers(connections)}


def failures(figures):
    wrong = [f"{figures[key]} {what}" for key, what in (
        ("lost", "lost"), ("duplicated", "duplicated"), ("cleartext_downgrades", "sent in clear"),
        ("queued", "never delivered")) if figures[key]]
    if figures["silence_ms"] > SILENCE_MS:
        wrong.append(f"the last new turn left {figures['silence_ms']} ms after \"enforced\"")
    if figures["tail_messages"] > figures["open_at_quarantine"]:
        wrong.append(f"{figures['tail_messages']} messages finished on {figures['open_at_quarantine']} connections")
    for name, provider in figures["providers"].items():
        if provider["rate_excess"] > JITTER:
            wrong.append(f"{name}: {provider['rate_excess']} connections beyond burst + rate x time")
        if provider["measured_connections"] > provider["configured_connections"]:
            wrong.append(f"{name}: {provider['measured_connections']} connections at once")
    return wrong


def table(figures):
    print(f"\n{'PROVIDER':<11}{'RATE LIMIT':>16}{'MEASURED':>12}{'AT ONCE, LIMIT':>17}{'MEASURED':>11}"
          f"{'CONNECTIONS':>14}")
    for name, p in figures["providers"].items():
        limit = f"{p['configured_rate']:g}/s burst {p['configured_burst']}"
        print(f"{name:<11}{limit:>16}{p['measured_rate']:>10.1f}/s{p['configured_connections']:>17}"
              f"{p['measured_connections']:>11}{p['connections']:>14}")
    print(f"\n(measured by a capture outside the gate; rate: beyond the burst, in the busiest {WINDOW:g} s)\n")
    rows = (("quarantine enforced after", f"{figures['enforced_ms']} ms"),
            ("last SYN or new turn left after that", f"{figures['silence_ms']} ms  ({figures['silence_ms_raw']} ms)"),
            ("messages under way that finished",
             f"{figures['tail_messages']} on {figures['open_at_quarantine']} open connections"),
            ("sent", figures["sent"]), ("delivered", figures["delivered"]), ("still queued", figures["queued"]),
            ("duplicated", figures["duplicated"]), ("lost", figures["lost"]),
            ("sent in clear instead of TLS", figures["cleartext_downgrades"]))
    for what, value in rows:
        print(f"  {what:<38}{value}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    parser.add_argument("--scale", type=int, default=2, help="how much mail: 1 is 240 messages; default 2")
    parser.add_argument("--workers", type=int, default=1, help="gate workers; default 1")
    arguments = parser.parse_args()
    story = Story()
    story.say("building a small internet in network namespaces")
    with Bed("sluice-demo") as bed:
        bed.start(CONFIG, workers=arguments.workers)
        for provider, where in SLEEPS.items():
            bed.set_receiver(provider, **{restriction: "sleep 1, permit" for restriction in where})
        figures = tell(story, bed, arguments.scale)
    table(figures)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(figures, file, indent=1)
            file.write("\n")
    wrong = failures(figures)
    print("\n" + ("all of it held" if not wrong else "NOT as promised: " + "; ".join(wrong)))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    os.chdir("/")
    main()
