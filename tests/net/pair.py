# SPDX-License-Identifier: BSD-3-Clause
"""A real daemon and a real gate between two ports where nothing comes and everything goes nowhere: for tests of what
is decided and kept, not of mail. Cheap enough to be killed by the hundred."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from shell import can_connect, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MEMORY = ["--no-huge", "--no-shconf", "-m", "128"]


class Pair:
    def __init__(self, name, config=None, meters=4096, flows=4096):
        self.name, self.build = name, os.environ.get("SLUICE_BUILD", os.path.join(ROOT, "build"))
        self.dir = tempfile.mkdtemp(prefix=f"sluice-{name}-")
        self.sizes = ["--flows", str(flows), "--meters", str(meters), "--held", "1024"]
        self.state = f"{self.dir}/gate.state"
        self.process = {}
        self.fallen = []       # (name, code) of those that ended, or did so otherwise, than they were told
        self.environment = {}  # of daemons that are started
        config = config or {}
        whole = {**config, "gate": {"socket": f"{self.dir}/gate.sock"},
                 "daemon": {"directory": f"{self.dir}/store", "admin-socket": f"{self.dir}/admin.sock",
                            "read-socket": f"{self.dir}/read.sock", **config.get("daemon", {})}}
        with open(f"{self.dir}/sluice.yaml", "w", encoding="ascii") as file:
            json.dump(whole, file)

    def spawn(self, name, command, **environment):
        with open(f"{self.dir}/{name}.log", "ab") as log:
            self.process[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                  env=dict(os.environ, RUNTIME_DIRECTORY=self.dir, **environment))

    def start_gate(self):
        everywhere = ",".join(f"{lcore}@(0-{os.cpu_count() - 1})" for lcore in range(2))
        self.spawn("gate", [f"{self.build}/dataplane/sluice-gate", *MEMORY, "--no-pci", "--no-telemetry",
                            "--file-prefix", f"{self.name}-{os.getpid()}", "--lcores", everywhere,
                            "--vdev=net_null0,no-rx=1", "--vdev=net_null1,no-rx=1", "--", "--inside", "net_null0",
                            "--outside", "net_null1", "--socket", f"{self.dir}/gate.sock", "--state",
                            self.state, *self.sizes])

    def start_daemon(self):
        self.spawn("daemon", [f"{self.build}/control/sluiced", "--config", f"{self.dir}/sluice.yaml"],
                   **self.environment)

    def wait_for(self, name, path, seconds=30):
        def there():
            if self.process[name].poll() is not None:
                raise RuntimeError(f"{name} ended at once:\n{self.log_of(name)}")
            return can_connect(f"{self.dir}/{path}")
        wait_until(there, seconds, f"{name} serves\n{self.log_of(name)}", 0.005)

    def start(self):
        self.start_gate()
        self.start_daemon()
        self.wait_for("gate", "gate.sock")
        self.wait_for("daemon", "admin.sock")

    def end(self, name, how=signal.SIGTERM):
        process = self.process.pop(name, None)
        if process is None:
            return
        expected = (-how,) if how == signal.SIGKILL else (0,)
        if process.poll() is not None:
            expected = ()
        process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.returncode not in expected:
            self.fallen.append((name, process.returncode))

    def log_of(self, name):
        with open(f"{self.dir}/{name}.log", errors="replace", encoding="utf-8") as file:
            return file.read()[-4000:]

    def refuses_to_start(self, seconds=10):
        """The daemon's last words when it ends by itself, as it must here; "" when it runs."""
        self.start_daemon()
        process = self.process["daemon"]
        wait_until(lambda: process.poll() is not None or can_connect(f"{self.dir}/admin.sock"), seconds,
                   f"the daemon runs or ends\n{self.log_of('daemon')}", 0.005)
        if process.poll() is None:
            return ""
        del self.process["daemon"]
        if process.returncode != 1:
            self.fallen.append(("daemon", process.returncode))
        return self.log_of("daemon").splitlines()[-1]

    def ask(self, method, path, body=None, seconds=10):
        """The reply's status and object, by HTTP as any program would; OSError when the daemon is gone."""
        text = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: sluiced\r\nConnection: close\r\n"
        if method == "POST":
            head += f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(seconds)
            client.connect(f"{self.dir}/admin.sock")
            client.sendall(head.encode() + b"\r\n" + text)
            answer = b"".join(iter(lambda: client.recv(1 << 20), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        if not body:
            raise ConnectionError("no answer")
        return int(head.split()[1]), json.loads(body)

    def status(self):
        return self.ask("GET", "/v1/status")[1]

    def wait_enforced(self, seconds=30, step=0.02):
        def enforced():
            try:
                status = self.status()
            except (OSError, ValueError):
                return False
            return bool(status.get("ready") and status.get("all_enforced"))
        start = time.monotonic()
        wait_until(enforced, seconds, f"all is enforced\n{self.log_of('daemon')}{self.log_of('gate')}", step)
        return time.monotonic() - start

    def stop(self):
        for name in list(self.process):
            self.end(name)
        shutil.rmtree(self.dir, ignore_errors=True)
