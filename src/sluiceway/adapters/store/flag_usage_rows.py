"""The SQL of what applications report of flags: how often, and who takes part in experiments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, tuple_, update

from sluiceway.adapters.store.flag_rows import upsert
from sluiceway.adapters.store.schema_flags import flag_assignments, flag_batches, flag_usage
from sluiceway.ports.flags import AssignmentRow, LastUse, UsageRow

_CHUNK = 500  # subjects in one query: well below the bound parameters that SQLite takes


def take_batch(connection: Connection, service: str, environment: str, batch: str, at: datetime) -> bool:
    """Return whether this batch is new; remember it."""
    new = upsert(connection, flag_batches).values(service=service, environment=environment, id=batch, at=at)
    query = new.on_conflict_do_nothing().returning(flag_batches.c.id)
    return connection.execute(query).one_or_none() is not None


def add_usage(connection: Connection, service: str, environment: str, given: Sequence[UsageRow]) -> None:
    """Add to the hours that are there; written in one order, so that no two writers wait in a circle."""
    greatest, least = _extremes(connection)
    for row in sorted(given, key=lambda one: (one.flag, one.variant, one.hour)):
        query = upsert(connection, flag_usage).values(
            service=service,
            environment=environment,
            flag=row.flag,
            variant=row.variant,
            hour=row.hour,
            count=row.count,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        connection.execute(
            query.on_conflict_do_update(
                index_elements=["service", "environment", "flag", "variant", "hour"],
                set_={
                    "count": flag_usage.c.count + query.excluded.count,
                    "first_at": least(flag_usage.c.first_at, query.excluded.first_at),
                    "last_at": greatest(flag_usage.c.last_at, query.excluded.last_at),
                },
            )
        )


def usage(
    connection: Connection, service: str, environment: str, *, flag: str, since_hour: int
) -> Sequence[UsageRow]:
    """Return the hours of a flag, of every one for "", oldest first."""
    query = (
        select(flag_usage, flag_usage.c["count"].label("counted"))  # a row has a method of that name
        .where(*_of_set(flag_usage, service, environment), flag_usage.c.hour >= since_hour)
        .order_by(flag_usage.c.hour, flag_usage.c.flag, flag_usage.c.variant)
    )
    if flag:
        query = query.where(flag_usage.c.flag == flag)
    return [
        UsageRow(row.flag, row.variant, row.hour, row.counted, row.first_at, row.last_at)
        for row in connection.execute(query)
    ]


def began(connection: Connection, service: str, environment: str) -> datetime | None:
    """Return the first instant of all that is kept, None while there is nothing."""
    query = select(func.min(flag_usage.c.first_at)).where(*_of_set(flag_usage, service, environment))
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def last_uses(connection: Connection, service: str, environment: str) -> Sequence[LastUse]:
    """Return when each flag was last worth each variant, and how often in all that is kept."""
    table = flag_usage.c
    query = (
        select(table.flag, table.variant, func.sum(table.count), func.max(table.last_at))
        .where(*_of_set(flag_usage, service, environment))
        .group_by(table.flag, table.variant)
        .order_by(table.flag, table.variant)
    )
    found = connection.execute(query)
    return [LastUse(flag, variant, int(count), last_at) for flag, variant, count, last_at in found]


def add_assignments(
    connection: Connection, service: str, environment: str, given: Sequence[AssignmentRow], *, limit: int
) -> int:
    """Keep who is new, at most `limit` of an experiment; return how many were left out."""
    left_out = 0
    for experiment in sorted({row.experiment for row in given}):
        asked = [row for row in given if row.experiment == experiment]
        first: dict[str, AssignmentRow] = {}
        mixed: set[str] = set()
        for row in sorted(asked, key=lambda one: (one.subject, one.first_at)):
            if first.setdefault(row.subject, row).variant != row.variant:
                mixed.add(row.subject)
        where = (
            *_of_set(flag_assignments, service, environment),
            flag_assignments.c.experiment == experiment,
        )
        known = _known(connection, where, list(first))
        new = [first[subject] for subject in first if subject not in known]
        room = max(0, limit - _count(connection, where)) if new else 0
        left_out += len(new) - len(new[:room])
        _insert(connection, service, environment, new[:room])
        mixed |= {subject for subject, variant in known.items() if first[subject].variant != variant}
        _mark_mixed(connection, where, sorted(mixed))
    return left_out


def assignments(
    connection: Connection, service: str, environment: str, experiment: str, *, after: str, limit: int
) -> Sequence[AssignmentRow]:
    """Return them by subject, those behind `after`."""
    query = (
        select(flag_assignments)
        .where(
            *_of_set(flag_assignments, service, environment),
            flag_assignments.c.experiment == experiment,
            flag_assignments.c.subject > after,
        )
        .order_by(flag_assignments.c.subject)
        .limit(limit)
    )
    return [
        AssignmentRow(row.experiment, row.subject, row.variant, row.first_at, row.is_mixed)
        for row in connection.execute(query)
    ]


def prune(connection: Connection, *, batches_before: datetime, hours_before: int, limit: int) -> int:
    """Forget old batches and hours, at most `limit` of each."""
    return sum(
        connection.execute(
            delete(table).where(_key(table).in_(select(*table.primary_key).where(old).limit(limit)))
        ).rowcount
        for table, old in (
            (flag_batches, flag_batches.c.at < batches_before),
            (flag_usage, flag_usage.c.hour < hours_before),
        )
    )


def _known(connection: Connection, where: tuple[Any, ...], subjects: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(subjects), _CHUNK):
        query = select(flag_assignments.c.subject, flag_assignments.c.variant).where(
            *where, flag_assignments.c.subject.in_(subjects[start : start + _CHUNK])
        )
        found |= {row.subject: row.variant for row in connection.execute(query)}
    return found


def _count(connection: Connection, where: tuple[Any, ...]) -> int:
    counted: int = connection.execute(
        select(func.count()).select_from(flag_assignments).where(*where)
    ).scalar_one()
    return counted


def _insert(connection: Connection, service: str, environment: str, rows: Sequence[AssignmentRow]) -> None:
    if not rows:
        return
    connection.execute(
        upsert(connection, flag_assignments).on_conflict_do_nothing(),
        [
            {
                "service": service,
                "environment": environment,
                "experiment": row.experiment,
                "subject": row.subject,
                "variant": row.variant,
                "first_at": row.first_at,
                "is_mixed": row.is_mixed,
            }
            for row in rows
        ],
    )


def _mark_mixed(connection: Connection, where: tuple[Any, ...], subjects: Sequence[str]) -> None:
    for start in range(0, len(subjects), _CHUNK):
        chosen = flag_assignments.c.subject.in_(subjects[start : start + _CHUNK])
        connection.execute(update(flag_assignments).where(*where, chosen).values(is_mixed=True))


def _key(table: Any) -> Any:
    return tuple_(*table.primary_key)


def _extremes(connection: Connection) -> tuple[Any, Any]:
    """Return the functions of the later and the earlier of two instants; each database has its own."""
    if connection.dialect.name == "postgresql":
        return func.greatest, func.least
    return func.max, func.min


def _of_set(table: Any, service: str, environment: str) -> tuple[Any, Any]:
    return table.c.service == service, table.c.environment == environment
