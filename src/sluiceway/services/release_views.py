"""What CLI, API and console show of releases: plain data for people, filled by the use cases of releases.

Instants are aware UTC. Sentences are complete and name who can do something about what they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sluiceway.domain.releases.model import Facts
from sluiceway.services.views import AuditView, RolloutSummary


@dataclass(frozen=True, slots=True)
class ReleaseSummary:
    """One line of a list. `waits_for` is the first thing that holds it, "" when nothing does."""

    id: str
    service: str
    version: str
    type: str
    type_title: str
    title: str
    code_name: str
    phase: str
    phase_title: str
    is_open: bool
    manager: str
    target_at: datetime | None
    since: datetime
    waits_for: str = ""
    missing_count: int = 0
    is_late: bool = False  # the target date has passed and it is open


@dataclass(frozen=True, slots=True)
class MissingView:
    """One thing that holds a move. `who` names the people who can supply it now, `roles` the roles."""

    kind: str
    ref: str
    text: str
    roles: tuple[str, ...] = ()
    who: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveView:
    """A phase the release can go to from where it is, and all that is missing for it."""

    to: str
    title: str
    is_back: bool
    missing: tuple[MissingView, ...] = ()

    @property
    def is_ready(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase of the release's own path. `status`: done, current, coming."""

    id: str
    title: str
    meaning: str
    status: str
    entered_at: datetime | None = None
    by: str = ""
    why: str = ""
    kind: str = ""  # work, rollout, watch, end


@dataclass(frozen=True, slots=True)
class VoteView:
    by: str
    role: str
    kind: str
    at: datetime
    comment: str = ""
    conditions: tuple[str, ...] = ()
    on_behalf_of: str = ""
    void_reason: str = ""  # why it does not count; "" when it does


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """One approval. `standing`: waiting, approved, rejected. `my_roles`: those the viewer may vote in."""

    policy: str
    title: str
    standing: str
    sentence: str
    votes: tuple[VoteView, ...] = ()
    wanted: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    expires_at: datetime | None = None
    subject: tuple[tuple[str, str], ...] = ()  # what is agreed to, part by part
    subject_hash: str = ""  # sent with a vote, so that it counts for what the voter saw
    is_asked: bool = True  # something on the release's own path asks for it
    my_roles: tuple[str, ...] = ()
    my_refusal: str = ""  # why the viewer may not vote, "" when they may


@dataclass(frozen=True, slots=True)
class CheckView:
    id: str
    text: str
    expects: str
    evidence: str


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate. `standing`: passed, failed, missing, stale, waived. `is_signed`: its signature holds."""

    id: str
    title: str
    standing: str
    sentence: str
    checks: tuple[CheckView, ...] = ()
    attested_by: tuple[str, ...] = ()
    by: str = ""
    at: datetime | None = None
    statement: str = ""
    is_signed: bool = False
    may_attest: bool = False
    may_waive: bool = False


@dataclass(frozen=True, slots=True)
class ItemView:
    """One checklist item. `state`: open, done, failed, set-aside."""

    checklist: str
    id: str
    text: str
    kind: str
    owner: str
    state: str
    is_required: bool
    is_overdue: bool
    due_at: datetime | None = None
    when: str = ""
    parent: str = ""
    by: str = ""
    at: datetime | None = None
    note: str = ""
    link: str = ""
    output: str = ""
    is_group: bool = False  # made of parts, and done when they are
    is_running: bool = False  # it is being answered right now


@dataclass(frozen=True, slots=True)
class ChecklistView:
    id: str
    title: str
    due_at: datetime | None
    items: tuple[ItemView, ...]

    @property
    def done_count(self) -> int:
        return sum(item.state in {"done", "set-aside"} for item in self.items)


@dataclass(frozen=True, slots=True)
class ConditionView:
    id: str
    text: str
    by: str
    policy: str
    is_done: bool
    done_by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DecisionView:
    id: str
    kind: str
    by: str
    role: str
    at: datetime
    reason: str
    is_stale: bool = False  # what was decided on has changed since


@dataclass(frozen=True, slots=True)
class MilestoneView:
    id: str
    title: str
    owner: str
    starts_at: datetime | None
    ends_at: datetime | None
    criteria: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    is_critical: bool = False
    is_done: bool = False
    is_late: bool = False
    slack: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineView:
    """The dated road. `svg` and `narrow_svg` (for a phone) are whole documents.

    `sentence` says whether the dates hold.
    """

    sentence: str
    milestones: tuple[MilestoneView, ...] = ()
    svg: str = ""
    mermaid: str = ""
    problems: tuple[str, ...] = ()
    narrow_svg: str = ""
    zone: str = "UTC"  # of the process's calendar: its days are those of the milestones


@dataclass(frozen=True, slots=True)
class LinkedChangeView:
    id: str
    title: str
    state: str
    risk: str


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try of a step. `ok` None: it runs, was cut off, or was set aside. `output` is the end of it."""

    number: int
    is_undo: bool
    began_at: datetime
    ended_at: datetime | None
    ok: bool | None
    by: str
    note: str
    output: str
    is_set_aside: bool


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a run. `kind`: manual, command, http. `state` is one of `StepState`; `when` in words."""

    id: str
    title: str
    kind: str
    owner: str
    state: str
    when: str = ""
    has_undo: bool = False
    attempts: tuple[AttemptView, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run of a runbook. `phase`: running, waiting, undoing, done, failed, stuck, stopped."""

    id: str
    runbook: str
    title: str
    release: str
    service: str
    phase: str
    is_over: bool
    done: int
    total: int
    sentence: str
    step: str  # id of the step it is at, "" when it is over
    began_at: datetime
    began_by: str
    ended_at: datetime | None = None
    waits_for: str = ""  # the role somebody must play to say how it goes on; "" with `is_waiting`: anybody
    is_waiting: bool = False  # for a person
    item: str = ""  # CHECKLIST/ITEM when it answers a checklist item


@dataclass(frozen=True, slots=True)
class RunView:
    """Everything about one run. `acts` are those possible now, whoever may do them."""

    summary: RunSummary
    steps: tuple[StepView, ...]
    acts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunbookView:
    """A runbook of the release's process. `questions`: steps with a condition, which may be decided ahead."""

    id: str
    title: str
    owner: str
    purpose: str
    questions: tuple[tuple[str, str], ...] = ()  # step, its condition in words


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """Everything about one release. `may` lists what the viewer may do here, by the names of the acts."""

    summary: ReleaseSummary
    version: int  # of the row, for acts that must not meet a changed release
    facts: Facts
    author: str
    created_at: datetime
    process_name: str
    process_hash: str
    is_newest_process: bool
    scope_is_frozen: bool
    phases: tuple[PhaseView, ...]
    moves: tuple[MoveView, ...]
    approvals: tuple[ApprovalView, ...]
    gates: tuple[GateView, ...]
    checklists: tuple[ChecklistView, ...]
    conditions: tuple[ConditionView, ...]
    decisions: tuple[DecisionView, ...]
    wanted_decisions: tuple[str, ...]
    changes: tuple[LinkedChangeView, ...]
    rollouts: tuple[RolloutSummary, ...]
    rollout_names: tuple[str, ...]  # of the process, the type's default first
    runs: tuple[str, ...]
    may: tuple[str, ...]
    calendar_closed: str = ""  # why nothing may be deployed now, "" when it may
    runbooks: tuple[RunbookView, ...] = ()
    run_list: tuple[RunSummary, ...] = ()  # runs of its runbooks, newest first
    zone: str = "UTC"  # of the process's calendar, in which people say dates


@dataclass(frozen=True, slots=True)
class ExplainedReleaseView:
    """Why it is where it is: one sentence, then what is missing, on whom it waits, since when."""

    sentence: str
    since: datetime
    missing: tuple[MissingView, ...]


@dataclass(frozen=True, slots=True)
class ReplanView:
    """What a new target date moves: milestone, its old and its new end."""

    sentence: str
    moved: tuple[tuple[str, date | None, date | None], ...]


@dataclass(frozen=True, slots=True)
class WaitingView:
    """Something that waits for somebody: what, on which release or change, since when."""

    kind: str  # a missing thing's kind; or move, run, and of change requests vote, change
    text: str
    subject: str  # id of the release or change request
    subject_title: str
    service: str
    ref: str = ""
    roles: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    since: datetime | None = None
    due_at: datetime | None = None
    is_overdue: bool = False
    is_ahead: bool = False  # nothing waits for it yet: an approval that may be given already


Activity = tuple[AuditView, ...]
