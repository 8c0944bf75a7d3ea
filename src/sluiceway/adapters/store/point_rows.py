"""Pushed figures: kept once each, added up as they come.

The unique index over service and id is what makes a point count once, whoever else sends it at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from sluiceway.adapters.store.schema import point_totals, points
from sluiceway.domain.points.figures import NOTHING, Summary, Sums
from sluiceway.domain.points.model import Events, Outcomes, Point, Values
from sluiceway.ports.points import PointTotals

_CHUNK = 500  # ids in one query: well below the bound parameters that SQLite takes
_ADDED_UP = ("outcomes", "bad", "valued", "total", "squares")

Key = tuple[str, str]  # service and id
Series = tuple[str, str, str]  # service, metric and version


def add(
    connection: Connection, given: Sequence[Point], *, sender: str, arrived_at: datetime
) -> Sequence[str | None]:
    """Keep what is new; see `ports.points.PointRows.add_points`.

    Rows are written in one order whoever writes them, so that two senders wait for each other, never in a
    circle.
    """
    if not given:
        return []
    first: dict[Key, Point] = {}
    for point in given:
        first.setdefault((point.service, point.id), point)
    in_order = [first[key] for key in sorted(first)]
    query = _insert(connection, points).on_conflict_do_nothing(index_elements=["service", "id"])
    done = connection.execute(
        query.returning(points.c.service, points.c.id),
        [{**_columns(point), "arrived_at": arrived_at, "sender": sender} for point in in_order],
    )
    new: set[Key] = {(row.service, row.id) for row in done}
    _add_up(connection, [point for point in in_order if (point.service, point.id) in new], arrived_at)
    known = {key: first[key].digest for key in new} | _digests(connection, [k for k in first if k not in new])
    answers: list[str | None] = []
    for point in given:
        key = (point.service, point.id)
        answers.append(None if key in new else known[key])
        new.discard(key)
    return answers


def summary(
    connection: Connection, service: str, metric: str, version: str, *, after: datetime, whole_release: bool
) -> Summary:
    """Add up the points after an instant that are not late, by shape."""
    about = points.c.rollout != "" if whole_release else points.c.rollout == ""
    found = connection.execute(
        select(
            points.c.shape,
            func.count(),
            func.sum(points.c.counted),
            func.sum(points.c.bad),
            func.sum(points.c.total),
            func.max(points.c.counted),
        )
        .where(
            points.c.service == service,
            points.c.metric == metric,
            points.c.version == version,
            points.c.at > after,
            points.c.late.is_(False),
            about,
        )
        .group_by(points.c.shape)
    )
    sums = {shape: Sums(number, *figures) for shape, number, *figures in found}
    return Summary(*(sums.get(shape, NOTHING) for shape in ("outcomes", "values", "events")))


def totals(connection: Connection, service: str, metric: str) -> Mapping[str, PointTotals]:
    """Return the totals of a service's metric by version."""
    found = connection.execute(
        select(point_totals).where(point_totals.c.service == service, point_totals.c.metric == metric)
    )
    return {
        row.version: PointTotals(row.heard_at, row.outcomes, row.bad, row.valued, row.total, row.squares)
        for row in found
    }


def prune(connection: Connection, arrived_before: datetime, limit: int) -> int:
    """Forget the oldest points, and totals that nothing was added to for as long."""
    oldest = (
        select(points.c.seq).where(points.c.arrived_at < arrived_before).order_by(points.c.seq).limit(limit)
    )
    connection.execute(delete(point_totals).where(point_totals.c.heard_at < arrived_before))
    return connection.execute(delete(points).where(points.c.seq.in_(oldest))).rowcount


def _columns(point: Point) -> dict[str, Any]:
    return {
        "service": point.service,
        "id": point.id,
        "metric": point.metric,
        "version": point.version,
        "rollout": point.rollout,
        "at": point.at,
        "late": point.is_late,
        "digest": point.digest,
        **_figures(point),
    }


def _figures(point: Point) -> dict[str, Any]:
    match point.measure:
        case Outcomes(count, bad):
            return {"shape": "outcomes", "counted": count, "bad": bad, "total": 0.0, "squares": 0.0}
        case Values(count, total, squares):
            return {"shape": "values", "counted": count, "bad": 0.0, "total": total, "squares": squares}
        case Events(count):
            return {"shape": "events", "counted": count, "bad": 0.0, "total": 0.0, "squares": 0.0}
        case _:
            assert_never(point.measure)


def _add_up(connection: Connection, new: Sequence[Point], arrived_at: datetime) -> None:
    """Add new points to the totals of their series, a row for each."""
    more: dict[Series, dict[str, float]] = {}
    for point in new:
        if point.is_late or point.rollout:
            continue
        row = more.setdefault((point.service, point.metric, point.version), dict.fromkeys(_ADDED_UP, 0.0))
        if not point.is_compared:
            continue
        match point.measure:
            case Outcomes(count, bad):
                row["outcomes"] += count
                row["bad"] += bad
            case Values(count, total, squares):
                row["valued"] += count
                row["total"] += total
                row["squares"] += squares
            case Events():
                pass  # of how many is not known, so there is nothing to compare
            case _:
                assert_never(point.measure)
    for series in sorted(more):
        query = _insert(connection, point_totals).values(
            service=series[0], metric=series[1], version=series[2], heard_at=arrived_at, **more[series]
        )
        grown = {name: point_totals.c[name] + query.excluded[name] for name in _ADDED_UP}
        # Of two that arrive at once the later one may be written first.
        newest = func.greatest if connection.dialect.name == "postgresql" else func.max
        heard = newest(point_totals.c.heard_at, query.excluded.heard_at)
        connection.execute(
            query.on_conflict_do_update(
                index_elements=["service", "metric", "version"], set_={**grown, "heard_at": heard}
            )
        )


def _digests(connection: Connection, keys: Sequence[Key]) -> dict[Key, str]:
    by_service: dict[str, list[str]] = {}
    for service, point_id in keys:
        by_service.setdefault(service, []).append(point_id)
    found: dict[Key, str] = {}
    for service, ids in by_service.items():
        for start in range(0, len(ids), _CHUNK):
            query = select(points.c.id, points.c.digest).where(
                points.c.service == service, points.c.id.in_(ids[start : start + _CHUNK])
            )
            found |= {(service, row.id): row.digest for row in connection.execute(query)}
    return found


def _insert(connection: Connection, table: Any) -> Any:
    """Return an insert that knows what to do when a row is there already; each database has its own."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
