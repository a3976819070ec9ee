# SPDX-License-Identifier: BSD-3-Clause
"""Refusing one customer stops no other: what control/mta says, for each MTA that Debian has. One customer is
quarantined and sends, the other one sends meanwhile; after the release all is there, once."""
import os
import socket
import subprocess
import sys
import time

from harness import expect, main
from pages import snippet
from shell import run, wait_until, write
from unpacked import EXIM, EXIM_USER, OPENSMTPD, OPENSMTPD_PLACES, SMTPCTL, Private, unpack

PORTS = {"exim": 2531, "opensmtpd": 2532}
MESSAGES = 5
SOON = 25  # seconds: two MX hosts with two addresses each are tried, and OpenSMTPD waits between them


class Exim(Private):
    """As exim.md has it; what this bed needs besides stands before it."""

    def __init__(self, bed):
        super().__init__(bed, "exim")
        os.makedirs(f"{self.home}/spool")
        for folder in (self.home, f"{self.home}/spool"):
            os.chown(folder, EXIM_USER, EXIM_USER)
        write(f"{self.home}/conf", f"exim_path = {EXIM}\nspool_directory = {self.home}/spool\n"
              f"log_file_path = {self.home}/%slog\nkeep_environment =\nlocal_interfaces = 127.0.0.1\n"
              f"daemon_smtp_ports = {PORTS['exim']}\nacl_smtp_rcpt = accept\n" + snippet("exim.md", "exim.conf"))
        bed.spawn("exim", self.command(EXIM, "-C", f"{self.home}/conf", "-bdf"))
        listens(bed, "exim")

    def again(self):
        run(*self.command(EXIM, "-C", f"{self.home}/conf", "-qff"), check=False)

    def learnt(self):
        with open(f"{self.home}/mainlog", errors="replace") as file:
            return file.read().count("retry time not reached for any host")


class OpenSmtpd(Private):
    def __init__(self, bed):
        super().__init__(bed, "opensmtpd", OPENSMTPD_PLACES)
        self.bed = bed
        write(f"{self.home}/conf", f"listen on 127.0.0.1 port {PORTS['opensmtpd']}\n" +
              snippet("opensmtpd.md", "smtpd.conf"), 0o600)
        bed.spawn("opensmtpd", self.command(OPENSMTPD, "-d", "-F", "-f", f"{self.home}/conf"))
        listens(bed, "opensmtpd")

    def again(self):
        """In the daemon's own mount namespace, where its control socket is."""
        run("nsenter", "-m", "-t", str(self.bed.process["opensmtpd"].pid), SMTPCTL, "schedule", "all", check=False)


def listens(bed, name):
    def connects():
        with bed.inside("mta"):
            probe = socket.socket()
        with probe:
            return probe.connect_ex(("127.0.0.1", PORTS[name])) == 0
    wait_until(connects, 15, f"{name} listens: {bed.log_of(name)}")


def arrived(bed, ids):
    there = {message_id for message_id, _, _ in bed.delivered()}
    return sum(message_id in there for message_id in ids)


def refused(bed):
    return bed.counters()["refusal-421"]


def refuse_acme(bed, send):
    """Mail of a quarantined customer, tried and refused."""
    before = refused(bed)
    bed.ctl("quarantine", "acme", "--reason", "one of two")
    ids = send("acme", MESSAGES)
    wait_until(lambda: refused(bed) > before + 1, SOON, "acme's mail was tried and refused")
    time.sleep(2)
    expect(arrived(bed, ids) == 0, "mail of a quarantined customer arrived")
    return ids


def deliver_rest(bed, ids, again):
    """After the release, when the MTA was told to try again."""
    bed.ctl("release", "acme")
    end = time.monotonic() + 120
    while arrived(bed, ids) < len(ids) and time.monotonic() < end:
        again()
        time.sleep(3)
    expect(arrived(bed, ids) == len(ids), f"{arrived(bed, ids)} of {len(ids)} arrived after the release")
    figures = bed.reconcile()
    for key in ("duplicated", "cleartext_downgrades"):
        expect(figures[key] == 0, f"{key}: {figures}")


def check_isolation(bed, send, again):
    held = refuse_acme(bed, send)
    begin = time.monotonic()
    free = send("bravo", MESSAGES)
    wait_until(lambda: arrived(bed, free) == MESSAGES, SOON, "bravo's mail arrived while acme was refused")
    took = time.monotonic() - begin
    expect(arrived(bed, held) == 0, "mail of a quarantined customer arrived")
    deliver_rest(bed, held, again)
    return f"bravo's {MESSAGES} messages arrived in {took:.1f} s while acme's {MESSAGES} were refused; then those, once"


def test_postfix(bed):
    # By Postfix's own measure of when a destination is dead; the bed's is more patient.
    bed.set_sender(default_destination_concurrency_failed_cohort_limit="1", minimal_backoff_time="300s",
                   maximal_backoff_time="4000s")
    return check_isolation(bed, lambda customer, count: bed.send(customer, "google", count), bed.flush_queue)


def test_opensmtpd(bed):
    mta = OpenSmtpd(bed)
    try:
        return check_isolation(bed, lambda customer, count: bed.send(customer, "google", count,
                                                                     port=PORTS["opensmtpd"]), mta.again)
    finally:
        bed.end("opensmtpd")


def test_exim(bed):
    """Also that there was something to learn: acme's next mail waits without being tried."""
    mta = Exim(bed)

    def send(customer, count):
        if customer == "bravo":
            bed.send("acme", "google", 1, port=PORTS["exim"])
            wait_until(mta.learnt, 10, "Exim has the hosts in its retry database")
        return bed.send(customer, "google", count, port=PORTS["exim"])
    try:
        return check_isolation(bed, send, mta.again)
    finally:
        bed.end("exim")


if __name__ == "__main__":
    try:
        unpack()
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(f"FAIL Exim and OpenSMTPD: {error}\n0 passed, 1 failed")
        sys.exit(1)
    main(sys.modules[__name__])
