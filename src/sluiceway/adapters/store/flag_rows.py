"""The SQL of flags and segments, their history and the proposals. Reports are in `flag_usage_rows`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema_flags import (
    flag_applied,
    flag_items,
    flag_proposals,
    flag_sets,
    flag_versions,
)
from sluiceway.domain.flags.proposals import ItemKind, Proposal, ProposalState
from sluiceway.errors import ConflictError, NotFoundError
from sluiceway.ports.flags import FlagRow, FlagVersionRow, ItemKey, ProposalRow, SetKey


def lock_set(connection: Connection, service: str, environment: str) -> int:
    """Return the set's version and keep every other writer of it out until the transaction ends."""
    new = upsert(connection, flag_sets).values(service=service, environment=environment, version=0)
    connection.execute(new.on_conflict_do_nothing())
    query = select(flag_sets.c.version).where(*_of_set(flag_sets, service, environment)).with_for_update()
    found: int = connection.execute(query).scalar_one()
    return found


def set_versions(connection: Connection, service: str) -> Mapping[SetKey, int]:
    """Return the version of every set, of one service unless it is ""."""
    query = select(flag_sets)
    if service:
        query = query.where(flag_sets.c.service == service)
    return {(row.service, row.environment): row.version for row in connection.execute(query)}


def rows(connection: Connection, service: str, environment: str, *, after: int) -> Sequence[FlagRow]:
    """Return what changed after a version of the set, by kind and id."""
    query = (
        select(flag_items)
        .where(*_of_set(flag_items, service, environment), flag_items.c.version > after)
        .order_by(flag_items.c.kind, flag_items.c.id)
    )
    return [_item(row) for row in connection.execute(query)]


def get_row(
    connection: Connection, service: str, environment: str, kind: ItemKind, item: str
) -> FlagRow | None:
    """Return one row, also of what was taken away; None when there never was one."""
    query = select(flag_items).where(
        *_of_set(flag_items, service, environment), flag_items.c.kind == kind.value, flag_items.c.id == item
    )
    found = connection.execute(query).one_or_none()
    return None if found is None else _item(found)


def save_rows(
    connection: Connection, service: str, environment: str, version: int, changed: Sequence[FlagRow]
) -> None:
    """Write the rows and the set's new version."""
    if changed:
        query = upsert(connection, flag_items)
        new = {name: query.excluded[name] for name in ("version", "document", "changed_at", "changed_by")}
        connection.execute(
            query.on_conflict_do_update(index_elements=["service", "environment", "kind", "id"], set_=new),
            [_item_columns(row) for row in changed],
        )
    connection.execute(
        update(flag_sets).where(*_of_set(flag_sets, service, environment)).values(version=version)
    )


def applied(connection: Connection, service: str, environment: str) -> Mapping[ItemKey, str]:
    """Return what the set's file said when it was last applied."""
    query = select(flag_applied).where(*_of_set(flag_applied, service, environment))
    return {(ItemKind(row.kind), row.id): row.document for row in connection.execute(query)}


def save_applied(
    connection: Connection, service: str, environment: str, documents: Sequence[tuple[ItemKind, str, str]]
) -> None:
    """Remember what a file said, "" for what it does not hold any more."""
    kept = [
        {"service": service, "environment": environment, "kind": kind.value, "id": item, "document": document}
        for kind, item, document in documents
        if document
    ]
    if kept:
        query = upsert(connection, flag_applied)
        connection.execute(
            query.on_conflict_do_update(
                index_elements=["service", "environment", "kind", "id"],
                set_={"document": query.excluded.document},
            ),
            kept,
        )
    for kind, item, document in documents:
        if not document:
            same = (flag_applied.c.kind == kind.value, flag_applied.c.id == item)
            connection.execute(
                delete(flag_applied).where(*_of_set(flag_applied, service, environment), *same)
            )


def add_versions(connection: Connection, changes: Sequence[FlagVersionRow]) -> None:
    """Append to the history."""
    if changes:
        connection.execute(insert(flag_versions), [_version_columns(one) for one in changes])


def versions(
    connection: Connection,
    service: str,
    *,
    environment: str,
    kind: ItemKind | None,
    item: str,
    before: int | None,
    limit: int,
) -> Sequence[FlagVersionRow]:
    """Return changes newest first; what is empty narrows nothing."""
    query = (
        select(flag_versions)
        .where(flag_versions.c.service == service)
        .order_by(flag_versions.c.seq.desc())
        .limit(limit)
    )
    if environment:
        query = query.where(flag_versions.c.environment == environment)
    if kind is not None:
        query = query.where(flag_versions.c.kind == kind.value)
    if item:
        query = query.where(flag_versions.c.id == item)
    if before is not None:
        query = query.where(flag_versions.c.seq < before)
    return [_version(row) for row in connection.execute(query)]


def get_version(connection: Connection, service: str, seq: int) -> FlagVersionRow:
    """Raise NotFoundError."""
    query = select(flag_versions).where(flag_versions.c.service == service, flag_versions.c.seq == seq)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(
            f"{service} has no change of a flag with the number {seq}; the flag's history shows them"
        )
    return _version(found)


def add_proposal(connection: Connection, proposal: Proposal) -> None:
    """Keep a new proposal."""
    connection.execute(insert(flag_proposals).values(version=1, **_proposal_columns(proposal)))


def get_proposal(connection: Connection, proposal_id: str) -> ProposalRow:
    """Raise NotFoundError."""
    query = select(flag_proposals).where(flag_proposals.c.id == proposal_id)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no proposed change of flags {proposal_id[:100]!r}")
    return _proposal(found)


def save_proposal(connection: Connection, row: ProposalRow, proposal: Proposal) -> int:
    """Return the new version. Raise ConflictError when somebody saved it since."""
    done = connection.execute(
        update(flag_proposals)
        .where(flag_proposals.c.id == proposal.id, flag_proposals.c.version == row.version)
        .values(version=row.version + 1, **_proposal_columns(proposal))
    )
    if done.rowcount == 0:
        raise ConflictError(
            f"the proposal {proposal.id} was changed by somebody else while you looked at it; look again, "
            "then repeat"
        )
    return row.version + 1


def list_proposals(
    connection: Connection, services: Collection[str] | None, *, state: ProposalState | None, limit: int
) -> Sequence[ProposalRow]:
    """Return the newest first; None is every service, every state."""
    query = select(flag_proposals).order_by(flag_proposals.c.seq.desc()).limit(limit)
    if services is not None:
        query = query.where(flag_proposals.c.service.in_(sorted(services)))
    if state is not None:
        query = query.where(flag_proposals.c.state_name == state.value)
    return [_proposal(row) for row in connection.execute(query)]


def upsert(connection: Connection, table: Any) -> Any:
    """Return an insert that knows what to do when a row is there already; each database has its own."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _of_set(table: Any, service: str, environment: str) -> tuple[Any, Any]:
    return table.c.service == service, table.c.environment == environment


def _item_columns(row: FlagRow) -> dict[str, Any]:
    return {
        "service": row.service,
        "environment": row.environment,
        "kind": row.kind.value,
        "id": row.id,
        "version": row.version,
        "document": row.document,
        "changed_at": row.changed_at,
        "changed_by": codec.storable(row.changed_by),
    }


def _item(row: Row[Any]) -> FlagRow:
    return FlagRow(
        service=row.service,
        environment=row.environment,
        kind=ItemKind(row.kind),
        id=row.id,
        version=row.version,
        document=row.document,
        changed_at=row.changed_at,
        changed_by=row.changed_by,
    )


def _version_columns(row: FlagVersionRow) -> dict[str, Any]:
    return {
        "service": row.service,
        "environment": row.environment,
        "kind": row.kind.value,
        "id": row.id,
        "version": row.version,
        "act": row.act,
        "at": row.at,
        "by": codec.storable(row.by),
        "why": codec.storable(row.why),
        "before": row.before,
        "after": row.after,
        "lines": json.dumps([codec.storable(line) for line in row.lines]),
        "undoes": row.undoes,
    }


def _version(row: Row[Any]) -> FlagVersionRow:
    return FlagVersionRow(
        seq=row.seq,
        service=row.service,
        environment=row.environment,
        kind=ItemKind(row.kind),
        id=row.id,
        version=row.version,
        act=row.act,
        at=row.at,
        by=row.by,
        why=row.why,
        before=row.before,
        after=row.after,
        lines=tuple(json.loads(row.lines)),
        undoes=row.undoes,
    )


def _proposal_columns(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "service": proposal.service,
        "state_name": proposal.state.value,
        "body": codec.PROPOSAL.text(proposal),
    }


def _proposal(row: Row[Any]) -> ProposalRow:
    return ProposalRow(codec.PROPOSAL.value(row.body), row.version)
