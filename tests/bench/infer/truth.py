# SPDX-License-Identifier: BSD-3-Clause
"""What the receiver's own log says of each connection: messages accepted, and refused after it had read them."""
import os
import re

CONNECT = re.compile(r"smtpd\[(\d+)\]: connect from \S*\[([\d.]+)\]:(\d+)")
DISCONNECT = re.compile(r"smtpd\[(\d+)\]: disconnect from \S*\[([\d.]+)\]:(\d+)(.*)")
OPENED = re.compile(r"smtpd\[(\d+)\]: (\w+): client=\S*\[([\d.]+)\]:(\d+)")
READ = re.compile(r"cleanup\[\d+\]: (\w+): (?:resent-)?message-id=")
REFUSED = re.compile(r"(?:cleanup|smtpd)\[\d+\]: (\w+): reject: (?:header|END-OF-MESSAGE)")
ACTIVE = re.compile(r"qmgr\[\d+\]: (\w+): from=<.*\(queue active\)")
BDAT = re.compile(r"bdat=(\d+)/(\d+)")
RCPT = re.compile(r"smtpd\[(\d+)\]: \w+: reject: RCPT from \S*\[([\d.]+)\]:(\d+)")


EXIM_OPENED = re.compile(r"SMTP connection from \[([\d.]+)\]:(\d+) \(TCP/IP")
EXIM_TAKEN = re.compile(r" <= .* H=\S* ?(?:\(\S*\) )?\[([\d.]+)\]:(\d+)")
EXIM_REFUSED = re.compile(r" H=\S* ?(?:\(\S*\) )?\[([\d.]+)\]:(\d+) .*rejected after DATA")
EXIM_RCPT = re.compile(r" H=\S* ?(?:\(\S*\) )?\[([\d.]+)\]:(\d+) .*rejected RCPT")
EXIM_MAIL = re.compile(r" mail from \[([\d.]+)\]:(\d+)$")


def connections(directory):
    """What both receivers logged."""
    found = postfix_connections(f"{directory}/receiver.log")
    return found + exim_connections(f"{directory}/exim.log") if os.path.exists(f"{directory}/exim.log") else found


def exim_connections(path):
    """`void`: transactions without a recipient that was accepted. Whether BDAT sent a message in one of them all the
    same, Exim does not log."""
    done, live = [], {}
    for line in open(path, errors="replace"):
        if found := EXIM_OPENED.search(line):
            live[found[1], found[2]] = {"client": f"{found[1]}:{found[2]}", "rcpt_refused": 0, "commands": "exim",
                                        "accepted": 0, "refused": 0, "transactions": []}
            done.append(live[found[1], found[2]])
        for pattern, what in ((EXIM_REFUSED, "refused"), (EXIM_TAKEN, "accepted"), (EXIM_RCPT, "rcpt_refused"),
                              (EXIM_MAIL, "mail")):
            if found := pattern.search(line):
                exim_event(live[found[1], found[2]], what)
                break
    for connection in done:
        connection["void"] = connection.pop("transactions").count("rcpt_refused")
    return done


def exim_event(connection, what):
    if what != "mail":
        connection[what] += 1
    if what == "mail" or not connection["transactions"]:
        connection["transactions"].append(what)
    elif what != "rcpt_refused" or connection["transactions"][-1] == "mail":
        connection["transactions"][-1] = what


def postfix_connections(path):
    """[{"client": "ip:port", "accepted": n, "refused": n, "rcpt_refused": n, "commands": "..."}] in order of end."""
    done, live, owner, state = [], {}, {}, {}
    for line in open(path, errors="replace"):
        if found := CONNECT.search(line):
            live[found[2], found[3]] = {"client": f"{found[2]}:{found[3]}", "messages": [], "rcpt_refused": 0}
        elif found := OPENED.search(line):
            live[found[3], found[4]]["messages"].append(found[2])
            owner[found[2]], state[found[2]] = live[found[3], found[4]], "opened"
        elif found := RCPT.search(line):
            live[found[2], found[3]]["rcpt_refused"] += 1
        elif found := REFUSED.search(line):
            state[found[1]] = "refused"
        elif found := ACTIVE.search(line):
            state[found[1]] = "accepted"
        elif found := DISCONNECT.search(line):
            connection = live.pop((found[2], found[3]), None)
            if connection is not None:
                connection["commands"] = found[4].strip()
                done.append(connection)
    done += [{**connection, "commands": "still open"} for connection in live.values()]
    for connection in done:
        states = [state[name] for name in connection.pop("messages")]
        connection["accepted"], connection["refused"] = states.count("accepted"), states.count("refused")
        # A message sent by BDAT goes by even when no recipient was accepted; its first refused chunk is its last.
        if chunks := BDAT.search(connection["commands"]):
            connection["refused"] = int(chunks[2]) - int(chunks[1])
    return done
