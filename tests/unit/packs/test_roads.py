"""A release of each type of each pack can go from draft to its end: whoever is asked on the way can answer.

Each role is played by its own people, and somebody else than all of them made the release.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from sluiceway.config import parse_process
from sluiceway.domain.approvals.model import Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.checklists.model import RunPhase
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.team import ByRole, PhaseKind, TeamProcess, VersionForm
from sluiceway.domain.releases.agreeing import attest, decide, vote
from sluiceway.domain.releases.doing import check_item, own_rollout, own_run
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
from sluiceway.domain.releases.subjects import subject_of
from sluiceway.domain.releases.world import LinkedChange, Missing, MissingKind, OwnRollout, OwnRun, World
from sluiceway.domain.rollouts.model import Phase as RolloutPhase
from sluiceway.packs import pack_names, pack_text

NOW = datetime(2027, 3, 1, 10, tzinfo=UTC)
CHANGE = LinkedChange("CR-2027-001", "Faster search", ChangeState.APPROVED, "eve")
VERSIONS = {
    VersionForm.MAJOR: "3.0.0",
    VersionForm.MINOR: "2.4.0",
    VersionForm.PATCH: "2.3.5",
    VersionForm.HOTFIX: "2.3.4-hotfix",
}


@cache
def team_of(pack: str) -> TeamProcess:
    team = parse_process(pack_text(pack), f"{pack}.yaml").team
    assert team is not None
    return team


def facts(kind: str, version: str) -> Facts:
    return Facts(
        version,
        kind,
        title="Search",
        code_name="Heron",
        target_at=NOW + timedelta(weeks=12),
        manager="mia",
        sponsor="sam",
        user_impact="Results in half the time",
        revenue_impact="None",
        goals=(Goal("Half the time", "p95", "200 ms"),),
        scope=(ScopeItem("1", ScopeKind.FEATURE, "A new index"),),
        stakeholders=(Stakeholder("release-manager", "mia"),),
        channels=(Channel("web", "Web"),),
        changes=(CHANGE.id,),
        environment="production",
    )


def people(team: TeamProcess) -> Directory:
    """Return who plays what: as many people in each role as an approval asks for, called after it."""
    most = {role.id: 1 for role in team.roles}
    for policy in team.approvals:
        if isinstance(policy.rule, ByRole):
            most[policy.rule.role] = max(most[policy.rule.role], policy.rule.count)
    return Directory(tuple((role, tuple(f"{role}.{at}" for at in range(most[role]))) for role in most))


class Walk:
    """A release on its road: what is missing is supplied by the people it is asked of."""

    def __init__(self, team: TeamProcess, release: Release) -> None:
        self.team = team
        self.release = release
        self.world = World(people(team), {CHANGE.id: CHANGE})

    def to_the_end(self) -> None:
        for phase in path_of(self.release, self.team)[1:]:
            for missing in can_move(self.release, self.team, phase.id, NOW, self.world):
                self.supply(missing)
            self.release = move(self.release, self.team, phase.id, NOW, self.world, by="mia")
            if phase.kind is PhaseKind.ROLLOUT:
                self.roll_out()

    def roll_out(self) -> None:
        self.release = own_rollout(self.release, self.team, "r1", NOW, self.world)
        own = OwnRollout("r1", RolloutPhase.PROMOTED, self.release.facts.version)
        self.world = replace(self.world, rollouts={"r1": own})

    def supply(self, missing: Missing) -> None:
        by = missing.people[0]
        directory = self.world.directory
        match missing.kind:
            case MissingKind.GATE:
                self.release = attest(
                    self.release,
                    self.team,
                    missing.ref,
                    holds=True,
                    by=by,
                    statement="Looked at each check",
                    now=NOW,
                    directory=directory,
                )
            case MissingKind.DECISION:
                self.release = decide(
                    self.release,
                    self.team,
                    missing.ref,
                    DecisionKind.GO,
                    by=by,
                    reason="Ready",
                    now=NOW,
                    directory=directory,
                )
            case MissingKind.CHECKLIST:
                checklist, _, item = missing.ref.partition("/")
                self.release = check_item(
                    self.release, self.team, checklist, item, by=by, now=NOW, directory=directory
                )
            case MissingKind.APPROVAL:
                self.approve(missing)
            case MissingKind.RUNBOOK:
                run_id = f"run-{missing.ref}"
                self.release = own_run(self.release, self.team, missing.ref, run_id)
                runs = {**self.world.runs, run_id: OwnRun(run_id, missing.ref, RunPhase.DONE)}
                self.world = replace(self.world, runs=runs)
            case _:
                pytest.fail(f"nobody can supply {missing}")

    def approve(self, missing: Missing) -> None:
        policy = policy_of(self.team, missing.ref)
        hashed = subject_hash(subject_of(self.release, self.team, policy))
        for role in missing.roles:
            for person in self.world.directory.people_in(role):
                given = Vote(person, VoteKind.APPROVE, NOW, hashed, role)
                self.release = vote(self.release, self.team, policy.id, given, self.world)


TYPES = [
    (pack, kind.id, form) for pack in pack_names() for kind in team_of(pack).types for form in kind.version
]


@pytest.mark.parametrize(("pack", "kind", "form"), TYPES)
def test_a_release_goes_from_draft_to_its_end(pack: str, kind: str, form: VersionForm) -> None:
    team = team_of(pack)
    made = begin(
        ReleaseId("REL-2027-0001"),
        "shop",
        facts(kind, VERSIONS[form]),
        team,
        by="ada",
        now=NOW,
        previous_version="2.3.4",
    )
    walk = Walk(team, made)

    walk.to_the_end()

    assert [stay.phase for stay in walk.release.stays] == [phase.id for phase in path_of(made, team)]
