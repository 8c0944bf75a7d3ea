"""The part of the store contract about change requests and boards' meetings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.changes.model import (
    BoardMeeting,
    Change,
    ChangeFacts,
    ChangeId,
    ChangeState,
    MeetingKind,
)
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.releases import ChangeRow, MeetingRow
from sluiceway.ports.store import Store
from sluiceway.testing.builders import at

HASH = "ab" * 32
HOSTILE = "'; DROP TABLE changes; -- <script>alert(1)</script> % _ \\ 日本"


def a_change(number: int = 1, *, service: str = "checkout", state: ChangeState = ChangeState.DRAFT) -> Change:
    return Change(
        id=ChangeId(f"CR-2026-{number:03}"),
        facts=ChangeFacts(title=f"Change {number}", requestor="Product", service=service),
        state=state,
        author="ada",
        created_at=at(number),
        process_hash=HASH,
    )


def a_meeting(
    name: str = "ccb-1", *, board: str = "ccb", seconds: float = 0, service: str = "checkout"
) -> BoardMeeting:
    return BoardMeeting(
        name, board, MeetingKind.REGULAR, at(seconds), "ada", agenda=("CR-2026-001",), service=service
    )


class StoreChangesContract:
    def test_versions_of_change_requests_are_told_of_those_that_exist(self, store: Store) -> None:
        with store.begin() as tx:
            tx.insert_change(ChangeRow(a_change(1), 1))
            tx.insert_change(ChangeRow(a_change(2), 1))
            tx.save_change(tx.get_change("CR-2026-002"), a_change(2, state=ChangeState.SUBMITTED))

        with store.read() as tx:
            assert tx.change_versions(("CR-2026-001", "CR-2026-002", "CR-2026-009")) == {
                "CR-2026-001": 1,
                "CR-2026-002": 2,
            }
            assert tx.change_versions(()) == {}

    def test_change_requests_are_kept_listed_and_saved_once(self, store: Store) -> None:
        with store.begin() as tx:
            for number, state in ((1, ChangeState.DRAFT), (2, ChangeState.SUBMITTED), (3, ChangeState.DONE)):
                tx.insert_change(ChangeRow(a_change(number, state=state), version=1))
            tx.insert_change(ChangeRow(a_change(4, service="search"), version=1))

        with store.read() as tx:
            row = tx.get_change("CR-2026-001")
            assert row == ChangeRow(a_change(1), 1)
            listed = tx.list_changes(service="checkout", states=(), limit=2, before=None)
            assert [one.change.id for one in listed] == ["CR-2026-003", "CR-2026-002"]
            waiting = (ChangeState.SUBMITTED, ChangeState.DRAFT)
            older = tx.list_changes(service="", states=waiting, limit=9, before=ChangeId("CR-2026-004"))
            assert [one.change.id for one in older] == ["CR-2026-002", "CR-2026-001"]
            own = tx.list_changes(service="", states=(), limit=9, before=None, services=frozenset({"search"}))
            assert [one.change.id for one in own] == ["CR-2026-004"]
            every = tx.list_changes(service="", states=(), limit=9, before=None, kinds=("normal",))
            assert len(every) == 4
            assert tx.list_changes(service="", states=(), limit=9, before=None, kinds=("other",)) == []
            assert [one.change.id for one in tx.get_changes(("CR-1", "CR-2026-004"))] == ["CR-2026-004"]
            assert list(tx.get_changes(())) == []
            with pytest.raises(NotFoundError, match="no change request"):
                tx.get_change("CR-1")
        with store.begin() as tx:
            assert tx.save_change(row, replace(row.change, state=ChangeState.SUBMITTED)) == 2
        with pytest.raises(ConflictError, match="changed by somebody else"), store.begin() as tx:
            tx.save_change(row, row.change)
        with pytest.raises(ConflictError, match="CR-2026-001 already"), store.begin() as tx:
            tx.insert_change(ChangeRow(a_change(1), version=1))

    def test_change_requests_are_found_by_when_they_ended(self, store: Store) -> None:
        done = ChangeState.DONE
        ended = replace(a_change(1, state=done), history=((at(60), "ada", done.value, ""),))
        with store.begin() as tx:
            tx.insert_change(ChangeRow(ended, version=1))
            tx.insert_change(ChangeRow(a_change(2), version=1))

        with store.read() as tx:
            found = [
                [
                    row.change.id
                    for row in tx.list_changes(
                        service="", states=(), limit=9, before=None, ended_since=at(seconds)
                    )
                ]
                for seconds in (60, 61)
            ]

        assert found == [["CR-2026-001"], []]

    def test_meetings_are_kept_listed_and_saved_once(self, store: Store) -> None:
        with store.begin() as tx:
            tx.insert_meeting(MeetingRow(a_meeting("ccb-1", seconds=1), 1))
            tx.insert_meeting(MeetingRow(a_meeting("ccb-2", seconds=2), 1))
            tx.insert_meeting(MeetingRow(a_meeting("cab-1", board="cab"), 1))
            tx.insert_meeting(MeetingRow(a_meeting("ccb-3", seconds=-1, service="search"), 1))

        with store.begin() as tx:
            row = tx.get_meeting("ccb-1")
            closed = replace(row.meeting, is_closed=True, minutes=HOSTILE)
            assert tx.save_meeting(row, closed) == 2
            assert tx.get_meeting("ccb-1") == MeetingRow(closed, 2)
            both = tx.list_meetings(service="checkout", board="ccb", open_only=False, limit=9)
            assert [one.meeting.id for one in both] == ["ccb-2", "ccb-1"]
            still_open = tx.list_meetings(service="", board="", open_only=True, limit=9)
            assert [one.meeting.id for one in still_open] == ["ccb-2", "cab-1", "ccb-3"]
            with pytest.raises(NotFoundError, match="no meeting"):
                tx.get_meeting("ccb-9")
        with pytest.raises(ConflictError, match="changed by somebody else"), store.begin() as tx:
            tx.save_meeting(row, row.meeting)
