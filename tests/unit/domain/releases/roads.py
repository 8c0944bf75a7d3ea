"""A process, its people and a release on its road, which tests of releases share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sluiceway.domain.approvals.model import Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.checklists.model import RunPhase
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.lists import Checklist, Item, ItemKind, Runbook
from sluiceway.domain.process.team import (
    AllOf,
    ApprovalPolicy,
    ByRole,
    Check,
    Gate,
    Need,
    NeedKind,
    Permission,
    Phase,
    PhaseKind,
    ReleaseType,
    Role,
    TeamProcess,
    VersionForm,
)
from sluiceway.domain.releases.editing import begin
from sluiceway.domain.releases.model import Facts, Release, ReleaseId, ScopeItem, ScopeKind, Stay
from sluiceway.domain.releases.moves import move
from sluiceway.domain.releases.road import policy_of
from sluiceway.domain.releases.subjects import subject_of
from sluiceway.domain.releases.world import OwnRollout, OwnRun, World
from sluiceway.domain.rollouts.model import Phase as RolloutPhase

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FULL_PATH = ("draft", "planned", "build", "frozen", "decide", "live", "watch", "closed")

MANAGER, ENGINEER, QA, CTO = "manager", "engineer", "qa", "cto"
DIRECTORY = Directory(
    (
        (MANAGER, ("mia",)),
        (ENGINEER, ("eli", "ben")),
        (QA, ("quinn",)),
        (CTO, ("carl",)),
    )
)
ROLES = (
    Role(
        MANAGER,
        "Release manager",
        may=(Permission.PLAN, Permission.MOVE, Permission.ROLLOUT, Permission.ROLL_BACK, Permission.CHANGE),
    ),
    Role(ENGINEER, "Engineer", may=(Permission.PLAN, Permission.CHECK)),
    Role(QA, "QA lead", may=(Permission.APPROVE, Permission.ATTEST)),
    Role(CTO, "CTO", may=(Permission.APPROVE, Permission.OVERRIDE, Permission.BOARD)),
)
SIGN_OFF = ApprovalPolicy("sign-off", "Sign-off", AllOf((ByRole(QA), ByRole(CTO))))
QUALITY = Gate("quality", "Code quality", (Check("tests", "Tests pass"),), (QA,), waived_by=(CTO,))
BEFORE = Checklist(
    "before",
    "Before deployment",
    (
        Item("backup", "Data is backed up", owner=ENGINEER),
        Item("smoke", "Smoke tests", kind=ItemKind.COMMAND, command=("./smoke.sh",)),
        Item("schema", "Schema is migrated", when="if the schema changes"),
        Item("cake", "Cake is ordered", required=False),
    ),
    offset_s=-24 * 3_600.0,
)
DEPLOYMENT = Runbook("deployment", "Deployment", ())


def phases() -> tuple[Phase, ...]:
    def need(kind: NeedKind, ref: str = "", *types: str) -> Need:
        return Need(kind, ref, types)

    return (
        Phase("draft", "Draft"),
        Phase(
            "planned",
            "Planned",
            needs=(need(NeedKind.FIELD, "target_at"), need(NeedKind.FIELD, "goals", "major")),
            back_to=("draft",),
        ),
        Phase("build", "In development", back_to=("planned", "draft")),
        Phase(
            "frozen",
            "Code freeze",
            needs=(need(NeedKind.DECISION, "code-freeze"),),
            back_to=("build",),
            freezes_scope=True,
        ),
        Phase("decide", "Go or no-go", needs=(need(NeedKind.GATE, "type"),), back_to=("build", "frozen")),
        Phase(
            "live",
            "Rolling out",
            kind=PhaseKind.ROLLOUT,
            needs=(
                need(NeedKind.APPROVAL, "type"),
                need(NeedKind.DECISION, "go-no-go"),
                need(NeedKind.CHECKLIST, "before"),
                need(NeedKind.CHANGES),
                need(NeedKind.CALENDAR),
                need(NeedKind.RUNBOOK, "deployment", "major"),
            ),
            back_to=("build",),
            on_promoted="watch",
        ),
        Phase("watch", "Monitoring", kind=PhaseKind.WATCH, needs=(need(NeedKind.ROLLOUT),)),
        Phase("closed", "Closed", kind=PhaseKind.END),
        Phase("cancelled", "Cancelled", kind=PhaseKind.END),
        Phase("rolled-back", "Rolled back", back_to=("build", "live")),
    )


def a_process(**changed: object) -> TeamProcess:
    def kind(name: str, form: VersionForm, **more: object) -> ReleaseType:
        made = ReleaseType(name, f"{name.capitalize()} release", (form,), FULL_PATH)
        return replace(made, approvals=("sign-off",), gates=("quality",), **more)  # type: ignore[arg-type]

    process = TeamProcess(
        "tests",
        "hash-1",
        roles=ROLES,
        types=(
            kind("minor", VersionForm.MINOR, rollout="canary"),
            kind("major", VersionForm.MAJOR, needs_change=True),
            kind("patch", VersionForm.PATCH, path=("draft", "build", "live", "watch", "closed")),
        ),
        phases=phases(),
        gates=(QUALITY,),
        approvals=(SIGN_OFF,),
        checklists=(BEFORE,),
        runbooks=(DEPLOYMENT,),
    )
    return replace(process, **changed)  # type: ignore[arg-type]


PROCESS = a_process()
FACTS = Facts(
    "1.5.0",
    "minor",
    target_at=NOW + timedelta(days=30),
    scope=(ScopeItem("s1", ScopeKind.FEATURE, "Search"),),
)


def a_release(phase: str = "draft", **facts: object) -> Release:
    """Return a release of ada's that has walked to `phase` without anybody asking for anything."""
    made = begin(
        ReleaseId("REL-2026-0001"),
        "checkout",
        replace(FACTS, **facts),  # type: ignore[arg-type]
        PROCESS,
        by="ada",
        now=NOW,
        previous_version="1.4.2",
    )
    return at(made, phase)


def at(release: Release, phase: str) -> Release:
    path = next(one.path for one in PROCESS.types if one.id == release.facts.type)
    walked = path[: path.index(phase) + 1] if phase in path else (*path[:-1], phase)
    stays = tuple(
        Stay(one, NOW + index * HOUR, "mia", "", len(release.rollouts), len(release.runs))
        for index, one in enumerate(walked)
    )
    return replace(release, stays=stays)


def a_world(
    *,
    rollouts: Iterable[OwnRollout] = (),
    runs: Iterable[OwnRun] = (),
    closed: str = "",
    directory: Directory = DIRECTORY,
) -> World:
    return World(
        directory,
        rollouts={one.id: one for one in rollouts},
        runs={one.id: one for one in runs},
        calendar_closed=closed,
    )


WORLD = a_world()


def a_rollout(phase: RolloutPhase, rollout: str = "r-1", version: str = "1.5.0") -> OwnRollout:
    return OwnRollout(rollout, phase, version)


def a_run(phase: RunPhase, run: str = "run-1") -> OwnRun:
    return OwnRun(run, "deployment", phase)


def a_vote(release: Release, by: str, role: str, kind: VoteKind = VoteKind.APPROVE, *conditions: str) -> Vote:
    subject = subject_of(release, PROCESS, policy_of(PROCESS, "sign-off"))
    comment = "not like this" if kind is VoteKind.REJECT else ""
    return Vote(by, kind, NOW, subject_hash(subject), role, comment, conditions)


def go(release: Release, to: str, world: World = WORLD, now: datetime = NOW, why: str = "because") -> Release:
    return move(release, PROCESS, to, now, world, by="mia", why=why)
