"""The SQL of change requests and of boards' meetings, both saved by compare-and-swap on their version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema_releases import changes, meetings
from sluiceway.domain.changes.model import BoardMeeting, Change, ChangeId, ChangeState
from sluiceway.domain.changes.success import ended_at
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.releases import ChangeRow, MeetingRow


def insert_change(connection: Connection, row: ChangeRow) -> None:
    """Raise ConflictError when there is a request of this id."""
    change = row.change
    try:
        connection.execute(
            insert(changes).values(id=change.id, version=row.version, **_change_columns(change))
        )
    except IntegrityError as error:
        raise ConflictError(
            f"there is a change request {change.id} already; `sluice change show {change.id}` shows it, "
            "and without an id of its own a request takes the next free one"
        ) from error


def get_change(connection: Connection, change_id: str) -> ChangeRow:
    """Raise NotFoundError."""
    found = connection.execute(select(changes).where(changes.c.id == change_id)).one_or_none()
    if found is None:
        raise NotFoundError(
            f"there is no change request {change_id[:100]!r}; `sluice change list` shows what exists"
        )
    return _change(found)


def get_several(connection: Connection, change_ids: Collection[str]) -> Sequence[ChangeRow]:
    """Return those of these that exist, in no order."""
    if not change_ids:
        return ()
    return [_change(row) for row in connection.execute(select(changes).where(changes.c.id.in_(change_ids)))]


def versions(connection: Connection, change_ids: Collection[str]) -> Mapping[str, int]:
    """Return the row's version of each of these that exists."""
    if not change_ids:
        return {}
    query = select(changes.c.id, changes.c.version).where(changes.c.id.in_(change_ids))
    return {row.id: row.version for row in connection.execute(query)}


def save_change(connection: Connection, row: ChangeRow, change: Change) -> int:
    """Return the new version. Raise ConflictError when somebody saved it since."""
    done = connection.execute(
        update(changes)
        .where(changes.c.id == change.id, changes.c.version == row.version)
        .values(version=row.version + 1, **_change_columns(change))
    )
    if done.rowcount == 0:
        raise ConflictError(
            f"{change.id} was changed by somebody else while you looked at it; look again, then repeat"
        )
    return row.version + 1


def list_changes(
    connection: Connection,
    *,
    service: str,
    states: Sequence[ChangeState],
    limit: int,
    before: ChangeId | None,
    services: frozenset[str] | None = None,
    kinds: Sequence[str] = (),
    ended_since: datetime | None = None,
) -> Sequence[ChangeRow]:
    """Return newest first; what is empty narrows nothing. With `services` only those of them."""
    query = select(changes).order_by(changes.c.seq.desc()).limit(limit)
    if service:
        query = query.where(changes.c.service == service)
    if services is not None:
        query = query.where(changes.c.service.in_(sorted(services)))
    if kinds:
        query = query.where(changes.c.kind.in_([codec.storable(kind) for kind in kinds]))
    if ended_since is not None:
        query = query.where(changes.c.ended_at >= ended_since)
    if states:
        query = query.where(changes.c.state_name.in_([state.value for state in states]))
    if before is not None:
        edge = select(changes.c.seq).where(changes.c.id == before).scalar_subquery()
        query = query.where(changes.c.seq < edge)
    return [_change(row) for row in connection.execute(query)]


def insert_meeting(connection: Connection, row: MeetingRow) -> None:
    meeting = row.meeting
    connection.execute(
        insert(meetings).values(id=meeting.id, version=row.version, **_meeting_columns(meeting))
    )


def get_meeting(connection: Connection, meeting_id: str) -> MeetingRow:
    """Raise NotFoundError."""
    found = connection.execute(select(meetings).where(meetings.c.id == meeting_id)).one_or_none()
    if found is None:
        raise NotFoundError(
            f"there is no meeting {meeting_id[:100]!r}; `sluice board meetings` shows what exists"
        )
    return _meeting(found)


def save_meeting(connection: Connection, row: MeetingRow, meeting: BoardMeeting) -> int:
    """Return the new version. Raise ConflictError when somebody saved it since."""
    done = connection.execute(
        update(meetings)
        .where(meetings.c.id == meeting.id, meetings.c.version == row.version)
        .values(version=row.version + 1, **_meeting_columns(meeting))
    )
    if done.rowcount == 0:
        raise ConflictError(
            f"meeting {meeting.id} was changed by somebody else while you looked at it; "
            "look again, then repeat"
        )
    return row.version + 1


def list_meetings(
    connection: Connection, *, service: str, board: str, open_only: bool, limit: int
) -> Sequence[MeetingRow]:
    """Return latest first; "" is every service, every board."""
    query = select(meetings).order_by(meetings.c.at.desc(), meetings.c.id).limit(limit)
    if service:
        query = query.where(meetings.c.service == codec.storable(service))
    if board:
        query = query.where(meetings.c.board == board)
    if open_only:
        query = query.where(meetings.c.is_closed.is_(False))
    return [_meeting(row) for row in connection.execute(query)]


def _change_columns(change: Change) -> dict[str, Any]:
    return {
        "service": codec.storable(change.facts.service),
        "kind": codec.storable(change.facts.kind),
        "state_name": change.state.value,
        "ended_at": ended_at(change),
        "state": codec.CHANGE.text(change),
    }


def _meeting_columns(meeting: BoardMeeting) -> dict[str, Any]:
    return {
        "service": codec.storable(meeting.service),
        "board": meeting.board,
        "at": meeting.at,
        "is_closed": meeting.is_closed,
        "state": codec.MEETING.text(meeting),
    }


def _change(row: Row[Any]) -> ChangeRow:
    return ChangeRow(codec.CHANGE.value(row.state), row.version)


def _meeting(row: Row[Any]) -> MeetingRow:
    return MeetingRow(codec.MEETING.value(row.state), row.version)
