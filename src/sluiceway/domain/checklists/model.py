"""Checklist items as they stand now, and runs of runbooks: where one is, what each attempt gave.

The state only. When items come due is said by `due`, how a run goes on by `running`. What became of an item
is kept in its release (`domain.releases.model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from sluiceway.domain.process.lists import Checklist, Item, Runbook
from sluiceway.domain.releases.model import ItemEntry, ItemState

RunId = NewType("RunId", str)


@dataclass(frozen=True, slots=True)
class ItemStanding:
    """An item of a release's checklist: when it is due, what became of it, who does it.

    `due_at` None: its day is not known yet (no target date, or the phase it follows is still to come).
    `until_at` is when it begins to be late. `is_required` is False also for a part of an optional item.
    """

    checklist: Checklist
    item: Item
    due_at: datetime | None
    until_at: datetime | None
    state: ItemState
    is_required: bool
    is_overdue: bool
    owner: str  # role id, "" when nobody in particular
    entry: ItemEntry | None = None  # the newest word on it that counts
    is_group: bool = False  # made of parts, and done when they are

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.state in {ItemState.DONE, ItemState.SET_ASIDE}


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
