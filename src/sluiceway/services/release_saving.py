"""Saving what an act made of a release: the row, when the engine looks at it next, and the audit entry."""

from __future__ import annotations

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.checklists.due import next_look
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.road import has_ended
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import Transaction
from sluiceway.services.release_scene import Scene


def save(
    tx: Transaction, scene: Scene, release: Release, clock: Clock, *, actor: str, kind: str, why: str
) -> int:
    """Save the release and note who did what; return the row's new version.

    Raises ConflictError when somebody saved it since it was read.
    """
    due_at = next_look(scene.team, release, scene.now)
    version = tx.save_release(scene.row, release, is_open=not has_ended(release, scene.team), due_at=due_at)
    note(tx, clock, actor=actor, kind=kind, subject=release.id, why=why)
    return version


def note(tx: Transaction, clock: Clock, *, actor: str, kind: str, subject: str, why: str) -> None:
    """Append an entry about a release to the audit trail."""
    tx.append_audit(
        NewAuditEntry(
            at=clock.wall(), process_at=clock.now(), actor=actor, kind=kind, subject=subject, why=why
        )
    )
