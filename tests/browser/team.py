"""A team with accounts and roles, and a release of theirs that waits for several people at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import ChangeFacts, Impact, RiskEntry
from sluiceway.domain.people.model import Principal
from sluiceway.domain.releases.model import (
    Channel,
    ChannelState,
    DecisionKind,
    Facts,
    Goal,
    ItemState,
    ScopeItem,
    ScopeKind,
    Stakeholder,
)
from sluiceway.services.release_views import ReleaseView
from tests.browser.host import Figures, Host

SERVICE = "checkout"
HOSTILE = "<script>document.title='run'</script><img src=x onerror=alert(1)>"
STAFF = {
    "rita": "release-manager",
    "pia": "product-owner",
    "paul": "product-owner",
    "quinn": "qa-lead",
    "theo": "tech-lead",
    "dev": "devops",
    "sue": "support",
    "vera": "viewer",
}
PROCESS = """\
extends: octoacme
name: checkout
service:
  name: checkout
  command: [./checkout, "{port}", "{version}"]
ingress: {name: checkout, listen: "127.0.0.1:8080"}
changes:
  kinds:
    - {id: normal, title: Normal change, board: change-board}
    - {id: emergency, title: Emergency change, board: change-board, emergency: true, review_after: 1w}
  matrix:
    - {id: value, title: Value to users, weight: 50%, low: 1, high: 10, description: What users gain}
    - {id: effort, title: Effort, weight: 30%, low: 1, high: 10, higher_is_better: false}
    - {id: safety, title: Safety, weight: 20%, low: 1, high: 5, description: How sure the way back is}
  risk:
    levels:
      - {id: low, title: Low, from: 0}
      - {id: medium, title: Medium, from: 35}
      - {id: high, title: High, from: 70}
    rules:
      - {id: high-risks, condition: high_risks > 0, level: high, reason: At least one of its risks is high}
    questions:
      - id: users
        text: How many users notice?
        weight: 2
        answers:
          - {id: none, text: Nobody, points: 0}
          - {id: some, text: Some, points: 50}
          - {id: all, text: All, points: 100}
      - id: back
        text: Is there a way back?
        weight: 1
        answers: [{id: tried, text: It was tried, points: 0}, {id: planned, text: It is planned, points: 60}]
  boards:
    - id: change-board
      title: Change board
      chair: release-manager
      voting: [release-manager, tech-lead, qa-lead]
      advisory: [support]
      quorum: 2
      meets: {weekday: tue, at: "10:00", weeks: 1, minutes: 60}
      criteria: [Whether users gain from it, Whether it can be taken back]
runbooks:
  - id: drill
    title: Rehearse the way back
    owner: devops
    purpose: Shows that everybody knows what to do
    steps:
      - {id: backup, title: Look whether there is a backup, manual: true, owner: devops}
      - {id: announce, title: Tell the team, manual: true, owner: devops}
"""


@dataclass
class Team:
    """`people` are by name; `release` is the one that most tests look at."""

    host: Host
    people: dict[str, Principal]
    release: str = ""

    def __getitem__(self, name: str) -> Principal:
        return self.people[name]

    def view(self) -> ReleaseView:
        return self.host.office.services.releases.get(self.release, self["rita"])

    def as_person(self, name: str) -> dict[str, Any]:
        """Return what `open_page` needs to open a page as somebody who is logged in."""
        cookie = {
            "name": "sluice_session",
            "value": self.host.office.session_key(name),
            "domain": "127.0.0.1",
            "path": "/",
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Lax",
        }
        return {"storage_state": {"cookies": [cookie], "origins": []}}

    def supply(self, to: str) -> None:
        """Do what one person's word settles of all that the move waits for, by whom it names."""
        releases = self.host.office.services.releases
        for one in releases.explain(self.release, self["rita"], to).missing:
            if not one.who:
                continue
            by = self[one.who[0]]
            if one.kind == "checklist":
                checklist, _, item = one.ref.partition("/")
                releases.check(self.release, checklist, item, ItemState.DONE, by, note="Looked at it")
            elif one.kind == "decision":
                releases.decide(
                    self.release, one.ref, DecisionKind.GO, by, reason="Nothing speaks against it"
                )
            elif one.kind == "gate":
                gate = next(gate for gate in self.view().gates if gate.id == one.ref)
                who = next(name for name in one.who if self[name].roles_for(SERVICE) & {*gate.attested_by})
                releases.attest(
                    self.release, one.ref, self[who], holds=True, statement="Went through every check"
                )

    def set_aside(self, checklist: str, item: str) -> None:
        """Say that an item does not apply, in the name of somebody who then plays its role."""
        items = [one for each in self.view().checklists for one in each.items]
        role = next(one.owner for one in items if (one.checklist, one.id) == (checklist, item))
        name = f"stand-in-{role}"
        if name not in self.people:
            self.people[name] = self.host.office.person(name, f"{role}@{SERVICE}")
        self.host.office.services.releases.check(
            self.release, checklist, item, ItemState.SET_ASIDE, self[name], note="Does not apply here"
        )

    def go(self, *phases: str) -> None:
        for phase in phases:
            self.supply(phase)
            self.host.office.services.releases.move(self.release, phase, self["rita"])

    def start_rollout(self) -> str:
        """Start the release's rollout and let it take its first users; return its id."""
        self.host.office.services.releases.start_rollout(self.release, self["dev"], stable="2.3.1")
        rollout_id = self.view().rollouts[0].id
        self.host.figures[rollout_id] = Figures()
        self.host.step_until(rollout_id, "progressing")
        return rollout_id


def a_team(host: Host) -> Team:
    """Return a team whose process is in force and who has no release yet."""
    office = host.office
    rosa = office.set_up_accounts()
    office.services.processes.apply(PROCESS, str(Path("sluiceway.yaml").absolute()), "", rosa)
    people = {name: office.person(name, f"{role}@{SERVICE}") for name, role in STAFF.items()}
    return Team(host, {"rosa": rosa, **people})


def some_facts(host: Host, **changed: Any) -> Facts:
    facts: dict[str, Any] = {
        "version": "2.4.0",
        "type": "minor",
        "title": "Faster payment by saved cards",
        "code_name": "Aurora",
        "target_at": host.clock.now() + timedelta(days=20),
        "manager": "rita",
        "sponsor": "grace",
        "user_impact": "Checkout takes one step less.",
        "revenue_impact": "About one percent more completed orders.",
        "goals": (
            Goal("Fewer abandoned baskets", "abandonment", "below 18 %"),
            Goal("No more failed payments than now", "error rate", "below 0.5 %"),
        ),
        "scope": (
            ScopeItem("PAY-101", ScopeKind.FEATURE, "Saved cards in checkout", "https://example.org/PAY-101"),
            ScopeItem("PAY-117", ScopeKind.FIX, "Orders that were submitted twice"),
            ScopeItem("PAY-120", ScopeKind.DEBT, "The old client of the payment gateway"),
        ),
        "stakeholders": (
            Stakeholder("product-owner", "paul", "accepts the scope", "paul@example.org", "pia"),
            Stakeholder("support", "sue", "answers questions of users"),
        ),
        "channels": (
            Channel("web", "Web shop"),
            Channel("ios", "iOS app", ChannelState.SUBMITTED, "waits for review"),
        ),
    }
    return Facts(**{**facts, **changed})


def a_change(team: Team, **changed: Any) -> str:
    """Return a change request that the board looks at: scored by two who differ, with one vote."""
    changes = team.host.office.services.changes
    said: dict[str, Any] = {
        "title": "A new client of the payment gateway",
        "requestor": "pia",
        "service": SERVICE,
        "description": "The client of 2019 is replaced by the one that the gateway supports.",
        "business_justification": "The old one is switched off in spring.",
        "impact": Impact(
            scope="Payments by card",
            effort_estimate="3 weeks",
            technical=("Another library", "New timeouts"),
            risks=(RiskEntry("Payments fail", "low", "medium", "The old client stays for a week"),),
        ),
        "acceptance_criteria": ("Every payment of the test suite passes",),
        "timeline": (("Build", "2 weeks"), ("Try out", "1 week")),
        "implementer": "dev",
        "rollback_plan": "A switch brings the old client back.",
        "answers": (("users", "some"),),
    }
    facts = ChangeFacts(**{**said, **changed})
    change = changes.new(facts, team["pia"], service=SERVICE).summary.id
    changes.submit(change, team["pia"])
    changes.score(change, {"value": 8, "effort": 3, "safety": 5}, team["quinn"], comment="Tested twice")
    changes.score(change, {"value": 5, "effort": 7, "safety": 2}, team["rita"])
    changes.vote(change, VoteKind.APPROVE, team["quinn"], comment="The tests convince me.")
    return change


def a_release_on_its_way(host: Host) -> Team:
    """Return a team with a release in staging: votes given and missing, gates passed and not, a condition."""
    team = a_team(host)
    releases = host.office.services.releases
    made = releases.new(SERVICE, some_facts(host), team["pia"])
    team.release = made.summary.id
    team.go("planned", "in-development", "feature-freeze", "code-freeze", "staging")
    for gate, by in (("testing", "quinn"), ("operations", "dev")):
        releases.attest(
            team.release, gate, team[by], holds=True, statement="Went through every check; report 4711"
        )
    seen = next(one.subject_hash for one in team.view().approvals)
    releases.vote(
        team.release,
        "readiness-review",
        VoteKind.APPROVE_IF,
        team["quinn"],
        comment="Coverage is at 91 percent, and the two flaky tests are known.",
        conditions=("Support has the new answers",),
        seen=seen,
    )
    return team
