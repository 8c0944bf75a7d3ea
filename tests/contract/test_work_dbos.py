"""The work engine on a real queue: delivery, retries, failures that people see, and pruning."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, text

from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.store import SqlStore, open_store
from sluiceway.adapters.work.dbos_work import ATTEMPTS, DbosWork
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import Effect, EnsureVersion, RolloutId, RunSmoke, SetTraffic
from sluiceway.errors import PermanentProviderError, StoreError, TemporaryProviderError
from sluiceway.ports.store import RolloutRow
from sluiceway.testing.builders import a_row, at

WITHIN_S = 20.0
ENSURE = EnsureVersion(Version("v2"), 1)
TRAFFIC = SetTraffic(Version("v1"), Version("v2"), 1_000)


@dataclass
class Handler:
    """Remembers what it delivered; `faults` are raised first, one for each delivery."""

    faults: list[Exception] = field(default_factory=list)
    tries: int = 0
    done: list[tuple[RolloutId, int, Effect]] = field(default_factory=list)
    hold: threading.Event | None = None

    def deliver(self, rollout_id: RolloutId, gen: int, effect: Effect) -> None:
        self.tries += 1
        if self.hold is not None:
            self.hold.wait(WITHIN_S)
        if self.faults:
            raise self.faults.pop(0)
        self.done.append((rollout_id, gen, effect))


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


@pytest.fixture(params=["sqlite_store", "postgres_store"])
def store(request: pytest.FixtureRequest) -> SqlStore:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, SqlStore)
    return found


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[SqlStore]:
    store = open_store(postgres_url)
    yield store
    store.close()


@pytest.fixture
def work(store: SqlStore) -> Iterator[DbosWork]:
    work = DbosWork(store, SystemClock())
    yield work
    work.stop()


@pytest.fixture
def row(store: SqlStore) -> RolloutRow:
    with store.begin() as tx:
        tx.insert_rollout(a_row())
        (row,) = tx.claim_due(at(0), 30, 1)
        assert tx.save_claimed(row, row.state, at(10_000_000))
    return row


def enqueue(store: SqlStore, row: RolloutRow, *effects: Effect, keys: str = "k") -> None:
    with store.begin() as tx:
        for number, effect in enumerate(effects):
            tx.enqueue_effect(row, f"{row.id}:{row.gen}:{keys}{number}", effect)


def failures(store: SqlStore, row: RolloutRow) -> list[str]:
    with store.read() as tx:
        return [one.text for one in tx.effect_failures(row.id)]


def test_an_effect_is_delivered_as_it_was_queued(store: SqlStore, work: DbosWork, row: RolloutRow) -> None:
    handler = Handler()
    work.start(handler)
    enqueue(store, row, ENSURE)

    wait_for(lambda: handler.done == [(row.id, 1, ENSURE)])


def test_effects_queued_before_the_start_are_delivered(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    enqueue(store, row, ENSURE, TRAFFIC)
    handler = Handler()
    work.start(handler)

    wait_for(lambda: {effect for _, _, effect in handler.done} == {ENSURE, TRAFFIC})


def test_an_effect_of_a_decision_that_was_undone_is_not_delivered(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    def enqueue_and_fail() -> None:
        with store.begin() as tx:
            tx.enqueue_effect(row, f"{row.id}:undone", ENSURE)
            raise RuntimeError("on purpose")

    handler = Handler()
    work.start(handler)
    with pytest.raises(RuntimeError, match="on purpose"):
        enqueue_and_fail()
    enqueue(store, row, TRAFFIC)

    wait_for(lambda: bool(handler.done))
    assert handler.done == [(row.id, 1, TRAFFIC)]


def test_the_same_key_twice_is_delivered_once(store: SqlStore, work: DbosWork, row: RolloutRow) -> None:
    handler = Handler()
    work.start(handler)
    enqueue(store, row, ENSURE)
    wait_for(lambda: len(handler.done) == 1)
    enqueue(store, row, ENSURE)
    enqueue(store, row, TRAFFIC, keys="other")

    wait_for(lambda: len(handler.done) == 2)
    assert [effect for _, _, effect in handler.done] == [ENSURE, TRAFFIC]


@pytest.mark.parametrize("fault", [TemporaryProviderError("timeout"), StoreError("disk full")])
def test_a_temporary_fault_is_tried_again_until_it_passes(
    store: SqlStore, work: DbosWork, row: RolloutRow, fault: Exception
) -> None:
    handler = Handler(faults=[fault])
    work.start(handler)
    enqueue(store, row, ENSURE)

    wait_for(lambda: len(handler.done) == 1)
    assert handler.tries == 2
    assert failures(store, row) == []


def test_a_lasting_temporary_fault_is_given_up_and_shown(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    handler = Handler(faults=[TemporaryProviderError(f"timeout {n}") for n in range(1, ATTEMPTS + 1)])
    work.start(handler)
    enqueue(store, row, ENSURE)

    wait_for(lambda: failures(store, row) == [f"given up after {ATTEMPTS} tries: timeout {ATTEMPTS}"])
    assert handler.done == []


def test_a_permanent_fault_is_not_tried_again_and_shown_at_once(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    handler = Handler(faults=[PermanentProviderError('no such command: "serve"')])
    work.start(handler)
    enqueue(store, row, ENSURE)

    wait_for(lambda: failures(store, row) == ['no such command: "serve"'])
    assert handler.tries == 1


def test_a_failure_makes_its_rollout_due(store: SqlStore, work: DbosWork, row: RolloutRow) -> None:
    work.start(Handler(faults=[PermanentProviderError("no such command")]))
    enqueue(store, row, ENSURE)
    wait_for(lambda: bool(failures(store, row)))

    with store.begin() as tx:
        assert [one.id for one in tx.claim_due(datetime.now(UTC), 30, 10)] == [row.id]


def test_an_unforeseen_fault_is_shown_and_logged_and_stops_nothing(
    store: SqlStore, work: DbosWork, row: RolloutRow, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler(faults=[ZeroDivisionError("a fault of ours")])
    work.start(handler)
    enqueue(store, row, ENSURE)
    wait_for(lambda: bool(failures(store, row)))
    enqueue(store, row, TRAFFIC, keys="next")

    wait_for(lambda: len(handler.done) == 1)
    assert failures(store, row) == [
        "unforeseen fault (ZeroDivisionError: a fault of ours); the log has the details"
    ]
    assert "failed in an unforeseen way" in caplog.text


def test_a_success_clears_the_failure_of_the_same_kind(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    handler = Handler(faults=[PermanentProviderError("no such command")])
    work.start(handler)
    enqueue(store, row, ENSURE)
    wait_for(lambda: bool(failures(store, row)))
    enqueue(store, row, ENSURE, keys="again")

    wait_for(lambda: failures(store, row) == [])


def test_stop_returns_when_nothing_is_being_delivered(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    handler = Handler(hold=threading.Event())
    work.start(handler)
    enqueue(store, row, ENSURE)
    wait_for(lambda: handler.tries == 1)
    assert handler.hold is not None
    threading.Timer(0.3, handler.hold.set).start()
    work.stop()

    assert len(handler.done) == 1


def test_what_is_queued_while_stopped_is_delivered_after_the_next_start(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    handler = Handler()
    work.start(handler)
    work.stop()
    enqueue(store, row, RunSmoke(Version("v2")))
    again = DbosWork(store, SystemClock())
    again.start(handler)
    try:
        wait_for(lambda: len(handler.done) == 1)
    finally:
        again.stop()


def test_two_at_once_in_one_process_are_refused(store: SqlStore, work: DbosWork) -> None:
    work.start(Handler())

    with pytest.raises(RuntimeError, match="stop it first"):
        DbosWork(store, SystemClock()).start(Handler())


def test_pruning_deletes_what_has_ended_and_keeps_what_waits(
    store: SqlStore, work: DbosWork, row: RolloutRow
) -> None:
    handler = Handler()
    work.start(handler)
    enqueue(store, row, ENSURE, TRAFFIC)
    wait_for(lambda: count_workflows(store, "SUCCESS") == 2)
    handler.hold = threading.Event()
    enqueue(store, row, RunSmoke(Version("v2")), keys="held")
    wait_for(lambda: handler.tries == 3)

    assert work.prune(older_than_s=3_600) == 0
    assert work.prune(older_than_s=-3_600) == 2
    handler.hold.set()
    wait_for(lambda: len(handler.done) == 3)


@pytest.mark.parametrize("store", ["sqlite_store"], indirect=True)
def test_a_full_disk_only_delays_effects(
    store: SqlStore, work: DbosWork, row: RolloutRow, caplog: pytest.LogCaptureFixture
) -> None:
    enqueue(store, row, *(EnsureVersion(Version("v2"), number) for number in range(200)))
    limits = [1]  # pages; the file may not grow any more

    def limit(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limits[-1]}")

    event.listen(store.engine, "checkout", limit)
    handler = Handler()
    work.start(handler)
    wait_for(lambda: "disk is full" in caplog.text)
    with pytest.raises(StoreError, match="the disk is full"):
        enqueue(store, row, *(TRAFFIC for _ in range(200)), keys="refused")
    limits.append(1_073_741_823)

    wait_for(lambda: len({effect for _, _, effect in handler.done}) == 200)


def test_the_work_engine_is_silent_on_the_console_while_all_is_well(
    store: SqlStore, work: DbosWork, row: RolloutRow, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = Handler()
    work.start(handler)
    enqueue(store, row, ENSURE)
    wait_for(lambda: len(handler.done) == 1)
    work.stop()

    assert capfd.readouterr() == ("", "")


def test_a_message_that_repeats_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    from sluiceway.adapters.work.logs import quieten

    quieten()
    for _ in range(50):
        logging.getLogger("dbos").warning("the disk of this test is full")

    assert caplog.text.count("the disk of this test is full") == 1


def count_workflows(store: SqlStore, status: str) -> int:
    table = "workflow_status" if store.engine.dialect.name == "sqlite" else "dbos.workflow_status"
    with store.engine.connect() as connection:
        query = text(f"SELECT count(*) FROM {table} WHERE status = :status")
        return int(connection.execute(query, {"status": status}).scalar_one())
