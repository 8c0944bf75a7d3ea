"""Who takes part in a team's releases, and the road a release takes: roles, types, phases, gates, approvals.

The part of a process that a release follows; `process.plan` holds the part a rollout follows. Built by
`sluiceway.config` from YAML, kept by every release that began under it. Ids are unique within their list;
where one part names another (`gates: [code]`), the reader has checked that it exists.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sluiceway.domain.process.control import ChangeControl
from sluiceway.domain.process.environments import Environment
from sluiceway.domain.process.flags import FlagRules
from sluiceway.domain.process.later import Later
from sluiceway.domain.process.lists import Checklist, Runbook
from sluiceway.domain.process.schedule import Calendar, Timeline

CANCELLED = "cancelled"
ROLLED_BACK = "rolled-back"


class Permission(StrEnum):
    """What a role may do, for one service."""

    READ = "read"
    PLAN = "plan"  # make a release and change what it says
    MOVE = "move"  # take a release from phase to phase
    APPROVE = "approve"  # vote where an approval or a board asks for one of one's roles
    ATTEST = "attest"  # state that a gate holds
    CHECK = "check"  # do checklist items, run runbooks
    ROLLOUT = "rollout"  # start a rollout, act on one
    ROLL_BACK = "roll-back"  # pause, abort, roll back
    CHANGE = "change"  # write and submit change requests
    BOARD = "board"  # call a board's meetings and close its votes
    OVERRIDE = "override"  # waive a gate, act inside a freeze
    PROCESS = "process"  # put a new process in force
    PUSH = "push"  # push figures
    EVALUATE = "evaluate"  # fetch flags and ask what they are worth, as applications do
    FLAG = "flag"  # make, change and approve feature flags
    KILL = "kill"  # turn a feature flag off at once
    ADMIN = "admin"  # accounts, grants, tokens


@dataclass(frozen=True, slots=True)
class Role:
    """A part somebody plays. Who plays it is granted per service, not written in the process."""

    id: str
    title: str
    duties: tuple[str, ...] = ()
    may: tuple[Permission, ...] = (Permission.READ,)


class VersionForm(StrEnum):
    """What a type's version looks like beside the one before it."""

    MAJOR = "X.0.0"
    MINOR = "X.Y.0"
    PATCH = "X.Y.Z"
    HOTFIX = "X.Y.Z-hotfix"


@dataclass(frozen=True, slots=True)
class ReleaseType:
    """One kind of release. `length_s` is how long it takes, at least and at most, as the process promises.

    `path` names phases in the order such a release takes them; `rollout` names one of the process's
    rollouts; `timeline` one of its timelines. Empty means there is none.
    """

    id: str
    title: str
    version: tuple[VersionForm, ...]
    path: tuple[str, ...]
    purpose: str = ""
    cadence: str = ""
    length_s: tuple[float, float] = (0.0, 0.0)
    approvals: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    testing: tuple[str, ...] = ()
    rollout: str = ""
    timeline: str = ""
    notes: str = ""  # the template of its release notes
    needs_change: bool = False  # a decided change request must be linked before it may roll out


class NeedKind(StrEnum):
    """What must hold before a release enters a phase."""

    FIELD = "field"  # a field of the release is filled in
    GATE = "gate"  # passed or waived
    APPROVAL = "approval"  # given and still valid
    CHECKLIST = "checklist"  # every required item done
    DECISION = "decision"  # recorded as "go"
    CHANGES = "changes"  # every linked change request is approved
    CALENDAR = "calendar"  # outside freezes, inside a deployment window where there are any
    ROLLOUT = "rollout"  # the release's rollout took everyone to the new version
    RUNBOOK = "runbook"  # was run to its end


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a phase asks for. `ref` is the id it names, empty for CHANGES, CALENDAR and ROLLOUT.

    APPROVAL and GATE with the ref `type` mean what the release's type asks for. `types` narrows it to
    releases of those types; empty means every type.
    """

    kind: NeedKind
    ref: str = ""
    types: tuple[str, ...] = ()


class PhaseKind(StrEnum):
    WORK = "work"
    ROLLOUT = "rollout"  # a rollout of the release may run here; its end moves the release
    WATCH = "watch"  # rolled out, looked after
    END = "end"


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of the road. A release moves one phase on along its type's path, or back to `back_to`.

    `freezes_scope`: what the release holds can't change from here on. `decision` is the go or no-go that is
    recorded to enter it, "" for none. A ROLLOUT phase names where the rollout's end moves the release.
    """

    id: str
    title: str
    kind: PhaseKind = PhaseKind.WORK
    meaning: str = ""
    needs: tuple[Need, ...] = ()
    back_to: tuple[str, ...] = ()
    freezes_scope: bool = False
    on_promoted: str = ""
    on_rolled_back: str = ROLLED_BACK


@dataclass(frozen=True, slots=True)
class Check:
    """What a gate looks at. `expects` is the figure or state asked for, in the process's words."""

    id: str
    text: str
    expects: str = ""
    evidence: str = ""  # what kind of evidence will answer it: junit, coverage, sarif, command, http, ...
    is_manual: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """A set of checks. Until evidence answers them it passes by an attestation of one of `attested_by`."""

    id: str
    title: str
    checks: tuple[Check, ...]
    attested_by: tuple[str, ...]  # role ids
    waived_by: tuple[str, ...] = ()  # role ids


@dataclass(frozen=True, slots=True)
class ByRole:
    """`count` different people who hold the role."""

    role: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class ByPeople:
    """`count` of the people named by account."""

    people: tuple[str, ...]
    count: int = 1


@dataclass(frozen=True, slots=True)
class ByBoard:
    """The board decides, under its own rules."""

    board: str


@dataclass(frozen=True, slots=True)
class ByWeight:
    """The weights of the roles that agree add up to `at_least`; a person votes in one role."""

    weights: tuple[tuple[str, int], ...]
    at_least: int


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every rule; with `in_order`, each only once those before it are met."""

    rules: tuple[Rule, ...]
    in_order: bool = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`count` of the rules."""

    rules: tuple[Rule, ...]
    count: int = 1


Rule = ByRole | ByPeople | ByBoard | ByWeight | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Who must agree to what. `binds` names the parts of the release whose change asks again.

    `separate` lists who may not vote: "author" (who made the release or the change), "manager",
    "requestor", "implementer". An approval is void `expires_s` after it was given; 0 means never.
    """

    id: str
    title: str
    rule: Rule
    binds: tuple[str, ...] = ("version", "scope")
    separate: tuple[str, ...] = ("author",)
    expires_s: float = 0.0
    rejections: int = 1  # so many rejections refuse it


@dataclass(frozen=True, slots=True)
class TeamProcess:
    """Everything a process says about releases. `content_hash` is that of the whole resolved process text."""

    name: str
    content_hash: str
    roles: tuple[Role, ...] = ()
    types: tuple[ReleaseType, ...] = ()
    phases: tuple[Phase, ...] = ()
    gates: tuple[Gate, ...] = ()
    approvals: tuple[ApprovalPolicy, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    calendar: Calendar = field(default_factory=Calendar)
    checklists: tuple[Checklist, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    environments: tuple[Environment, ...] = ()
    changes: ChangeControl = field(default_factory=ChangeControl)
    flags: FlagRules = field(default_factory=FlagRules)
    later: Later = field(default_factory=Later)
