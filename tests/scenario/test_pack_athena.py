"""A minor release under the pack of progressive stages: 0.1 percent to everyone in 19 days, compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import Facts, Goal, ScopeItem, ScopeKind
from sluiceway.services.release_facts import FactsPatch
from tests.scenario.company import PROCESS, SERVICE, Company, open_company

READINESS = "release-readiness"
STAFF = {
    "rita": "release-manager",
    "enzo": "engineering-lead",
    "pia": "product-manager",
    "dev": "devops-engineer",
    "quinn": "qa-lead",
    "eric": "engineer",
}
WELL = {
    "error_rate": 0.0004,
    "p95_ms": 150.0,
    "user_satisfaction": 4.6,
    "user_feedback_score": 4.1,
}
STAGES = [
    ("internal", 10),
    ("alpha", 100),
    ("beta", 1_000),
    ("gradual-25", 2_500),
    ("gradual-50", 5_000),
    ("gradual-100", 10_000),
]
DAY_S = 86_400
TRIED = ("uat", "release-candidate", "staging", "go-no-go")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with open_company(tmp_path) as made:
        made.found(PROCESS.format(pack="athena"), STAFF)
        for version in ("1.1.0", "1.2.0"):
            made.plant.figures(version, WELL)
        yield made


def test_a_minor_release_goes_from_draft_to_closed(company: Company) -> None:
    facts = Facts(
        "1.2.0",
        "minor",
        title="Faster search",
        target_at=company.weeks(4),
        manager="rita",
        scope=(ScopeItem("index", ScopeKind.FEATURE, "An index for search"),),
    )
    release = company.new(facts, "eric")
    assert company.refused_move(release, "planned", "rita") == (
        "goals must be filled in (can be supplied by rita, enzo, pia, eric)",
    )
    company.edit(release, FactsPatch(goals=(Goal("Half the time", "p95", "150 ms"),)), "eric")
    company.go(release, "planned", "in-development", "uat", "release-candidate", by="rita")
    _fail_a_gate(company, release)
    company.go(release, "staging", "go-no-go", by="rita")
    _agree_after_a_refusal(company, release)
    company.go(release, "rolling-out", by="rita")
    _disappoint_a_few(company, release)

    company.releases.move(release, "in-development", company["rita"], reason="Results out of order")
    company.go(release, *TRIED, "rolling-out", by="rita")
    _take_everyone(company, release)

    _look_back_and_close(company, release)


def _fail_a_gate(company: Company, release: str) -> None:
    not_hers = company.refused(
        lambda: company.releases.attest(
            release, "pre-release", company["pia"], holds=True, statement="Looks good to me"
        )
    )
    assert not_hers == "attesting Before the release is up to qa-lead; pia is not among them"
    company.releases.attest(
        release, "pre-release", company["quinn"], holds=False, statement="The security audit is not complete"
    )
    (held,) = company.refused_move(release, "staging", "rita")
    assert "The security audit is not complete" in held
    company.releases.waive(
        release, "pre-release", company["rita"], reason="Audited by the customer", until=company.weeks(1)
    )
    assert company.gate(release, "pre-release").standing == "waived"
    company.clock.advance(8 * DAY_S)
    (missing,) = company.missing(release, "staging")
    assert missing.who == ("quinn", "rita")


def _agree_after_a_refusal(company: Company, release: str) -> None:
    company.supply(release, "rolling-out")
    (held,) = company.refused_move(release, "rolling-out", "rita")
    assert held == (
        "Release readiness waits for 1 of Engineering Lead (enzo), 1 of Product Manager (pia) and "
        "1 of QA Lead (quinn)"
    )
    company.vote(release, READINESS, VoteKind.APPROVE, "enzo", "pia")
    refused = company.vote(release, READINESS, VoteKind.REJECT, "quinn", comment="Flaky on phones")
    assert refused.sentence == 'Release readiness is refused by quinn (QA Lead): "Flaky on phones"'
    assert company.refused_move(release, "rolling-out", "rita") == (refused.sentence,)
    company.vote(release, READINESS, VoteKind.WITHDRAW, "quinn")
    assert company.vote(release, READINESS, VoteKind.APPROVE, "quinn").standing == "approved"


def _disappoint_a_few(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev", stable="1.1.0")
    company.plant.until_stage(rollout, "internal")
    assert company.plant.split(SERVICE) == ("1.1.0", "1.2.0", 10)

    company.plant.figures("1.2.0", {"user_satisfaction": 4.2})  # 0.4 below stable: not yet
    for _ in range(5):
        company.plant.look(30)
    assert company.plant.state(rollout).phase == "progressing"
    company.plant.figures("1.2.0", {"user_satisfaction": 4.05})
    company.plant.until_phase(rollout, "rolled-back")
    company.plant.figures("1.2.0", WELL)

    assert company.plant.split(SERVICE)[::2] == ("1.1.0", 0)
    kinds = [(kind, by) for kind, by, _ in company.trail(rollout)]
    assert ("rolled-back", "trigger:satisfaction-dropped") in kinds
    view = company.view(release)
    assert view.summary.phase == "rolled-back"
    assert [len(one.items) for one in view.checklists if one.id == "manual-rollback"] == [5]


def _take_everyone(company: Company, release: str) -> None:
    company.plant.close_s, company.plant.last_s = 60.0, 3_600.0  # the versions are compared in that time
    rollout = company.start_rollout(release, "dev")
    asked = company.roll_out_to_the_end(rollout, "pia")

    assert asked["internal"] == ["No critical bugs", "The basic functions work"]
    assert asked["alpha"] == ["What users say is positive"]
    assert asked["beta"] == ["Performance figures are stable"]
    assert company.plant.passed(rollout) == STAGES
    lasted = [company.plant.lasted_s(rollout, stage) / DAY_S for stage, _ in STAGES[:5]]
    assert lasted == pytest.approx([2, 3, 7, 7 / 3, 7 / 3], abs=0.01)
    company.plant.until_phase(rollout, "promoted")
    met = [why for kind, _, why in company.trail(rollout) if kind == "criteria-met"]
    assert "error_rate < 0.001 (error_rate is 0.04 %, must be < 0.1 %)" in met[0]
    assert company.phase(release) == "monitoring"


def _look_back_and_close(company: Company, release: str) -> None:
    held = company.refused_move(release, "closed", "rita")
    assert len(held) == 5 + 4
    company.go(release, "closed", by="rita")
    assert not company.view(release).summary.is_open
