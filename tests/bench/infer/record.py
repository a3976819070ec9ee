# SPDX-License-Identifier: BSD-3-Clause
"""Records real sessions: record.py DIR --seed N --rounds N --delay MS. Writes DIR/capture.pcap, DIR/truth.json."""
import argparse
import json
import os
import shutil
import sys
import time

from place import RECEIVERS, SENDERS, Place
from senders import Exim, EximReceiver, OpenSmtpd, Postfix
from truth import connections
from unpacked import unpack
from workload import FEATURES, Workload


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def play_round(mtas, workload, feature, senders):
    """Every sender has something for every receiver."""
    count = 0
    for sender in senders:
        for receiver in RECEIVERS:
            if receiver == "bounces" or (sender == "postfix-implicit" and "tls" not in receiver):
                continue
            if feature == "big" and workload.rng.random() < 0.6:
                continue
            messages = list(workload.messages(sender, receiver, feature))
            count += len(messages)
            mtas[sender].submit(messages)
    return count


def record(directory, seed, rounds, delay_ms, features=FEATURES, senders=tuple(SENDERS),
           scale=1.0):
    unpack()
    workload, marks = Workload(seed, scale), []
    place = Place(delay_ms)
    try:
        place.start()
        EximReceiver(place)
        postfix, exim = Postfix(place), Exim(place)
        mtas = {"postfix": postfix, "postfix-reuse": postfix, "postfix-implicit": postfix, "exim-bdat": exim,
                "exim-data": exim, "opensmtpd": OpenSmtpd(place)}
        place.start_capture()
        for number in range(rounds):
            feature = features[number % len(features)]
            marks.append((time.time(), feature))
            count = play_round(mtas, workload, feature, senders)
            say(f"round {number}: {feature}, {count} messages")
            for mta in set(mtas.values()):
                mta.deliver()
            time.sleep(4)  # cached connections end
        time.sleep(8)  # OpenSMTPD's idle ones too
        path = place.stop_capture()
        os.makedirs(directory, exist_ok=True)
        shutil.move(path, f"{directory}/capture.pcap")
        shutil.copy(f"{place.dir}/receiver/mail.log", f"{directory}/receiver.log")
        shutil.copy(f"{place.dir}/exim-receiver/spool/mainlog", f"{directory}/exim.log")
        with open(f"{directory}/truth.json", "w") as file:
            json.dump({"seed": seed, "delay_ms": delay_ms, "marks": marks,
                       "connections": connections(directory)}, file, indent=0)
    finally:
        if os.environ.get("SLUICE_KEEP") != "1":
            place.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=len(FEATURES))
    parser.add_argument("--delay", type=float, default=2)
    parser.add_argument("--features", default=",".join(FEATURES))
    parser.add_argument("--senders", default=",".join(SENDERS))
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes")
    chosen = parser.parse_args()
    record(chosen.directory, chosen.seed, chosen.rounds, chosen.delay, chosen.features.split(","),
           chosen.senders.split(","), chosen.scale)
