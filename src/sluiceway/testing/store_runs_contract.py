"""The part of the store contract about runs of runbooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Outcome, Run, RunId, RunPhase
from sluiceway.domain.process.lists import Runbook, Step, StepKind
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.releases import RunRow
from sluiceway.ports.store import Store
from sluiceway.testing.builders import T0, at

Reopen = Callable[[str], Store]

DEPLOYMENT = Runbook(
    "deployment",
    "Deployment",
    (
        Step("backup", "Backup", StepKind.COMMAND, command=("./backup",), undo=("./drop",), attempts=2),
        Step("probe", "Probe", StepKind.HTTP, url="http://127.0.0.1/healthz", contains="ok"),
        Step("tell", "Tell the users", owner="release-manager"),
    ),
)


def a_run(run_id: str = "run-1", *, release: str = "REL-2026-0001") -> Run:
    return running.begin(
        RunId(run_id),
        DEPLOYMENT,
        by="ada",
        now=T0,
        release=release,
        service="checkout",
        version="1.4.0",
        cwd="/srv/checkout",
        env=(("REGION", "eu"),),
    )


def begun(run: Run, output: str = "") -> Run:
    """Return the run with one try that failed and printed something, and one under way."""
    first = running.take(run, "k1", at(1))
    assert first is not None
    second = running.take(
        running.end_attempt(first, Outcome(False, "exit code 1", output), at(2)), "k2", at(60)
    )
    assert second is not None
    return second


def keep(store: Store, *rows: RunRow) -> None:
    with store.begin() as tx:
        for row in rows:
            tx.insert_run(row)


class StoreRunsContract:
    def test_a_run_comes_back_as_it_was_kept(self, store: Store) -> None:
        row = RunRow(begun(a_run(), "línea\n日本 \x00 end"), 0, at(5))
        keep(store, row)

        with store.read() as tx:
            assert tx.get_run(row.run.id) == row

    def test_a_second_run_of_the_same_id_is_refused(self, store: Store) -> None:
        keep(store, RunRow(a_run(), 0, at(0)))

        with pytest.raises(ConflictError, match="run run-1 exists already"):
            keep(store, RunRow(a_run(), 0, at(0)))

    def test_a_run_that_does_not_exist_is_named(self, store: Store) -> None:
        with store.read() as tx, pytest.raises(NotFoundError, match="there is no run 'nope'"):
            tx.get_run(RunId("nope"))

    def test_several_runs_are_looked_up_at_once_newest_first(self, store: Store) -> None:
        keep(store, *(RunRow(a_run(f"run-{n}"), 0, None) for n in range(4)))

        with store.read() as tx:
            found = tx.get_runs((RunId("run-0"), RunId("nope"), RunId("run-2")))
            nothing = tx.get_runs(())
        assert [row.run.id for row in found] == ["run-2", "run-0"]
        assert list(nothing) == []

    def test_runs_are_listed_newest_first_in_pages_and_by_release(self, store: Store) -> None:
        others = [RunRow(a_run(f"run-{n}", release=f"REL-2026-000{n % 2}"), 0, None) for n in range(5)]
        keep(store, *others)

        with store.read() as tx:
            page = tx.list_runs(release="", limit=2)
            rest = tx.list_runs(release="", limit=9, before=page[-1].run.id)
            odd = tx.list_runs(release="REL-2026-0001", limit=9)
        assert [row.run.id for row in page] == ["run-4", "run-3"]
        assert [row.run.id for row in rest] == ["run-2", "run-1", "run-0"]
        assert [row.run.id for row in odd] == ["run-3", "run-1"]

    def test_a_run_is_due_from_its_instant_on_most_overdue_first(self, store: Store) -> None:
        keep(
            store,
            RunRow(a_run("later"), 0, at(10)),
            RunRow(a_run("sooner"), 0, at(5)),
            RunRow(a_run("parked"), 0, None),
        )

        with store.read() as tx:
            assert [row.run.id for row in tx.due_runs(at(9.999), 9)] == ["sooner"]
            assert [row.run.id for row in tx.due_runs(at(10), 9)] == ["sooner", "later"]
            assert [row.run.id for row in tx.due_runs(at(10), 1)] == ["sooner"]

    def test_a_save_replaces_the_run_and_raises_its_generation(self, store: Store) -> None:
        row = RunRow(a_run(), 0, at(0))
        keep(store, row)
        with store.begin() as tx:
            assert tx.save_run(row, begun(row.run), at(7)) is True

        with store.read() as tx:
            assert tx.get_run(row.run.id) == RunRow(begun(row.run), 1, at(7))

    def test_of_two_who_read_the_same_run_only_one_can_save(self, store: Store, reopen: Reopen) -> None:
        keep(store, RunRow(a_run(), 0, at(0)))
        other = reopen("other")
        with store.read() as tx:
            mine = tx.get_run(RunId("run-1"))
        with other.read() as tx:
            theirs = tx.get_run(RunId("run-1"))
        with other.begin() as tx:
            assert tx.save_run(theirs, replace(theirs.run, why="first"), None) is True

        with store.begin() as tx:
            assert tx.save_run(mine, replace(mine.run, why="second"), None) is False
        with store.read() as tx:
            assert tx.get_run(RunId("run-1")).run.why == "first"

    def test_a_run_that_is_over_is_due_never_again(self, store: Store) -> None:
        row = RunRow(a_run(), 0, at(0))
        keep(store, row)
        stopped = running.stop(row.run, by="ada", why="", takes_back=False, now=at(1))
        with store.begin() as tx:
            tx.save_run(row, stopped, None)

        with store.begin() as tx:
            assert tx.wake_runs(at(0)) == 0
            assert tx.due_runs(at(1e6), 9) == []
            assert tx.get_run(row.run.id).run.phase is RunPhase.STOPPED

    def test_waking_makes_due_what_would_be_due_later_and_nothing_else(self, store: Store) -> None:
        keep(
            store,
            RunRow(a_run("later"), 0, at(1e6)),
            RunRow(a_run("now"), 0, at(1)),
            RunRow(a_run("parked"), 0, None),
        )
        with store.begin() as tx:
            assert tx.wake_runs(at(5)) == 2

        with store.read() as tx:
            found = {row.run.id: row.due_at for row in tx.list_runs(release="", limit=9)}
        assert found == {"later": at(5), "now": at(1), "parked": None}

    def test_a_step_that_was_queued_in_an_undone_transaction_leaves_nothing(self, store: Store) -> None:
        row = RunRow(a_run(), 0, at(0))
        keep(store, row)

        def save_and_fail() -> None:
            with store.begin() as tx:
                tx.save_run(row, begun(row.run), None)
                tx.enqueue_step(row.run.id, "run-1:backup")
                tx.enqueue_step(row.run.id, "run-1:backup")
                raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError, match="on purpose"):
            save_and_fail()
        with store.read() as tx:
            assert tx.get_run(row.run.id) == row
