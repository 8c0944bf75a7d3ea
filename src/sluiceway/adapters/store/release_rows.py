"""The SQL of releases: one row each, saved by compare-and-swap on its version."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, false, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema_releases import release_rollouts, releases
from sluiceway.domain.process.team import CANCELLED
from sluiceway.domain.releases.model import Release, ReleaseId
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.releases import ReleaseQuery, ReleaseRow


def insert_row(connection: Connection, row: ReleaseRow) -> None:
    """Raise ConflictError when the service has a release of this version that is not cancelled."""
    release = row.release
    known = find(connection, release.service, release.facts.version)
    if known is not None:
        raise _taken(release, known.release.id)
    try:
        connection.execute(
            insert(releases).values(
                id=release.id,
                service=codec.storable(release.service),
                version=row.version,
                is_open=row.is_open,
                due_at=row.due_at,
                **_columns(release),
            )
        )
    except IntegrityError as error:
        raise _taken(release, "another") from error
    _own_rollouts(connection, release)


def get(connection: Connection, release_id: str) -> ReleaseRow:
    """Raise NotFoundError."""
    found = connection.execute(select(releases).where(releases.c.id == release_id)).one_or_none()
    if found is None:
        raise NotFoundError(
            f"there is no release {release_id[:100]!r}; `sluice release list` shows what exists"
        )
    return _row(found)


def get_several(connection: Connection, release_ids: Collection[ReleaseId]) -> Sequence[ReleaseRow]:
    """Return those of these that exist, in no order."""
    if not release_ids:
        return []
    found = connection.execute(select(releases).where(releases.c.id.in_(release_ids)))
    return [_row(row) for row in found]


def find(connection: Connection, service: str, version: str) -> ReleaseRow | None:
    """Return the release of this version that is not cancelled, None when there is none."""
    found = connection.execute(
        select(releases).where(
            releases.c.service == service, releases.c.name == version, releases.c.is_cancelled == false()
        )
    ).one_or_none()
    return None if found is None else _row(found)


def of_rollout(connection: Connection, rollout_id: str) -> ReleaseRow | None:
    """Return the release that owns a rollout."""
    found = connection.execute(
        select(releases)
        .join(release_rollouts, release_rollouts.c.release_id == releases.c.id)
        .where(release_rollouts.c.rollout_id == rollout_id)
    ).one_or_none()
    return None if found is None else _row(found)


def save(
    connection: Connection, row: ReleaseRow, release: Release, *, is_open: bool, due_at: datetime | None
) -> int:
    """Return the new version. Raise ConflictError when somebody saved it since, or the version is taken."""
    try:
        done = connection.execute(
            update(releases)
            .where(releases.c.id == release.id, releases.c.version == row.version)
            .values(version=row.version + 1, is_open=is_open, due_at=due_at, **_columns(release))
        )
    except IntegrityError as error:
        raise _taken(release, "another") from error
    if done.rowcount == 0:
        raise ConflictError(
            f"release {release.id} was changed by somebody else while you looked at it; "
            "look again, then repeat"
        )
    _own_rollouts(connection, release)
    return row.version + 1


def list_rows(
    connection: Connection, query: ReleaseQuery, *, limit: int, before: ReleaseId | None
) -> Sequence[ReleaseRow]:
    """Return newest first; `before` continues after the last id of the page before."""
    found = select(releases).order_by(releases.c.seq.desc()).limit(limit)
    if query.service:
        found = found.where(releases.c.service == query.service)
    if query.services is not None:
        found = found.where(releases.c.service.in_(sorted(query.services)))
    if query.phase:
        found = found.where(releases.c.phase == query.phase)
    if query.type:
        found = found.where(releases.c.type == query.type)
    if query.open_only:
        found = found.where(releases.c.is_open == true())
    if query.text:
        found = found.where(releases.c.words.contains(query.text.lower(), autoescape=True))
    if before is not None:
        edge = select(releases.c.seq).where(releases.c.id == before).scalar_subquery()
        found = found.where(releases.c.seq < edge)
    return [_row(row) for row in connection.execute(found)]


def due(connection: Connection, now: datetime, limit: int) -> Sequence[ReleaseRow]:
    """Return open releases whose time has come, most overdue first."""
    query = (
        select(releases)
        .where(releases.c.is_open == true(), releases.c.due_at <= now)
        .order_by(releases.c.due_at)
        .limit(limit)
    )
    return [_row(row) for row in connection.execute(query)]


def _columns(release: Release) -> dict[str, Any]:
    facts = release.facts
    return {
        "name": codec.storable(facts.version),
        "type": codec.storable(facts.type),
        "phase": release.phase,
        "words": codec.storable(f"{facts.version} {facts.title} {facts.code_name}".lower()),
        "is_cancelled": release.phase == CANCELLED,
        "target_at": facts.target_at,
        "state": codec.RELEASE.text(release),
    }


def _own_rollouts(connection: Connection, release: Release) -> None:
    connection.execute(delete(release_rollouts).where(release_rollouts.c.release_id == release.id))
    if release.rollouts:
        owned = [{"rollout_id": one, "release_id": release.id} for one in release.rollouts]
        connection.execute(insert(release_rollouts), owned)


def _taken(release: Release, holder: str) -> ConflictError:
    return ConflictError(
        f"{release.service} has a release of {release.facts.version} already ({holder}); "
        "choose another version, or cancel that release first"
    )


def _row(row: Row[Any]) -> ReleaseRow:
    return ReleaseRow(codec.RELEASE.value(row.state), row.version, row.is_open, row.due_at)
