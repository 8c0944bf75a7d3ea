"""The SQL of runbook runs: one row each, saved by compare-and-swap on its generation."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema_releases import runs
from sluiceway.domain.checklists.model import Run, RunId
from sluiceway.errors import ConflictError, NotFoundError, StoreError
from sluiceway.ports.releases import RunRow

_log = logging.getLogger(__name__)


def insert_row(connection: Connection, row: RunRow) -> None:
    """Raise ConflictError when there is a run of this id."""
    try:
        connection.execute(
            insert(runs).values(id=row.run.id, gen=row.gen, due_at=row.due_at, **_columns(row.run))
        )
    except IntegrityError as error:
        raise ConflictError(f"run {row.run.id} exists already; start it under a new id") from error


def get(connection: Connection, run_id: RunId) -> RunRow:
    """Raise NotFoundError."""
    found = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    if found is None:
        raise NotFoundError(
            f"there is no run {run_id[:100]!r} of a runbook; list the runs to see what exists"
        )
    return _row(found)


def get_several(connection: Connection, run_ids: Collection[RunId]) -> Sequence[RunRow]:
    """Return those that exist, newest first."""
    if not run_ids:
        return []
    query = select(runs).where(runs.c.id.in_(run_ids)).order_by(runs.c.seq.desc())
    return [_row(found) for found in connection.execute(query)]


def list_rows(connection: Connection, *, release: str, limit: int, before: RunId | None) -> Sequence[RunRow]:
    """Return newest first; `before` continues after the last id of the page before."""
    query = select(runs).order_by(runs.c.seq.desc()).limit(limit)
    if release:
        query = query.where(runs.c.release_id == release)
    if before is not None:
        edge = select(runs.c.seq).where(runs.c.id == before).scalar_subquery()
        query = query.where(runs.c.seq < edge)
    return [_row(found) for found in connection.execute(query)]


def due(connection: Connection, now: datetime, limit: int) -> Sequence[RunRow]:
    """Return runs whose time has come, most overdue first; one that can't be read is logged and left out."""
    query = select(runs).where(runs.c.due_at <= now).order_by(runs.c.due_at).limit(limit)
    readable: list[RunRow] = []
    for found in connection.execute(query):
        try:
            readable.append(_row(found))
        except StoreError as unreadable:
            _log.error("run %s is left alone: %s", found.id, unreadable)
    return readable


def save(connection: Connection, row: RunRow, run: Run, due_at: datetime | None) -> bool:
    """Save if nobody did since `row` was read; return whether it was saved."""
    done = connection.execute(
        update(runs)
        .where(runs.c.id == row.run.id, runs.c.gen == row.gen)
        .values(gen=row.gen + 1, due_at=due_at, **_columns(run))
    )
    return done.rowcount == 1


def wake(connection: Connection, at: datetime) -> int:
    """Make every run that is due at some time due no later than `at`; return how many there are."""
    waiting = connection.execute(select(runs.c.id).where(runs.c.due_at.is_not(None))).all()
    connection.execute(update(runs).where(runs.c.due_at > at).values(due_at=at))
    return len(waiting)


def _columns(run: Run) -> dict[str, Any]:
    return {
        "release_id": codec.storable(run.release),
        "phase": run.phase.value,
        "state": codec.RUN.text(run),
    }


def _row(found: Row[Any]) -> RunRow:
    try:
        return RunRow(codec.RUN.value(found.state), found.gen, found.due_at)
    except StoreError as exc:
        raise StoreError(f"run {found.id}: {exc}") from exc
