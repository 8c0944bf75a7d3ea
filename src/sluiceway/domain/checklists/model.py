"""Checklist items as they stand now, and runs of runbooks: where one is, what each attempt gave.

The state only. When items come due is said by `due`, how a run goes on by `running`. What became of an item
is kept in its release (`domain.releases.model`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from sluiceway.domain.process.lists import Checklist, Item, Runbook, Step
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
    def name(self) -> str:
        """Return `CHECKLIST/ITEM`, which tells it apart from every other item of the release."""
        return f"{self.checklist.id}/{self.item.id}"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.state in {ItemState.DONE, ItemState.SET_ASIDE}


class RunPhase(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"  # for a person: a manual step, a condition in words, a step whose end is not known
    UNDOING = "undoing"  # a step failed for good: what was done is taken back, last first
    DONE = "done"
    FAILED = "failed"  # taken back, or nothing to take back
    STUCK = "stuck"  # taking back failed too: a person must act
    STOPPED = "stopped"  # by a person

    @property
    def is_over(self) -> bool:
        return self in {RunPhase.DONE, RunPhase.FAILED, RunPhase.STOPPED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What carrying out a step gave. `ok` None: it was cut off, so what it did is not known."""

    ok: bool | None
    note: str  # in words: "exit code 3 after 1.2 s"
    output: str = ""  # the end of what it printed


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a step, or of its undo. `ended_at` None: it runs, or its end was never heard of.

    An attempt that has ended with `ok` None was cut off. `key` names the entry of the work queue that began
    it, so that the same entry, delivered again after a crash, is told apart from another one.
    """

    step: str
    number: int
    is_undo: bool
    began_at: datetime
    ended_at: datetime | None = None
    ok: bool | None = None
    by: str = ""  # who did a manual step, or said what became of one
    output: str = ""  # the end of what it printed
    note: str = ""
    key: str = ""
    is_set_aside: bool = False  # not done, because it does not apply or a person decided so


@dataclass(frozen=True, slots=True)
class StopWish:
    """A person wants a run to end; with `takes_back`, what was done is undone first."""

    by: str
    why: str
    at: datetime
    takes_back: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A runbook being carried out. Keeps the runbook as it was when it began.

    `item` is set when the run is that of an automated checklist item: `CHECKLIST/ITEM`. `cwd` and `env` are
    those of its commands.
    """

    id: RunId
    runbook: Runbook
    phase: RunPhase
    step: int  # index of the step it is at
    began_at: datetime
    began_by: str
    release: str = ""
    service: str = ""
    version: str = ""
    item: str = ""
    cwd: str = ""
    env: tuple[tuple[str, str], ...] = ()
    attempts: tuple[Attempt, ...] = ()
    applies: tuple[str, ...] = ()  # steps with a condition in words that a person said holds
    next_at: datetime | None = None  # not before this instant: the wait between two attempts
    stop: StopWish | None = None
    ended_at: datetime | None = None
    why: str = ""  # what it waits for, or why it failed


class StepState(StrEnum):
    OPEN = "open"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"  # cut off, and nobody has said yet what it did
    SET_ASIDE = "set-aside"
    UNDOING = "undoing"
    TAKEN_BACK = "taken-back"


@dataclass(frozen=True, slots=True)
class StepStanding:
    """A step of a run as it stands, with every try of it and of its undo, oldest first."""

    step: Step
    state: StepState
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: steps done or set aside, of how many, and one sentence for people."""

    done: int
    total: int
    sentence: str
