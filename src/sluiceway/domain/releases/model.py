"""A release: a versioned set of changes on its road from draft to closed.

The state only, frozen; what may happen when is said by `moves`, who must agree by `domain.approvals`. Units:
instants are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from sluiceway.domain.approvals.model import Ballot

ReleaseId = NewType("ReleaseId", str)  # REL-2026-0001


class ScopeKind(StrEnum):
    FEATURE = "feature"
    FIX = "fix"
    PERFORMANCE = "performance"
    SECURITY = "security"
    DEBT = "debt"


@dataclass(frozen=True, slots=True)
class ScopeItem:
    id: str
    kind: ScopeKind
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    """What the release is for, and the figure that shows it."""

    text: str
    metric: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Stakeholder:
    """Who plays which part in this release, and who stands in."""

    role: str
    person: str
    responsibility: str = ""
    contact: str = ""
    backup: str = ""


class ChannelState(StrEnum):
    PLANNED = "planned"
    SUBMITTED = "submitted"
    LIVE = "live"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to the users (web, mobile, API, infrastructure) with its own state."""

    id: str
    title: str
    state: ChannelState = ChannelState.PLANNED
    note: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What people say about a release. Everything here is edited by a planner until the scope is frozen."""

    version: str
    type: str
    title: str = ""
    code_name: str = ""
    target_at: datetime | None = None
    manager: str = ""
    sponsor: str = ""
    user_impact: str = ""
    revenue_impact: str = ""
    goals: tuple[Goal, ...] = ()
    scope: tuple[ScopeItem, ...] = ()
    stakeholders: tuple[Stakeholder, ...] = ()
    channels: tuple[Channel, ...] = ()
    changes: tuple[str, ...] = ()  # ids of change requests
    environment: str = ""


class DecisionKind(StrEnum):
    GO = "go"
    NO_GO = "no-go"


@dataclass(frozen=True, slots=True)
class Decision:
    """A recorded go or no-go; the newest of its id counts."""

    id: str  # as the process's DECISION need names it: "code-freeze", "release-candidate", "go-no-go"
    kind: DecisionKind
    by: str
    role: str
    at: datetime
    reason: str
    subject_hash: str  # of what the release was when it was decided


class GateResult(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class GateEntry:
    """A person's word on a gate, for one commit or version. The newest of a gate counts."""

    gate: str
    result: GateResult
    by: str
    role: str
    at: datetime
    statement: str
    subject: str  # the version it was said of: a word for another version does not count
    until: datetime | None = None  # when a waiver ends
    signature: str = ""


class ItemState(StrEnum):
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"  # a command, check or expression answered no
    SET_ASIDE = "set-aside"  # does not apply here, with the reason


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """What became of a checklist item. `output` is the end of what a command printed."""

    checklist: str
    item: str
    state: ItemState
    by: str
    at: datetime
    note: str = ""
    link: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition under which somebody agreed: an item to do before the rollout."""

    id: str
    text: str
    by: str
    at: datetime
    policy: str
    done_by: str = ""
    done_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stay:
    """The release was in `phase` from `since`; `why` and `by` are of the move that brought it there.

    `rollouts` and `runs` count those it had when it came: later ones began during this stay or after it.
    """

    phase: str
    since: datetime
    by: str
    why: str
    rollouts: int = 0
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Override:
    """A recorded permission to act inside a freeze or outside a window, for this release."""

    what: str  # "calendar"
    by: str
    role: str
    at: datetime
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Everything about one release. The last of `stays` is where it is."""

    id: ReleaseId
    service: str
    facts: Facts
    process_hash: str  # the process it began under, and keeps until it is moved to another
    author: str
    created_at: datetime
    stays: tuple[Stay, ...]
    ballots: tuple[Ballot, ...] = ()
    decisions: tuple[Decision, ...] = ()
    gates: tuple[GateEntry, ...] = ()
    items: tuple[ItemEntry, ...] = ()
    conditions: tuple[Condition, ...] = ()
    overrides: tuple[Override, ...] = ()
    rollouts: tuple[str, ...] = ()  # rollout ids, oldest first
    runs: tuple[str, ...] = ()  # runbook run ids, oldest first
    previous_version: str = ""  # what users had when it was made

    @property
    def phase(self) -> str:
        return self.stays[-1].phase

    @property
    def since(self) -> datetime:
        return self.stays[-1].since

    def ballot(self, policy: str) -> Ballot:
        """Return the votes under a policy, empty when there are none yet."""
        return next((ballot for ballot in self.ballots if ballot.policy == policy), Ballot(policy))


def target_day(facts: Facts) -> date | None:
    """Return the target's date in UTC, None when it has none."""
    return None if facts.target_at is None else facts.target_at.date()
