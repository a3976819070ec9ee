# SPDX-License-Identifier: BSD-3-Clause
"""Where the sessions are recorded: the net tests' bed with a bridge in the gate's place, six senders, and one
Postfix that receives as many hosts, each with a TLS version and EHLO keywords of its own.

  infer-mta: senders .11 ... .16  --  bridge  --  infer-world: receivers 203.0.113.101 ..., tcpdump
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "net")]

from bed import ROOT, Bed                # noqa: E402
from shell import run, wait_until, write  # noqa: E402
from topology import DNS, MTA_HOST       # noqa: E402

SENDERS = {"postfix": 11, "postfix-reuse": 12, "postfix-implicit": 13, "exim-bdat": 14, "exim-data": 15,
           "opensmtpd": 16}

NO_TLS = {"smtpd_tls_security_level": "none"}
TLS12 = {"smtpd_tls_protocols": "TLSv1.2", "smtpd_tls_mandatory_protocols": "TLSv1.2"}
TLS13 = {"smtpd_tls_protocols": ">=TLSv1.3", "smtpd_tls_mandatory_protocols": ">=TLSv1.3"}


def without(*words):
    return {"smtpd_discard_ehlo_keywords": " ".join(words)}


# name -> (host number, settings of its smtpd)
RECEIVERS = {
    "clear": (101, NO_TLS),
    "clear-nopipe": (102, {**NO_TLS, **without("pipelining")}),
    "clear-bare": (103, {**NO_TLS, **without("pipelining", "chunking")}),
    "tls12": (104, TLS12),
    "tls12-nopipe": (105, {**TLS12, **without("pipelining")}),
    "tls12-chacha": (106, {**TLS12, "tls_high_cipherlist": "CHACHA20", "tls_medium_cipherlist": "CHACHA20"}),
    "tls12-cbc": (107, {**TLS12, "tls_high_cipherlist": "ECDHE+AES256+SHA384:!AESGCM",
                        "tls_medium_cipherlist": "ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA"}),
    "tls13": (108, TLS13),
    "tls13-nopipe": (109, {**TLS13, **without("pipelining")}),
    "tls13-nochunk": (110, {**TLS13, **without("chunking")}),
    "tls13-slow": (111, {**TLS13, "smtpd_recipient_restrictions": "check_recipient_access regexp:{dir}/sleep, "
                         "permit_auth_destination, reject"}),
    "bounces": (120, NO_TLS),
    "exim12": (121, None),
    "exim13": (122, None),
}

# Not Postfix.
EXIM_RECEIVERS = ("exim12", "exim13")


def address_of(receiver):
    return f"203.0.113.{RECEIVERS[receiver][0]}"


class Place(Bed):
    def __init__(self, delay_ms):
        super().__init__("infer")
        self.delay_ms = delay_ms

    def add_addresses(self):
        self.ip("mta", "addr", "add", f"{MTA_HOST}/24", "dev", "mta0")
        for number in SENDERS.values():
            self.ip("mta", "addr", "add", f"192.0.2.{number}/24", "dev", "mta0")
        self.ip("world", "addr", "add", f"{DNS}/32", "dev", "world0")
        for receiver in RECEIVERS:
            self.ip("world", "addr", "add", f"{address_of(receiver)}/24", "dev", "world0")
        self.ip("mta", "route", "add", "203.0.113.0/24", "dev", "mta0", "src", MTA_HOST)
        self.ip("mta", "route", "add", f"{DNS}/32", "dev", "mta0", "src", MTA_HOST)
        self.ip("world", "route", "add", "192.0.2.0/24", "dev", "world0", "src", DNS)

    def make_link(self):
        """A bridge, or what delays each frame by half the round trip. It does not complete checksums as a
        gate does, so the kernels must."""
        if not self.delay_ms:
            self.make_bridge()
            return
        for place, interface in (("mta", "mta0"), ("world", "world0")):
            run(*self.netns(place, "ethtool", "-K", interface, "tx", "off"))
        microseconds = int(self.delay_ms * 500)
        self.spawn("delay", self.netns("gate", f"{self.build}/tests/bench/infer/infer-delay", "inside", "outside",
                                       str(microseconds), str(microseconds // 10)))

    def start_dns(self):
        lines = ["no-resolv", "no-hosts", "keep-in-foreground", f"listen-address={DNS}", "bind-interfaces",
                 "local-ttl=300", "local=/example/", f"pid-file={self.dir}/dnsmasq.pid", "user=root"]
        for receiver in RECEIVERS:
            lines += [f"host-record=mx.{receiver}.example,{address_of(receiver)}",
                      f"mx-host={receiver}.example,mx.{receiver}.example,10"]
        # Notices of refused mail go somewhere too.
        lines += [f"mx-host={sender}.example,mx.bounces.example,10" for sender in SENDERS]
        write(f"{self.dir}/dnsmasq.conf", "\n".join(lines) + "\n")
        self.spawn("dns", self.netns("world", "dnsmasq", f"--conf-file={self.dir}/dnsmasq.conf"))
        write(f"/etc/netns/{self.ns['mta']}/resolv.conf", f"nameserver {DNS}\noptions timeout:1 attempts:3\n")
        write(f"/etc/netns/{self.ns['world']}/resolv.conf", f"nameserver {DNS}\n")

    def start_receivers(self):
        lines = ""
        for receiver, (_, settings) in RECEIVERS.items():
            if receiver in EXIM_RECEIVERS:
                continue
            options = "".join(f"  -o {{ {key} = {value.replace('{dir}', self.dir)} }}\n"
                              for key, value in settings.items())
            lines += f"{address_of(receiver)}:25 inet n - n - - smtpd\n{options}"
            if "tls" in receiver:
                lines += f"{address_of(receiver)}:465 inet n - n - - smtpd\n{options}  -o smtpd_tls_wrappermode=yes\n"
        write(f"{self.dir}/bad", "/^bad/ REJECT no such mailbox here, sorry\n/^late/ DEFER come back later\n")
        write(f"{self.dir}/sleep", "/^bad/ REJECT no such mailbox\n/^late/ DEFER later\n/^slow/ SLEEP 1\n")
        write(f"{self.dir}/refuse", "/^X-Refuse: yes/ REJECT we do not want this content\n")
        write(f"{self.dir}/eod", "/^eod@/ REJECT not after all we have read\n")
        domains = [f"{name}.example" for name in (*RECEIVERS, *SENDERS)]
        self.start_postfix("world", "receiver", {
            "inet_interfaces": ", ".join(address_of(name) for name in RECEIVERS if name not in EXIM_RECEIVERS),
            "mynetworks": "127.0.0.0/8",
            "virtual_mailbox_domains": ", ".join(domains), "virtual_mailbox_maps": "static:all/",
            "virtual_transport": "discard:", "smtpd_peername_lookup": "no", "smtpd_client_port_logging": "yes",
            "smtpd_recipient_restrictions": f"check_recipient_access regexp:{self.dir}/bad, "
                                            "permit_auth_destination, reject",
            "smtpd_end_of_data_restrictions": f"check_sender_access regexp:{self.dir}/eod",
            "header_checks": f"regexp:{self.dir}/refuse", "smtpd_tls_security_level": "may",
            "smtpd_tls_cert_file": f"{self.dir}/cert.pem", "smtpd_tls_key_file": f"{self.dir}/key.pem",
            "smtpd_recipient_limit": "1000", "smtpd_error_sleep_time": "0", "smtpd_hard_error_limit": "1000",
            "smtpd_soft_error_limit": "1000", "smtpd_recipient_overshoot_limit": "1000", "inet_protocols": "ipv4",
        }, lines)

    def start_capture(self, name="capture"):
        path = f"{self.dir}/{name}.pcap"
        self.spawn(name, self.netns("world", "tcpdump", "-i", "world0", "-s", "0", "-w", path, "-U",
                                    "-B", "65536", "-Z", "root", "tcp port 25 or tcp port 465"))
        wait_until(lambda: "listening on" in self.log_of(name), 10, "tcpdump listens")
        return path

    def start(self):
        self.clear()
        os.makedirs(f"{self.dir}/pids")
        os.chmod(self.dir, 0o755)
        self.with_gate = False
        self.make_links()
        self.make_certificate()
        self.start_dns()
        self.make_link()
        self.start_receivers()
        return self
