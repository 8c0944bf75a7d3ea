"""A hotfix under the blueprint pack, the enterprise plan: an emergency change, blue-green in five steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import Facts, ScopeItem, ScopeKind
from sluiceway.services.release_facts import FactsPatch
from tests.scenario.change_desk import submitted_change, vote_on_change
from tests.scenario.company import PROCESS, SERVICE, Company, open_company
from tests.scenario.test_pack_enterprise import STAFF, WELL

COMMITTEE = "release-committee"
STAGES = [("green-0", 0), ("green-5", 500), ("green-25", 2_500), ("green-50", 5_000), ("green-100", 10_000)]
TO_PRODUCTION = ("staging", "go-no-go", "rolling-out")
MINUTE_S, HOUR_S = 60, 3_600


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with open_company(tmp_path) as made:
        made.found(PROCESS.format(pack="blueprint"), STAFF)
        for version in ("1.9.0", "1.9.1-hotfix"):
            made.plant.figures(version, WELL)
        yield made


def test_a_hotfix_goes_from_draft_to_closed(company: Company) -> None:
    unfit = company.refused(lambda: company.new(Facts("2.0.0", "major-fix"), "sam"))
    assert 'found "major-fix", expected one of the process "shop": major, minor, patch, hotfix' in unfit
    release = company.new(Facts("1.9.1-hotfix", "hotfix", title="Tokens leak"), "sam")
    path = [phase.id for phase in company.view(release).phases]
    assert path == ["draft", "in-development", "release-candidate", *TO_PRODUCTION, "monitoring", "closed"]
    assert company.refused_move(release, "in-development", "rita") == (
        "manager must be filled in (can be supplied by rita, enzo, quinn, dev, pia, sam)",
        "scope must be filled in (can be supplied by rita, enzo, quinn, dev, pia, sam)",
    )
    fix = FactsPatch(
        manager="rita",
        scope=(ScopeItem("tokens", ScopeKind.SECURITY, "Tokens stay out of the log"),),
        target_at=company.weeks(1 / 7),
    )
    company.edit(release, fix, "sam")
    company.go(release, "in-development", "release-candidate", by="rita")
    company.vote(release, "staging-deployment", VoteKind.APPROVE, "enzo")
    _decide_in_an_emergency(company, release)
    company.go(release, "rolling-out", by="rita")
    _lose_orders_while_blue_is_kept(company, release)

    company.releases.move(release, "release-candidate", company["rita"], reason="Carts are kept now")
    company.go(release, *TO_PRODUCTION, by="rita")
    _take_everyone(company, release)

    company.clock.advance(24 * HOUR_S)
    company.go(release, "closed", by="rita")
    assert not company.view(release).summary.is_open


def _decide_in_an_emergency(company: Company, release: str) -> None:
    change = submitted_change(company, "Tokens leak", "sam", kind="emergency")
    company.releases.link_change(release, change, company["sam"])
    company.go(release, *TO_PRODUCTION[:2], by="rita")
    company.supply(release, "rolling-out")
    held = company.refused_move(release, "rolling-out", "rita")
    assert [line.split(" waits for ")[0] for line in held[:2]] == [
        "Release committee",
        "Sign-off of the release plan",
    ]
    assert held[2].startswith(f"{change} (Tokens leak) is submitted, not approved (can be supplied by rita")

    vote_on_change(company, change, VoteKind.APPROVE, "rita")
    too_few = company.refused(lambda: company.changes.decide(change, company["rita"]))
    assert "1 more vote for the quorum of 2" in too_few  # of 4 when there is no emergency
    vote_on_change(company, change, VoteKind.APPROVE, "olga")
    assert company.changes.decide(change, company["rita"]).decisions[-1].is_approved

    company.vote(release, "plan-sign-off", VoteKind.APPROVE, "rita", "bill")
    company.vote(release, COMMITTEE, VoteKind.REJECT, "carl", comment="Who tells the customers?")
    assert company.refused_move(release, "rolling-out", "rita") == (
        'Release committee is refused by carl (Release Committee): "Who tells the customers?"',
    )
    company.vote(release, COMMITTEE, VoteKind.APPROVE, "cara", "cora", "carl")


def _lose_orders_while_blue_is_kept(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev", stable="1.9.0")
    assert company.roll_out_to_the_end(rollout, "quinn")["green-0"] == ["The full test suite passes on green"]
    assert company.plant.until_phase(rollout, "keeping").keep_until is not None
    company.plant.look(5)
    assert company.plant.split(SERVICE) == ("1.9.0", "1.9.1-hotfix", 10_000)
    company.go(release, "monitoring", by="rita")  # everybody has it, and the way back is open for a day
    company.plant.look(6 * HOUR_S)

    company.plant.figures("1.9.1-hotfix", {"order_completion": 0.7})  # 24 percent less than 0.92
    company.plant.until_phase(rollout, "rolled-back")
    company.plant.figures("1.9.1-hotfix", WELL)

    assert company.plant.split(SERVICE)[::2] == ("1.9.0", 0)
    assert ("rolled-back", "trigger:orders") in [(kind, by) for kind, by, _ in company.trail(rollout)]
    assert company.phase(release) == "rolled-back"


def _take_everyone(company: Company, release: str) -> None:
    rollout = company.start_rollout(release, "dev")
    company.roll_out_to_the_end(rollout, "quinn")

    assert company.plant.passed(rollout) == STAGES
    lasted = [company.plant.lasted_s(rollout, stage) / MINUTE_S for stage, _ in STAGES[1:4]]
    assert lasted == pytest.approx([15, 15, 15], abs=0.5)
    kept = company.plant.until_phase(rollout, "keeping")
    assert kept.keep_until is not None
    assert (kept.keep_until - company.clock.now()).total_seconds() == pytest.approx(24 * HOUR_S, abs=60)
    company.plant.look(24 * HOUR_S)
    company.plant.until_phase(rollout, "promoted")
    assert company.phase(release) == "monitoring"
