"""The octoacme pack has its guide's figures."""

from __future__ import annotations

import pytest

from sluiceway.config import parse_process
from sluiceway.domain.process.lists import Anchor
from sluiceway.domain.process.plan import Action, Process, Strategy
from sluiceway.domain.process.team import AllOf, ByRole, TeamProcess
from sluiceway.packs import pack_text

MINUTE_S = 60.0
HOUR_S = 3_600.0
DAY_S = 86_400.0
WEEK_S = 604_800.0


@pytest.fixture(scope="module")
def pack() -> Process:
    return parse_process(pack_text("octoacme"), "octoacme.yaml")


@pytest.fixture(scope="module")
def team(pack: Process) -> TeamProcess:
    assert pack.team is not None
    return pack.team


def test_the_types_have_their_cadence_length_approvals_and_notes(team: TeamProcess) -> None:
    assert [(each.id, each.cadence, each.length_s, each.approvals, each.notes) for each in team.types] == [
        (
            "major",
            "planned quarters in advance",
            (0, 0),
            ("readiness-review", "executive-review"),
            "standard",
        ),
        ("minor", "every two weeks or monthly", (0, 0), ("readiness-review",), "standard"),
        ("patch", "as needed, expedited", (0, 2 * DAY_S), ("streamlined",), "standard"),
        ("hotfix", "as needed, expedited", (0, 2 * DAY_S), ("streamlined",), "hotfix"),
    ]


def test_who_signs_off_goes_by_the_size_of_the_release(team: TeamProcess) -> None:
    rules = {each.id: each.rule for each in team.approvals}

    assert rules == {
        "readiness-review": AllOf((ByRole("qa-lead"), ByRole("tech-lead"), ByRole("product-owner"))),
        "executive-review": ByRole("executive"),
        "streamlined": AllOf((ByRole("tech-lead"), ByRole("product-owner"))),
    }


def test_lists_are_due_from_eight_weeks_before_to_a_day_after(team: TeamProcess) -> None:
    own = [each for each in team.checklists if not each.id.startswith("release-") or each.id == "release-day"]

    assert [(each.id, each.offset_s, len(each.items)) for each in own if each.anchor is Anchor.TARGET] == [
        ("eight-weeks-before", -8 * WEEK_S, 5),
        ("four-weeks-before", -4 * WEEK_S, 5),
        ("two-weeks-before", -2 * WEEK_S, 5),
        ("one-week-before", -WEEK_S, 5),
        ("release-day", 0, 4),
        ("security-approval", -24 * HOUR_S, 1),
        ("pre-deployment", -24 * HOUR_S, 8),
        ("staging-deployment", -4 * HOUR_S, 8),
        ("production-deployment", 0, 11),
        ("verification", 15 * MINUTE_S, 10),
        ("first-hour", HOUR_S, 7),
        ("follow-up", 24 * HOUR_S, 7),
    ]


def test_the_procedure_of_the_deployment_has_five_parts(team: TeamProcess) -> None:
    production = next(each for each in team.checklists if each.id == "production-deployment")

    assert [item.id for item in production.items if item.parent == "procedure"] == [
        "code",
        "migrations",
        "configuration",
        "restart",
        "caches",
    ]


def test_requirements_before_a_release_are_five_gates(team: TeamProcess) -> None:
    assert [(gate.id, len(gate.checks)) for gate in team.gates] == [
        ("code-quality", 5),
        ("testing", 6),
        ("documentation", 5),
        ("operations", 6),
        ("communication", 5),
    ]
    assert {each.gates for each in team.types} == {tuple(gate.id for gate in team.gates)}


def test_ten_times_the_errors_and_half_slower_answers_take_traffic_back(pack: Process) -> None:
    assert pack.rollout is not None

    assert [(t.expression, t.action) for t in pack.rollout.triggers] == [
        ("performance_degradation > 0.5", Action.IMMEDIATE),
        ("errors >= 10 && error_rate > 10 * baseline.error_rate", Action.IMMEDIATE),
    ]


def test_all_five_strategies_are_there_and_types_use_those_that_can_be_started(
    pack: Process, team: TeamProcess
) -> None:
    strategies = {name: plan.strategy for name, plan in pack.rollouts}

    assert set(strategies.values()) == set(Strategy)
    assert {each.id: strategies[each.rollout] for each in team.types} == {
        "major": Strategy.CANARY,
        "minor": Strategy.CANARY,
        "patch": Strategy.BLUE_GREEN,
        "hotfix": Strategy.BLUE_GREEN,
    }


def test_incidents_are_told_of_every_15_to_30_minutes_and_looked_back_on_in_48_hours(
    team: TeamProcess,
) -> None:
    scale = team.later.incidents
    assert scale is not None

    assert [each.id for each in scale.severities] == ["sev-1", "sev-2", "sev-3", "sev-4"]
    assert scale.update_every_s == (15 * MINUTE_S, 30 * MINUTE_S)
    assert scale.postmortem_within_s == 48 * HOUR_S
    assert scale.quick_fix_within_s == 15 * MINUTE_S


def test_the_retrospective_takes_an_hour_within_a_week(team: TeamProcess) -> None:
    retrospective = next(each for each in team.later.reviews if each.id == "retrospective")

    assert retrospective.until_s == WEEK_S
    assert [minutes for minutes, _ in retrospective.agenda] == [5, 15, 15, 10, 15]
    assert retrospective.facilitator == "release-manager"


def test_there_are_two_templates_of_release_notes(team: TeamProcess) -> None:
    assert [(each.id, len(each.sections)) for each in team.later.notes] == [("standard", 16), ("hotfix", 6)]
