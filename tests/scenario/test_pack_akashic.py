"""A major release under the pack of a change control board: from draft to closed, with a way back between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import Facts, Goal, ScopeItem, ScopeKind
from sluiceway.services.release_facts import FactsPatch
from tests.scenario.change_desk import submitted_change, vote_on_change
from tests.scenario.company import PROCESS, SERVICE, Company, open_company

BOARD = "change-control-board"
STAFF = {
    "cleo": "cto",
    "pia": "product-manager",
    "enzo": "engineering-lead",
    "quinn": "qa-manager",
    "sam": "security-lead",
    "cass": "customer-success-manager",
    "dev": "devops-lead",
    "rita": "release-manager",
    "theo": "technical-lead",
    "dora": "developer",
}
WELL = {
    "error_rate": 0.0004,
    "p95_ms": 180.0,
    "database_connection_failures": 0.0,
    "critical_vulnerabilities": 0.0,
    "user_complaints": 10.0,
}
SCOPE = (ScopeItem("index", ScopeKind.FEATURE, "An index for search"),)
MATRIX = (
    "business-value",
    "technical-complexity",
    "resource-availability",
    "strategic-alignment",
    "customer-impact",
)
DEVELOPED = ("in-development", "code-freeze", "release-candidate", "staging", "uat", "go-no-go")
STAGES = [
    ("five-percent", 500),
    ("twenty-five-percent", 2_500),
    ("fifty-percent", 5_000),
    ("everyone", 10_000),
]
HOUR_S = 3_600


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with open_company(tmp_path) as made:
        made.found(PROCESS.format(pack="akashic"), STAFF)
        for version in ("1.9.0", "2.0.0"):
            made.plant.figures(version, WELL)
        yield made


def test_a_major_release_goes_from_draft_to_closed(company: Company) -> None:
    release = company.new(Facts("2.0.0", "major"), "dora")

    assert company.refused_move(release, "planned", "rita")[:2] == (
        "title must be filled in (can be supplied by pia, enzo, rita, theo, dora)",
        "target date must be filled in (can be supplied by pia, enzo, rita, theo, dora)",
    )
    plan = FactsPatch(
        title="Faster search",
        target_at=company.weeks(12),
        manager="rita",
        goals=(Goal("Half the time to an answer", "p95", "200 ms"),),
        scope=SCOPE,
    )
    company.edit(release, plan, "dora")
    company.go(release, "planned", by="rita")
    _decide_a_change(company, release)
    company.go(release, *DEVELOPED, by="rita")

    votes, decision = company.refused_move(release, "rolling-out", "rita")
    assert votes == (
        "Change control board waits for 3 more votes for the quorum of 3 of the Change control board "
        "(CTO, Product Manager, Engineering Lead, QA Manager or Security Lead)"
    )
    assert decision == 'the decision "go-no-go" is not recorded (can be supplied by rita, theo)'
    _agree_after_a_refusal(company, release)
    company.go(release, "rolling-out", by="rita")
    _fail_at_five_percent(company, release)

    company.releases.move(release, "in-development", company["theo"], reason="Queries without an index")
    fixed = (*SCOPE, ScopeItem("queries", ScopeKind.FIX, "Every query has an index"))
    company.edit(release, FactsPatch(scope=fixed), "dora")
    company.go(release, *DEVELOPED[1:], by="rita")
    asked_again = company.approval(release, BOARD)
    assert asked_again.standing == "waiting"
    assert {vote.void_reason for vote in asked_again.votes if not vote.comment} == {
        'what it was given on has changed since: scope gained "queries | fix | Every query has an index"'
    }
    company.vote(release, BOARD, VoteKind.APPROVE, "pia", "quinn", "sam")
    company.go(release, "rolling-out", by="rita")
    _take_everyone(company, release)

    _watch_and_close(company, release)


def _decide_a_change(company: Company, release: str) -> None:
    (held,) = company.refused_move(release, "in-development", "rita")
    assert held == (
        "no change request is linked, and Major release needs a decided one "
        "(can be supplied by pia, enzo, rita, theo, dora)"
    )
    change = submitted_change(company, "Faster search", "dora")
    company.releases.link_change(release, change, company["dora"])
    assert company.refused_move(release, "in-development", "rita") == (
        f"{change} (Faster search) is submitted, not approved (can be supplied by cleo, rita)",
    )
    for name, points in (("pia", (9, 6, 7, 8, 9)), ("enzo", (7, 4, 6, 8, 7))):
        scored = company.changes.score(change, dict(zip(MATRIX, points, strict=True)), company[name])
    assert scored.matrix is not None
    assert [one.weight_percent for one in scored.matrix.criteria] == [30, 20, 15, 20, 15]
    assert dict(scored.matrix.totals) == pytest.approx(
        {"pia (Product Manager)": 7.7, "enzo (Engineering Lead)": 7.05}
    )
    assert (scored.matrix.total, scored.matrix.spread) == pytest.approx((7.375, 0.65))

    vote_on_change(company, change, VoteKind.APPROVE, "pia", "enzo")
    vote_on_change(company, change, VoteKind.REJECT, "sam")
    decided = company.changes.decide(change, company["cleo"])
    assert decided.decisions[-1].sentence == ("Change control board agrees: 2 for, 1 against, 0 abstained")


def _agree_after_a_refusal(company: Company, release: str) -> None:
    barred = company.refused(lambda: company.vote(release, BOARD, VoteKind.APPROVE, "dora"))
    assert "dora may not approve for shop" in barred
    company.vote(release, BOARD, VoteKind.APPROVE, "enzo")
    refused = company.vote(release, BOARD, VoteKind.REJECT, "quinn", "sam", comment="No load test yet")
    assert refused.sentence == ("Change control board refuses: 1 for, 2 against, 0 abstained")
    assert company.missing(release, "rolling-out")[0].text == refused.sentence

    company.vote(release, BOARD, VoteKind.APPROVE, "quinn")
    agreed = company.vote(release, BOARD, VoteKind.APPROVE, "cleo")

    assert agreed.sentence == ("Change control board agrees: 3 for, 1 against, 0 abstained")


def _fail_at_five_percent(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev", stable="1.9.0")
    company.plant.until_stage(rollout, "five-percent")
    assert company.plant.split(SERVICE) == ("1.9.0", "2.0.0", 500)

    company.plant.figures("2.0.0", {"error_rate": 0.08})
    company.plant.until_phase(rollout, "rolled-back")

    assert company.plant.split(SERVICE)[::2] == ("1.9.0", 0)
    kinds = {kind: by for kind, by, _ in company.trail(rollout)}
    assert kinds["rolled-back"] == "trigger:errors"
    view = company.view(release)
    assert view.summary.phase == "rolled-back"
    assert [phase.why for phase in view.phases if phase.status == "current"] == [
        f"rollout {rollout} to 2.0.0 was rolled back"
    ]
    told = next(one for one in view.checklists if one.id == "rollback-told")
    assert [item.owner for item in told.items] == [
        "release-manager",
        "release-manager",
        "customer-success-manager",
    ]
    company.plant.figures("2.0.0", WELL)


def _take_everyone(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev")
    asked = company.roll_out_to_the_end(rollout, "theo")

    assert asked == {stage: ["User satisfaction holds steady"] for stage, _ in STAGES}

    assert company.plant.passed(rollout) == STAGES
    lasted = [company.plant.lasted_s(rollout, stage) / HOUR_S for stage, _ in STAGES[:3]]
    assert lasted == pytest.approx([24, 12, 6], abs=0.02)
    company.plant.until_phase(rollout, "promoted")
    assert company.phase(release) == "monitoring"


def _watch_and_close(company: Company, release: str) -> None:
    held = company.missing(release, "closed")
    assert [one.ref for one in held if one.ref.startswith("first-day/")] == [
        f"first-day/{item}"
        for item in ("error-rate", "response-time", "active-users", "adoption", "alerts", "support-tickets")
    ]
    assert len(held) == 6 + 4 + 4 + 4 + 2
    company.clock.advance(24 * HOUR_S)
    company.go(release, "closed", by="rita")

    view = company.view(release)
    assert not view.summary.is_open
    assert [one.who for one in held if one.ref == "first-day/support-tickets"] == [("cass",)]
    assert all(gate.is_signed for gate in view.gates)
