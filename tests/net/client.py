# SPDX-License-Identifier: BSD-3-Clause
"""An SMTP client that stops where a test wants it to, from a customer's address in the MTA's namespace."""
import socket
import ssl

from topology import CUSTOMERS, hosts_of


class Client:
    def __init__(self, bed, customer, provider, ipv6=False, host=0, timeout=6.0, source=None):
        _, ipv4, v6 = hosts_of(provider)[host]
        with bed.inside("mta"):
            self.socket = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.bind((source or CUSTOMERS[customer]["ipv6" if ipv6 else "ipv4"], 0))
        self.target = (v6 if ipv6 else ipv4, 25)
        self.customer = customer
        self.buffer = b""

    def connect(self):
        self.socket.connect(self.target)
        return self

    def reply(self):
        """One reply's last line; ConnectionError when there is none."""
        while True:
            while b"\n" not in self.buffer:
                more = self.socket.recv(65536)
                if not more:
                    raise ConnectionError("closed without a reply")
                self.buffer += more
            line, self.buffer = self.buffer.split(b"\n", 1)
            if line[3:4] != b"-":
                return line.decode(errors="replace").strip()

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def ask(self, text, expected):
        self.say(text)
        reply = self.reply()
        if not reply.startswith(str(expected)):
            raise RuntimeError(f"{text[:40]!r}: {reply}")
        return reply

    def greet(self):
        banner = self.reply()
        if not banner.startswith("220"):
            raise RuntimeError(f"banner: {banner}")
        self.ask("EHLO test.example", 250)
        return self

    def ask_starttls(self):
        self.ask("STARTTLS", 220)

    def handshake(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def envelope(self, provider_domain):
        self.ask(f"MAIL FROM:<news@{CUSTOMERS[self.customer]['domain']}>", 250)
        self.ask(f"RCPT TO:<user@{provider_domain}>", 250)

    def is_reset(self, speak=None):
        """Does the connection end by a reset, with no reply to what is said? (Python's TLS calls it an end of
        file; an orderly end would come with a close_notify, which is one here, too: so counters tell more.)"""
        try:
            if speak is not None:
                self.say(speak)
            self.unexpected = self.reply()
        except (ConnectionResetError, BrokenPipeError):
            return True
        except ConnectionError:
            return isinstance(self.socket, ssl.SSLSocket)
        except (TimeoutError, OSError) as error:
            self.unexpected = str(error)
        return False

    def close(self):
        self.socket.close()
