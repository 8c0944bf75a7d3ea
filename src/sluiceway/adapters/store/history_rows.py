"""Minutes of history: counts of a service's parts and its figures, a row each, of the last days only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select

from sluiceway.adapters.store.schema import minute_counts, minute_figures
from sluiceway.domain.analysis.history import MinuteCount
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.ports.history import CountSeries

_INSTANCES = ""  # in the column `rollout`, for the series that belongs to none


def add_counts(connection: Connection, series: CountSeries, counts: Sequence[MinuteCount]) -> None:
    """Keep the last of each minute and part, in place of what was there."""
    latest = {(count.minute, count.part): count for count in counts}
    table = minute_counts.c
    for minute, part in latest:
        connection.execute(
            delete(minute_counts).where(_of(series), table.minute == minute, table.part == part)
        )
    if latest:
        names = {"service": series.service, "metric": series.metric, "rollout": series.rollout or _INSTANCES}
        connection.execute(
            insert(minute_counts),
            [
                {**names, "minute": each.minute, "part": each.part, "counted": each.count, "bad": each.bad}
                for each in latest.values()
            ],
        )


def counts(connection: Connection, series: CountSeries, minutes: range) -> Sequence[MinuteCount]:
    table = minute_counts.c
    query = (
        select(table.minute, table.part, table.counted, table.bad)
        .where(_of(series), _within(table.minute, minutes))
        .order_by(table.minute, table.part)
    )
    return [
        MinuteCount(minute, part, counted, bad) for minute, part, counted, bad in connection.execute(query)
    ]


def counted_rollouts(connection: Connection, service: str, metric: str) -> Sequence[RolloutId]:
    table = minute_counts.c
    query = (
        select(table.rollout)
        .distinct()
        .where(table.service == service, table.metric == metric, table.rollout != _INSTANCES)
        .order_by(table.rollout)
    )
    return [RolloutId(found) for found in connection.execute(query).scalars()]


def add_figures(connection: Connection, service: str, minute: int, figures: Mapping[str, float]) -> None:
    if not figures:
        return
    table = minute_figures.c
    connection.execute(
        delete(minute_figures).where(
            table.service == service, table.metric.in_(list(figures)), table.minute == minute
        )
    )
    connection.execute(
        insert(minute_figures),
        [
            {"service": service, "metric": metric, "minute": minute, "value": value}
            for metric, value in figures.items()
        ],
    )


def figures(connection: Connection, service: str, minutes: range) -> Mapping[str, Sequence[float]]:
    table = minute_figures.c
    query = (
        select(table.metric, table.value)
        .where(table.service == service, _within(table.minute, minutes))
        .order_by(table.metric, table.minute)
    )
    found: dict[str, list[float]] = {}
    for metric, value in connection.execute(query):
        found.setdefault(metric, []).append(value)
    return found


def prune(connection: Connection, before_minute: int) -> int:
    """Forget what is older than this minute; return how many rows that were."""
    return sum(
        connection.execute(delete(table).where(table.c.minute < before_minute)).rowcount
        for table in (minute_counts, minute_figures)
    )


def _within(minute: ColumnElement[int], minutes: range) -> ColumnElement[bool]:
    return and_(minute >= minutes.start, minute < minutes.stop)


def _of(series: CountSeries) -> ColumnElement[bool]:
    table = minute_counts.c
    return and_(
        table.service == series.service,
        table.metric == series.metric,
        table.rollout == (series.rollout or _INSTANCES),
    )
