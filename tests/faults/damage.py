# SPDX-License-Identifier: BSD-3-Clause
"""Files that are not what was written: a page of the journal, the gate's last state."""
import os
import random
import shutil
import signal

from harness import expect

PAGE = 4096
ORDERS = 10


def write_at(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def start_on_damage(case, path, at, data):
    """It says what is wrong and does not start; or nothing in force is on that page, and all of it goes to the gate."""
    write_at(path, at, data)
    words = case.pair.refuses_to_start()
    case.times += 1
    if words:
        expect("malformed" in words or "not a database" in words or "damaged" in words, words)
        case.said = words
        case.kept.in_state_file("at the gate, beside a damaged journal", case.kept.known)
        return
    case.pair.wait_enforced()
    case.kept.in_state_file("at the gate, from a damaged journal", case.kept.known)
    status, reply = case.pair.ask("GET", "/v1/decisions?most=1000")
    expect(status == 200 or "the journal cannot be read" in reply["error"], reply)
    if status == 200:
        case.kept.at_daemon()
    case.pair.end("daemon")


def journal_pages(case):
    """One page after the other, with zeros or noise in its place; then the file as it was."""
    path, chance = f"{case.pair.dir}/store/sluice.db", random.Random(7)
    case.kept.begin()
    case.kept.orders(60)
    case.pair.end("daemon")
    shutil.copy(path, path + ".good")
    pages = list(range(os.path.getsize(path) // PAGE))
    chance.shuffle(pages)
    for number in pages[:case.many(14, len(pages))]:
        for data in (bytes(PAGE), chance.randbytes(PAGE)):
            start_on_damage(case, path, number * PAGE, data)
            shutil.copy(path + ".good", path)
            for rest in ("-wal", "-shm"):
                if os.path.exists(path + rest):
                    os.unlink(path + rest)
    case.daemon_back()
    case.kept.settle()
    expect(case.said, "no damage was ever noticed")


def spoil(path, chance):
    """Torn: it ends early. Corrupt: some bytes are others."""
    size = os.path.getsize(path)
    if chance.random() < 0.5:
        os.truncate(path, chance.randrange(size))
    else:
        for _ in range(chance.choice((1, 3, 200))):
            write_at(path, chance.randrange(size), chance.randbytes(1))


def gate_state(case):
    """One of the gate's two files or both, while it is down: what it then takes is whole, and the daemon tells it the
    rest."""
    chance = random.Random(8)
    case.kept.begin()
    for _ in range(case.many(20, 100)):
        case.kept.orders(ORDERS)
        case.pair.end("gate", signal.SIGKILL)
        for slot in chance.choice(((0,), (1,), (0, 1))):
            if os.path.exists(f"{case.pair.state}.{slot}"):
                spoil(f"{case.pair.state}.{slot}", chance)
        case.times += 1
        case.kept.read_state_file()
        case.gate_back()
        case.kept.settle()
    case.said = case.last_said("gate", "torn")
