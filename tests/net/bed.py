# SPDX-License-Identifier: BSD-3-Clause
"""The test bed (topology.py has its picture): namespaces, MTAs, DNS, gate and daemon, started and stopped.

As a library: bed = Bed(); bed.start(); bed.send("acme", "google", 10); bed.wait_empty(60); bed.reconcile();
bed.stop(). Everything it makes stands in one directory; stop() leaves nothing behind, and start() first
clears what a crashed run of the same name left.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from mail import Mail
from mta import Mtas
from shell import can_connect, end_pid, run, wait_until, write
from topology import CUSTOMERS, DNS, PROVIDERS, Topology, hosts_of

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def memory_arguments():
    """Huge pages where enough are free, plain memory where not."""
    with open("/proc/meminfo") as file:
        facts = dict(re.findall(r"^(\w+):\s+(\d+)", file.read(), re.M))
    free_mb = int(facts.get("HugePages_Free", 0)) * int(facts.get("Hugepagesize", 0)) // 1024
    if free_mb >= 512 and os.path.isdir("/dev/hugepages"):
        return ["--in-memory", "-m", "256"]
    return ["--no-huge", "--no-shconf", "-m", "256"]


class Bed(Topology, Mtas, Mail):
    def __init__(self, name="sluice", build=None):
        self.name = name
        self.dir = f"/tmp/{name}-bed"
        self.build = build or os.environ.get("SLUICE_BUILD", os.path.join(ROOT, "build"))
        self.ns = {place: f"{name}-{place}" for place in ("mta", "gate", "world")}
        self.process = {}  # name -> Popen
        self.postfix = []  # config directories that were started
        self.sent = {}     # Message-ID -> (customer, provider)
        self.handed = {}   # Message-ID -> when the MTA took it over
        self.serial = 0
        self.with_gate = True
        self.workers = 1
        self.forced = ()   # states the gate is told to be in
        self.config = {}

    # -- processes --------------------------------------------------------------------------------------

    def spawn(self, name, command):
        log = open(f"{self.dir}/{name}.log", "ab")
        # A process group of its own: a Ctrl-C at the terminal is ours to handle.
        self.process[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                              start_new_session=True)
        log.close()
        write(f"{self.dir}/pids/{name}", str(self.process[name].pid))
        return self.process[name]

    def end(self, name, how=signal.SIGTERM, seconds=10):
        process = self.process.pop(name, None)
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.dir}/pids/{name}")

    def log_of(self, name):
        with contextlib.suppress(FileNotFoundError):
            with open(f"{self.dir}/{name}.log", errors="replace") as file:
                return file.read()
        return ""

    def start_dns(self):
        lines = ["no-resolv", "no-hosts", "no-daemon", "keep-in-foreground", f"listen-address={DNS}",
                 "bind-interfaces", "local-ttl=5", "local=/example/", f"pid-file={self.dir}/dnsmasq.pid", "user=root"]
        lines = [line for line in lines if line != "no-daemon"]
        for provider, facts in PROVIDERS.items():
            for name, ipv4, ipv6 in hosts_of(provider):
                lines.append(f"host-record={name},{ipv4},{ipv6},5")
                lines += [f"mx-host={domain},{name},10" for domain in facts["domains"]]
        write(f"{self.dir}/dnsmasq.conf", "\n".join(lines) + "\n")
        self.spawn("dns", self.netns("world", "dnsmasq", f"--conf-file={self.dir}/dnsmasq.conf"))
        write(f"/etc/netns/{self.ns['mta']}/resolv.conf", f"nameserver {DNS}\noptions timeout:1 attempts:3\n")
        write(f"/etc/netns/{self.ns['world']}/resolv.conf", f"nameserver {DNS}\n")

    def gate_command(self):
        lcores = ",".join(f"{i}@(0-{os.cpu_count() - 1})" for i in range(self.workers + 1))
        queues = f",qpairs={self.workers}" if self.workers > 1 else ""
        return self.netns("gate", f"{self.build}/dataplane/sluice-gate", *memory_arguments(), "--no-pci",
                          "--file-prefix", self.name, "--lcores", lcores, f"--vdev=net_af_packet0,iface=inside{queues}",
                          f"--vdev=net_af_packet1,iface=outside{queues}", "--", "--inside", "net_af_packet0",
                          "--outside", "net_af_packet1", "--socket", f"{self.dir}/gate.sock", "--state",
                          f"{self.dir}/gate.state", *(["--force", ",".join(self.forced)] if self.forced else []))

    def start_gate(self, wait=True):
        self.spawn("gate", self.gate_command())
        if wait:
            self.wait_alive("gate", lambda: can_connect(f"{self.dir}/gate.sock"))

    def wait_alive(self, name, condition, seconds=20):
        def ready():
            if self.process[name].poll() is not None:
                raise RuntimeError(f"{name} ended at once:\n{self.log_of(name)}")
            return condition()
        wait_until(ready, seconds, f"{name} is ready\n{self.log_of(name)}")

    def write_config(self, config):
        """sluice.yaml of the bed; JSON is YAML. `config` has providers' and customers' further keys."""
        self.config = config
        providers = [{"name": name, "domains": facts["domains"], **config.get("providers", {}).get(name, {})}
                     for name, facts in PROVIDERS.items()]
        customers = [{"name": name, "sources": [facts["ipv4"], facts["ipv6"]],
                      **config.get("customers", {}).get(name, {})} for name, facts in CUSTOMERS.items()]
        whole = {"gate": {"socket": f"{self.dir}/gate.sock"},
                 "daemon": {"directory": self.dir, "admin-socket": f"{self.dir}/admin.sock",
                            "read-socket": f"{self.dir}/read.sock", "resolver": DNS, "refresh-min": "5s",
                            **config.get("daemon", {})},
                 "smtp": config.get("smtp", {}), "providers": providers, "customers": customers,
                 "tiers": config.get("tiers", {}), "warm-up": config.get("warm-up", []),
                 "import": config.get("import", {}),
                 "domains": config.get("domains", []),
                 "defaults": config.get("defaults", {}), "unknown": config.get("unknown", {}),
                 "blind": config.get("blind", {}), "brake": config.get("brake", {}),
                 "access": config.get("access", [])}
        write(f"{self.dir}/sluice.yaml", json.dumps(whole, indent=1) + "\n")

    def start_daemon(self):
        self.spawn("daemon", self.netns("mta", f"{self.build}/control/sluiced", "--config",
                                        f"{self.dir}/sluice.yaml"))
        self.wait_alive("daemon", lambda: can_connect(f"{self.dir}/admin.sock"))

    def wait_enforced(self, seconds=20):
        """Until the gate has all the daemon wants, DNS's answers included."""
        def enforced():
            status = self.ctl("status", check=False)
            return status.get("ready") and status["all_enforced"]
        wait_until(enforced, seconds, f"everything is enforced\n{self.log_of('daemon')}{self.log_of('gate')}")

    def reload(self, config):
        self.write_config(config)
        self.process["daemon"].send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.wait_enforced()

    def ctl(self, *words, check=True):
        """sluicectl's reply as an object; .code is not kept: a refusal raises, or is returned unchecked."""
        command = [f"{self.build}/tools/ctl/sluicectl", "--json", "--socket", f"{self.dir}/admin.sock", *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        if check and done.returncode != 0:
            raise RuntimeError(f"sluicectl {' '.join(words)}: exit code {done.returncode}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else {"ok": False, "error": done.stderr}

    def telemetry(self, *commands):
        """What DPDK's own telemetry socket says; one greeting, then an answer a command."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as gate:
            gate.settimeout(5)
            gate.connect(f"/var/run/dpdk/{self.name}/dpdk_telemetry.v2")
            gate.recv(1024)
            answers = []
            for command in commands:
                gate.sendall(command.encode())
                answers.append(json.loads(gate.recv(16384))[command.split(",")[0]])
            return answers

    def counters(self):
        return {row["name"]: row["count"] for row in self.ctl("drops", "--all")["rows"]}

    # -- capture ----------------------------------------------------------------------------------------

    def start_capture(self, name="capture"):
        path = f"{self.dir}/{name}.pcap"
        self.spawn(name, self.netns("world", "tcpdump", "-i", "world0", "-s", "200", "-w", path, "-U",
                                    "--immediate-mode", "-B", "16384", "-Z", "root", "tcp port 25"))
        wait_until(lambda: "listening on" in self.log_of(name), 10, "tcpdump listens")
        return path

    def stop_capture(self, name="capture"):
        time.sleep(0.3)
        self.end(name, signal.SIGINT)
        dropped = re.search(r"(\d+) packets? dropped by kernel", self.log_of(name))
        if dropped and int(dropped.group(1)) > 0:
            raise RuntimeError(f"the capture missed {dropped.group(1)} packets")
        return f"{self.dir}/{name}.pcap"

    # -- life -------------------------------------------------------------------------------------------

    def start(self, config=None, with_gate=True, workers=1):
        self.clear()
        os.makedirs(f"{self.dir}/pids")
        os.chmod(self.dir, 0o755)
        self.with_gate, self.workers = with_gate, workers
        self.make_links()
        self.make_certificate()
        self.start_dns()
        if with_gate:
            self.write_config(config or {})
            self.start_gate()
        else:
            self.make_bridge()
        for provider in PROVIDERS:
            self.start_receiver(provider)
        self.start_sender()
        if with_gate:
            self.start_daemon()
            self.wait_enforced()
        return self

    def stop(self):
        for place, base in self.postfix:
            run(*self.netns(place, "postfix", "-c", base, "stop"), check=False)
        self.postfix = []
        for name in list(self.process):
            self.end(name)
        self.clear()

    def clear(self):
        """What this bed, or a crashed one of its name, left: by its own pid files and names only."""
        pids = f"{self.dir}/pids"
        for name in os.listdir(pids) if os.path.isdir(pids) else []:
            end_pid(int(open(f"{pids}/{name}").read()), self.dir)
        for name in ("mta", *PROVIDERS):
            with contextlib.suppress(FileNotFoundError, ValueError):
                end_pid(int(open(f"{self.dir}/{name}/spool/pid/master.pid").read()), self.dir)
        existing = run("ip", "netns", "list")
        for ns in self.ns.values():
            if re.search(rf"^{re.escape(ns)}\b", existing, re.M):
                for pid in run("ip", "netns", "pids", ns).split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
                run("ip", "netns", "del", ns)
            shutil.rmtree(f"/etc/netns/{ns}", ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir("/etc/netns")
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(f"/var/run/dpdk/{self.name}", ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if os.environ.get("SLUICE_KEEP") != "1":
            self.stop()
