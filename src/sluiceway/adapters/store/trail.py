"""The audit trail's rows. The arithmetic is `domain.audit.chain`; here it meets concurrent writers.

Every append locks the one row of `audit_head`, so entries follow each other without gap or fork. Triggers in
the database refuse to change or delete an entry; the hashes show it when somebody gets around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from sluiceway.adapters.store import codec
from sluiceway.adapters.store.schema import audit, audit_head
from sluiceway.domain.audit.chain import AuditEntry, NewAuditEntry, chain
from sluiceway.domain.rollouts.model import RolloutId


def append(connection: Connection, entry: NewAuditEntry) -> AuditEntry:
    """Chain the entry to the newest one and store it."""
    last = connection.execute(select(audit_head.c.seq, audit_head.c.hash).with_for_update()).one()
    stored = chain(_as_kept(entry), last.seq + 1, last.hash)
    content = stored.content
    connection.execute(
        insert(audit).values(
            seq=stored.seq,
            at=content.at,
            process_at=content.process_at,
            actor=content.actor,
            kind=content.kind,
            subject=content.subject,
            why=content.why,
            figures=codec.figures_text(content.figures),
            prev_hash=stored.prev_hash,
            hash=stored.hash,
        )
    )
    connection.execute(update(audit_head).values(seq=stored.seq, hash=stored.hash))
    return stored


def entries(
    connection: Connection, *, rollout_id: RolloutId | None, after: int, limit: int
) -> Sequence[AuditEntry]:
    """Return in order of sequence, those after `after`."""
    query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
    if rollout_id is not None:
        query = query.where(audit.c.subject == rollout_id)
    return [_entry(row) for row in connection.execute(query)]


def newest(connection: Connection, subject: str, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
    """Return the entries about one subject, newest first, those below sequence number `before`."""
    query = select(audit).where(audit.c.subject == subject).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.seq < before)
    return [_entry(row) for row in connection.execute(query)]


def head(connection: Connection) -> str:
    """Return the hash of the newest entry, as noted beside the trail."""
    noted: str = connection.execute(select(audit_head.c.hash)).scalar_one()
    return noted


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        seq=row.seq,
        content=NewAuditEntry(
            at=row.at,
            process_at=row.process_at,
            actor=row.actor,
            kind=row.kind,
            subject=row.subject,
            why=row.why,
            figures=codec.figures_of(row.figures),
        ),
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def _as_kept(entry: NewAuditEntry) -> NewAuditEntry:
    """Return the entry exactly as it will be read back, so that its hash still fits then."""
    return replace(
        entry,
        at=entry.at.astimezone(UTC),
        process_at=entry.process_at.astimezone(UTC),
        actor=codec.storable(entry.actor),
        kind=codec.storable(entry.kind),
        subject=codec.storable(entry.subject),
        why=codec.storable(entry.why),
        figures=tuple(
            (codec.storable(name), codec.storable(value) if isinstance(value, str) else value)
            for name, value in entry.figures
        ),
    )
