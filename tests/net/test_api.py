# SPDX-License-Identifier: BSD-3-Clause
"""The API against its own document, and against those who ask for what there is not."""
import contextlib
import hashlib
import json
import os
import subprocess
import socket
import sys
import threading

from jsonschema import Draft202012Validator
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from api import Connection, ask
from client import Client
from harness import expect, main
from shell import run, write
from topology import CUSTOMERS, hosts_of

ACME = {"reason": "trap hits"}
# Arguments with which every request is answered 2xx; a new command needs a row here.
GOOD = {
    "quarantine": {"customer": "acme", "provider": "google", "for": "1h", "reason": "trap hits", "incident": "INC-7"},
    "limit": {"scope": "customer:acme", "setting": ["connections=5", "message-rate=9/s"]},
    "allow": {"customer": "acme", "amount": 5000, "unit": "messages", "for": "1h"},
    "confirm": {"number": 4711},
    "release": {"target": "customer:acme/provider:google", "reason": "settled"},
    "tier": {"customer": "acme", "tier": "normal", "reason": "a contract"},
    "import": {"file": "name,sources\nimported,192.0.2.77\n"},
    "remove": {"customer": "imported"},
    "decisions": {"all": "true", "most": "10"},
    "flows": {"customer": "acme", "provider": "google", "most": "5"},
    "drops": {"all": "true"},
    "config": {"what": "check", "file": "customers: []\n"},
    "whatif": {"file": "customers: []\n"},
    "audit": {"since": "1h", "most": "10"},
    "history": {"scope": "acme", "most": "10"},
    "explain": {"subject": "acme", "to": "google", "vlan": "5"},
    "top": {"what": "providers", "order": "bytes", "most": "5"},
}


def admin(bed, *request, **more):
    return ask(f"{bed.dir}/admin.sock", *request, **more)


def document_of(bed):
    status, document = admin(bed, "GET", "/openapi.json")
    expect(status == 200, f"status {status}")
    return document


def operations(document, watch=False):
    """(path, method, operation); those whose answer goes on only if they are wanted."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if watch or "application/json" in operation["responses"]["200"]["content"]:
                yield path, method.upper(), operation


def check_against(document, operation, status, reply):
    """The reply is what the document says of this operation and status."""
    described = operation["responses"].get(str(status))
    expect(described, f"{operation['operationId']}: status {status} is not in the document: {reply}")
    schema = {**described["content"]["application/json"]["schema"], "components": document["components"]}
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    wrong = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(reply)]
    expect(not wrong, f"{operation['operationId']}, status {status}: {wrong[:3]}")


def request_of(path, method, operation, arguments):
    """(url, query, body) of an operation with these arguments, each where the document says it stands."""
    places = {parameter["name"]: parameter["in"] for parameter in operation.get("parameters", [])}
    for name in [name for name, place in places.items() if place == "path"]:
        path = path.replace("{" + name + "}", str(arguments.get(name, "acme")))
    query = {name: value for name, value in arguments.items() if places.get(name) == "query"}
    body = {name: value for name, value in arguments.items() if name not in places} if method == "POST" else None
    return path, query, body


def perform(bed, document, entry, arguments, name="admin"):
    path, method, operation = entry
    url, query, body = request_of(path, method, operation, arguments)
    status, reply = ask(f"{bed.dir}/{name}.sock", method, url, query, body)
    check_against(document, operation, status, reply)
    return status, reply


def test_document(bed):
    """Sound by itself: every schema is one, every id unique, every path argument required, every refusal described."""
    document, seen = document_of(bed), set()
    expect(document["openapi"].startswith("3.1."), document["openapi"])
    for path, method, operation in operations(document, watch=True):
        expect(operation["operationId"] not in seen, f"{operation['operationId']} twice")
        seen.add(operation["operationId"])
        in_path = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path" and p["required"]}
        expect(in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}, path)
        schemas = [p["schema"] for p in operation.get("parameters", [])]
        for content in [operation.get("requestBody"), *operation["responses"].values()]:
            schemas += [kind["schema"] for kind in content["content"].values()] if content else []
        for schema in schemas:
            Draft202012Validator.check_schema(schema)
    return f"{len(seen)} operations"


def test_every_operation(bed):
    """Each is answered as documented: with what is right, with nothing, and with an argument it does not have."""
    document = document_of(bed)
    client = Client(bed, "acme", "google").connect().greet()
    answered = {}
    try:
        for entry in operations(document):
            operation = entry[2]
            name = operation["operationId"]
            status, reply = perform(bed, document, entry, GOOD.get(name, {}))
            # Nothing waits to be confirmed here.
            expect(status == (422 if name == "confirm" else 200), f"{name}: {status} {reply}")
            answered[name] = len(reply.get("rows", []))
            if name == "openapi":
                continue
            status, reply = perform(bed, document, entry, {**GOOD.get(name, {}), "no-such": "x"})
            if entry[1] == "POST":
                expect(status == 400 and reply["field"] == "no-such", f"{name}: {reply}")
    finally:
        client.close()
        bed.ctl("release", "--customer", "acme", "--yes")
    rows = ("audit", "history", "explain", "decisions", "status", "customers", "providers", "flows", "drops")
    empty = [name for name in rows if not answered[name]]
    expect(not empty, f"no row to check in {empty}")
    return f"{len(answered)} operations"


def test_every_argument(bed):
    """What the document does not allow is refused with 400, and the field is named."""
    document, count = document_of(bed), 0
    wrong_texts = {"integer": ["0", "x", "99999999999999999999"], "boolean": ["maybe"], "string": [""], "array": []}
    for entry in operations(document):
        path, method, operation = entry
        for parameter in operation.get("parameters", []):
            values = wrong_texts[parameter["schema"]["type"]] if parameter["in"] == "query" else []
            values = values + ["x" * 200] * (parameter["in"] == "query")
            for value in values:
                status, reply = perform(bed, document, entry, {**GOOD.get(operation["operationId"], {}),
                                                               parameter["name"]: value})
                expect(status == 400 and reply.get("field") == parameter["name"], f"{path} {value!r}: {reply}")
                count += 1
        body = operation.get("requestBody")
        properties = body["content"]["application/json"]["schema"]["properties"] if body else {}
        for name in properties:
            for value in (None, 7.5, {"a": 1}, "", "x" * 500, [7]):
                status, reply = perform(bed, document, entry, {**GOOD[operation["operationId"]], name: value})
                # A file may be any text: what is in it is looked at later.
                allowed = (400, 422) if name == "file" else (400,)
                expect(status in allowed and reply["field"] == name, f"{path} {name} {value!r}: {status} {reply}")
                count += 1
    expect(not bed.ctl("decisions")["rows"], "a decision was made")
    return f"{count} wrong values refused, each naming its field"


def test_rights(bed):
    document, refused = document_of(bed), 0
    for entry in operations(document):
        operation = entry[2]
        if operation["x-right"] == "admin":
            status, reply = perform(bed, document, entry, GOOD[operation["operationId"]], name="read")
            expect(status == 403 and "admin right" in reply["error"], f"{status} {reply}")
            refused += 1
        else:
            status, reply = perform(bed, document, entry, GOOD.get(operation["operationId"], {}), name="read")
            expect(status == 200, f"{status} {reply}")
    modes = [oct(os.stat(f"{bed.dir}/{name}.sock").st_mode & 0o777) for name in ("admin", "read", "gate")]
    expect(modes == ["0o660"] * 3, modes)
    return f"the read socket takes none of {refused} orders; sockets are 0660"


# (method, path, query, body, status, words)
BAD_REQUESTS = [
    ("GET", "/", None, None, 404, "nothing at"),
    ("GET", "/v1/fly", None, None, 404, "openapi.json"),
    ("DELETE", "/v1/status", None, None, 405, "takes GET"),
    ("GET", "/v1/limits", None, None, 405, "takes POST"),
    ("POST", "/v1/limits", None, b"nonsense", 400, "not a JSON object"),
    ("POST", "/v1/limits", None, b"[1,2]", 400, "not a JSON object"),
    ("POST", "/v1/limits", None, b'{"scope":"a","scope":"b"}', 400, "duplicate"),
    ("POST", "/v1/limits", None, b"[" * 4000, 400, "not a JSON object"),
    ("POST", "/v1/limits", None, b"x" * 5000, 413, "at most 4096"),
    ("GET", "/v1/flows", {"most": ["1", "2"]}, None, 400, "given twice"),
    ("POST", "/v1/customers/nobody/quarantine", None, ACME, 422, "no customer"),
    ("POST", "/v1/customers/acme/quarantine", None, {"reason": "a\nb"}, 400, "printable ASCII"),
    ("POST", "/v1/customers/acme/quarantine", None, {"reason": "r" * 200}, 400, "at most 95"),
    ("POST", "/v1/customers/acme/quarantine", None, {**ACME, "for": "soon"}, 400, "not a duration"),
    ("POST", "/v1/customers/acme/quarantine", None, {**ACME, "for": "400d"}, 422, "up to 366d"),
    ("POST", "/v1/customers/acme%3aprovider/quarantine", None, ACME, 400, "without / and :"),
    ("POST", "/v1/limits", None, {"scope": "planet:mars", "setting": ["connections=1"]}, 422, "not a scope"),
    ("POST", "/v1/limits", None, {"scope": "customer:acme/remote:192.0.2.1", "setting": ["connections=1"]}, 422,
     "together"),
    ("POST", "/v1/limits", None, {"scope": "source:1.2.3", "setting": ["connections=1"]}, 422, "not an IPv4"),
    ("POST", "/v1/limits", None, {"scope": "source:::", "setting": ["connections=1"]}, 422, "not an IPv4"),
    ("POST", "/v1/limits", None, {"scope": "gate", "setting": ["connections=many"]}, 400, "not a limit"),
    ("POST", "/v1/limits", None, {"scope": "gate", "setting": ["byte-rate=7bit/s"]}, 400, "not a limit"),
    ("GET", "/v1/flows", {"customer": "acme/provider:google"}, None, 400, "without / and :"),
    ("POST", "/v1/releases", None, {"target": "0"}, 422, "decision 0"),
    ("POST", "/v1/releases", None, {"target": "customer:nobody"}, 422, "now or ever before"),
    ("POST", "/v1/releases", None, {"target": "x" + "\u00e4" * 50}, 422, "no customer"),
    ("POST", "/v1/releases", None, {"target": "12345"}, 422, "nothing in force"),
]


def test_bad_requests(bed):
    for method, path, query, body, wanted, words in BAD_REQUESTS:
        status, reply = admin(bed, method, path, query=query, body=body)
        expect(status == wanted and reply["ok"] is False and words in reply["error"],
               f"{method} {path} {query} {str(body)[:60]}: {status} {reply}, expected {wanted} {words!r}")
    expect(not bed.ctl("decisions")["rows"], "a decision was made")
    return f"{len(BAD_REQUESTS)} kinds refused with a reason; no decision was made"


def test_bad_bytes(bed):
    """What is no HTTP at all gets a 4xx at most, and nobody else is disturbed. Who stops within a header may stay
    until his place is wanted, or a minute has passed."""
    rows = [b"\x16\x03\x01\x02\x00\x01", b'{"command":"status"}\n', b"GET\r\n\r\n", b"\x00" * 5000,
            b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 20000 + b"\r\n",
            b"POST /v1/limits HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/limits HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n"]
    for row in rows:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(0.5)
            client.connect(f"{bed.dir}/admin.sock")
            try:
                client.sendall(row)
                said = client.recv(65536)
            except (BrokenPipeError, ConnectionResetError, TimeoutError):
                said = b""
        expect(said == b"" or said[:10] in (b"HTTP/1.1 4", b"HTTP/1.0 4"), f"{row[:40]!r}: {said[:60]!r}")
    expect(admin(bed, "GET", "/v1/status")[0] == 200, "the daemon does not answer")
    return f"{len(rows)} kinds; the daemon answers"


def test_half_closed(bed):
    """printf ... | socat: the question's end is not the answer's."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(f"{bed.dir}/admin.sock")
        client.sendall(b"GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        client.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: client.recv(65536), b""))
    expect(said.count(b"HTTP/1.1 200") == 2, said[:200])
    return "both answered, then closed"


def test_idle_readers(bed):
    """Readers that fill their socket keep nobody out: the longest idle makes way."""
    idle = []
    for number in range(80):
        idle.append(socket.socket(socket.AF_UNIX))
        idle[-1].connect(f"{bed.dir}/read.sock")
        if number % 2:
            idle[-1].sendall(b"GET /v1/status HTTP/1.1\r\nHost:")
    try:
        expect(admin(bed, "GET", "/v1/status")[0] == 200, "an admin is locked out")
        expect(ask(f"{bed.dir}/read.sock", "GET", "/v1/status")[0] == 200, "a reader is locked out")
    finally:
        for client in idle:
            client.close()
    expect(ask(f"{bed.dir}/read.sock", "GET", "/v1/status")[0] == 200, "those who have gone lock readers out")
    return "80 idle and slow readers, orders and questions are taken"


def test_watch(bed):
    """Whoever watches hears of an order, of what the gate says to it, and of its end, each line as documented."""
    document = document_of(bed)
    line_schema = document["paths"]["/v1/watch"]["get"]["responses"]["200"]["content"]["application/x-ndjson"]["schema"]
    connection, seen = Connection(f"{bed.dir}/read.sock"), []
    connection.request("GET", "/v1/watch")
    response = connection.getresponse()
    expect(response.status == 200, response.status)

    def hear(event):
        while True:
            seen.append(json.loads(response.readline()))
            Draft202012Validator(line_schema).validate(seen[-1])
            if seen[-1]["event"] == event:
                return

    hear("watching")
    bed.ctl("quarantine", "acme", "--reason", "watched")
    hear("enforced")
    bed.ctl("release", "acme")
    hear("enforced")
    connection.close()
    events = [line["event"] for line in seen if line["event"] not in ("alive", "alarm", "all-clear")]
    expect(events == ["watching", "quarantine", "enforced", "ended", "enforced"], events)
    return " ".join(events)


def test_metrics(bed):
    """As a collector reads them, by its own parser; the figures are those of sluicectl."""
    bed.ctl("limit", "customer:acme", "connections=1000", "--for", "1h")
    decisions = len(bed.ctl("decisions")["rows"])
    before, page, after = bed.counters(), page_of(bed), bed.counters()
    bed.ctl("release", "acme")
    families = {family.name: family for family in text_string_to_metric_families(page)}

    def samples(name, **labels):
        return [sample for sample in families[name].samples if labels.items() <= sample.labels.items()]
    events = {sample.labels["name"]: sample.value for sample in samples("sluice_gate_events")}
    expect(set(events) == set(before), sorted(events))
    for name, value in events.items():
        expect(before[name] <= value <= after[name], f"{name}: {value}")
    expect(sum(sample.value for sample in samples("sluice_decisions")) == decisions, samples("sluice_decisions"))
    expect(samples("sluice_gate_connected")[0].value == 1, "not connected")
    enforced = [sample.value for sample in samples("sluice_enforced_seconds") if sample.name.endswith("_count")]
    expect(enforced[0] >= 1, f"orders enforced: {enforced}")
    expect(families["sluice_gate_events"].type == "counter", families["sluice_gate_events"])
    return f"{len(families)} families, {sum(len(family.samples) for family in families.values())} samples"


def page_of(bed):
    connection = Connection(f"{bed.dir}/read.sock")
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    expect(response.getheader("Content-Type").startswith("application/openmetrics-text"), response.getheaders())
    page = response.read().decode()
    connection.close()
    return page


def test_explain(bed):
    """Whose it is by name, source, remote and connection; what the next one would get, and that it gets it."""
    source, remote = CUSTOMERS["acme"]["ipv4"], hosts_of("google")[0][1]

    def explain(*words):
        reply = bed.ctl("explain", *words)
        return reply["customer"], reply["provider"], reply["next"], reply["decision"]

    expect(explain("acme", "--to", "google") == ("acme", "google", "admitted", None), explain("acme", "--to", "google"))
    expect(explain(source, "--to", remote) == ("acme", "google", "admitted", None), explain(source, "--to", remote))
    expect(explain(remote)[:2] == (None, "google"), explain(remote))
    expect(explain("192.0.2.250")[0] == "unknown", explain("192.0.2.250"))
    bed.ctl("limit", "acme", "connections=1")
    client = Client(bed, "acme", "google").connect().greet()
    try:
        flow = bed.ctl("flows", "--customer", "acme")["rows"][0]
        seen = explain(flow["source"], "--to", remote)
        limits = bed.ctl("explain", "acme")["limits"]
        order = bed.ctl("quarantine", "acme", "--provider", "google", "--reason", "trap hits")
        refused = bed.ctl("explain", "acme", "--to", "google")
        elsewhere = explain("acme", "--to", "apple")
    finally:
        client.close()
        bed.ctl("release", "--customer", "acme", "--yes")
    expect(seen == ("acme", "google", "waits", None), seen)
    slots = [limit for limit in limits if (limit["scope"], limit["kind"]) == ("customer:acme", "connections")]
    expect(slots and slots[0]["left"] == 0 and slots[0]["limit"] == "1", limits)
    expect((refused["next"], refused["decision"]) == ("refused", order["decision"]), refused)
    expect("trap hits" in refused["message"] and elsewhere[2] == "waits", (refused, elsewhere))
    return refused["message"]


def test_bulk_release(bed):
    """All of an incident end together: shown first, then done and enforced at once."""
    names = tuple(CUSTOMERS)
    for name in names:
        bed.ctl("quarantine", name, "--reason", "false alarm", "--incident", "INC-7")
    bed.ctl("limit", names[0], "connections=9")
    command = [f"{bed.build}/tools/ctl/sluicectl", "--json", "--socket", f"{bed.dir}/admin.sock", "release",
               "--incident", "INC-7"]
    shown = subprocess.run(command, capture_output=True, text=True)
    expect(shown.returncode == 5 and len(json.loads(shown.stdout)["rows"]) == len(names), shown)
    expect(len(bed.ctl("decisions")["rows"]) == len(names) + 1, "a preview ended something")
    reply = bed.ctl("release", "--incident", "INC-7", "--yes", "--reason", "all clear")
    expect(reply["released"] == len(names) and reply["enforced"], reply)
    left = [row["scope"] for row in bed.ctl("decisions")["rows"]]
    expect(left == [f"customer:{names[0]}"], left)
    bed.ctl("release", names[0])
    return reply["message"]


def quietly(act):
    with contextlib.suppress(OSError):
        act()


def test_top(bed):
    """A connection that waits for its turn is seen waiting while it does, and one that is open as open."""
    bed.ctl("limit", "corvus", "connections=1")
    first = Client(bed, "corvus", "google").connect().greet()
    second = threading.Thread(target=quietly, args=(Client(bed, "corvus", "google").connect,))
    second.start()
    try:
        reply = bed.ctl("top", "--order", "waiting")
        flows = bed.ctl("flows", "--customer", "corvus", "--waiting")["rows"]
    finally:
        first.close()
        second.join()
        bed.ctl("release", "corvus")
    row = reply["rows"][0]
    expect((row["name"], row["connections"], row["waiting"]) == ("corvus", 1, 1), reply)
    expect([flow["state"] for flow in flows] == ["waiting"], flows)
    return f"measured for {reply['measured_ms']:.0f} ms: {row['waiting']} waits, {row['connections']} is open"


REMOTE = "127.0.0.1:8443"


def make_certificates(folder):
    """An authority with a server's and two clients' certificates, and a client's of its own making."""
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    write(f"{folder}/names", "subjectAltName=IP:127.0.0.1\n")
    for name in ("ca", "forged"):
        run(*new, "-x509", "-subj", "/CN=night.example", "-days", "2", "-keyout", f"{folder}/{name}.key", "-out",
            f"{folder}/{name}.crt")
    for name in ("server", "night", "stranger"):
        run(*new, "-subj", f"/CN={name}.example", "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.csr")
        run("openssl", "x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/ca.crt", "-CAkey",
            f"{folder}/ca.key", "-CAcreateserial", "-out", f"{folder}/{name}.crt", "-days", "2", "-extfile",
            f"{folder}/names")


def with_remote(bed):
    """The daemon once more, with a listener of TLS; a read token, an admin token, a certificate."""
    folder = f"{bed.dir}/tls"
    os.makedirs(folder, exist_ok=True)
    make_certificates(folder)
    for token in ("reading", "ruling", "wrong"):
        write(f"{folder}/{token}", token + "\n", 0o600)
    hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("reading", "ruling")}
    bed.end("daemon")
    bed.write_config({"daemon": {"listen": REMOTE, "certificate": f"{folder}/server.crt",
                                 "key": f"{folder}/server.key", "client-ca": f"{folder}/ca.crt"},
                      "access": [{"name": "reader", "right": "read", "token-sha256": hashes["reading"]},
                                 {"name": "ruler", "right": "admin", "token-sha256": hashes["ruling"]},
                                 {"name": "night", "right": "admin", "certificate": "night.example"}]})
    bed.start_daemon()
    bed.wait_enforced()
    return folder


def test_over_tls(bed):
    """Who shows a token or a certificate that is listed has its right and is named in the journal; nobody else is
    told anything."""
    folder = with_remote(bed)

    def ctl(*words, token=None, certificate=None, url=f"https://{REMOTE}"):
        options = ["--token-file", f"{folder}/{token}"] if token else []
        if certificate:
            options += ["--cert", f"{folder}/{certificate}.crt", "--key", f"{folder}/{certificate}.key"]
        done = subprocess.run(bed.netns("mta", f"{bed.build}/tools/ctl/sluicectl", "--json", "--url", url, "--cacert",
                                        f"{folder}/ca.crt", *options, *words), capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    order = ("quarantine", "acme", "--reason", "by night")
    seen = {"nobody": ctl("status"), "wrong token": ctl("status", token="wrong"),
            "stranger": ctl("status", certificate="stranger"), "forged": ctl("status", certificate="forged"),
            "reader orders": ctl(*order, token="reading"), "reader": ctl("status", token="reading"),
            "ruler": ctl(*order, token="ruling"), "night": ctl(*order, certificate="night"),
            "no TLS": ctl("status", token="reading", url=f"http://{REMOTE}")}
    codes = {who: code for who, (code, _) in seen.items()}
    expect(codes == {"nobody": 1, "wrong token": 1, "stranger": 1, "forged": codes["forged"], "reader orders": 1,
                     "reader": 0, "ruler": 0, "night": 0, "no TLS": 3} and codes["forged"] in (1, 3), seen)
    expect("admin right" in seen["reader orders"][1]["error"], seen["reader orders"])
    authors = [row["author"] for row in bed.ctl("decisions", "--all", "--most", "2")["rows"]]
    expect(authors == ["night", "ruler"], authors)
    bed.ctl("release", "acme")
    return f"exit codes {codes}"


def test_without_gate(bed):
    """An order is stored, and says so; what only the gate knows is not answered with nothing."""
    document = document_of(bed)
    bed.end("gate")
    try:
        by_name = {entry[2]["operationId"]: entry for entry in operations(document)}
        seen = {name: perform(bed, document, by_name[name], GOOD.get(name, {}))[0]
                for name in ("quarantine", "release", "status", "customers", "flows", "drops")}
    finally:
        bed.start_gate()
        bed.wait_enforced()
    expect(seen == {"quarantine": 202, "release": 202, "status": 200, "customers": 200, "flows": 503, "drops": 503},
           seen)
    return json.dumps(seen)


if __name__ == "__main__":
    main(sys.modules[__name__])
