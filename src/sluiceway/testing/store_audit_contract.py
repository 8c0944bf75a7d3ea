"""The part of the store contract about the audit trail: gapless, never forked, and verifiable."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from sluiceway.domain.audit.chain import GENESIS_HASH, NewAuditEntry, Verified, verify
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.ports.store import Store
from sluiceway.testing.builders import T0, an_audit_entry


def append(store: Store, *entries: NewAuditEntry) -> None:
    with store.begin() as tx:
        for entry in entries:
            tx.append_audit(entry)


class StoreAuditContract:
    def test_entries_are_numbered_and_follow_each_other(self, store: Store) -> None:
        with store.begin() as tx:
            first = tx.append_audit(an_audit_entry(kind="started"))
            second = tx.append_audit(an_audit_entry(kind="paused"))

        assert (first.seq, first.prev_hash) == (1, GENESIS_HASH)
        assert (second.seq, second.prev_hash) == (2, first.hash)
        with store.read() as tx:
            assert list(tx.audit_entries(rollout_id=None, after=0, limit=10)) == [first, second]

    @pytest.mark.parametrize(
        "entry",
        [
            an_audit_entry(figures=(("whole", 5), ("real", 5.0), ("tiny", 1e-300), ("none", None))),
            an_audit_entry(figures=(("text", "a"), ("text", "again"), ("third", 1 / 3))),
            an_audit_entry(why='quotes " and \\ and \n lines, Zażółć, 漢字, \U0001f6a2'),
            an_audit_entry(why="nul \x00 and half a pair \ud800 of surrogates", figures=(("t", "\ud800"),)),
            replace(an_audit_entry(), at=T0.astimezone(timezone(timedelta(hours=5, minutes=30)))),
            replace(an_audit_entry(), at=T0 + timedelta(microseconds=1)),
        ],
        ids=["numbers", "order", "text", "unstorable", "zone", "microseconds"],
    )
    def test_whatever_an_entry_holds_its_hash_fits_when_it_is_read_back(
        self, store: Store, entry: NewAuditEntry
    ) -> None:
        with store.begin() as tx:
            stored = tx.append_audit(entry)

        with store.read() as tx:
            found = tx.audit_entries(rollout_id=None, after=0, limit=10)
        assert list(found) == [stored]
        assert verify(found, stored.hash) == Verified(1, stored.hash)

    def test_entries_of_a_transaction_that_failed_leave_no_gap(self, store: Store) -> None:
        def append_and_fail() -> None:
            with store.begin() as tx:
                tx.append_audit(an_audit_entry())
                raise RuntimeError("on purpose")

        append(store, an_audit_entry())
        with pytest.raises(RuntimeError, match="on purpose"):
            append_and_fail()
        append(store, an_audit_entry())

        with store.read() as tx:
            found = tx.audit_entries(rollout_id=None, after=0, limit=10)
            assert verify(found, tx.audit_head()) == Verified(2, found[-1].hash)

    def test_entries_are_read_in_pages_and_by_what_they_are_about(self, store: Store) -> None:
        append(store, *(an_audit_entry(subject=f"rollout-{i % 2}") for i in range(6)))

        with store.read() as tx:
            page = tx.audit_entries(rollout_id=None, after=2, limit=3)
            mine = tx.audit_entries(rollout_id=RolloutId("rollout-1"), after=2, limit=10)
        assert [entry.seq for entry in page] == [3, 4, 5]
        assert [entry.seq for entry in mine] == [4, 6]

    def test_the_head_of_an_empty_trail_is_the_genesis_hash(self, store: Store) -> None:
        with store.read() as tx:
            assert tx.audit_head() == GENESIS_HASH

    def test_writers_side_by_side_do_not_fork_the_trail(
        self, store: Store, reopen: Callable[[str], Store]
    ) -> None:
        stores = [reopen(f"writer-{i}") for i in range(4)]
        failed: list[Exception] = []

        def write(mine: Store) -> None:
            try:
                for _ in range(10):
                    append(mine, an_audit_entry())
            except Exception as exc:  # shown by the assertion below
                failed.append(exc)

        threads = [threading.Thread(target=write, args=(one,)) for one in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        with store.read() as tx:
            found = tx.audit_entries(rollout_id=None, after=0, limit=100)
            assert verify(found, tx.audit_head()) == Verified(40, found[-1].hash)
