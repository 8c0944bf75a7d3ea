"""What CLI, API and console show of change requests and boards: plain data for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.changes.model import ChangeFacts
from sluiceway.services.release_views import ApprovalView


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    id: str
    title: str
    service: str
    kind: str
    state: str
    risk: str
    requestor: str
    author: str
    created_at: datetime
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class RiskView:
    """The level that counts, and every rule and answer that led to it, in words."""

    level: str
    title: str
    score: float | None
    sentence: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CriterionScoreView:
    """One criterion of the matrix: each member's points (member, role, points, comment), mean and spread."""

    id: str
    title: str
    weight_percent: int
    low: int
    high: int
    higher_is_better: bool
    description: str
    scores: tuple[tuple[str, str, int, str], ...]
    mean: float | None
    spread: float | None


@dataclass(frozen=True, slots=True)
class MatrixView:
    """`total` is the weighted mean of all members, `spread` how far members' own totals lie apart."""

    criteria: tuple[CriterionScoreView, ...]
    totals: tuple[tuple[str, float], ...]  # member, weighted total
    total: float | None
    spread: float | None
    missing: tuple[str, ...]  # roles that have not scored
    sentence: str


@dataclass(frozen=True, slots=True)
class ConflictView:
    """Something in the way. `with_id` is the other request, "" when it is the calendar."""

    with_id: str
    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class BoardDecisionView:
    board: str
    is_approved: bool
    by: str
    at: datetime
    sentence: str
    conditions: tuple[str, ...]
    kind: str
    title: str = ""  # of the board
    meeting: str = ""
    is_review: bool = False  # looks back at an emergency change
    is_current: bool = True  # on what the request says now


@dataclass(frozen=True, slots=True)
class ChangeConditionView:
    """A condition of the approval. It is an item of every release the request is part of."""

    text: str
    set_by: str  # title of the board or approval
    open_in: tuple[str, ...] = ()  # ids of releases
    met_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionView:
    id: str
    text: str
    answers: tuple[tuple[str, str], ...]  # answer id, text
    answered: str  # answer id, "" when it is open


@dataclass(frozen=True, slots=True)
class ChangeView:
    """Everything about one change request. `may` lists what the viewer may do, by the names of the acts."""

    summary: ChangeSummary
    version: int
    facts: ChangeFacts
    risk: RiskView
    questions: tuple[QuestionView, ...]
    matrix: MatrixView | None
    approvals: tuple[ApprovalView, ...]
    boards: tuple[str, ...]
    decisions: tuple[BoardDecisionView, ...]
    conflicts: tuple[ConflictView, ...]
    releases: tuple[str, ...]
    meeting: str
    history: tuple[tuple[datetime, str, str, str], ...]  # at, by, state, why
    may: tuple[str, ...]
    kind_title: str = ""
    kinds: tuple[tuple[str, str], ...] = ()  # those of the process: id, title
    conditions: tuple[ChangeConditionView, ...] = ()
    my_roles: tuple[str, ...] = ()  # those the viewer may score in
    review_due_at: datetime | None = None  # of an emergency change that is not reviewed yet
    calendar_closed: str = ""  # why nothing may be deployed now, "" when it may
    zone: str = "UTC"  # of the process's calendar


@dataclass(frozen=True, slots=True)
class ChangeFormView:
    """What a form for a new request asks: the kinds and questions of a service's process in force."""

    service: str
    kinds: tuple[tuple[str, str], ...]  # id, title
    questions: tuple[QuestionView, ...]
    templates: tuple[tuple[str, str], ...]  # requests that a standard change may follow: id, title
    zone: str


@dataclass(frozen=True, slots=True)
class AgendaItemView:
    change: ChangeSummary
    why: str  # why it stands where it does on the agenda
    votes_for: int
    votes_against: int
    sentence: str
    purpose: str = "decide"  # or "review"


@dataclass(frozen=True, slots=True)
class MeetingView:
    id: str
    board: str
    kind: str
    at: datetime
    called_by: str
    reason: str
    is_closed: bool
    minutes: str
    agenda: tuple[AgendaItemView, ...]
    service: str = ""


@dataclass(frozen=True, slots=True)
class AgendaView:
    """What a board talks about next, most pressing first. `text` is the agenda in Markdown, to be sent."""

    service: str
    board: str
    title: str
    at: datetime | None  # None when the board has no fixed day and no meeting was called
    note: str  # from where the meeting was moved, "" when it stands on its own day
    items: tuple[AgendaItemView, ...]
    text: str


@dataclass(frozen=True, slots=True)
class MemberView:
    role: str
    title: str
    people: tuple[str, ...]
    is_voting: bool
    is_chair: bool


@dataclass(frozen=True, slots=True)
class BoardView:
    id: str
    title: str
    service: str
    quorum: int
    emergency_quorum: int
    casting_vote: bool
    members: tuple[MemberView, ...]
    criteria: tuple[str, ...]
    meets: str  # in words, "" when it has no fixed day
    next_at: datetime | None
    waiting: tuple[ChangeSummary, ...]
    meetings: tuple[MeetingView, ...]
    may: tuple[str, ...] = ()
    next_note: str = ""  # from where the next meeting was moved
    minutes: int = 0  # how long it meets
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class SuccessView:
    """How past changes of a service went: the share that ended well and, as its score, what it is at least.

    Both are 0 to 1, None without any.
    """

    service: str
    done: int
    failed: int
    share: float | None
    score: float | None
    sentence: str
