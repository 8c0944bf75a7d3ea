"""The whole demo as a process: a real server, a real Envoy, real users; its outcome, and what it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from sluiceway.demo.children import left_running

pytestmark = [pytest.mark.envoy, pytest.mark.slow]

WITHIN_S = 150.0


class Demo:
    def __init__(self, home: Path, *arguments: str) -> None:
        self.data = home / "demo"
        self.errors = home / "stderr"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sluiceway", "demo", "--data", str(self.data), *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, "COLUMNS": "300"},
            )

    def finish(self) -> tuple[int, dict[str, Any]]:
        """Wait for the end; return the exit status and the JSON on the last line of stdout."""
        out, _ = self.process.communicate(timeout=WITHIN_S)
        lines = out.decode().splitlines()
        assert lines, self.errors.read_text()
        result: dict[str, Any] = json.loads(lines[-1])
        return self.process.returncode, result

    def wait_for(self, what: str, probe: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not probe():
            assert self.process.poll() is None, self.errors.read_text()
            assert time.monotonic() < deadline, f"waited for {what}\n{self.errors.read_text()}"
            time.sleep(0.1)

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


StartDemo = Callable[..., Demo]


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[StartDemo]:
    demos: list[Demo] = []

    def start(*arguments: str) -> Demo:
        demos.append(Demo(tmp_path, *arguments))
        return demos[-1]

    yield start
    for demo in demos:
        if demo.process.poll() is None:
            demo.process.terminate()
            demo.process.communicate(timeout=60)


def test_a_sound_version_is_promoted_and_no_request_is_lost_by_moving(start_demo: StartDemo) -> None:
    demo = start_demo("--headless", "--rps", "100", "--speed", "9000")
    status, result = demo.finish()
    assert (status, result["fault"], result["outcome"]) == (0, "none", "promoted"), demo.errors.read_text()
    assert result["requests"] > 500
    assert (result["first_bad_at_s"], result["decided_at_s"], result["traffic_safe_at_s"]) == (None,) * 3
    # The shop itself fails two answers in a thousand; nothing else may.
    assert result["failed_requests"] <= 0.002 * result["requests"] + 10
    assert left_running(demo.data / "data") == []


@pytest.mark.parametrize("fault", ["errors", "crash"])
def test_a_faulty_version_is_taken_back_within_seconds(start_demo: StartDemo, fault: str) -> None:
    demo = start_demo("--headless", "--rps", "100", "--fault", fault)
    status, result = demo.finish()
    assert (status, result["outcome"]) == (0, "rolled_back"), demo.errors.read_text()
    assert result["first_bad_at_s"] < result["decided_at_s"] < result["traffic_safe_at_s"]
    assert result["traffic_safe_at_s"] - result["first_bad_at_s"] <= 5.0
    assert left_running(demo.data / "data") == []


def test_ctrl_c_half_way_ends_everything_that_was_started(start_demo: StartDemo) -> None:
    demo = start_demo("--rps", "20", "--port", "0", "--ingress-port", "0", "--no-browser")
    demo.wait_for("users", (demo.data / "records.jsonl").exists)
    started = demo.children()
    running = left_running(demo.data / "data")
    demo.process.send_signal(signal.SIGINT)
    demo.process.communicate(timeout=WITHIN_S)
    assert demo.process.returncode == 130
    assert len(running) >= 2  # the proxy and the shop
    assert left_running(demo.data / "data") == []
    assert [process for process in started if process.is_running()] == []


def test_with_a_person_watching_the_console_stays_up_until_ctrl_c(start_demo: StartDemo) -> None:
    demo = start_demo("--fault", "crash", "--rps", "50", "--port", "0", "--ingress-port", "0", "--no-browser")
    demo.wait_for("the end of the rollout", lambda: "until you press Ctrl-C" in demo.errors.read_text())
    url = json.loads((demo.data / "data" / "server.json").read_text())["url"]
    rollouts = httpx.get(f"{url}/api/rollouts", trust_env=False).json()
    demo.process.send_signal(signal.SIGINT)
    status, result = demo.finish()
    assert [rollout["phase"] for rollout in rollouts] == ["rolled-back"]
    assert (status, result["outcome"]) == (0, "rolled_back")
    assert left_running(demo.data / "data") == []


def test_a_server_that_dies_ends_the_demo_with_its_last_words(start_demo: StartDemo) -> None:
    demo = start_demo("--headless", "--rps", "20")
    demo.wait_for("users", (demo.data / "records.jsonl").exists)
    server = json.loads((demo.data / "data" / "server.json").read_text())["pid"]
    os.kill(server, signal.SIGKILL)
    demo.process.communicate(timeout=WITHIN_S)
    assert demo.process.returncode == 10
    assert "sluice serve has ended; the end of its log" in demo.errors.read_text()
    assert left_running(demo.data / "data") == []
