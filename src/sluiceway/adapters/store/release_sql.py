"""The part of a database transaction that `ports.releases.ReleaseRows` describes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from sluiceway.adapters.store import change_rows, process_rows, release_marks, release_rows
from sluiceway.domain.changes.model import BoardMeeting, Change, ChangeId, ChangeState
from sluiceway.domain.releases.model import Release, ReleaseId
from sluiceway.ports.releases import (
    ChangeRow,
    EndedRollout,
    MeetingRow,
    ProcessRow,
    ReleaseMark,
    ReleaseQuery,
    ReleaseRow,
)


class ReleaseSql:
    """Processes, releases, change requests and meetings on one connection."""

    _connection: Connection

    def next_number(self, series: str) -> int:
        return process_rows.next_number(self._connection, series)

    def put_process(self, row: ProcessRow) -> None:
        process_rows.put(self._connection, row)

    def current_process(self, service: str) -> ProcessRow | None:
        return process_rows.current(self._connection, service)

    def get_process(self, service: str, content_hash: str) -> ProcessRow:
        return process_rows.get(self._connection, service, content_hash)

    def get_processes(self, wanted: Collection[tuple[str, str]]) -> Sequence[ProcessRow]:
        return process_rows.get_several(self._connection, wanted)

    def list_processes(self, service: str) -> Sequence[ProcessRow]:
        return process_rows.list_all(self._connection, service)

    def processes_in_force(self) -> Mapping[str, str]:
        return process_rows.in_force(self._connection)

    def services(self) -> Sequence[str]:
        return process_rows.services(self._connection)

    def insert_release(self, row: ReleaseRow) -> None:
        release_rows.insert_row(self._connection, row)

    def get_release(self, release_id: str) -> ReleaseRow:
        return release_rows.get(self._connection, release_id)

    def find_release(self, service: str, version: str) -> ReleaseRow | None:
        return release_rows.find(self._connection, service, version)

    def release_of_rollout(self, rollout_id: str) -> ReleaseRow | None:
        return release_rows.of_rollout(self._connection, rollout_id)

    def save_release(
        self, row: ReleaseRow, release: Release, *, is_open: bool, due_at: datetime | None
    ) -> int:
        return release_rows.save(self._connection, row, release, is_open=is_open, due_at=due_at)

    def list_releases(
        self, query: ReleaseQuery, *, limit: int, before: ReleaseId | None
    ) -> Sequence[ReleaseRow]:
        return release_rows.list_rows(self._connection, query, limit=limit, before=before)

    def due_releases(self, now: datetime, limit: int) -> Sequence[ReleaseRow]:
        return release_rows.due(self._connection, now, limit)

    def get_releases(self, release_ids: Collection[ReleaseId]) -> Sequence[ReleaseRow]:
        return release_rows.get_several(self._connection, release_ids)

    def open_releases(self, services: frozenset[str] | None) -> Sequence[ReleaseMark]:
        return release_marks.open_releases(self._connection, services)

    def ended_rollouts(self) -> Sequence[EndedRollout]:
        return release_marks.ended_rollouts(self._connection)

    def insert_change(self, row: ChangeRow) -> None:
        change_rows.insert_change(self._connection, row)

    def get_change(self, change_id: str) -> ChangeRow:
        return change_rows.get_change(self._connection, change_id)

    def get_changes(self, change_ids: Collection[str]) -> Sequence[ChangeRow]:
        return change_rows.get_several(self._connection, change_ids)

    def change_versions(self, change_ids: Collection[str]) -> Mapping[str, int]:
        return change_rows.versions(self._connection, change_ids)

    def save_change(self, row: ChangeRow, change: Change) -> int:
        return change_rows.save_change(self._connection, row, change)

    def list_changes(
        self,
        *,
        service: str,
        states: Sequence[ChangeState],
        limit: int,
        before: ChangeId | None,
        services: frozenset[str] | None = None,
        kinds: Sequence[str] = (),
        ended_since: datetime | None = None,
    ) -> Sequence[ChangeRow]:
        return change_rows.list_changes(
            self._connection,
            service=service,
            states=states,
            limit=limit,
            before=before,
            services=services,
            kinds=kinds,
            ended_since=ended_since,
        )

    def insert_meeting(self, row: MeetingRow) -> None:
        change_rows.insert_meeting(self._connection, row)

    def get_meeting(self, meeting_id: str) -> MeetingRow:
        return change_rows.get_meeting(self._connection, meeting_id)

    def save_meeting(self, row: MeetingRow, meeting: BoardMeeting) -> int:
        return change_rows.save_meeting(self._connection, row, meeting)

    def list_meetings(self, *, service: str, board: str, open_only: bool, limit: int) -> Sequence[MeetingRow]:
        return change_rows.list_meetings(
            self._connection, service=service, board=board, open_only=open_only, limit=limit
        )
