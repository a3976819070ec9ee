# SPDX-License-Identifier: BSD-3-Clause
"""Mail through the bed: submitted, counted one by one by Message-ID, reconciled."""
import contextlib
import json
import os
import re
import socket
import threading
import time

from mta import SUBMIT_PORT
from shell import run, wait_until
from topology import CUSTOMERS, PROVIDERS


def talk(file, line, expected):
    """One SMTP command and its reply."""
    if line is not None:
        file.write(line.encode() + b"\r\n")
        file.flush()
    while True:
        reply = file.readline().decode(errors="replace")
        if reply[:3] != str(expected):
            raise RuntimeError(f"{line!r:.60}: {reply.strip() or 'connection closed'}")
        if reply[3:4] != "-":
            return reply


class Mail:
    """What a Bed does with mail."""

    def send(self, customer, provider, count=1, size=2000, lanes=4, port=SUBMIT_PORT, domain=None):
        """Submits messages to the MTA; returns their Message-IDs. Parallel over `lanes` connections."""
        ids = []
        for _ in range(count):
            self.serial += 1
            ids.append(f"<{self.serial}.{customer}.{provider}@bed.example>")
        failures = []
        threads = [threading.Thread(target=self.submit, args=(customer, provider, ids[lane::lanes], size, failures,
                                                            port, domain))
                   for lane in range(min(lanes, count))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise RuntimeError(f"submission failed: {failures[0]}")
        return ids

    def submit(self, customer, provider, ids, size, failures, port=SUBMIT_PORT, domain=None):
        try:
            with self.inside("mta"):
                connection = socket.create_connection(("127.0.0.1", port), 30)
            with connection, connection.makefile("rwb") as file:
                talk(file, None, 220)
                talk(file, "EHLO bed.example", 250)
                for number, message_id in enumerate(ids):
                    domains = [domain] if domain else PROVIDERS[provider]["domains"]
                    sender = f"news@{CUSTOMERS[customer]['domain']}"
                    talk(file, f"MAIL FROM:<{sender}>", 250)
                    talk(file, f"RCPT TO:<user{number}@{domains[number % len(domains)]}>", 250)
                    talk(file, "DATA", 354)
                    line = "x" * 76
                    body = "\r\n".join([line] * max(1, size // 78))
                    talk(file, f"From: {sender}\r\nMessage-ID: {message_id}\r\nSubject: test\r\n\r\n{body}\r\n.", 250)
                    self.sent[message_id] = (customer, provider)
                    self.handed[message_id] = time.time()
                talk(file, "QUIT", 221)
        except (OSError, RuntimeError) as error:
            failures.append(error)

    def queued(self):
        """Messages the MTA still has: Message-IDs by its log and its queue."""
        names = dict(re.findall(r"cleanup\[\d+\]: (\w+): message-id=(\S+)", self.mta_log()))
        listed = run("postqueue", "-c", f"{self.dir}/mta/etc", "-j")
        return [names.get(json.loads(line)["queue_id"], "?") for line in listed.splitlines() if line.startswith("{")]

    def mta_log(self):
        with contextlib.suppress(FileNotFoundError):
            with open(f"{self.dir}/mta/mail.log", errors="replace") as file:
                return file.read()
        return ""

    def flush_queue(self):
        run("postqueue", "-c", f"{self.dir}/mta/etc", "-f")

    def wait_empty(self, seconds, flush_each=3):
        """Until the MTA's queue is empty; False when it is not in time."""
        end, flush_at = time.monotonic() + seconds, time.monotonic() + flush_each
        while time.monotonic() < end:
            if not self.queued():
                return True
            if time.monotonic() > flush_at:
                self.flush_queue()
                flush_at = time.monotonic() + flush_each
            time.sleep(0.3)
        return not self.queued()

    def delivered(self):
        """What receivers accepted: [(Message-ID, provider, over TLS)], after their own queues ran empty."""
        for provider in PROVIDERS:
            command = self.netns("world", "postqueue", "-c", f"{self.dir}/{provider}/etc", "-j")
            wait_until(lambda c=command: "{" not in run(*c), 60, f"{provider} stored what it accepted", 0.2)
        copies = []
        for provider in PROVIDERS:
            box = f"{self.dir}/{provider}/box/all/new"
            for name in os.listdir(box) if os.path.isdir(box) else []:
                with open(f"{box}/{name}", errors="replace") as file:
                    head = file.read(4096)
                found = re.search(r"^Message-ID: (\S+)", head, re.M | re.I)
                received = re.search(r"^Received: .*(?:\n[ \t].*)*", head, re.M).group()
                copies.append((found.group(1) if found else "?", provider, "using TLS" in received))
        return copies

    def stored(self):
        """When receivers stored what they accepted: [(Message-ID, time)]; Maildir names carry the time."""
        for provider in PROVIDERS:
            box = f"{self.dir}/{provider}/box/all/new"
            for name in os.listdir(box) if os.path.isdir(box) else []:
                seconds, micros = re.match(r"(\d+)\.V\w+I\w+M(\d+)\.", name).groups()
                with open(f"{box}/{name}", errors="replace") as file:
                    found = re.search(r"^Message-ID: (\S+)", file.read(4096), re.M | re.I)
                yield found.group(1) if found else "?", int(seconds) + int(micros) / 1e6

    def reconcile(self):
        """sent = delivered once + still queued. Returns figures and, by name, the messages that do not fit."""
        copies, queued = self.delivered(), set(self.queued())
        seen = {}
        for message_id, provider, tls in copies:
            seen.setdefault(message_id, []).append((provider, tls))
        lost = [m for m in self.sent if m not in seen and m not in queued]
        doubled = [m for m in self.sent if len(seen.get(m, [])) > 1 or (m in seen and m in queued)]
        clear = [m for m, all_ in seen.items() for provider, tls in all_ if PROVIDERS[provider]["tls"] and not tls]
        return {"sent": len(self.sent), "delivered": sum(1 for m in self.sent if m in seen),
                "queued": sum(1 for m in self.sent if m in queued), "duplicated": len(doubled), "lost": len(lost),
                "cleartext_downgrades": len(clear), "lost_ids": lost[:10], "duplicated_ids": doubled[:10],
                "clear_ids": clear[:10]}
