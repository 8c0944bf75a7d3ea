"""What becomes of a run, written down: in the audit trail and, of a checklist item's run, in its release.

Called in the transaction that saves the run, by the engine and by whoever lets people act on one.
"""

from __future__ import annotations

import structlog

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.checklists.model import Attempt, Run
from sluiceway.domain.checklists.progress import progress_of
from sluiceway.engine.items import BY, note_answer
from sluiceway.errors import NotFoundError
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import Transaction

log = structlog.get_logger("sluiceway.runs")


def record(tx: Transaction, clock: Clock, before: Run, after: Run) -> None:
    """Write down what the step from `before` to `after` brought: attempts that ended, a new phase, an answer.

    Raises ConflictError when the release of an item was saved at this moment.
    """
    for old, new in zip(before.attempts, after.attempts, strict=False):
        if old.ended_at is None and new.ended_at is not None:
            _audit(tx, clock, after, _kind(new), f"{_titled(after, new)}: {new.note}", attempt=new)
    if after.phase is not before.phase:
        _audit(tx, clock, after, f"run-{after.phase.value}", progress_of(after).sentence)
    if after.item and after.phase.is_over:
        try:
            note_answer(tx, after, clock)
        except NotFoundError:
            log.warning("an item's release is gone", run=after.id, release=after.release)


def _titled(run: Run, attempt: Attempt) -> str:
    title = next(step.title for step in run.runbook.steps if step.id == attempt.step)
    return f'taking back "{title}"' if attempt.is_undo else f'"{title}"'


def _audit(
    tx: Transaction, clock: Clock, run: Run, kind: str, why: str, *, attempt: Attempt | None = None
) -> None:
    figures: tuple[tuple[str, float | str | None], ...] = (("run", run.id), ("runbook", run.runbook.id))
    if attempt is not None:
        figures += (("step", attempt.step), ("attempt", attempt.number))
    tx.append_audit(
        NewAuditEntry(
            at=clock.wall(),
            process_at=clock.now(),
            actor=BY,
            kind=kind,
            subject=run.release or run.id,
            why=f"{run.runbook.title}: {why}",
            figures=figures,
        )
    )
    log.info(kind, run=run.id, release=run.release, why=why)


def _kind(attempt: Attempt) -> str:
    match attempt.ok:
        case True:
            return "step-taken-back" if attempt.is_undo else "step-done"
        case False:
            return "step-failed"
        case None:
            return "step-cut-off"
