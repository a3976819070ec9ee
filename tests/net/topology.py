# SPDX-License-Identifier: BSD-3-Clause
"""The test bed: real mail between network namespaces, the gate between them.

      sluice-mta                     sluice-gate                      sluice-world
  +------------------+        +----------------------+        +------------------------------+
  | Postfix          |        |                      |        | dnsmasq        198.51.100.53 |
  |  acme   .11 ::11 |  mta0  | inside       outside | world0 | microsoft: mx1 .11  mx2 .12  |
  |  bravo  .12 ::12 +--------+   sluice-gate        +--------+ google:    mx1 .21  mx2 .22  |
  |  corvus .13 ::13 |        |   (net_af_packet)    |        | apple:     mx1 .31  mx2 .32  |
  |  delta  .14 ::14 |        |                      |        |   each a Postfix, its copies |
  | sluiced          |        |                      |        |   kept one by one (Maildir)  |
  +------------------+        +----------------------+        +------------------------------+
   192.0.2.0/24                 a bump: no address             203.0.113.0/24
   2001:db8:1::/64                                             2001:db8:3::/64

The gate is a bump, so both ends are on one link. apple takes no STARTTLS, the others do. Frames leave the
kernel without checksums (a veth's default): the gate completes them. Segmentation offload is off, because
frames must fit the link.
"""
import contextlib
import ctypes
import os

from shell import run

CUSTOMERS = {name: {"ipv4": f"192.0.2.{n}", "ipv6": f"2001:db8:1::{n}", "domain": f"{name}.example"}
             for name, n in (("acme", 11), ("bravo", 12), ("corvus", 13), ("delta", 14))}

PROVIDERS = {
    "microsoft": {"domains": ["outlook.example", "hotmail.example"], "net": 10, "tls": True},
    "google": {"domains": ["gmail.example", "googlemail.example"], "net": 20, "tls": True},
    "apple": {"domains": ["icloud.example", "me.example"], "net": 30, "tls": False},
}

DNS = "198.51.100.53"
MTA_HOST = "192.0.2.1"
CLONE_NEWNET = 0x40000000


def hosts_of(provider):
    """MX hosts of a provider: [(name, IPv4, IPv6)]."""
    n = PROVIDERS[provider]["net"]
    return [(f"mx{i}.{provider}.example", f"203.0.113.{n + i}", f"2001:db8:3::{n + i}") for i in (1, 2)]


class Topology:
    """Namespaces, links and addresses; part of a Bed."""

    def netns(self, place, *command):
        return ["ip", "netns", "exec", self.ns[place], *command]

    def ip(self, place, *words):
        run("ip", "-n", self.ns[place], *words)

    def make_links(self):
        for ns in self.ns.values():
            run("ip", "netns", "add", ns)
        for place in self.ns:
            self.ip(place, "link", "set", "lo", "up")
            for setting in ("all", "default"):
                run(*self.netns(place, "sysctl", "-qw", f"net.ipv6.conf.{setting}.accept_dad=0",
                                f"net.ipv6.conf.{setting}.accept_ra=0"))
            run(*self.netns(place, "sysctl", "-qw", "net.ipv4.tcp_no_metrics_save=1"))
        for place, end, gate_end in (("mta", "mta0", "inside"), ("world", "world0", "outside")):
            run("ip", "link", "add", end, "netns", self.ns[place], "type", "veth",
                "peer", "name", gate_end, "netns", self.ns["gate"])
            run(*self.netns("gate", "sysctl", "-qw", f"net.ipv6.conf.{gate_end}.disable_ipv6=1"))
            # Frames that fit the link; checksums stay off the frame, as a veth has it.
            for where, interface in ((place, end), ("gate", gate_end)):
                run(*self.netns(where, "ethtool", "-K", interface, "tso", "off", "gso", "off", "gro", "off"))
            self.ip(place, "link", "set", end, "up")
            self.ip("gate", "link", "set", gate_end, "up")
        self.add_addresses()

    def add_addresses(self):
        self.ip("mta", "addr", "add", f"{MTA_HOST}/24", "dev", "mta0")
        for customer in CUSTOMERS.values():
            self.ip("mta", "addr", "add", f"{customer['ipv4']}/24", "dev", "mta0")
            self.ip("mta", "addr", "add", f"{customer['ipv6']}/64", "dev", "mta0", "nodad")
        self.ip("world", "addr", "add", f"{DNS}/32", "dev", "world0")
        for provider in PROVIDERS:
            for _, ipv4, ipv6 in hosts_of(provider):
                self.ip("world", "addr", "add", f"{ipv4}/24", "dev", "world0")
                self.ip("world", "addr", "add", f"{ipv6}/64", "dev", "world0", "nodad")
        self.ip("mta", "route", "add", "203.0.113.0/24", "dev", "mta0", "src", MTA_HOST)
        self.ip("mta", "route", "add", f"{DNS}/32", "dev", "mta0", "src", MTA_HOST)
        self.ip("mta", "route", "add", "2001:db8:3::/64", "dev", "mta0")
        self.ip("world", "route", "add", "192.0.2.0/24", "dev", "world0", "src", DNS)
        self.ip("world", "route", "add", "2001:db8:1::/64", "dev", "world0")

    @contextlib.contextmanager
    def inside(self, place):
        """Sockets made in this block, by this thread, live in that namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.ns[place]}") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                libc.setns(home.fileno(), CLONE_NEWNET)

    def make_bridge(self):
        """In the gate's place: the baseline."""
        self.ip("gate", "link", "add", "bridge", "type", "bridge")
        self.ip("gate", "link", "set", "bridge", "up")
        for end in ("inside", "outside"):
            self.ip("gate", "link", "set", end, "master", "bridge")
