"""Runs the whole app as a user would: `sluice serve` as a process, a real Envoy, real load, and kills.

Everything it starts lives in one directory and is ended by pid at the end of a test.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from sluiceway.demo.records import Record, parse_record

SERVICE = Path(__file__).with_name("service.py")
HEADERS = {"X-Sluice-Client": "test", "X-Sluice-Actor": "tester"}

PROCESS = """\
service:
  name: shop
  command: ["{python}", "{service}", "{{port}}", "{{version}}"]
  env: {{STARTS_FILE: "{starts}"}}
  health: {{path: /healthz, interval: 200ms, within: {within}}}
  instances: {instances}
  stop: {{grace: {grace}}}
  versions:
    "1.0":
      env: {old_env}
    "2.0":
      env: {new_env}
ingress:
  name: shop
  listen: 127.0.0.1:{port}
  sticky: {{header: x-user-id}}
metrics:
{metrics}
rollout:
  strategy: {strategy}
{analysis}
  stages:
{stages}
  triggers:
{triggers}
  rollback: {{automatic: true, step: 5m}}
  keep_old: {keep_old}
"""

STAGES = """\
    - {name: few, weight: 10%, duration: 1h, criteria: ["error_rate < 0.02"], min_requests: 10}
    - {name: half, weight: 50%, duration: 1h, criteria: ["error_rate < 0.02"], min_requests: 10}
    - {name: all, weight: 100%, duration: 1h, criteria: ["error_rate < 0.02"], min_requests: 10}
"""
TRIGGERS = """\
    - {name: errors, when: "error_rate > 0.05", for: 1m, action: immediate, min_requests: 10}
    - {name: crashes, when: "crashes >= 2", for: 1s, action: emergency, min_requests: 0}
"""


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, probe: Callable[[], Any], within_s: float = 30.0) -> Any:
    """Poll until `probe` returns something true; fail with `what` and the last answer."""
    until = time.monotonic() + within_s
    answer: Any = None
    while time.monotonic() < until:
        with contextlib.suppress(httpx.TransportError):
            answer = probe()
            if answer:
                return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {within_s:.0f} s for {what}; last answer: {answer!r}")


@dataclass
class Rig:
    """One data directory with its `sluice serve`, its service and its users."""

    home: Path
    speed: float = 1_200.0
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict[str, str])
    python: tuple[str, ...] = (sys.executable,)
    serve_port: int = 0  # another one at each start, unless clients have to find it again

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.data = self.home / "data"
        self.starts_file = self.home / "starts"
        self.starts_file.touch()
        self.process_file = self.home / "sluiceway.yaml"
        self.server: subprocess.Popen[bytes] | None = None
        self.load: subprocess.Popen[bytes] | None = None
        self.records_file = self.home / "records.jsonl"

    def write_process(self, **parts: object) -> str:
        """Write the process file, with parts of it replaced, and return its text."""
        defaults: dict[str, object] = {
            "python": sys.executable, "service": SERVICE, "starts": self.starts_file, "port": self.port,
            "instances": 1, "grace": "5s", "within": "20s", "old_env": "{}", "new_env": "{}",
            "strategy": "canary", "analysis": "",
            "stages": STAGES.rstrip(), "triggers": TRIGGERS.rstrip(), "keep_old": "0s", "metrics": "  {}",
        }  # fmt: skip
        text = PROCESS.format(**{**defaults, **parts})
        self.process_file.write_text(text)
        return text

    def serve(self, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Start `sluice serve` and wait until it answers."""
        with (self.home / "serve.log").open("ab") as log:
            self.server = subprocess.Popen(
                [*self.python, "-m", "sluiceway", "serve", "--data", str(self.data),
                 "--port", str(self.serve_port), "--speed", str(self.speed)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
                env={**os.environ, **self.environment},
            )  # fmt: skip
        if wait:
            wait_for(f"sluice serve to answer\n{self.serve_log()[-2000:]}", self._answers, 40)
        return self.server

    def serve_log(self) -> str:
        """Return what serve has printed and logged so far."""
        return (self.home / "serve.log").read_text(errors="replace")

    def _answers(self) -> bool:
        assert self.server is not None
        if self.server.poll() is not None:
            raise AssertionError(f"serve ended with {self.server.returncode}:\n{self.serve_log()[-3000:]}")
        address = self.data / "server.json"
        if not address.exists() or json.loads(address.read_text())["pid"] != self.server.pid:
            return False
        return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200

    @property
    def url(self) -> str:
        return str(json.loads((self.data / "server.json").read_text())["url"]).rstrip("/")

    def kill(self) -> None:
        """kill -9 of Sluiceway."""
        assert self.server is not None
        self.server.kill()
        self.server.wait(10)

    def api(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call the REST API."""
        return httpx.request(method, f"{self.url}/api{path}", headers=HEADERS, timeout=15, **more)

    def start(self, text: str | None = None, *, stable: str = "1.0", new: str = "2.0") -> str:
        """Start a rollout and return its id."""
        answer = self.api(
            "POST",
            "/rollouts",
            json={
                "process": text or self.process_file.read_text(),
                "path": str(self.process_file),
                "new": new,
                "stable": stable,
            },
        )
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["summary"]["id"])

    def view(self, rollout_id: str) -> dict[str, Any]:
        """Return the rollout as the API shows it."""
        answer = self.api("GET", f"/rollouts/{rollout_id}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    def phase(self, rollout_id: str) -> str:
        return str(self.view(rollout_id)["summary"]["phase"])

    def act(self, rollout_id: str, kind: str, **body: Any) -> httpx.Response:
        return self.api("POST", f"/rollouts/{rollout_id}/actions/{kind}", json=body)

    def wait_phase(self, rollout_id: str, *phases: str, within_s: float = 60) -> dict[str, Any]:
        """Wait until the rollout is in one of the phases and return its view."""

        def reached() -> dict[str, Any] | None:
            view = self.view(rollout_id)
            return view if view["summary"]["phase"] in phases else None

        try:
            found: dict[str, Any] = wait_for(f"phase {phases}", reached, within_s)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.serve_log()[-4000:]}") from failure
        return found

    def wait_stage(self, rollout_id: str, stage: str, within_s: float = 60) -> dict[str, Any]:
        """Wait until a stage's weight is observed at the proxy."""

        def reached() -> dict[str, Any] | None:
            view = self.view(rollout_id)
            in_force = view["weight_observed_percent"] == view["weight_asked_percent"]
            return view if view["summary"]["stage"] == stage and in_force else None

        found: dict[str, Any] = wait_for(f"stage {stage} in force", reached, within_s)
        return found

    def users(self, rps: float = 60) -> None:
        """Let users come, from now until the end of the test."""
        wait_for("the ingress to answer", self._ingress_answers, 40)
        self.load = subprocess.Popen(
            [sys.executable, "-m", "sluiceway.demo.load", "--url", f"http://127.0.0.1:{self.port}",
             "--rps", str(rps), "--users", "200", "--seconds", "240", "--timeout", "10",
             "--out", str(self.records_file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _ingress_answers(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/", timeout=2).status_code == 200

    def records(self) -> list[Record]:
        """End the load and return every request that was sent."""
        if self.load and self.load.poll() is None:
            self.load.terminate()
            self.load.wait(15)
        return [parse_record(line) for line in self.records_file.read_text().splitlines()]

    def starts(self, version: str) -> int:
        """Return how often an instance of the version was started."""
        lines = self.starts_file.read_text().splitlines()
        return sum(line.split()[0] == version for line in lines)

    def envoys(self) -> list[psutil.Process]:
        """Return the Envoy processes of this rig."""
        mine = str(self.data)
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["name", "cmdline"]):
            words = process.info["cmdline"] or []
            if process.info["name"] == "envoy" and any(mine in word for word in words):
                found.append(process)
        return found

    def services(self) -> list[psutil.Process]:
        """Return the service processes of this rig."""
        pids = [int(line.split()[1]) for line in self.starts_file.read_text().splitlines()]
        found: list[psutil.Process] = []
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if str(SERVICE) in process.cmdline():
                    found.append(process)
        return found

    def audit_is_whole(self) -> bool:
        """Ask the running server to verify its audit trail."""
        answer = self.api("GET", "/audit/verify")
        return answer.status_code == 200

    def close(self) -> None:
        """End everything this rig started."""
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            try:
                self.server.wait(15)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait(5)
        if self.load and self.load.poll() is None:
            self.load.kill()
            self.load.wait(5)
        for process in (*self.services(), *self.envoys()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@contextlib.contextmanager
def rig(home: Path, **settings: Any) -> Iterator[Rig]:
    """Yield a rig and end everything it started, whatever happens."""
    made = Rig(home, **settings)
    try:
        yield made
    finally:
        made.close()
