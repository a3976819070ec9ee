# SPDX-License-Identifier: BSD-3-Clause
"""The test bed: real mail between network namespaces, the gate between them.

      sluice-mta                     sluice-gate                      sluice-world
  +------------------+        +----------------------+        +------------------------------+
  | Postfix          |        |                      |        | dnsmasq        198.51.100.53 |
  |  acme   .11 ::11 |  mta0  | inside       outside | world0 | microsoft: mx1 .11  mx2 .12  |
  |  bravo  .12 ::12 +--------+   sluice-gate        +--------+ google:    mx1 .21  mx2 .22  |
  |  corvus .13 ::13 |        |   (net_af_packet)    |        | apple:     mx1 .31  mx2 .32  |
  | sluiced          |        |                      |        |   each a Postfix, its copies |
  |                  |        |                      |        |   kept one by one (Maildir)  |
  +------------------+        +----------------------+        +------------------------------+
   192.0.2.0/24                 a bump: no address             203.0.113.0/24
   2001:db8:1::/64                                             2001:db8:3::/64

The gate is a bump, so both ends are on one link. apple takes no STARTTLS, the others do. Frames leave the
kernel without checksums (a veth's default): the gate completes them. Segmentation offload is off, because
frames must fit the link.

As a library: bed = Bed(); bed.start(); bed.send("acme", "google", 10); bed.wait_empty(60); bed.reconcile();
bed.stop(). Everything it makes stands in one directory; stop() leaves nothing behind, and start() first
clears what a crashed run of the same name left.
"""
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

CUSTOMERS = {name: {"ipv4": f"192.0.2.{n}", "ipv6": f"2001:db8:1::{n}", "domain": f"{name}.example"}
             for name, n in (("acme", 11), ("bravo", 12), ("corvus", 13))}

PROVIDERS = {
    "microsoft": {"domains": ["outlook.example", "hotmail.example"], "net": 10, "tls": True},
    "google": {"domains": ["gmail.example", "googlemail.example"], "net": 20, "tls": True},
    "apple": {"domains": ["icloud.example", "me.example"], "net": 30, "tls": False},
}

DNS = "198.51.100.53"
MTA_HOST = "192.0.2.1"
SUBMIT_PORT = 2525
CLONE_NEWNET = 0x40000000


def hosts_of(provider):
    """MX hosts of a provider: [(name, IPv4, IPv6)]."""
    n = PROVIDERS[provider]["net"]
    return [(f"mx{i}.{provider}.example", f"203.0.113.{n + i}", f"2001:db8:3::{n + i}") for i in (1, 2)]


def run(*command, check=True, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def wait_until(condition, seconds, what, step=0.05):
    """Waits for a condition; a RuntimeError that says what did not come when it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(step)
    raise RuntimeError(f"not within {seconds} s: {what}")


class Bed:
    def __init__(self, name="sluice", build=None):
        self.name = name
        self.dir = f"/tmp/{name}-bed"
        self.build = build or os.environ.get("SLUICE_BUILD", os.path.join(ROOT, "build"))
        self.ns = {place: f"{name}-{place}" for place in ("mta", "gate", "world")}
        self.process = {}  # name -> Popen
        self.postfix = []  # config directories that were started
        self.sent = {}     # Message-ID -> (customer, provider)
        self.serial = 0
        self.with_gate = True
        self.workers = 1
        self.config = {}

    # -- namespaces and links ---------------------------------------------------------------------------

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

    def make_bridge(self):
        """In the gate's place: the baseline."""
        self.ip("gate", "link", "add", "bridge", "type", "bridge")
        self.ip("gate", "link", "set", "bridge", "up")
        for end in ("inside", "outside"):
            self.ip("gate", "link", "set", end, "master", "bridge")

    # -- processes --------------------------------------------------------------------------------------

    def spawn(self, name, command):
        log = open(f"{self.dir}/{name}.log", "ab")
        # A process group of its own: a Ctrl-C at the terminal is ours to handle.
        self.process[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                              start_new_session=True)
        log.close()
        write(f"{self.dir}/pids/{name}", str(self.process[name].pid))
        return self.process[name]

    def end(self, name, how=signal.SIGTERM, seconds=10):
        process = self.process.pop(name, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.dir}/pids/{name}")

    def log_of(self, name):
        with contextlib.suppress(FileNotFoundError):
            with open(f"{self.dir}/{name}.log", errors="replace") as file:
                return file.read()
        return ""

    def start_dns(self):
        lines = ["no-resolv", "no-hosts", "no-daemon", "keep-in-foreground", f"listen-address={DNS}",
                 "bind-interfaces", "local-ttl=5", "local=/example/", f"pid-file={self.dir}/dnsmasq.pid", "user=root"]
        lines = [line for line in lines if line != "no-daemon"]
        for provider, facts in PROVIDERS.items():
            for name, ipv4, ipv6 in hosts_of(provider):
                lines.append(f"host-record={name},{ipv4},{ipv6},5")
                lines += [f"mx-host={domain},{name},10" for domain in facts["domains"]]
        write(f"{self.dir}/dnsmasq.conf", "\n".join(lines) + "\n")
        self.spawn("dns", self.netns("world", "dnsmasq", f"--conf-file={self.dir}/dnsmasq.conf"))
        write(f"/etc/netns/{self.ns['mta']}/resolv.conf", f"nameserver {DNS}\noptions timeout:1 attempts:3\n")
        write(f"/etc/netns/{self.ns['world']}/resolv.conf", f"nameserver {DNS}\n")

    def gate_command(self):
        lcores = ",".join(f"{i}@(0-{os.cpu_count() - 1})" for i in range(self.workers + 1))
        queues = f",qpairs={self.workers}" if self.workers > 1 else ""
        return self.netns("gate", f"{self.build}/dataplane/sluice-gate", *memory_arguments(), "--no-pci",
                          "--no-telemetry", "--lcores", lcores, f"--vdev=net_af_packet0,iface=inside{queues}",
                          f"--vdev=net_af_packet1,iface=outside{queues}", "--", "--inside", "net_af_packet0",
                          "--outside", "net_af_packet1", "--socket", f"{self.dir}/gate.sock", "--state",
                          f"{self.dir}/gate.state")

    def start_gate(self, wait=True):
        self.spawn("gate", self.gate_command())
        if wait:
            self.wait_alive("gate", lambda: can_connect(f"{self.dir}/gate.sock"))

    def wait_alive(self, name, condition, seconds=20):
        def ready():
            if self.process[name].poll() is not None:
                raise RuntimeError(f"{name} ended at once:\n{self.log_of(name)}")
            return condition()
        wait_until(ready, seconds, f"{name} is ready\n{self.log_of(name)}")

    def write_config(self, config):
        """sluice.yaml of the bed; JSON is YAML. `config` has providers' and customers' further keys."""
        self.config = config
        providers = [{"name": name, "domains": facts["domains"], **config.get("providers", {}).get(name, {})}
                     for name, facts in PROVIDERS.items()]
        customers = [{"name": name, "sources": [facts["ipv4"], facts["ipv6"]],
                      **config.get("customers", {}).get(name, {})} for name, facts in CUSTOMERS.items()]
        whole = {"gate": {"socket": f"{self.dir}/gate.sock"},
                 "daemon": {"directory": self.dir, "admin-socket": f"{self.dir}/admin.sock",
                            "read-socket": f"{self.dir}/read.sock", "resolver": DNS, "refresh-min": "5s"},
                 "smtp": config.get("smtp", {}), "providers": providers, "customers": customers,
                 "defaults": config.get("defaults", {}), "unknown": config.get("unknown", {})}
        write(f"{self.dir}/sluice.yaml", json.dumps(whole, indent=1) + "\n")

    def start_daemon(self):
        self.spawn("daemon", self.netns("mta", f"{self.build}/control/sluiced", "--config",
                                        f"{self.dir}/sluice.yaml"))
        self.wait_alive("daemon", lambda: can_connect(f"{self.dir}/admin.sock"))

    def wait_enforced(self, seconds=20):
        """Until the gate has all the daemon wants, DNS's answers included."""
        def enforced():
            status = {row["what"]: row["value"] for row in self.ctl("status")["rows"]}
            return "connected" in status["gate"] and status.get("SMTP") == "passes" and \
                "not yet" not in status["generation"]
        wait_until(enforced, seconds, f"everything is enforced\n{self.log_of('daemon')}{self.log_of('gate')}")

    def reload(self, config):
        self.write_config(config)
        self.process["daemon"].send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.wait_enforced()

    def ctl(self, *words, check=True):
        """sluicectl's reply as an object; .code is not kept: a refusal raises, or is returned unchecked."""
        command = [f"{self.build}/tools/ctl/sluicectl", "--json", "--socket", f"{self.dir}/admin.sock", *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        if check and done.returncode != 0:
            raise RuntimeError(f"sluicectl {' '.join(words)}: exit code {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else {"ok": False, "error": done.stderr}

    def counters(self):
        return {row["name"]: row["count"] for row in self.ctl("drops", "--all", "yes")["rows"]}

    # -- mail -------------------------------------------------------------------------------------------

    def make_certificate(self):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=mx.example", "-days", "30", "-keyout", f"{self.dir}/key.pem", "-out", f"{self.dir}/cert.pem")

    def postfix_common(self, name):
        base = f"{self.dir}/{name}"
        return {
            "compatibility_level": "3.6", "queue_directory": f"{base}/spool", "data_directory": f"{base}/data",
            "mail_owner": "postfix", "setgid_group": "postdrop", "maillog_file": f"{base}/mail.log",
            "maillog_file_prefixes": self.dir, "myhostname": f"{name}.example", "mydestination": "",
            "alias_maps": "", "alias_database": "", "local_recipient_maps": "", "inet_protocols": "all",
            "biff": "no", "smtputf8_enable": "no", "mailbox_size_limit": "0", "message_size_limit": "20480000",
            "default_database_type": "texthash", "smtpd_client_connection_count_limit": "0",
            "smtpd_client_connection_rate_limit": "0", "default_process_limit": "150", "in_flow_delay": "0",
            "multi_instance_name": f"postfix-{name}",
        }

    def start_postfix(self, place, name, settings, master):
        base = f"{self.dir}/{name}"
        os.makedirs(f"{base}/data", exist_ok=True)
        os.makedirs(f"{base}/spool", exist_ok=True)
        shutil.chown(f"{base}/data", "postfix")
        write(f"{base}/etc/main.cf", "".join(f"{key} = {value}\n" for key, value in
                                             {**self.postfix_common(name), **settings}.items()))
        write(f"{base}/etc/master.cf", MASTER + master)
        run(*self.netns(place, "postfix", "-c", f"{base}/etc", "start"))
        self.postfix.append((place, f"{base}/etc"))

    def start_sender(self):
        master = f"127.0.0.1:{SUBMIT_PORT} inet n - n - - smtpd\n"
        lines = []
        for name, facts in CUSTOMERS.items():
            master += (f"{name} unix - - n - 100 smtp\n  -o smtp_bind_address={facts['ipv4']}\n"
                       f"  -o smtp_bind_address6={facts['ipv6']}\n  -o syslog_name=postfix-{name}\n"
                       f"  -o smtp_helo_name={name}.example\n")
            lines.append(f"@{facts['domain']} {name}:")
        write(f"{self.dir}/mta/etc/transports", "\n".join(lines) + "\n")
        self.start_postfix("mta", "mta", {
            "inet_interfaces": "loopback-only", "mynetworks": "127.0.0.0/8",
            "sender_dependent_default_transport_maps": f"texthash:{self.dir}/mta/etc/transports",
            "smtp_tls_security_level": "may", "smtp_tls_loglevel": "1", "smtp_address_preference": "any",
            "smtp_connect_timeout": "30s", "minimal_backoff_time": "3s", "maximal_backoff_time": "6s",
            "queue_run_delay": "3s", "smtpd_recipient_restrictions": "permit_mynetworks, reject",
            "default_destination_concurrency_limit": "40", "initial_destination_concurrency": "20",
            "default_destination_concurrency_failed_cohort_limit": "100", "qmgr_message_active_limit": "20000",
            "smtp_destination_recipient_limit": "1",
            "bounce_queue_lifetime": "1d", "maximal_queue_lifetime": "1d",
        }, master)

    def start_receiver(self, provider, more=None):
        facts = PROVIDERS[provider]
        addresses = [address for _, ipv4, ipv6 in hosts_of(provider) for address in (ipv4, f"[{ipv6}]")]
        settings = {
            "inet_interfaces": ", ".join(addresses), "mynetworks": "127.0.0.0/8",
            "virtual_mailbox_domains": ", ".join(facts["domains"]), "virtual_mailbox_base": f"{self.dir}/{provider}/box",
            "virtual_mailbox_maps": "static:all/", "virtual_uid_maps": f"static:{nobody()}",
            "virtual_gid_maps": f"static:{nobody()}", "virtual_minimum_uid": "1", "smtpd_peername_lookup": "no",
            "smtpd_recipient_restrictions": "permit_auth_destination, reject",
            "smtpd_tls_security_level": "may" if facts["tls"] else "none",
            "smtpd_tls_cert_file": f"{self.dir}/cert.pem", "smtpd_tls_key_file": f"{self.dir}/key.pem",
            "smtpd_tls_received_header": "yes", "virtual_destination_concurrency_limit": "20",
            **(more or {}),
        }
        os.makedirs(f"{self.dir}/{provider}/box", exist_ok=True)
        os.chown(f"{self.dir}/{provider}/box", nobody(), nobody())
        self.start_postfix("world", provider, settings, "smtp inet n - n - - smtpd\n")

    def set_receiver(self, provider, **settings):
        """Changes main.cf of a running receiver: knobs such as sleeps at a phase."""
        base = f"{self.dir}/{provider}/etc"
        run("postconf", "-c", base, "-e", *[f"{key}={value}" for key, value in settings.items()])
        run(*self.netns("world", "postfix", "-c", base, "reload"))

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

    def send(self, customer, provider, count=1, size=2000, lanes=4):
        """Submits messages to the MTA; returns their Message-IDs. Parallel over `lanes` connections."""
        ids = []
        for _ in range(count):
            self.serial += 1
            ids.append(f"<{self.serial}.{customer}.{provider}@bed.example>")
        failures = []
        threads = [threading.Thread(target=self.submit, args=(customer, provider, ids[lane::lanes], size, failures))
                   for lane in range(min(lanes, count))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise RuntimeError(f"submission failed: {failures[0]}")
        return ids

    def submit(self, customer, provider, ids, size, failures):
        try:
            with self.inside("mta"):
                connection = socket.create_connection(("127.0.0.1", SUBMIT_PORT), 30)
            with connection, connection.makefile("rwb") as file:
                talk(file, None, 220)
                talk(file, "EHLO bed.example", 250)
                for number, message_id in enumerate(ids):
                    domains = PROVIDERS[provider]["domains"]
                    sender = f"news@{CUSTOMERS[customer]['domain']}"
                    talk(file, f"MAIL FROM:<{sender}>", 250)
                    talk(file, f"RCPT TO:<user{number}@{domains[number % len(domains)]}>", 250)
                    talk(file, "DATA", 354)
                    line = "x" * 76
                    body = "\r\n".join([line] * max(1, size // 78))
                    talk(file, f"From: {sender}\r\nMessage-ID: {message_id}\r\nSubject: test\r\n\r\n{body}\r\n.", 250)
                    self.sent[message_id] = (customer, provider)
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

    # -- capture ----------------------------------------------------------------------------------------

    def start_capture(self, name="capture"):
        path = f"{self.dir}/{name}.pcap"
        self.spawn(name, self.netns("world", "tcpdump", "-i", "world0", "-s", "200", "-w", path, "-U",
                                    "--immediate-mode", "-B", "16384", "-Z", "root", "tcp port 25"))
        wait_until(lambda: "listening on" in self.log_of(name), 10, "tcpdump listens")
        return path

    def stop_capture(self, name="capture"):
        time.sleep(0.3)
        self.end(name, signal.SIGINT)
        dropped = re.search(r"(\d+) packets? dropped by kernel", self.log_of(name))
        if dropped and int(dropped.group(1)) > 0:
            raise RuntimeError(f"the capture missed {dropped.group(1)} packets")
        return f"{self.dir}/{name}.pcap"

    # -- life -------------------------------------------------------------------------------------------

    def start(self, config=None, with_gate=True, workers=1):
        self.clear()
        os.makedirs(f"{self.dir}/pids")
        os.chmod(self.dir, 0o755)
        self.with_gate, self.workers = with_gate, workers
        self.make_links()
        self.make_certificate()
        self.start_dns()
        if with_gate:
            self.write_config(config or {})
            self.start_gate()
        else:
            self.make_bridge()
        for provider in PROVIDERS:
            self.start_receiver(provider)
        self.start_sender()
        if with_gate:
            self.start_daemon()
            self.wait_enforced()
        return self

    def stop(self):
        for place, base in self.postfix:
            run(*self.netns(place, "postfix", "-c", base, "stop"), check=False)
        self.postfix = []
        for name in list(self.process):
            self.end(name)
        self.clear()

    def clear(self):
        """What this bed, or a crashed one of its name, left: by its own pid files and names only."""
        pids = f"{self.dir}/pids"
        for name in os.listdir(pids) if os.path.isdir(pids) else []:
            end_pid(int(open(f"{pids}/{name}").read()), self.dir)
        for name in ("mta", *PROVIDERS):
            with contextlib.suppress(FileNotFoundError, ValueError):
                end_pid(int(open(f"{self.dir}/{name}/spool/pid/master.pid").read()), self.dir)
        existing = run("ip", "netns", "list")
        for ns in self.ns.values():
            if re.search(rf"^{re.escape(ns)}\b", existing, re.M):
                for pid in run("ip", "netns", "pids", ns).split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
                run("ip", "netns", "del", ns)
            shutil.rmtree(f"/etc/netns/{ns}", ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir("/etc/netns")
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if os.environ.get("SLUICE_KEEP") != "1":
            self.stop()


MASTER = """\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def memory_arguments():
    """Huge pages where enough are free, plain memory where not."""
    with open("/proc/meminfo") as file:
        facts = dict(re.findall(r"^(\w+):\s+(\d+)", file.read(), re.M))
    free_mb = int(facts.get("HugePages_Free", 0)) * int(facts.get("Hugepagesize", 0)) // 1024
    if free_mb >= 512 and os.path.isdir("/dev/hugepages"):
        return ["--in-memory", "-m", "256"]
    return ["--no-huge", "--no-shconf", "-m", "256"]


def nobody():
    import pwd
    return pwd.getpwnam("nobody").pw_uid


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as probe:
        with contextlib.suppress(OSError):
            probe.connect(path)
            return True
    return False


def end_pid(pid, directory):
    """Ends a process only if its command line names our directory: a pid may be somebody else's by now."""
    try:
        with open(f"/proc/{pid}/cmdline") as file:
            if directory not in file.read():
                return
        os.kill(pid, signal.SIGTERM)
        for _ in range(50):
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass


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
