"""What is around Sluiceway fails: metrics, disk, ports, files, clock, a second server, two people."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.scenario.harness import Rig, free_port, rig, wait_for

PROMETHEUS_STAGES = (
    '    - {name: few, weight: 10%, duration: 10m, criteria: ["orders_failed < 0.1"]}\n'
    "    - {name: all, weight: 100%, duration: 10m}"
)


class _Prometheus(ThreadingHTTPServer):
    """Answers like Prometheus while `works`, hangs otherwise."""

    daemon_threads = True
    works = False


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Prometheus)
        if not self.server.works:
            time.sleep(5)
        body = (
            b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.01"]}]}}'
        )
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.mark.parametrize("state", ["gone", "slow"])
def test_metrics_that_are_gone_or_slow_hold_the_stage_until_they_are_back(app: Rig, state: str) -> None:
    port = free_port()
    source = _Prometheus(("127.0.0.1", port), _Handler) if state == "slow" else None
    if source:
        threading.Thread(target=source.serve_forever, daemon=True).start()
    metric = (
        f'  orders_failed: {{source: prometheus, address: "http://127.0.0.1:{port}", '
        "query: 'orders{version=\"{{version}}\"}', unit: share}"
    ).replace("{{version}}", "{{version}}")
    app.write_process(metrics=metric, stages=PROMETHEUS_STAGES)
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")

    held = wait_for("the stage to be held for want of data", lambda: _held(app, rollout), 40)
    assert held["summary"]["stage"] == "few"
    assert any("prometheus" in p.lower() or str(port) in p for p in held["problems"]), held["problems"]
    if source is None:
        source = _Prometheus(("127.0.0.1", port), _Handler)
        threading.Thread(target=source.serve_forever, daemon=True).start()
    source.works = True

    app.wait_phase(rollout, "promoted", within_s=60)
    assert [r for r in app.records() if r.is_failed] == []
    source.shutdown()


def _held(app: Rig, rollout: str) -> dict[str, object] | None:
    view = app.view(rollout)
    kinds = [decision["kind"] for decision in view["decisions"]]
    return view if "holding" in kinds and view["problems"] else None


def test_the_ingress_port_being_taken_is_named_and_mended_by_retry(app: Rig) -> None:
    blocker = ThreadingHTTPServer(("127.0.0.1", app.port), BaseHTTPRequestHandler)
    app.write_process()
    app.serve()
    rollout = app.start()

    problem = wait_for("the port problem", lambda: _problem_with(app, rollout, str(app.port)), 40)
    assert "another process does" in problem
    blocker.server_close()
    app.act(rollout, "retry", reason="port is free now")

    app.users()
    app.wait_phase(rollout, "promoted", within_s=90)


def _problem_with(app: Rig, rollout: str, word: str) -> str:
    return next((p for p in app.view(rollout)["problems"] if word in p), "")


def test_the_api_port_being_taken_is_one_clear_line(app: Rig) -> None:
    blocker = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = blocker.server_address[1]

    done = _sluice(app, "serve", "--data", str(app.data), "--port", str(port))

    assert done.returncode != 0
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
    blocker.server_close()


def _sluice(app: Rig, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*app.python, "-m", "sluiceway", *words],
        cwd=app.home, capture_output=True, text=True, timeout=40, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_second_serve_on_the_same_data_is_refused_and_harms_nothing(app: Rig) -> None:
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users()

    done = _sluice(app, "serve", "--data", str(app.data), "--port", "0")

    assert done.returncode == 6
    assert app.server is not None
    assert str(app.server.pid) in done.stderr
    app.wait_phase(rollout, "promoted", within_s=90)
    assert app.audit_is_whole()


def test_a_process_file_that_is_changed_or_removed_half_way_changes_nothing(app: Rig) -> None:
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")

    app.process_file.write_text("rollout: [this is: not a process")
    app.kill()
    app.serve()
    app.wait_stage(rollout, "half")
    app.process_file.unlink()

    app.wait_phase(rollout, "promoted", within_s=90)


def begun(app: Rig, rollout: str) -> dict[str, Any] | None:
    """Return the rollout once its stage has begun: until then its version still grows by itself."""
    view = app.view(rollout)
    return view if view["stage_time_left_s"] else None


def test_two_people_acting_at_once_get_one_outcome_and_a_clear_refusal(app: Rig) -> None:
    app.speed = 1
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")
    view = wait_for("the stage to begin", lambda: begun(app, rollout))

    with ThreadPoolExecutor(2) as people:
        answers = [
            people.submit(app.act, rollout, kind, reason=kind, expected_version=view["version"])
            for kind in ("promote", "abort")
        ]
        codes = sorted(answer.result().status_code for answer in answers)
    refused = [a.result().json() for a in answers if a.result().status_code >= 400]

    assert codes[0] == 200
    assert all(problem["code"] in {"conflict", "illegal-move"} for problem in refused), refused
    final = app.act(rollout, "abort", reason="make sure")
    assert final.status_code in {200, 409}
    app.wait_phase(rollout, "aborted", within_s=30)
    assert app.records()[-1].version == "1.0"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 28 MB of its own."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root and a mount command")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=28m", "tmpfs", str(disk)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not allow mounting a tmpfs, even as root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_full_disk_stops_no_user_and_is_survived(small_disk: Path, tmp_path: Path) -> None:
    with rig(small_disk / "home") as app:
        app.records_file = tmp_path / "records.jsonl"
        app.write_process()
        app.serve()
        rollout = app.start()
        app.users()
        app.wait_stage(rollout, "few")
        ballast = _fill(small_disk)
        time.sleep(3)  # let it meet the full disk a few times

        assert httpx.get(f"{app.url}/healthz", timeout=5).status_code in {200, 503}
        ballast.unlink()
        app.wait_phase(rollout, "promoted", within_s=90)

        assert [r for r in app.records() if r.is_failed] == []
        assert app.audit_is_whole()


def test_users_are_taken_back_within_seconds_also_while_the_disk_is_full(
    small_disk: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    with rig(small_disk / "home", speed=60.0) as app:
        app.records_file = tmp_path / "records.jsonl"
        app.write_process(new_env=f'{{ERRORS: "0.5", BROKEN_FILE: "{broken}"}}')
        app.serve()
        rollout = app.start()
        app.users()
        app.wait_stage(rollout, "few")
        wait_for("the reserve", (app.data / "reserve").exists, 10)
        _fill(small_disk)
        broken.touch()
        broken_at = time.time()

        app.wait_phase(rollout, "rolled-back", "rolling-back", within_s=20)
        wait_for("everyone on 1.0", lambda: app.view(rollout)["weight_observed_percent"] == 0, 20)
        time.sleep(2)  # users go on

        last_new = max(r.at for r in app.records() if r.version == "2.0")
        assert last_new - broken_at < 10


def _fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65_536)
                file.flush()
        except OSError:
            pass
    return ballast


FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed (Debian package libfaketime)")
def test_a_system_clock_that_jumps_back_an_hour_changes_nothing(app: Rig) -> None:
    shift = app.home / "shift"
    shift.write_text("+0\n")
    app.environment = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(shift),
        "FAKETIME_CACHE_DURATION": "1",  # seconds between looks at the file
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few", within_s=180)  # all is slow under a faked clock

    shift.write_text("-3600\n")
    app.wait_stage(rollout, "half", within_s=180)
    app.kill()
    app.serve()
    app.wait_phase(rollout, "promoted", within_s=180)

    assert [r for r in app.records() if r.is_failed] == []
    assert app.audit_is_whole()
    history = app.api("GET", f"/rollouts/{rollout}/history").json()
    times = [entry["process_at"] for entry in history]
    assert times == sorted(times)
