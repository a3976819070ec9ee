# SPDX-License-Identifier: BSD-3-Clause
"""Quarantine in each phase of an SMTP session, then in bulk under real Postfix: no message is lost, none
doubled, none sent in clear that would have been encrypted."""
import random
import sys
import time

from topology import PROVIDERS
from client import Client
from harness import expect, main

CUTS_LEAST = 500


def quarantine(bed, customer="corvus"):
    return bed.ctl("quarantine", customer, "--reason", "phase test")


def release(bed, customer="corvus"):
    bed.ctl("release", f"customer:{customer}")


def held(bed, prepare, provider="google", **where):
    """A client brought to a phase, then the quarantine; released afterwards by the caller."""
    client = Client(bed, "corvus", provider, **where)
    prepare(client)
    quarantine(bed)
    return client


def cut_at_next_word(bed, prepare, word, provider="google", **where):
    client = held(bed, prepare, provider, **where)
    before = bed.counters()
    try:
        expect(client.is_reset(word), f"{word!r} was answered: {getattr(client, 'unexpected', 'no reset')}")
        after = bed.counters()
        cuts = after["cut-turn"] - before["cut-turn"]
        expect(cuts == 1 and after["cut-budget"] == before["cut-budget"], f"{cuts} cuts at a turn")
    finally:
        release(bed)
        client.close()
    return f"{word!r} swallowed, connection reset"


def test_syn(bed):
    quarantine(bed)
    try:
        seen = []
        for ipv6 in (False, True):
            client = Client(bed, "corvus", "google", ipv6).connect()
            seen.append(client.reply())
            client.close()
        expect(all(line.startswith("421 4.7.0 Held by sluice: phase test (decision ") for line in seen), seen)
        other = Client(bed, "acme", "google").connect().greet()
        other.close()
    finally:
        release(bed)
    return f"IPv4 and IPv6: {seen[0]}; another customer's passes"


def test_syn_rst(bed):
    bed.reload({**bed.config, "smtp": {"refuse": "rst"}})
    quarantine(bed)
    try:
        for ipv6 in (False, True):
            begin = time.monotonic()
            try:
                Client(bed, "corvus", "google", ipv6).connect()
                raise AssertionError("connected")
            except ConnectionRefusedError:
                expect(time.monotonic() - begin < 0.5, "not refused at once")
    finally:
        release(bed)
        bed.reload({**bed.config, "smtp": {}})
    return "refused at once, IPv4 and IPv6"


def test_provider_only(bed):
    bed.ctl("quarantine", "corvus", "--provider", "apple", "--reason", "only there")
    try:
        refused = Client(bed, "corvus", "apple").connect().reply()
        expect("421" in refused and "only there" in refused, refused)
        Client(bed, "corvus", "google").connect().greet().close()
    finally:
        bed.ctl("release", "customer:corvus/provider:apple")
    return "apple refused, google passes"


def test_before_banner(bed):
    bed.set_receiver("google", smtpd_client_restrictions="sleep 2, permit", smtpd_delay_reject="no")
    try:
        client = held(bed, lambda c: c.connect())
        try:
            banner = client.reply()
            expect(banner.startswith("220"), banner)
            expect(client.is_reset("EHLO test.example"), "EHLO was answered")
        finally:
            release(bed)
            client.close()
    finally:
        bed.set_receiver("google", smtpd_client_restrictions="", smtpd_delay_reject="yes")
    return "banner came through, EHLO swallowed, connection reset"


def test_ehlo(bed):
    return cut_at_next_word(bed, lambda c: (c.connect(), c.reply()), "EHLO test.example", ipv6=True)


def test_starttls_command(bed):
    return cut_at_next_word(bed, lambda c: c.connect().greet(), "STARTTLS")


def test_tls_handshake(bed):
    """From 220 to the first reply after the handshake nothing is touched; then the next turn is cut."""
    client = held(bed, lambda c: (c.connect().greet(), c.ask_starttls()))
    try:
        client.handshake()
        reply = client.ask("EHLO test.example", 250)
        client.say("RSET")
        said = 1
        while said < 4:
            try:
                client.reply()
            except ConnectionError:
                break
            client.say("RSET")
            said += 1
        expect(said < 4, "never cut after the handshake")
    finally:
        release(bed)
        client.close()
    return f"handshake whole, EHLO answered ({reply[:20]}...), reset at turn {said} after it"


def test_mail_clear(bed):
    return cut_at_next_word(bed, lambda c: c.connect().greet(), "MAIL FROM:<news@corvus.example>", "apple")


def test_mail_tls(bed):
    def prepare(client):
        client.connect().greet()
        client.ask_starttls()
        client.handshake()
        client.ask("EHLO test.example", 250)
        client.ask("NOOP", 250)
    return cut_at_next_word(bed, prepare, "MAIL FROM:<news@corvus.example>")


def in_body(bed, tls):
    provider = "google" if tls else "apple"

    def prepare(client):
        client.connect().greet()
        if tls:
            client.ask_starttls()
            client.handshake()
            client.ask("EHLO test.example", 250)
        client.envelope(PROVIDERS[provider]["domains"][0])
        client.ask("DATA", 354)
        client.say(f"Message-ID: <body.{tls}.corvus@bed.example>\r\n\r\n" + "x" * 60 + "\r\n")
        time.sleep(0.3)
    client = held(bed, prepare, provider)
    try:
        for _ in range(20):
            client.say("y" * 70)
        reply = client.ask(".", 250)
        expect(client.is_reset("MAIL FROM:<news@corvus.example>"), "the next message began")
    finally:
        release(bed)
        client.close()
    return f"the message under way finished ({reply[:30]}), the next one was cut"


def test_mid_data_clear(bed):
    return in_body(bed, False)


def test_mid_data_tls(bed):
    return in_body(bed, True)


def test_after_dot(bed):
    bed.set_receiver("apple", smtpd_end_of_data_restrictions="sleep 2, permit")
    try:
        def prepare(client):
            client.connect().greet()
            client.envelope("icloud.example")
            client.ask("DATA", 354)
            client.say("Message-ID: <dot.corvus@bed.example>\r\n\r\nbody\r\n.")
            time.sleep(0.3)
        client = held(bed, prepare, "apple")
        try:
            reply = client.reply()
            expect(reply.startswith("250"), reply)
            expect(client.is_reset("MAIL FROM:<news@corvus.example>"), "the next message began")
        finally:
            release(bed)
            client.close()
    finally:
        bed.set_receiver("apple", smtpd_end_of_data_restrictions="")
    return f"its reply came through ({reply[:30]}), then cut"


def test_reused_connection(bed):
    def prepare(client):
        client.connect().greet()
        client.envelope("icloud.example")
        client.ask("DATA", 354)
        client.ask("Message-ID: <reuse.corvus@bed.example>\r\n\r\nbody\r\n.", 250)
    return cut_at_next_word(bed, prepare, "RSET", "apple")


def test_released_in_between(bed):
    """A quarantine that ends before the next turn leaves no trace."""
    client = held(bed, lambda c: c.connect().greet(), "apple")
    release(bed)
    client.envelope("icloud.example")
    client.ask("RSET", 250)
    client.close()
    return "the session goes on"


SLEEPS = ("smtpd_helo_restrictions", "smtpd_sender_restrictions", "smtpd_data_restrictions",
          "smtpd_end_of_data_restrictions")


def test_bulk(bed):
    """Real Postfix, receivers slow in every phase, quarantined at random moments again and again."""
    chance, rounds, before = random.Random(4711), 0, bed.counters()
    for number, provider in enumerate(PROVIDERS):
        bed.set_receiver(provider, smtpd_delay_reject="no", **{SLEEPS[(number + 1) % 4]: "sleep 1, permit",
                                                               SLEEPS[(number + 2) % 4]: "sleep 1, permit"})
    cuts = 0
    while cuts < CUTS_LEAST and rounds < 40:
        for provider in PROVIDERS:
            bed.send("corvus", provider, 12, size=chance.choice((500, 3000, 20000, 150000)))
        bed.flush_queue()
        time.sleep(chance.uniform(0.2, 2.5))
        quarantine(bed)
        time.sleep(1.2)
        release(bed)
        rounds += 1
        after = bed.counters()
        cuts = after["cut-turn"] + after["cut-budget"] - before["cut-turn"] - before["cut-budget"]
    for provider in PROVIDERS:
        bed.set_receiver(provider, smtpd_delay_reject="yes", **{sleep: "" for sleep in SLEEPS})
    expect(bed.wait_empty(150), f"still queued: {len(bed.queued())}")
    figures = bed.reconcile()
    expect(cuts >= CUTS_LEAST, f"only {cuts} cuts in {rounds} rounds")
    for key in ("lost", "duplicated", "cleartext_downgrades", "queued"):
        expect(figures[key] == 0, f"{key}: {figures}")
    return (f"{cuts} cuts in {rounds} quarantines: sent {figures['sent']}, delivered {figures['delivered']}, "
            f"lost 0, duplicated 0, downgraded 0; {after['cut-budget'] - before['cut-budget']} by budget")


if __name__ == "__main__":
    main(sys.modules[__name__])
