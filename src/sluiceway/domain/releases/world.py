"""What a release does not know itself and its moves depend on, at one moment; and what is found missing.

Filled by the services from the store, the calendar and the people. Pure data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.checklists.model import RunPhase
from sluiceway.domain.people.model import Directory
from sluiceway.domain.rollouts.model import Phase as RolloutPhase


@dataclass(frozen=True, slots=True)
class LinkedChange:
    """A change request that the release names. `author` wrote it, for whoever is its `requestor`."""

    id: str
    title: str
    state: ChangeState
    requestor: str = ""
    implementer: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True)
class OwnRollout:
    """A rollout of the release; `version` is the one it takes users to."""

    id: str
    phase: RolloutPhase
    version: str


@dataclass(frozen=True, slots=True)
class OwnRun:
    """A runbook's run for the release."""

    id: str
    runbook: str
    phase: RunPhase


@dataclass(frozen=True, slots=True)
class World:
    """Everything around a release. Changes, rollouts and runs are looked up by id: all those that
    the release names, since one that is not here is taken for gone.

    `calendar_closed` says why nothing may be deployed now, "" when it may; overrides are the release's own.
    """

    directory: Directory
    changes: Mapping[str, LinkedChange] = field(default_factory=dict[str, LinkedChange])
    rollouts: Mapping[str, OwnRollout] = field(default_factory=dict[str, OwnRollout])
    runs: Mapping[str, OwnRun] = field(default_factory=dict[str, OwnRun])
    calendar_closed: str = ""


class MissingKind(StrEnum):
    """What holds a move: the kinds of needs, and what no process has to ask for."""

    FIELD = "field"
    GATE = "gate"
    APPROVAL = "approval"
    CHECKLIST = "checklist"
    DECISION = "decision"
    CHANGES = "changes"
    CALENDAR = "calendar"
    ROLLOUT = "rollout"
    RUNBOOK = "runbook"
    CONDITION = "condition"  # under which somebody agreed
    ROAD = "road"  # the road does not lead there from here


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that holds a move. `ref` is the id of what is missing, of an item `checklist/item`.

    `roles` could supply it; `people` are those who could do so now, alternates included. With neither it
    waits for no person: a calendar that opens, a rollout that ends.
    """

    kind: MissingKind
    ref: str
    text: str
    roles: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    due_at: datetime | None = None
    is_overdue: bool = False


def people_in(roles: tuple[str, ...], directory: Directory, now: datetime) -> tuple[str, ...]:
    """Return who could act in one of these roles now: holders who are there, alternates of those away."""
    voters = Voters(directory, now)
    return tuple(dict.fromkeys(person for role in roles for person in voters.in_role(role)))


def plays(person: str, role: str, directory: Directory, now: datetime) -> bool:
    """Return whether the person holds the role, or stands in for somebody away who does."""
    return directory.holds(person, role) or any(
        directory.holds(gone, role) for gone in directory.stands_in_for(person, now)
    )
