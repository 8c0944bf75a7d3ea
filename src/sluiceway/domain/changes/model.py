"""A change request and what was said about it: its fields, risk, scores, votes, meetings.

The fields are those of the most demanding template among the packs; a process may ask for fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from sluiceway.domain.approvals.model import Ballot

ChangeId = NewType("ChangeId", str)  # CR-2026-001


class ChangeState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"  # waits for assessment and votes
    APPROVED = "approved"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"  # approved and linked to a release or a window
    IN_PROGRESS = "in-progress"
    DONE = "done"
    FAILED = "failed"  # carried out and taken back
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class RiskEntry:
    risk: str
    probability: str = ""  # low, medium, high
    impact: str = ""
    mitigation: str = ""


@dataclass(frozen=True, slots=True)
class Impact:
    scope: str = ""
    effort_estimate: str = ""
    resource_requirements: tuple[str, ...] = ()
    technical: tuple[str, ...] = ()
    business: tuple[str, ...] = ()
    risks: tuple[RiskEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What the requestor says. Texts are kept as given and shown, never run."""

    title: str
    requestor: str
    kind: str = "normal"  # id of a ChangeKind
    date_submitted: date | None = None
    description: str = ""
    business_justification: str = ""
    impact: Impact = Impact()
    acceptance_criteria: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    timeline: tuple[tuple[str, str], ...] = ()  # phase and how long
    success_metrics: tuple[str, ...] = ()
    service: str = ""
    parent_service: str = ""
    template: str = ""  # the pre-approved template a standard change follows
    implementer: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    rollback_plan: str = ""
    answers: tuple[tuple[str, str], ...] = ()  # question id -> answer id
    fields: tuple[tuple[str, str], ...] = ()  # the process's own


@dataclass(frozen=True, slots=True)
class Score:
    """One member's scores of one criterion."""

    by: str
    role: str
    criterion: str
    points: int
    at: datetime
    comment: str = ""


class MeetingKind(StrEnum):
    REGULAR = "regular"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class BoardDecision:
    """What a board decided on a change, under which rule, with which conditions.

    It counts for the subject it was taken on. A review looks back at an emergency change: `is_approved` is
    then whether the board agrees with what was done.
    """

    board: str
    is_approved: bool
    by: str  # who closed the vote
    at: datetime
    sentence: str
    conditions: tuple[str, ...] = ()
    kind: MeetingKind = MeetingKind.REGULAR
    meeting: str = ""
    subject_hash: str = ""
    is_review: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    id: ChangeId
    facts: ChangeFacts
    state: ChangeState
    author: str
    created_at: datetime
    process_hash: str
    ballots: tuple[Ballot, ...] = ()  # one per board and approval policy
    scores: tuple[Score, ...] = ()
    decisions: tuple[BoardDecision, ...] = ()
    releases: tuple[str, ...] = ()
    meeting: str = ""  # the meeting it is on the agenda of
    conditions: tuple[tuple[str, str], ...] = ()  # of its approval: who set it (policy or board id), the text
    history: tuple[tuple[datetime, str, str, str], ...] = ()  # at, by, state, why

    def ballot(self, policy: str) -> Ballot:
        """Return the votes under a policy or board, empty when there are none yet."""
        return next((ballot for ballot in self.ballots if ballot.policy == policy), Ballot(policy))


@dataclass(frozen=True, slots=True)
class BoardMeeting:
    """A meeting of a board with its agenda, in order."""

    id: str
    board: str
    kind: MeetingKind
    at: datetime
    called_by: str
    reason: str = ""
    agenda: tuple[str, ...] = ()  # change ids
    minutes: str = ""
    is_closed: bool = False
    service: str = ""  # whose process the board is of
