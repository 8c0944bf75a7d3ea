"""The part of the store contract about processes and releases."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.checklists.model import RunPhase
from sluiceway.domain.process.team import CANCELLED
from sluiceway.domain.releases.model import Facts, Release, ReleaseId, Stay
from sluiceway.domain.rollouts.model import Phase
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.releases import (
    EndedRollout,
    ProcessRow,
    ReleaseMark,
    ReleaseQuery,
    ReleaseRow,
    RunRow,
)
from sluiceway.ports.store import Store
from sluiceway.testing.builders import a_row, a_setup, at
from sluiceway.testing.store_rollouts_contract import finish, given
from sluiceway.testing.store_runs_contract import a_run

HASH = "ab" * 32
HOSTILE = "'; DROP TABLE releases; -- <script>alert(1)</script> % _ \\ 日本"


def a_process(text: str = "roles: []", *, service: str = "checkout", seconds: float = 0) -> ProcessRow:
    return ProcessRow(
        service, hashlib.sha256(text.encode()).hexdigest(), text, "process.yaml", at(seconds), "ada"
    )


def a_release(
    number: int = 1,
    *,
    service: str = "checkout",
    phase: str = "draft",
    of_type: str = "minor",
    title: str = "",
    code_name: str = "",
) -> Release:
    """Return a release of version `1.NUMBER.0`."""
    return Release(
        id=ReleaseId(f"REL-2026-{number:04}"),
        service=service,
        facts=Facts(version=f"1.{number}.0", type=of_type, title=title, code_name=code_name),
        process_hash=HASH,
        author="ada",
        created_at=at(number),
        stays=(Stay(phase, at(number), "ada", "made"),),
    )


def add_releases(store: Store, *releases: Release, is_open: bool = True) -> None:
    with store.begin() as tx:
        for release in releases:
            tx.insert_release(ReleaseRow(release, version=1, is_open=is_open))


def found(store: Store, query: ReleaseQuery) -> list[str]:
    """Return the ids that a query finds, as the end of each."""
    with store.read() as tx:
        rows = tx.list_releases(query, limit=50, before=None)
    return [row.release.id[-4:] for row in rows]


def due(store: Store, now: datetime) -> Sequence[str]:
    with store.read() as tx:
        return [row.release.id for row in tx.due_releases(now, 10)]


class StoreReleasesContract:
    def test_a_series_counts_without_gaps_from_one(self, store: Store) -> None:
        with store.begin() as tx:
            numbers = [tx.next_number("REL-2026"), tx.next_number("REL-2026"), tx.next_number("CR-2026")]

        with store.begin() as tx:
            assert [*numbers, tx.next_number("REL-2026")] == [1, 2, 1, 3]

    def test_two_who_ask_at_once_get_different_numbers(
        self, store: Store, reopen: Callable[[str], Store]
    ) -> None:
        with store.begin() as tx:
            tx.next_number("CR-2026")
        stores, numbers = [store, *(reopen("local") for _ in range(3))], list[int]()
        together = threading.Barrier(len(stores), timeout=20)

        def ask(mine: Store) -> None:
            together.wait()
            for _ in range(5):
                with mine.begin() as tx:
                    numbers.append(tx.next_number("CR-2026"))

        threads = [threading.Thread(target=ask, args=(one,)) for one in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(numbers) == list(range(2, 22))

    def test_the_newest_process_of_a_service_is_in_force(self, store: Store) -> None:
        first, second = a_process("a: 1"), a_process("a: 2", seconds=1)
        with store.begin() as tx:
            tx.put_process(first)
            tx.put_process(second)
            tx.put_process(a_process("a: 1", service="search"))

        with store.read() as tx:
            assert tx.current_process("checkout") == second
            assert tx.get_process("checkout", first.content_hash) == first
            assert list(tx.list_processes("checkout")) == [second, first]
            assert list(tx.services()) == ["checkout", "search"]
            in_force = {"checkout": second.content_hash, "search": first.content_hash}
            assert tx.processes_in_force() == in_force
            wanted = {("checkout", second.content_hash), ("search", second.content_hash)}
            assert list(tx.get_processes(wanted)) == [second]
            assert list(tx.get_processes(())) == []
            assert tx.current_process("nobody") is None
            with pytest.raises(NotFoundError, match="search never had"):
                tx.get_process("search", second.content_hash)

    def test_a_process_put_in_force_again_is_the_newest(self, store: Store) -> None:
        first, second = a_process("a: 1"), a_process("a: 2", seconds=1)
        with store.begin() as tx:
            for row in (first, second, replace(first, applied_at=at(2))):
                tx.put_process(row)

        with store.read() as tx:
            assert tx.current_process("checkout") == replace(first, applied_at=at(2))

    def test_a_release_comes_back_as_it_was_kept(self, store: Store) -> None:
        release = replace(a_release(title=HOSTILE), rollouts=("r1", "r2"))
        add_releases(store, release)

        with store.read() as tx:
            assert tx.get_release(release.id) == ReleaseRow(release, 1, is_open=True)
            assert tx.find_release("checkout", "1.1.0") == ReleaseRow(release, 1, is_open=True)
            assert tx.find_release("checkout", "9.9.9") is None
            owner = tx.release_of_rollout("r2")
            assert owner is not None
            assert owner.release == release
            assert tx.release_of_rollout("r3") is None

    def test_rollouts_that_have_ended_are_told_of_open_releases_only(self, store: Store) -> None:
        first, second, third = (a_row(setup=a_setup(service=f"s{n}", port=9_000 + n)) for n in range(3))
        for row, phase in ((second, Phase.ROLLED_BACK), (third, Phase.PROMOTED)):
            given(store, row)
            finish(store, row, phase)
        given(store, first)
        add_releases(store, replace(a_release(1), rollouts=(first.id, second.id)))
        add_releases(store, replace(a_release(2), rollouts=(third.id,)), is_open=False)

        with store.read() as tx:
            assert tx.ended_rollouts() == [EndedRollout(ReleaseId("REL-2026-0001"), 1, second.id)]

    def test_an_open_release_is_marked_by_what_may_have_changed(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        add_releases(store, replace(a_release(1), rollouts=(row.id,)), a_release(2, service="search"))
        add_releases(store, a_release(3), is_open=False)
        with store.begin() as tx:
            for number, phase in enumerate((RunPhase.WAITING, RunPhase.DONE)):
                tx.insert_run(RunRow(replace(a_run(f"run-{number}"), phase=phase), 0, None))

        with store.read() as tx:
            search, checkout = tx.open_releases(None)
            assert tx.open_releases(frozenset({"search"})) == [search]
            assert tx.open_releases(frozenset()) == []
        assert search == ReleaseMark(ReleaseId("REL-2026-0002"), "search", 1)
        assert checkout == ReleaseMark(
            *(ReleaseId("REL-2026-0001"), "checkout", 1),
            rollouts=frozenset({(row.id, row.state.phase.value)}),
            runs=frozenset({("run-0", 0)}),
        )

    def test_several_releases_are_read_at_once(self, store: Store) -> None:
        add_releases(store, a_release(1), a_release(2), a_release(3))

        with store.read() as tx:
            wanted = [ReleaseId(f"REL-2026-{number:04}") for number in (3, 1, 9)]
            assert {one.release.id for one in tx.get_releases(wanted)} == {wanted[0], wanted[1]}
            assert list(tx.get_releases(())) == []

    def test_an_ended_rollout_is_told_with_the_release_as_it_was_saved_last(self, store: Store) -> None:
        row = a_row()
        given(store, row)
        add_releases(store, replace(a_release(), rollouts=(row.id,)))
        with store.read() as tx:
            assert tx.ended_rollouts() == []
        finish(store, row)
        with store.begin() as tx:
            kept = tx.get_release("REL-2026-0001")
            tx.save_release(kept, kept.release, is_open=True, due_at=None)

        with store.read() as tx:
            assert tx.ended_rollouts() == [EndedRollout(ReleaseId("REL-2026-0001"), 2, row.id)]

    def test_an_unknown_release_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFoundError, match="no release 'REL-1'"), store.read() as tx:
            tx.get_release("REL-1")

    def test_a_version_is_released_once_unless_it_was_cancelled(self, store: Store) -> None:
        add_releases(store, a_release(1, phase=CANCELLED), is_open=False)
        again = replace(a_release(2), facts=Facts(version="1.1.0", type="minor"))
        add_releases(store, again)

        with pytest.raises(ConflictError, match=r"has a release of 1\.1\.0 already \(REL-2026-0002\)"):
            add_releases(store, replace(a_release(3), facts=Facts(version="1.1.0", type="minor")))
        add_releases(store, replace(a_release(4, service="search"), facts=Facts("1.1.0", "minor")))

    def test_a_save_needs_the_version_that_was_read(self, store: Store) -> None:
        release = a_release()
        add_releases(store, release)
        with store.read() as tx:
            row = tx.get_release(release.id)
        moved = replace(release, stays=(*release.stays, Stay("planned", at(5), "ada", "")))
        with store.begin() as tx:
            assert tx.save_release(row, moved, is_open=True, due_at=at(9)) == 2

        with pytest.raises(ConflictError, match="changed by somebody else"), store.begin() as tx:
            tx.save_release(row, release, is_open=True, due_at=None)
        with store.read() as tx:
            assert tx.get_release(release.id) == ReleaseRow(moved, 2, is_open=True, due_at=at(9))

    def test_one_of_two_saves_at_once_is_refused(self, store: Store, reopen: Callable[[str], Store]) -> None:
        release = a_release()
        add_releases(store, release)
        stores, outcomes = [store, reopen("local")], list[str]()
        together = threading.Barrier(2, timeout=20)

        def approve(mine: Store, name: str) -> None:
            with mine.read() as tx:
                row = tx.get_release(release.id)
            together.wait()
            try:
                with mine.begin() as tx:
                    tx.save_release(row, replace(release, author=name), is_open=True, due_at=None)
                outcomes.append("saved")
            except ConflictError:
                outcomes.append("refused")

        threads = [
            threading.Thread(target=approve, args=pair) for pair in zip(stores, ("ada", "bob"), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(outcomes) == ["refused", "saved"]

    def test_a_version_that_is_taken_can_not_be_taken_by_an_edit(self, store: Store) -> None:
        add_releases(store, a_release(1), a_release(2))
        with store.read() as tx:
            row = tx.get_release("REL-2026-0002")
        edited = replace(row.release, facts=Facts("1.1.0", "minor"))

        with pytest.raises(ConflictError, match=r"1\.1\.0 already"), store.begin() as tx:
            tx.save_release(row, edited, is_open=True, due_at=None)

    def test_lists_are_newest_first_narrowed_and_paged(self, store: Store) -> None:
        add_releases(
            store,
            a_release(1, title="Faster checkout", code_name="Heron"),
            a_release(2, phase="planned", of_type="major"),
            a_release(3, service="search", title="100% _new_"),
        )
        add_releases(store, a_release(4, phase="closed"), is_open=False)

        assert found(store, ReleaseQuery()) == ["0004", "0003", "0002", "0001"]
        assert found(store, ReleaseQuery(service="checkout")) == ["0004", "0002", "0001"]
        assert found(store, ReleaseQuery(services=frozenset({"search", "till"}))) == ["0003"]
        assert found(store, ReleaseQuery(services=frozenset())) == []
        assert found(store, ReleaseQuery(phase="planned")) == ["0002"]
        assert found(store, ReleaseQuery(type="major")) == ["0002"]
        assert found(store, ReleaseQuery(open_only=True)) == ["0003", "0002", "0001"]
        assert found(store, ReleaseQuery(text="hErOn")) == ["0001"]
        assert found(store, ReleaseQuery(text="1.4")) == ["0004"]
        assert found(store, ReleaseQuery(text="0% _")) == ["0003"]
        assert found(store, ReleaseQuery(text="%")) == ["0003"]
        with store.read() as tx:
            page = tx.list_releases(ReleaseQuery(), limit=2, before=ReleaseId("REL-2026-0003"))
        assert [row.release.id[-4:] for row in page] == ["0002", "0001"]

    def test_releases_come_due_in_order_while_they_are_open(self, store: Store) -> None:
        add_releases(store, *(a_release(number) for number in (1, 2, 3)))
        for number, seconds, is_open in ((1, 20, True), (2, 10, True), (3, 5, False)):
            with store.begin() as tx:
                row = tx.get_release(f"REL-2026-{number:04}")
                tx.save_release(row, row.release, is_open=is_open, due_at=at(seconds))

        assert due(store, at(9)) == []
        assert due(store, at(20)) == ["REL-2026-0002", "REL-2026-0001"]

    def test_the_newest_entries_about_a_subject_are_paged_backwards(self, store: Store) -> None:
        with store.begin() as tx:
            for number in range(5):
                subject = "REL-2026-0001" if number != 2 else "REL-2026-0002"
                tx.append_audit(NewAuditEntry(at(number), at(number), "ada", "moved", subject, str(number)))

        with store.read() as tx:
            first = tx.newest_audit_entries("REL-2026-0001", before=None, limit=2)
            then = tx.newest_audit_entries("REL-2026-0001", before=first[-1].seq, limit=9)
        assert [entry.content.why for entry in (*first, *then)] == ["4", "3", "1", "0"]
