"""The SQL of services' processes, one text per content hash, and of numbered series."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema_releases import process_texts, processes, series
from sluiceway.errors import NotFoundError
from sluiceway.ports.releases import ProcessRow

_TEXTS = select(processes, process_texts.c.body).join(
    process_texts, process_texts.c.content_hash == processes.c.content_hash
)


def next_number(connection: Connection, name: str) -> int:
    """Return the next number of a series, from 1. Two who ask at once get different ones.

    A first number that two writers make at the same moment makes the later of them fail on the key.
    """
    grown = connection.execute(
        update(series).where(series.c.name == name).values(last=series.c.last + 1).returning(series.c.last)
    ).scalar_one_or_none()
    if grown is not None:
        return int(grown)
    connection.execute(insert(series).values(name=name, last=1))
    return 1


def put(connection: Connection, row: ProcessRow) -> None:
    """Put it in force; the text of a hash is kept once."""
    known = select(process_texts.c.content_hash).where(process_texts.c.content_hash == row.content_hash)
    if connection.execute(known).first() is None:
        connection.execute(
            insert(process_texts).values(content_hash=row.content_hash, body=codec.storable(row.text))
        )
    connection.execute(
        insert(processes).values(
            service=codec.storable(row.service),
            content_hash=row.content_hash,
            path=codec.storable(row.path),
            applied_at=row.applied_at,
            applied_by=codec.storable(row.applied_by),
        )
    )


def current(connection: Connection, service: str) -> ProcessRow | None:
    """Return the process in force, None when none ever was."""
    found = connection.execute(_of(service).limit(1)).one_or_none()
    return None if found is None else _process(found)


def get(connection: Connection, service: str, content_hash: str) -> ProcessRow:
    """Return the newest application of this text for the service. Raise NotFoundError."""
    found = connection.execute(
        _of(service).where(processes.c.content_hash == content_hash).limit(1)
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"{service} never had a process with the content {content_hash[:12]}")
    return _process(found)


def get_several(connection: Connection, wanted: Collection[tuple[str, str]]) -> Sequence[ProcessRow]:
    """Return the newest application of each text to its service, in no order; unknown ones are left out."""
    if not wanted:
        return ()
    newest = (
        select(func.max(processes.c.seq))
        .where(
            processes.c.service.in_({service for service, _ in wanted}),
            processes.c.content_hash.in_({content_hash for _, content_hash in wanted}),
        )
        .group_by(processes.c.service, processes.c.content_hash)
    )
    query = _TEXTS.where(processes.c.seq.in_(newest))
    found = (_process(row) for row in connection.execute(query))
    return [row for row in found if (row.service, row.content_hash) in wanted]


def list_all(connection: Connection, service: str) -> Sequence[ProcessRow]:
    """Return newest first."""
    return [_process(row) for row in connection.execute(_of(service))]


def in_force(connection: Connection) -> Mapping[str, str]:
    """Return the content hash of the process in force by service."""
    newest = select(func.max(processes.c.seq)).group_by(processes.c.service)
    query = select(processes.c.service, processes.c.content_hash).where(processes.c.seq.in_(newest))
    return {row.service: row.content_hash for row in connection.execute(query)}


def services(connection: Connection) -> Sequence[str]:
    """Return every service with a process, by name."""
    query = select(processes.c.service).distinct().order_by(processes.c.service)
    return list(connection.execute(query).scalars())


def _of(service: str) -> Select[Any]:
    return _TEXTS.where(processes.c.service == service).order_by(processes.c.seq.desc())


def _process(row: Row[Any]) -> ProcessRow:
    return ProcessRow(
        service=row.service,
        content_hash=row.content_hash,
        text=row.body,
        path=row.path,
        applied_at=row.applied_at,
        applied_by=row.applied_by,
    )
