# SPDX-License-Identifier: BSD-3-Clause
"""Exim and OpenSMTPD cannot be installed beside Postfix: their Debian packages are unpacked into the build directory
and run in a mount namespace that shows them the users and places they expect."""
import glob
import os
import re

from shell import run, write

UNPACKED = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build",
                                        "bench-packages"))
EXIM = f"{UNPACKED}/exim4-daemon-light/usr/sbin/exim4"
OPENSMTPD = f"{UNPACKED}/opensmtpd/usr/sbin/smtpd"
EXIM_USER = 8101

# What OpenSMTPD expects to have to itself; its control program must be setgid.
SMTPCTL = "/run/smtpctl"
OPENSMTPD_PLACES = f"""
mount -t tmpfs none /var/spool
mount -t tmpfs none /var/lib
mount -t tmpfs none /run
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
cp {OPENSMTPD.replace("/sbin/smtpd", "/sbin/smtpctl")} {SMTPCTL}
chgrp 8103 {SMTPCTL}
chmod 2755 {SMTPCTL}
"""


def unpack():
    """Downloads and unpacks the two packages once."""
    os.makedirs(UNPACKED, exist_ok=True)
    for package in ("exim4-daemon-light", "opensmtpd"):
        if not os.path.isdir(f"{UNPACKED}/{package}"):
            run("apt-get", "download", package, cwd=UNPACKED)
            run("dpkg", "-x", *glob.glob(f"{UNPACKED}/{package}_*.deb"), f"{UNPACKED}/{package}")
    for program in (EXIM, OPENSMTPD):
        missing = re.findall(r"(\S+) => not found", run("ldd", program))
        if missing:
            raise RuntimeError(f"{program} needs {', '.join(missing)}: tools/setup installs what it needs")


class Private:
    """Runs commands of one unpacked MTA, with its users, in a mount namespace of its own."""

    def __init__(self, place, name, more="", where="mta"):
        self.place, self.home, self.where = place, f"{place.dir}/{name}", where
        os.makedirs(self.home)
        users = "".join(f"{user}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin\n"
                        for user, uid in (("Debian-exim", EXIM_USER), ("opensmtpd", 8102), ("opensmtpq", 8103)))
        groups = f"Debian-exim:x:{EXIM_USER}:\nopensmtpd:x:8102:\nopensmtpq:x:8103:\n"
        for file, lines in (("passwd", users), ("group", groups)):
            with open(f"/etc/{file}") as real:
                write(f"{self.home}/{file}", real.read() + lines)
        write(f"{self.home}/enter", f"set -e\nmount --bind {self.home}/passwd /etc/passwd\n"
              f"mount --bind {self.home}/group /etc/group\n{more}exec \"$@\"\n", 0o755)

    def command(self, *words):
        return self.place.netns(self.where, "unshare", "-m", "bash", f"{self.home}/enter", *words)
