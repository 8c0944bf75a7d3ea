"""Steps of runbooks on a real queue: taken off it once, tried again, and never in the way of effects."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.adapters.work.dbos_work import ATTEMPTS, STEPS_AT_ONCE, DbosWork
from sluiceway.domain.checklists.model import RunId
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import Effect, EnsureVersion, RolloutId
from sluiceway.errors import NotFoundError, StoreError
from sluiceway.testing.builders import a_row, at

WITHIN_S = 20.0


@dataclass
class Handler:
    """Remembers what it was given; `faults` are raised first, one for each step."""

    faults: list[Exception] = field(default_factory=list[Exception])
    steps: list[tuple[RunId, str]] = field(default_factory=list[tuple[RunId, str]])
    effects: list[Effect] = field(default_factory=list[Effect])
    hold: threading.Event | None = None

    def carry_out(self, run_id: RunId, key: str) -> None:
        self.steps.append((run_id, key))
        if self.hold is not None:
            self.hold.wait(WITHIN_S)
        if self.faults:
            raise self.faults.pop(0)

    def deliver(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        self.effects.append(effect)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[SqlStore]:
    store = open_store(tmp_path / "sluiceway.sqlite")
    yield store
    store.close()


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[SqlStore]:
    store = open_store(postgres_url)
    yield store
    store.close()


@pytest.fixture(params=["sqlite_store", "postgres_store"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, SqlStore)
    return found


@pytest.fixture
def work(store: SqlStore) -> Iterator[DbosWork]:
    work = DbosWork(store, SystemClock())
    yield work
    work.stop()


def queue(store: SqlStore, *keys: str) -> None:
    with store.begin() as tx:
        for key in keys:
            tx.enqueue_step(RunId("r1"), key)


def test_a_step_is_handed_over_once_with_its_key(store: SqlStore, work: DbosWork) -> None:
    handler = Handler()
    queue(store, "r1:backup:1", "r1:backup:1")
    work.start(handler, handler)
    queue(store, "r1:backup:1", "r1:deploy:2")

    wait_for(lambda: len(handler.steps) == 2)
    assert sorted(handler.steps) == [(RunId("r1"), "r1:backup:1"), (RunId("r1"), "r1:deploy:2")]


def test_a_step_whose_outcome_can_t_be_noted_is_handed_over_again(store: SqlStore, work: DbosWork) -> None:
    handler = Handler(faults=[StoreError("the disk is full")])
    work.start(handler, handler)
    queue(store, "k")

    wait_for(lambda: len(handler.steps) == 2)
    assert handler.steps == [(RunId("r1"), "k")] * 2


@pytest.mark.parametrize("store", ["sqlite_store"], indirect=True)
def test_a_lasting_fault_is_logged_and_given_up(
    store: SqlStore, work: DbosWork, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler(faults=[StoreError("the disk is full")] * ATTEMPTS)
    work.start(handler, handler)
    queue(store, "k")

    wait_for(lambda: "the outcome of step k could not be noted: the disk is full" in caplog.text)
    assert len(handler.steps) == ATTEMPTS


@pytest.mark.parametrize("store", ["sqlite_store"], indirect=True)
def test_a_step_of_a_run_that_is_gone_is_dropped(
    store: SqlStore, work: DbosWork, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler(faults=[NotFoundError("there is no run 'r1'")])
    work.start(handler, handler)
    queue(store, "k")

    wait_for(lambda: "step k is dropped: its run r1 is gone" in caplog.text)
    assert len(handler.steps) == 1


@pytest.mark.parametrize("store", ["sqlite_store"], indirect=True)
def test_steps_that_take_long_hold_up_no_effect(store: SqlStore, work: DbosWork) -> None:
    handler = Handler(hold=threading.Event())
    work.start(handler, handler)
    queue(store, *(f"k{number}" for number in range(STEPS_AT_ONCE + 2)))
    wait_for(lambda: len(handler.steps) == STEPS_AT_ONCE)
    with store.begin() as tx:
        tx.insert_rollout(a_row())
        (row,) = tx.claim_due(at(0), 30, 1)
        tx.enqueue_effect(row, "effect", EnsureVersion(Version("v2"), 1))

    wait_for(lambda: handler.effects == [EnsureVersion(Version("v2"), 1)])
    assert len(handler.steps) == STEPS_AT_ONCE
    assert handler.hold is not None
    handler.hold.set()
    wait_for(lambda: len(handler.steps) == STEPS_AT_ONCE + 2)
