"""`sluice serve` as a process: what it refuses, how it ends, what it leaves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sluiceway.adapters.data_dir import read_note

START_WITHIN_S = 40.0
END_WITHIN_S = 20.0


def serve_command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sluiceway", "serve", *words]


def refused(*words: str) -> tuple[int, str]:
    """Run a serve that is expected to end at once; return its exit code and what it said."""
    done = subprocess.run(
        serve_command(*words), capture_output=True, text=True, check=False, timeout=START_WITHIN_S
    )
    return done.returncode, done.stderr


@contextmanager
def serving(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Yield a running server and its address; kill it at the end if it still runs."""
    log = data.with_suffix(".log").open("ab")
    server = subprocess.Popen(
        serve_command("--data", str(data), "--port", "0"), stdout=log, stderr=log, env=dict(os.environ)
    )
    try:
        yield server, wait_for_address(server, data)
    finally:
        server.kill()
        server.wait()
        log.close()


def wait_for_address(server: subprocess.Popen[bytes], data: Path) -> str:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        assert server.poll() is None, data.with_suffix(".log").read_text()
        note = read_note(data / "server.json")
        if note is not None and note.pid == server.pid:
            return note.url
        time.sleep(0.05)
    raise AssertionError("serve did not announce itself")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path / "data") as (server, _):
        server.send_signal(number)

        assert server.wait(END_WITHIN_S) == 0

    assert not (tmp_path / "data" / "server.json").exists()
    assert "go on serving users" in (tmp_path / "data.log").read_text()


def test_after_a_kill_the_next_one_takes_over(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (server, _):
        server.kill()
        server.wait()

    with serving(tmp_path / "data") as (_, url):
        assert httpx.get(f"{url}/healthz", trust_env=False).json()["ok"] is True


def test_a_second_one_on_the_same_data_is_refused_and_told_who_serves(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (server, url):
        code, said = refused("--data", str(tmp_path / "data"), "--port", "0")

        assert code == 6
        assert f"process {server.pid} at {url}" in said
        assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, said = refused("--data", str(tmp_path / "data"), "--port", str(port))

    assert code == 2
    assert f"port {port}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com"])
def test_listening_beyond_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    code, said = refused("--data", str(tmp_path / "data"), "--host", host)

    assert code == 2
    assert "there are no accounts" in said


def test_a_data_directory_that_cant_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    code, said = refused("--data", str(tmp_path / "file" / "data"), "--port", "0")

    assert code == 7
    assert "choose another with --data" in said


def test_log_lines_are_json_with_time_level_service_and_message(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (server, _):
        server.terminate()
        server.wait(END_WITHIN_S)

    lines = (tmp_path / "data" / "logs" / "sluice.log").read_text().splitlines()
    assert lines
    for line in lines:
        found = json.loads(line)
        assert {"timestamp", "level", "service", "message"} <= found.keys()
        assert found["service"] == "sluiceway"


def test_the_console_is_at_the_address_that_is_printed(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (_, url):
        page = httpx.get(f"{url}/", trust_env=False)

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
