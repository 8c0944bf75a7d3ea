"""Processes that a demo starts: ended in order, and nothing of anybody else."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from sluiceway.adapters.processes import ProcessRef, is_alive, spawn
from sluiceway.demo.children import Child, end_left_running, free_port, left_running
from sluiceway.demo.options import DemoOptions
from sluiceway.demo.progress import Progress
from sluiceway.demo.runner import run_demo
from sluiceway.errors import InvalidInputError

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def start(code: str, tmp_path: Path) -> Child:
    log = tmp_path / "log"
    child = Child("sleeper", [sys.executable, "-c", code], log=log)
    deadline = time.monotonic() + 20
    while "up" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return child


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    data = tmp_path / "data"
    data.mkdir()
    yield data
    end_left_running(data, grace_s=0.1)


def leave_running(data: Path) -> ProcessRef:
    return spawn(
        [sys.executable, "-c", "import time; time.sleep(60)"],
        cwd=data,
        env=os.environ,
        log_path=data / "log",
        tag=f"shop:{data}/deploy/shop",
    )


def test_a_child_ends_when_told(tmp_path: Path) -> None:
    child = start(SLEEP, tmp_path)
    running = not child.has_ended
    child.end()
    assert running
    assert child.has_ended


def test_a_child_that_does_not_listen_ends_all_the_same(tmp_path: Path) -> None:
    child = start(DEAF, tmp_path)
    child.end(grace_s=0.2)
    assert child.has_ended


def test_ending_twice_is_fine(tmp_path: Path) -> None:
    child = start(SLEEP, tmp_path)
    child.end()
    child.end()
    assert child.has_ended


def test_the_last_words_of_a_child_are_kept(tmp_path: Path) -> None:
    child = Child(
        "talker",
        [sys.executable, "-c", "print(*range(20), sep='\\n')"],
        log=tmp_path / "log",
    )
    while not child.has_ended:
        time.sleep(0.02)
    assert child.last_words(3) == "17\n18\n19"


def test_what_a_server_left_running_is_found_by_its_folder_and_ended(data: Path) -> None:
    left = leave_running(data)
    found = [process.pid for process in left_running(data)]
    end_left_running(data)
    assert found == [left.pid]
    assert not is_alive(left)


def test_what_another_directory_s_server_left_is_left_alone(data: Path, tmp_path: Path) -> None:
    left = leave_running(data)
    # One folder's name begins with the other's.
    end_left_running(tmp_path / "dat")
    assert is_alive(left)


def test_the_preferred_port_is_taken_when_it_is_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    assert free_port(port) == port


def test_another_port_is_taken_when_the_preferred_one_is_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        assert free_port(port) not in {0, port}


def test_an_ingress_port_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
        options = DemoOptions(headless=True, data=tmp_path / "demo", ingress_port=port)
        with pytest.raises(InvalidInputError, match=f"--ingress-port {port} is in use"):
            run_demo(options, Progress(Console(stderr=True), options))
    assert list((tmp_path / "demo").iterdir()) == []


def test_a_directory_in_use_is_refused_before_anything_starts(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    home.mkdir()
    (home / "not-empty").touch()
    demo = subprocess.run(
        [sys.executable, "-m", "sluiceway.demo.runner", "--headless", "--data", str(home)],
        env={**os.environ, "COLUMNS": "500"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert demo.returncode == 2
    assert b"is not empty; name a new directory" in demo.stderr
    assert demo.stdout == b""
