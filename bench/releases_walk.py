"""One release taken along its road by the rules of its process, and kept as it was in every phase.

What is missing for a move is supplied by the people it is asked of, as a test of the packs does, too; nothing
here decides whether it may move. How such releases get into a store is `releases_store`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from sluiceway.domain.approvals.model import Ballot, Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.team import ByRole, PhaseKind, ReleaseType, TeamProcess, VersionForm
from sluiceway.domain.releases.agreeing import attest, decide, vote
from sluiceway.domain.releases.doing import check_item, own_rollout
from sluiceway.domain.releases.editing import begin
from sluiceway.domain.releases.model import (
    Channel,
    DecisionKind,
    Facts,
    Goal,
    Release,
    ReleaseId,
    ScopeItem,
    ScopeKind,
    Stakeholder,
)
from sluiceway.domain.releases.moves import can_move, move
from sluiceway.domain.releases.road import path_of, policy_of
from sluiceway.domain.releases.subjects import decided_on, subject_of
from sluiceway.domain.releases.world import LinkedChange, Missing, MissingKind, OwnRollout, World
from sluiceway.domain.rollouts.model import Phase as RolloutPhase

AUTHOR = "dev"
STEP = timedelta(days=3)  # from one phase to the next
CHANGE, ROLLOUT = "CR", "rollout"  # stand for the ids that each release in the store has of its own
_SCOPE_ITEMS = 12
_TOPICS = ("Search", "Payments", "Checkout", "Invoices", "Exports", "Logins", "Alerts")
_NAMES = ("Heron", "Kestrel", "Otter", "Lynx", "Puffin")


def walk(team: TeamProcess, kind: ReleaseType, service: str, ends_at: datetime) -> tuple[Release, ...]:
    """Return a release of this type in each phase of its path, the last of which it enters at `ends_at`.

    Raises RuntimeError when the process asks for something that a person can't supply.
    """
    at = ends_at - len(kind.path) * STEP
    facts = _facts(kind, at + 8 * STEP, manager=f"manager-{service}")
    world = World(
        people(team, service), {CHANGE: LinkedChange(CHANGE, "Faster", ChangeState.APPROVED, "eve")}
    )
    made = begin(ReleaseId("REL"), service, facts, team, by=AUTHOR, now=at, previous_version="")
    seen = [made]
    for phase in path_of(made, team)[1:]:
        at += STEP
        release = seen[-1]
        for missing in can_move(release, team, phase.id, at, world):
            release = _supplied(release, team, missing, at, world)
        release = move(release, team, phase.id, at, world, by=facts.manager, why="all is there")
        seen.append(release)
        if phase.kind is PhaseKind.ROLLOUT:
            seen[-1] = own_rollout(release, team, ROLLOUT, at, world)
            own = OwnRollout(ROLLOUT, RolloutPhase.PROMOTED, facts.version)
            world = replace(world, rollouts={ROLLOUT: own})
    return tuple(seen)


def renamed(release: Release, team: TeamProcess, release_id: str, number: int, change: str) -> Release:
    """Return the release as another one with its own id, version, title and change; what was said counts."""
    kind = next(one for one in team.types if one.id == release.facts.type)
    version = version_of(kind.version[0], number)
    facts = replace(
        release.facts,
        version=version,
        title=f"{_TOPICS[number % len(_TOPICS)]}, part {number}",
        code_name=_NAMES[number % len(_NAMES)],
        changes=(change,),
    )
    other = replace(release, id=ReleaseId(release_id), facts=facts)
    decided = subject_hash(decided_on(facts))
    return replace(
        other,
        ballots=tuple(_given_on(ballot, other, team) for ballot in release.ballots),
        gates=tuple(replace(one, subject=version) for one in release.gates),
        decisions=tuple(replace(one, subject_hash=decided) for one in release.decisions),
    )


def _given_on(ballot: Ballot, release: Release, team: TeamProcess) -> Ballot:
    subject = subject_of(release, team, policy_of(team, ballot.policy))
    hashed = subject_hash(subject)
    votes = tuple(replace(one, subject_hash=hashed) for one in ballot.votes)
    return replace(ballot, votes=votes, subjects=((hashed, subject),))


def version_of(form: VersionForm, number: int) -> str:
    """Return a version of this form; no two numbers, from 0, and forms give the same."""
    match form:
        case VersionForm.MAJOR:
            return f"{number + 2}.0.0"
        case VersionForm.MINOR:
            return f"1.{number + 2}.0"
        case VersionForm.PATCH:
            return f"1.1.{number + 2}"
        case VersionForm.HOTFIX:
            return f"1.1.{number + 1}-hotfix"
        case _:
            assert_never(form)


def people(team: TeamProcess, service: str) -> Directory:
    """Return who plays what for a service: as many people in each role as one approval asks for."""
    most = {role.id: 1 for role in team.roles}
    for policy in team.approvals:
        if isinstance(policy.rule, ByRole):
            most[policy.rule.role] = max(most[policy.rule.role], policy.rule.count)
    return Directory(
        tuple((role, tuple(f"{role}-{at}-{service}" for at in range(count))) for role, count in most.items())
    )


def _facts(kind: ReleaseType, target_at: datetime, manager: str) -> Facts:
    return Facts(
        version_of(kind.version[0], 0),
        kind.id,
        title=f"{_TOPICS[0]}, part 0",
        code_name=_NAMES[0],
        target_at=target_at,
        manager=manager,
        sponsor="sam",
        user_impact="Results in half the time",
        revenue_impact="None",
        goals=(
            Goal("Half the time", "p95", "200 ms"),
            Goal("No more failures", "error rate", "1 %"),
        ),
        scope=tuple(
            ScopeItem(f"s{at}", ScopeKind.FEATURE, f"Part {at} of it, as the plan of the quarter says")
            for at in range(_SCOPE_ITEMS)
        ),
        stakeholders=(Stakeholder("release-manager", manager), Stakeholder("support", "sue", backup="sid")),
        channels=(Channel("web", "Web"), Channel("api", "API")),
        changes=(CHANGE,),
        environment="production",
    )


def _supplied(release: Release, team: TeamProcess, missing: Missing, at: datetime, world: World) -> Release:
    directory = world.directory
    match missing.kind:
        case MissingKind.GATE:
            return attest(
                release,
                team,
                missing.ref,
                holds=True,
                by=missing.people[0],
                statement="Looked at each check",
                now=at,
                directory=directory,
            )
        case MissingKind.DECISION:
            return decide(
                release,
                team,
                missing.ref,
                DecisionKind.GO,
                by=missing.people[0],
                reason="Ready",
                now=at,
                directory=directory,
            )
        case MissingKind.CHECKLIST:
            checklist, _, item = missing.ref.partition("/")
            return check_item(
                release, team, checklist, item, by=missing.people[0], now=at, directory=directory
            )
        case MissingKind.APPROVAL:
            hashed = subject_hash(subject_of(release, team, policy_of(team, missing.ref)))
            for role in missing.roles:
                for person in directory.people_in(role):
                    given = Vote(person, VoteKind.APPROVE, at, hashed, role, "As planned")
                    release = vote(release, team, missing.ref, given, world)
            return release
        case _:
            raise RuntimeError(f"{release.service} asks for what nobody here supplies: {missing.text}")
