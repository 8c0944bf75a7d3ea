"""One small process with a bit of everything, and a release on its road under it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.people.model import Principal
from sluiceway.domain.releases.model import DecisionKind, Facts, ItemState, ScopeItem, ScopeKind
from sluiceway.services.releases import ReleaseService
from tests.unit.services.desk import Office

ROAD = """\
name: checkout
service:
  name: checkout
  command: ["serve", "{port}", "{version}"]
ingress: {name: checkout, listen: "127.0.0.1:8080"}
roles:
  - id: release-manager
    title: Release Manager
    may: [read, plan, move, check, rollout, roll-back, override]
  - {id: tech-lead, title: Tech Lead, may: [read, approve, check]}
  - {id: qa-lead, title: QA Lead, may: [read, approve, attest, check]}
  - {id: guest, title: Guest, may: [read]}
types:
  - id: minor
    title: Minor release
    version: X.Y.0
    path: [draft, ready, rolling-out, monitoring, closed]
    rollout: canary
phases:
  - {id: draft, title: Draft}
  - id: ready
    title: Ready
    needs: [{field: title}, {approval: leads}, {gate: quality}]
    back_to: [draft]
  - id: rolling-out
    title: Rolling out
    kind: rollout
    on_promoted: monitoring
    needs: [{decision: go-no-go}, {checklist: before}]
    back_to: [ready]
  - id: monitoring
    title: Monitoring
    kind: watch
    needs: [{rollout: promoted}, {checklist: after}]
  - {id: closed, title: Closed, kind: end}
  - {id: rolled-back, title: Rolled back, back_to: [ready]}
approvals:
  - id: leads
    title: Leads
    rule: {all_of: [{role: tech-lead}, {role: qa-lead}]}
    binds: [version, scope]
    separate: [author]
gates:
  - id: quality
    title: Quality
    attested_by: [qa-lead]
    waived_by: [release-manager]
    checks: [{id: tests, text: Tests pass, manual: true}]
checklists:
  - id: before
    title: Before
    owner: release-manager
    at: T-24h
    items:
      - {id: backup, text: Backup is made}
      - {id: smoke, text: Smoke tests, run: [./smoke.sh], required: false, at: T-1h}
      - {id: errors, text: Few errors, metric: error_rate < 1%, required: false, at: T-1h}
  - id: after
    title: After
    owner: qa-lead
    after: {phase: rolling-out, from: 10m}
    items: [{id: looked, text: Somebody looked}]
runbooks:
  - id: deployment
    title: Deployment
    owner: release-manager
    steps:
      - {id: check, title: Check, run: [./check.sh], undo: [./uncheck.sh]}
      - {id: migrate, title: Migrate, run: [./migrate.sh], when: if the schema changes}
      - {id: announce, title: Announce, owner: qa-lead}
rollouts:
  canary:
    strategy: canary
    stages:
      - {name: few, weight: 5%, duration: 5m}
      - {name: all, weight: 100%, duration: 5m}
"""


@dataclass
class Team:
    """Who works on the release; every one has an account with just their role."""

    office: Office
    ann: Principal
    tom: Principal
    quinn: Principal
    guest: Principal

    @property
    def releases(self) -> ReleaseService:
        return self.office.services.releases


def a_team(office: Office, text: str = ROAD) -> Team:
    """Put the process in force and let its people in."""
    rosa = office.set_up_accounts()
    office.services.processes.apply(text, "/srv/checkout/process.yaml", "", rosa)
    return Team(
        office,
        office.person("ann", "release-manager@checkout"),
        office.person("tom", "tech-lead@checkout"),
        office.person("quinn", "qa-lead@checkout"),
        office.person("guest", "guest@checkout"),
    )


def facts(version: str = "1.1.0") -> Facts:
    scope = (ScopeItem("pay", ScopeKind.FEATURE, "Pay by bank transfer"),)
    return Facts(version=version, type="minor", title="Autumn", scope=scope)


def a_release(team: Team, version: str = "1.1.0") -> str:
    """Return the id of a draft of ann's, due in twelve hours."""
    due_at = team.office.clock.now() + timedelta(hours=12)
    return team.releases.new("checkout", replace(facts(version), target_at=due_at), team.ann).summary.id


def a_ready_release(team: Team) -> str:
    """Return the id of a release in `ready` with all that its rollout asks for."""
    release_id = a_release(team)
    team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.tom)
    team.releases.vote(release_id, "leads", VoteKind.APPROVE, team.quinn)
    team.releases.attest(release_id, "quality", team.quinn, holds=True, statement="all green")
    team.releases.move(release_id, "ready", team.ann)
    team.releases.decide(release_id, "go-no-go", DecisionKind.GO, team.ann, reason="go")
    team.releases.check(release_id, "before", "backup", ItemState.DONE, team.ann)
    return release_id


def a_rolling_release(team: Team) -> tuple[str, str]:
    """Return the ids of a release and its rollout, which has just been started."""
    release_id = a_ready_release(team)
    team.releases.move(release_id, "rolling-out", team.ann)
    view = team.releases.start_rollout(release_id, team.ann, stable="1.0.0")
    return release_id, view.rollouts[0].id
