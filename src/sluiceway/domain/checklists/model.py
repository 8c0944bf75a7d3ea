"""A run of a runbook: which step it is at, what each attempt gave, what has been taken back.

Items of checklists need no run: what became of them stands in the release (`domain.releases.model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from sluiceway.domain.process.lists import Runbook

RunId = NewType("RunId", str)


class RunPhase(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"  # for a person to do a manual step
    UNDOING = "undoing"  # a step failed for good: what was done is taken back, last first
    DONE = "done"
    FAILED = "failed"  # taken back, or nothing to take back
    STUCK = "stuck"  # taking back failed too: a person must act
    STOPPED = "stopped"  # by a person


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a step, or of its undo. `ended_at` None: it runs, or its end was never heard of."""

    step: str
    number: int
    is_undo: bool
    began_at: datetime
    ended_at: datetime | None = None
    ok: bool | None = None
    by: str = ""  # who did a manual step
    output: str = ""  # the end of what it printed
    note: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A runbook being carried out. Keeps the runbook as it was when it began."""

    id: RunId
    runbook: Runbook
    phase: RunPhase
    step: int  # index of the step it is at
    began_at: datetime
    began_by: str
    release: str = ""
    service: str = ""
    cwd: str = ""
    env: tuple[tuple[str, str], ...] = ()
    attempts: tuple[Attempt, ...] = ()
    next_at: datetime | None = None  # not before this instant: the wait between two attempts
    ended_at: datetime | None = None
    why: str = ""
