# SPDX-License-Identifier: BSD-3-Clause
"""Real Postfix: one that sends for all customers, set up as control/mta/postfix.md says, one that receives for each
provider."""
import os
import shutil

from pages import snippet
from shell import run, write
from topology import PROVIDERS, hosts_of

SUBMIT_PORT = 2525

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
tlsproxy unix - - n - 0 tlsproxy
postlog unix-dgram n - n - 1 postlogd
"""


def nobody():
    import pwd
    return pwd.getpwnam("nobody").pw_uid


class Mtas:
    """The MTAs of a Bed."""

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
        write(f"{self.dir}/mta/etc/transports", snippet("postfix.md", "transports"))
        main = snippet("postfix.md", "main.cf", [("/etc/postfix/", f"{self.dir}/mta/etc/")])
        master = f"127.0.0.1:{SUBMIT_PORT} inet n - n - - smtpd\n" + snippet("postfix.md", "master.cf")
        self.start_postfix("mta", "mta", {
            "inet_interfaces": "loopback-only", "mynetworks": "127.0.0.0/8",
            **dict(line.split(" = ", 1) for line in main.splitlines()),
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
            "virtual_mailbox_domains": ", ".join(facts["domains"]),
            "virtual_mailbox_base": f"{self.dir}/{provider}/box",
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

    def set_sender(self, **settings):
        """Changes main.cf of the sender, and starts it anew."""
        base = f"{self.dir}/mta/etc"
        run("postconf", "-c", base, "-e", *[f"{key}={value}" for key, value in settings.items()])
        for what in ("stop", "start"):
            run(*self.netns("mta", "postfix", "-c", base, what))

    def set_receiver(self, provider, **settings):
        """Changes main.cf of a running receiver: knobs such as sleeps at a phase."""
        base = f"{self.dir}/{provider}/etc"
        run("postconf", "-c", base, "-e", *[f"{key}={value}" for key, value in settings.items()])
        run(*self.netns("world", "postfix", "-c", base, "reload"))
