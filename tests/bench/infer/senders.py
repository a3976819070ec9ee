# SPDX-License-Identifier: BSD-3-Clause
"""Real sending MTAs. Postfix is installed; Exim and OpenSMTPD are unpacked (tests/net/unpacked.py)."""
import os
import subprocess

from place import EXIM_RECEIVERS, SENDERS, address_of
from shell import run, wait_until, write
from unpacked import EXIM, EXIM_USER, OPENSMTPD, OPENSMTPD_PLACES, Private

SUBMIT = 2525
SUBMIT_OPENSMTPD = 2526
QUEUE_RUNS = 6


def feed(place, port, messages):
    """Submits by SMTP on loopback."""
    import smtplib
    with place.inside("mta"):
        client = smtplib.SMTP("127.0.0.1", port, "bench.example", timeout=60)
    with client:
        for message in messages:
            client.sendmail(message.sender, message.recipients, message.text().encode())


class Postfix:
    def __init__(self, place):
        self.place = place
        ways = {"postfix": "", "postfix-reuse": "  -o smtp_tls_connection_reuse=yes\n",
                "postfix-implicit": "  -o smtp_tls_wrappermode=yes\n  -o smtp_tls_security_level=encrypt\n"
                                    "  -o smtp_tcp_port=465\n"}
        master = f"127.0.0.1:{SUBMIT} inet n - n - - smtpd\ntlsproxy unix - - n - 0 tlsproxy\n"
        for name, options in ways.items():
            master += (f"{name} unix - - n - 100 smtp\n  -o smtp_bind_address=192.0.2.{SENDERS[name]}\n"
                       f"  -o syslog_name=postfix-{name}\n{options}")
        write(f"{place.dir}/mta/etc/transports", "".join(f"@{name}.example {name}:\n" for name in ways))
        reused = {"postfix-reuse_destination_concurrency_limit": "2",
                  "postfix-reuse_initial_destination_concurrency": "1"}
        place.start_postfix("mta", "mta", {
            "inet_interfaces": "loopback-only", "mynetworks": "127.0.0.0/8", "inet_protocols": "ipv4",
            "sender_dependent_default_transport_maps": f"texthash:{place.dir}/mta/etc/transports",
            "smtp_tls_security_level": "may", "smtpd_recipient_restrictions": "permit_mynetworks, reject",
            "smtp_connection_cache_destinations": ", ".join(self.reuse_domains()),
            "smtp_destination_recipient_limit": "100", "default_destination_recipient_limit": "100",
            "minimal_backoff_time": "3000s", "smtpd_recipient_limit": "1000", "smtpd_soft_error_limit": "1000",
            "default_destination_concurrency_failed_cohort_limit": "1000", **reused}, master)

    @staticmethod
    def reuse_domains():
        from place import RECEIVERS
        return [f"{name}.example" for name in RECEIVERS]

    def submit(self, messages):
        feed(self.place, SUBMIT, messages)

    def deliver(self):
        def empty():
            return "{" not in run("postqueue", "-c", f"{self.place.dir}/mta/etc", "-j")
        wait_until(empty, 300, "Postfix delivered all", 0.3)


class Exim(Private):
    def __init__(self, place):
        super().__init__(place, "exim")
        self.program = EXIM
        os.makedirs(f"{self.home}/spool")
        os.chown(f"{self.home}/spool", EXIM_USER, EXIM_USER)
        transports = "".join(f"""
{name.replace('-', '_')}:
  driver = smtp
  interface = 192.0.2.{SENDERS[name]}
  hosts_try_chunking = {'*' if name == 'exim-bdat' else ''}
  tls_verify_hosts =
  tls_try_verify_hosts =
  hosts_try_dane =
  dnssec_request_domains =
  max_rcpt = 100
""" for name in ("exim-bdat", "exim-data"))
        write(f"{self.home}/conf", f"""
primary_hostname = exim.example
exim_path = {self.program}
spool_directory = {self.home}/spool
log_file_path = {self.home}/spool/%slog
keep_environment =
log_selector = +all
queue_run_max = 12
remote_max_parallel = 1
smtp_accept_max = 0
recipients_max = 2000
trusted_users = root
never_users =
untrusted_set_sender = *
begin routers
# Notices of refused mail, one process and one connection each, would take most of the time.
notices:
  driver = redirect
  senders = :
  data = :blackhole:
out:
  driver = dnslookup
  dnssec_request_domains =
  transport = ${{if eq{{$sender_address_domain}}{{exim-data.example}}{{exim_data}}{{exim_bdat}}}}
begin transports
{transports}
begin retry
* * F,1d,1m
""")

    def submit(self, messages):
        batch = ""
        for message in messages:
            batch += f"MAIL FROM:<{message.sender}>\n" + "".join(f"RCPT TO:<{r}>\n" for r in message.recipients)
            stuffed = "\n".join("." + line if line.startswith(".") else line for line in message.text().split("\r\n"))
            batch += f"DATA\n{stuffed}.\n"
        run_with_input(self.command(self.program, "-C", f"{self.home}/conf", "-odq", "-bS"), batch)

    def deliver(self):
        """A queue run takes one destination after the other: several at once. -qq finds out first which messages
        can share a connection."""
        for how in ("-qq", "-qff"):
            runs = [subprocess.Popen(self.command(self.program, "-C", f"{self.home}/conf", how),
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(QUEUE_RUNS)]
            for one in runs:
                one.wait(300)


class EximReceiver(Private):
    """A receiver that says other things than Postfix does; its log is its truth."""

    def __init__(self, place):
        super().__init__(place, "exim-receiver", where="world")
        os.makedirs(f"{self.home}/spool")
        os.chown(f"{self.home}/spool", EXIM_USER, EXIM_USER)
        for name in ("cert", "key"):
            write(f"{self.home}/{name}.pem", open(f"{place.dir}/{name}.pem").read())
            os.chown(f"{self.home}/{name}.pem", EXIM_USER, EXIM_USER)
        program = EXIM
        write(f"{self.home}/conf", f"""
primary_hostname = mx.exim.example
exim_path = {program}
spool_directory = {self.home}/spool
log_file_path = {self.home}/spool/%slog
keep_environment =
log_selector = +incoming_port +smtp_connection
local_interfaces = <; {' ; '.join(address_of(name) for name in EXIM_RECEIVERS)}
daemon_smtp_ports = 25
tls_advertise_hosts = *
tls_certificate = {self.home}/cert.pem
tls_privatekey = {self.home}/key.pem
tls_require_ciphers = ${{if eq{{$received_ip_address}}{{{address_of('exim12')}}}{{NORMAL:-VERS-TLS1.3}}{{NORMAL}}}}
smtp_accept_max = 0
smtp_accept_max_per_connection = 0
smtp_accept_queue_per_connection = 0
recipients_max = 2000
never_users =
queue_only
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
mail:
  accept logwrite = mail from [$sender_host_address]:$sender_host_port
rcpt:
  deny local_parts = ^bad.*
  accept
data:
  deny condition = ${{if eq{{$h_X-Refuse:}}{{yes}}}}
  deny senders = ^eod@
  accept
begin routers
none:
  driver = redirect
  data = :blackhole:
""")
        place.spawn("exim-receiver", self.command(program, "-C", f"{self.home}/conf", "-bdf"))


class OpenSmtpd(Private):
    def __init__(self, place):
        super().__init__(place, "opensmtpd", OPENSMTPD_PLACES)
        write(f"{self.home}/conf", f"""
listen on 127.0.0.1 port {SUBMIT_OPENSMTPD}
smtp max-message-size 30M
action "out" relay src 192.0.2.{SENDERS['opensmtpd']} helo opensmtpd.example
match from any for any action "out"
""", 0o600)
        place.spawn("opensmtpd", self.command(OPENSMTPD, "-d", "-F", "-f", f"{self.home}/conf"))
        wait_until(self.listens, 10, f"OpenSMTPD listens: {place.log_of('opensmtpd')}")
        self.submitted = 0

    def listens(self):
        import socket
        with self.place.inside("mta"):
            probe = socket.socket()
        with probe:
            return probe.connect_ex(("127.0.0.1", SUBMIT_OPENSMTPD)) == 0

    def submit(self, messages):
        messages = list(messages)
        feed(self.place, SUBMIT_OPENSMTPD, messages)
        self.submitted += sum(len(message.recipients) for message in messages)

    def deliver(self):
        def results():
            log = self.place.log_of("opensmtpd")
            return log.count("mta delivery evpid") >= self.submitted
        wait_until(results, 300, "OpenSMTPD tried all", 0.3)


def run_with_input(command, text):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}")
