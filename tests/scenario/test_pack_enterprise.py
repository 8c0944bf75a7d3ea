"""A major release under the enterprise pack: a committee of three, a sign-off, four phases in 6 days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import Facts, Goal, ScopeItem, ScopeKind, Stakeholder
from sluiceway.services.release_facts import FactsPatch
from tests.scenario.change_desk import agreed_change
from tests.scenario.company import PROCESS, SERVICE, Company, open_company

COMMITTEE, SIGN_OFF, STAGING = "release-committee", "plan-sign-off", "staging-deployment"
STAFF = {
    "rita": "release-manager",
    "enzo": "engineering-lead",
    "quinn": "qa-lead",
    "dev": "devops-lead",
    "pia": "product-owner",
    "sam": "security-lead",
    "bill": "business-sponsor",
    "cara": COMMITTEE,
    "carl": COMMITTEE,
    "cora": COMMITTEE,
    "olga": "operations-lead",
    "cass": "customer-success-lead",
}
WELL = {
    "error_rate": 0.0002,
    "p95_ms": 120.0,
    "user_satisfaction": 4.4,
    "support_tickets": 4.0,
    "feature_adoption": 0.35,
    "cpu_usage": 0.5,
    "memory_usage": 0.6,
    "payment_failure_rate": 0.01,
    "order_completion": 0.92,
    "database_connection_failures": 0.0,
    "user_registration_failure_rate": 0.02,
    "support_escalation_rate": 0.1,
    "support_tickets_per_hour": 12.0,
    "revenue_loss_per_hour": 0.0,
    "security_incidents": 0.0,
    "unusual_authentications": 0.0,
    "data_breach_indicators": 0.0,
    "unauthorized_access_alarms": 0.0,
}
FACTS = Facts(
    "2.0.0",
    "major",
    title="Faster search",
    code_name="Heron",
    manager="rita",
    sponsor="bill",
    user_impact="Answers in half the time",
    revenue_impact="More orders",
    goals=(Goal("Half the time", "p95", "150 ms"),),
    scope=(ScopeItem("index", ScopeKind.FEATURE, "An index for search"),),
    stakeholders=(Stakeholder("release-manager", "rita", backup="enzo"),),
)
CANDIDATE = ("code-freeze", "release-candidate")
STAGES = [("canary", 100), ("limited", 1_000), ("expanded", 5_000), ("full", 10_000)]
HOUR_S = 3_600


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with open_company(tmp_path) as made:
        made.found(PROCESS.format(pack="enterprise"), STAFF)
        made.plant.figures("1.9.0", {**WELL, "support_tickets": 5.0})
        made.plant.figures("2.0.0", WELL)
        yield made


def test_a_major_release_goes_from_draft_to_closed(company: Company) -> None:
    release = company.new(FACTS, "pia")
    assert company.refused_move(release, "planned", "rita") == (
        "target date must be filled in (can be supplied by rita, enzo, quinn, dev, pia, sam)",
    )
    company.edit(release, FactsPatch(target_at=company.weeks(12)), "pia")
    company.go(release, "planned", "in-development", *CANDIDATE, by="rita")
    _agree_to_staging(company, release)
    company.go(release, "staging", "uat", "go-no-go", by="rita")
    _agree_to_production(company, release)
    company.go(release, "rolling-out", by="rita")
    _lose_payments_in_the_canary(company, release)

    company.clock.advance(20 * 24 * HOUR_S)
    company.releases.move(release, "release-candidate", company["rita"], reason="The client is mended")
    company.go(release, "staging", "uat", "go-no-go", by="rita")
    _agree_once_more(company, release)
    company.go(release, "rolling-out", by="rita")
    _take_everyone(company, release)

    _watch_and_close(company, release)


def _agree_to_staging(company: Company, release: str) -> None:
    company.supply(release, "staging")
    (held,) = company.refused_move(release, "staging", "rita")
    assert held == (
        "Deployment to staging waits for 1 of DevOps Lead (dev), 1 of QA Lead (quinn) or "
        "1 of Engineering Lead (enzo)"
    )
    stranger = company.refused(lambda: company.vote(release, STAGING, VoteKind.APPROVE, "cara"))
    assert stranger.endswith("cara is not asked by name and can't vote here")
    assert company.vote(release, STAGING, VoteKind.APPROVE, "quinn").standing == "approved"


def _agree_to_production(company: Company, release: str) -> None:
    change = agreed_change(company, "Faster search", "pia", "rita", "enzo", "olga", "sam")
    company.releases.link_change(release, change, company["pia"])
    company.supply(release, "rolling-out")
    assert company.refused_move(release, "rolling-out", "rita") == (
        "Release committee waits for 3 of Release Committee (cara, carl or cora)",
        "Sign-off of the release plan waits for 1 of Release Manager (rita) and 1 of Business Sponsor (bill)",
    )

    company.vote(release, SIGN_OFF, VoteKind.APPROVE, "rita", "bill")
    company.vote(release, COMMITTEE, VoteKind.APPROVE, "cara", "carl")
    refused = company.vote(release, COMMITTEE, VoteKind.REJECT, "cora", comment="Who pays?")
    assert refused.sentence == ('Release committee is refused by cora (Release Committee): "Who pays?"')
    agreed = company.vote(release, COMMITTEE, VoteKind.APPROVE, "cora")
    assert agreed.standing == "approved"
    assert agreed.expires_at == company.weeks(2)


def _lose_payments_in_the_canary(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev", stable="1.9.0")
    company.plant.until_stage(rollout, "canary")
    split = company.plant.traffic.proxies.by_ingress[SERVICE].split
    assert split.new_weight_bp == 100
    assert split.audience[0].values == ("internal", "early-adopter")

    company.plant.figures("2.0.0", {"error_rate": 0.02})
    for _ in range(4 * 12):
        company.plant.look(5)
    company.plant.figures("2.0.0", {"error_rate": 0.0002})  # four minutes are not five
    company.plant.look(120)
    assert company.plant.state(rollout).phase == "progressing"

    company.plant.figures("2.0.0", {"payment_failure_rate": 0.06})
    company.plant.until_phase(rollout, "rolled-back")
    company.plant.figures("2.0.0", WELL)

    assert company.plant.split(SERVICE)[::2] == ("1.9.0", 0)
    assert ("rolled-back", "trigger:payments") in [(kind, by) for kind, by, _ in company.trail(rollout)]
    view = company.view(release)
    assert view.summary.phase == "rolled-back"
    opened = [one for one in view.checklists if one.id.startswith("after-rollback")]
    due_h = [(one.due_at - view.summary.since).total_seconds() / HOUR_S for one in opened if one.due_at]
    assert [len(one.items) for one in opened] == [5, 5, 5]
    assert due_h == [0, 0.5, 4]


def _agree_once_more(company: Company, release: str) -> None:
    """What was said before the way back: the sign-off still counts, the committee's two weeks are over."""
    company.supply(release, "rolling-out")
    assert company.approval(release, SIGN_OFF).standing == "approved"
    (held,) = company.missing(release, "rolling-out")
    assert held.ref == COMMITTEE
    assert held.text.startswith(
        "Release committee waits for 3 of Release Committee (cara, carl or cora); cara's vote does not "
        "count: it ran out on 2027-03-15"
    )
    company.vote(release, COMMITTEE, VoteKind.APPROVE, "cara", "carl", "cora")


def _take_everyone(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev")
    asked = company.roll_out_to_the_end(rollout, "rita")

    assert asked["canary"] == ["Zero critical security issues"]
    assert asked["limited"] == []
    assert [len(asked[stage]) for stage in ("expanded", "full")] == [4, 4]
    assert company.plant.passed(rollout) == STAGES
    lasted = [company.plant.lasted_s(rollout, stage) / HOUR_S for stage, _ in STAGES[:3]]
    assert lasted == pytest.approx([24, 48, 72], abs=0.02)
    company.plant.until_phase(rollout, "promoted")
    assert company.phase(release) == "monitoring"


def _watch_and_close(company: Company, release: str) -> None:
    since = company.view(release).summary.since
    hours = [one for one in company.view(release).checklists if one.id.startswith("monitoring-hours")]
    due_h = [(one.due_at - since).total_seconds() / HOUR_S for one in hours if one.due_at]
    assert (due_h, [len(one.items) for one in hours]) == ([0, 2, 8], [5, 5, 5])

    company.clock.advance(24 * HOUR_S)
    assert len(company.refused_move(release, "closed", "rita")) == 15 + 3 + 5 + 5
    company.go(release, "closed", by="rita")

    assert not company.view(release).summary.is_open
    assert [kind for kind, _, _ in company.trail(release)].count("release-rollout-started") == 2
