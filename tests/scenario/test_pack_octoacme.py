"""A major release under the pack of checklists: eight weeks, a readiness review, executives, a canary."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import Facts, Goal, ItemState, ScopeItem, ScopeKind
from tests.scenario.company import PROCESS, SERVICE, Company, open_company

READINESS, EXECUTIVES = "readiness-review", "executive-review"
STAFF = {
    "rita": "release-manager",
    "pia": "product-owner",
    "quinn": "qa-lead",
    "theo": "tech-lead",
    "dev": "devops",
    "eve": "executive",
    "sam": "security",
    "sue": "support",
    "dora": "developer",
}
WELL = {"error_rate": 0.001, "errors": 4.0, "p95_ms": 200.0}
PREPARED = ("in-development", "feature-freeze", "code-freeze", "staging")
STAGES = [("small", 500), ("more", 2_500), ("half", 5_000), ("all", 10_000)]
HOUR_S = 3_600
WEEK_S = 7 * 24 * HOUR_S


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with open_company(tmp_path) as made:
        made.found(PROCESS.format(pack="octoacme"), STAFF)
        for version in ("1.9.0", "2.0.0"):
            made.plant.figures(version, WELL)
        yield made


def test_a_major_release_goes_from_draft_to_closed(company: Company) -> None:
    facts = Facts(
        "2.0.0",
        "major",
        title="Faster search",
        target_at=company.weeks(9),
        manager="rita",
        goals=(Goal("Half the time", "p95", "150 ms"),),
        scope=(ScopeItem("index", ScopeKind.FEATURE, "An index for search"),),
    )
    release = company.new(facts, "pia")
    _plan_eight_weeks_before(company, release)
    company.go(release, *PREPARED, by="rita")
    _review_readiness(company, release)
    company.go(release, "go-no-go", by="rita")
    _meet_the_condition(company, release)
    company.go(release, "rolling-out", by="rita")
    _degrade(company, release)

    company.releases.move(release, "in-development", company["rita"], reason="One zone had no index")
    company.go(release, *PREPARED[1:], "go-no-go", "rolling-out", by="rita")
    _take_everyone(company, release)

    _follow_up_and_close(company, release)


def _plan_eight_weeks_before(company: Company, release: str) -> None:
    held = company.refused_move(release, "planned", "rita")
    assert len(held) == 5 + 5  # eight weeks before, and planning in the guide's own list
    assert held[1].endswith("is not done (can be supplied by pia)")
    target_at = company.weeks(9)
    weeks = {
        one.id: (target_at - one.due_at).days / 7
        for one in company.view(release).checklists
        if one.id.endswith("weeks-before") and one.due_at
    }
    assert weeks == {"eight-weeks-before": 8, "four-weeks-before": 4, "two-weeks-before": 2}
    not_his = company.refused(
        lambda: company.releases.check(release, "eight-weeks-before", "goals", ItemState.DONE, company["dev"])
    )
    assert not_his.endswith("is up to release-manager, and dev is not that")

    company.clock.advance(1.5 * WEEK_S)  # half a week late
    assert _overdue(company, release, "eight-weeks-before") == 5
    company.go(release, "planned", by="rita")
    assert _overdue(company, release, "eight-weeks-before") == 0


def _review_readiness(company: Company, release: str) -> None:
    company.supply(release, "go-no-go")
    review, executives = company.refused_move(release, "go-no-go", "rita")
    assert review == (
        "Release readiness review waits for 1 of QA Lead (quinn), 1 of Tech Lead (theo) and "
        "1 of Product Owner (nobody can now: pia wrote it)"
    )
    assert executives == "Review by executive stakeholders waits for 1 of Executive Stakeholder (eve)"
    own = company.refused(lambda: company.vote(release, READINESS, VoteKind.APPROVE, "pia"))
    assert "pia wrote it, and the two are kept separate; somebody else must vote" in own

    company.hire("paul", "product-owner")
    company.vote(release, READINESS, VoteKind.APPROVE, "quinn", "theo", "paul")
    refused = company.vote(release, EXECUTIVES, VoteKind.REJECT, "eve", comment="Not before the fair")
    assert refused.standing == "rejected"
    assert company.refused_move(release, "go-no-go", "rita") == (
        'Review by executive stakeholders is refused by eve (Executive Stakeholder): "Not before the fair"',
    )
    company.releases.vote(
        release,
        EXECUTIVES,
        VoteKind.APPROVE_IF,
        company["eve"],
        comment="After the fair, then",
        conditions=("Support has the new answers",),
    )
    assert [one.text for one in company.view(release).conditions] == ["Support has the new answers"]


def _meet_the_condition(company: Company, release: str) -> None:
    company.supply(release, "rolling-out")
    (held,) = company.missing(release, "rolling-out")
    assert (held.kind, held.text) == (
        "condition",
        'eve agreed on the condition: "Support has the new answers"',
    )
    assert "sue" in held.who
    company.releases.meet_condition(release, held.ref, company["sue"], note="Sent to all of us")


def _degrade(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev", stable="1.9.0")
    company.plant.until_stage(rollout, "small")
    assert company.plant.split(SERVICE) == ("1.9.0", "2.0.0", 500)

    company.plant.figures("2.0.0", {"p95_ms": 320.0})  # 60 percent slower
    company.plant.look(60)
    company.plant.look(50)
    assert company.plant.state(rollout).phase == "progressing"
    company.plant.until_phase(rollout, "rolled-back")
    company.plant.figures("2.0.0", WELL)

    assert company.plant.split(SERVICE)[::2] == ("1.9.0", 0)
    assert ("rolled-back", "trigger:degradation") in [(kind, by) for kind, by, _ in company.trail(rollout)]
    view = company.view(release)
    assert view.summary.phase == "rolled-back"
    assert [len(one.items) for one in view.checklists if one.id.startswith("after-rollback")] == [4, 3, 4]


def _take_everyone(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev")
    asked = company.roll_out_to_the_end(rollout, "rita")

    assert asked == {"small": ["Critical flows of users work"], "more": [], "half": [], "all": []}
    assert company.plant.passed(rollout) == STAGES
    lasted = [company.plant.lasted_s(rollout, stage) / HOUR_S for stage, _ in STAGES[:3]]
    assert lasted == pytest.approx([1, 1, 1], abs=0.02)
    company.plant.until_phase(rollout, "promoted")
    assert company.phase(release) == "monitoring"


def _follow_up_and_close(company: Company, release: str) -> None:
    held = len(company.refused_move(release, "closed", "rita"))
    assert held == 4 + (11 - 1) + 10 + 7 + 7 + 5 + 6  # one of the eleven is the sum of its parts
    set_aside = partial(company.releases.check, release, "production-deployment", state=ItemState.SET_ASIDE)
    required = company.refused(lambda: set_aside(item_id="code", by=company["dev"], note="It came by itself"))
    assert "is required of every release and can't be set aside" in required
    set_aside(item_id="maintenance-on", by=company["dev"], note="Nobody was locked out")
    set_aside(item_id="maintenance-off", by=company["dev"], note="It was never on")
    assert len(company.refused_move(release, "closed", "rita")) == held - 2

    company.go(release, "closed", by="rita")
    assert not company.view(release).summary.is_open


def _overdue(company: Company, release: str, checklist: str) -> int:
    found = next(one for one in company.view(release).checklists if one.id == checklist)
    return sum(item.is_overdue for item in found.items)
