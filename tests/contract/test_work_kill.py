"""Effects outlive `kill -9` of the process that should have delivered them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sluiceway.adapters.store import open_store
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import EnsureVersion
from sluiceway.testing.builders import a_row, at

PROCESS = Path(__file__).with_name("work_process.py")
WITHIN_S = 20.0


@contextmanager
def worker(database: Path, deliveries: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run the process until the block ends, then kill it if it still lives."""
    process = subprocess.Popen(
        [sys.executable, str(PROCESS), str(database), str(deliveries), *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def lines(deliveries: Path) -> list[str]:
    return deliveries.read_text("utf-8").splitlines() if deliveries.exists() else []


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "sluiceway.sqlite"


@pytest.fixture
def deliveries(tmp_path: Path) -> Path:
    return tmp_path / "deliveries.txt"


def enqueue(database: Path, count: int) -> list[str]:
    """Queue effects as one decision would; return the lines that tell of their delivery."""
    store = open_store(database)
    effects = [EnsureVersion(Version("v2"), number) for number in range(count)]
    with store.begin() as tx:
        tx.insert_rollout(a_row())
        (row,) = tx.claim_due(at(0), 30, 1)
        for number, effect in enumerate(effects):
            tx.enqueue_effect(row, f"{row.id}:{row.gen}:{number}", effect)
        assert tx.save_claimed(row, row.state, at(1))
    store.close()
    return [f"end 1 {effect}" for effect in effects]


def test_effects_queued_by_a_process_that_died_are_delivered_by_the_next(
    database: Path, deliveries: Path
) -> None:
    program = f"""
import os, pathlib, signal
from tests.contract.test_work_kill import enqueue
enqueue(pathlib.Path({str(database)!r}), 3)
os.kill(os.getpid(), signal.SIGKILL)
"""
    queuing = subprocess.run([sys.executable, "-c", program], cwd=PROCESS.parents[2], check=False)
    assert queuing.returncode == -signal.SIGKILL

    with worker(database, deliveries):
        wait_for(lambda: len([line for line in lines(deliveries) if line.startswith("end")]) == 3)


def test_a_process_killed_during_a_delivery_delivers_again_after_its_restart(
    database: Path, deliveries: Path
) -> None:
    expected = enqueue(database, 2)
    with worker(database, deliveries, "hang") as process:
        wait_for(lambda: len(lines(deliveries)) == 2)
        process.send_signal(signal.SIGKILL)
    assert not [line for line in lines(deliveries) if line.startswith("end")]

    with worker(database, deliveries):
        wait_for(lambda: set(expected) <= set(lines(deliveries)))


def test_what_was_delivered_before_a_kill_is_not_delivered_again(database: Path, deliveries: Path) -> None:
    expected = enqueue(database, 5)
    with worker(database, deliveries):
        wait_for(lambda: set(expected) <= set(lines(deliveries)))
        wait_for(lambda: is_recorded(database, 5))
    with worker(database, deliveries):
        wait_for(lambda: is_recorded(database, 5))

    assert sorted(line for line in lines(deliveries) if line.startswith("end")) == sorted(expected)


@pytest.mark.slow
def test_no_effect_is_lost_however_often_the_process_is_killed(database: Path, deliveries: Path) -> None:
    expected = enqueue(database, 40)
    for _ in range(3):
        with worker(database, deliveries) as process:
            wait_for(has_more_lines(deliveries))
            process.send_signal(signal.SIGKILL)

    with worker(database, deliveries):
        wait_for(lambda: set(expected) <= set(lines(deliveries)))


def has_more_lines(deliveries: Path) -> Callable[[], bool]:
    known = len(lines(deliveries))
    return lambda: len(lines(deliveries)) > known


def is_recorded(database: Path, count: int) -> bool:
    """Return whether the work engine has noted the end of so many effects."""
    store = open_store(database)
    try:
        with store.engine.connect() as connection:
            query = "SELECT count(*) FROM workflow_status WHERE status = 'SUCCESS'"
            return int(connection.exec_driver_sql(query).scalar_one()) == count
    finally:
        store.close()
