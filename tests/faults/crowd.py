# SPDX-License-Identifier: BSD-3-Clause
"""Too many who ask, and those who are slow about it: others are served meanwhile."""
import contextlib
import resource
import socket
import time

from harness import expect

HALF = b"POST /v1/limits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"scope\""


def connect(path, words=b""):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5)
    try:
        client.connect(path)
        client.sendall(words)
    except OSError:
        client.close()
        return None
    return client


@contextlib.contextmanager
def crowd(path, count, words=b""):
    """So many connections that say this and no more."""
    there = [client for client in (connect(path, words) for _ in range(count)) if client is not None]
    try:
        yield there
    finally:
        for client in there:
            client.close()


def socket_flood(case):
    """Of connections that say nothing, to all three sockets; a daemon that starts meanwhile finds its gate."""
    count = case.many(500, 3000)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    case.kept.begin()
    for name, words in (("admin.sock", b""), ("admin.sock", HALF), ("read.sock", b""), ("gate.sock", b"")):
        with crowd(f"{case.pair.dir}/{name}", count, words):
            case.times += count
            case.kept.orders(10)
    with crowd(f"{case.pair.dir}/gate.sock", count):
        with case.daemon_away():
            pass
        case.pair.wait_enforced()
        case.kept.orders(10)
    case.kept.settle()
    case.said = case.last_said("gate", "clients")


def one_byte_at_a_time(case, seconds):
    """A request that takes so long; orders are taken between its bytes. It is answered, or closed."""
    client = connect(f"{case.pair.dir}/admin.sock")
    whole = HALF + b" " * 500
    for at in range(int(seconds / 0.02)):
        with contextlib.suppress(OSError):
            client.sendall(whole[at % len(whole):at % len(whole) + 1])
        if at % 10 == 0:
            case.kept.orders(1)
        time.sleep(0.02)
    client.close()


def not_reading(case):
    """Ask for much, read nothing: of the daemon's lists, of its stream of events."""
    lists = [b"GET /v1/audit?most=1000 HTTP/1.1\r\nHost: x\r\n\r\n" * 200, b"GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n"]
    clients = [connect(f"{case.pair.dir}/admin.sock", words[:60000]) for words in lists * 8]
    case.kept.orders(case.many(100, 1000))
    for client in clients:
        if client is not None:
            client.close()
    return len(clients)


def slow_clients(case):
    case.kept.begin()
    case.kept.orders(50)
    one_byte_at_a_time(case, case.many(3, 30))
    case.times = 1 + not_reading(case)
    status, _ = case.pair.ask("GET", "/v1/status")
    expect(status == 200, status)
    case.kept.settle()
    case.said = f"{case.kept.confirmed} orders were taken meanwhile"
