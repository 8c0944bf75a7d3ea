"""The athena pack has its document's figures."""

from __future__ import annotations

import pytest

from sluiceway.config import parse_process
from sluiceway.domain.process.lists import Anchor
from sluiceway.domain.process.plan import Action, CriterionKind, Process, RolloutPlan, Strategy
from sluiceway.domain.process.schedule import Span, SpanUnit, Timeline
from sluiceway.domain.process.team import TeamProcess, VersionForm
from sluiceway.packs import pack_text

MINUTE_S = 60.0
DAY_S = 86_400.0
WEEK_S = 604_800.0


@pytest.fixture(scope="module")
def pack() -> Process:
    return parse_process(pack_text("athena"), "athena.yaml")


@pytest.fixture(scope="module")
def team(pack: Process) -> TeamProcess:
    assert pack.team is not None
    return pack.team


def rollout(pack: Process, name: str) -> RolloutPlan:
    return dict(pack.rollouts)[name]


def timeline(team: TeamProcess, name: str) -> Timeline:
    return next(each for each in team.timelines if each.id == name)


def test_the_types_have_their_cadence_and_length(team: TeamProcess) -> None:
    assert [(each.id, each.cadence, each.length_s) for each in team.types] == [
        ("major", "Quarterly", (8 * WEEK_S, 12 * WEEK_S)),
        ("minor", "Every two weeks to monthly", (2 * WEEK_S, 4 * WEEK_S)),
        ("patch", "As needed, typically weekly", (DAY_S, 3 * DAY_S)),
        ("hotfix", "As needed", (DAY_S, DAY_S)),
    ]


def test_a_hotfix_may_be_a_patch(team: TeamProcess) -> None:
    assert team.types[3].version == (VersionForm.PATCH, VersionForm.HOTFIX)


def test_no_release_goes_out_without_all_four_gates(team: TeamProcess) -> None:
    assert [(each.id, len(each.checks)) for each in team.gates] == [
        ("pre-development", 4),
        ("development", 6),
        ("pre-release", 7),
        ("production", 5),
    ]
    assert {each.gates for each in team.types} == {tuple(gate.id for gate in team.gates)}


def test_twelve_weeks_are_planned_week_by_week(team: TeamProcess) -> None:
    weeks = SpanUnit.WEEKS

    assert [
        (each.section, each.before, each.lasts) for each in timeline(team, "twelve-weeks").milestones
    ] == [
        ("Weeks 1-2", Span(12, weeks), Span(2, weeks)),
        ("Weeks 3-8", Span(10, weeks), Span(6, weeks)),
        ("Weeks 9-10", Span(4, weeks), Span(2, weeks)),
        ("Week 11", Span(2, weeks), Span(1, weeks)),
        ("Week 12", Span(1, weeks), Span(1, weeks)),
    ]


def test_four_weeks_are_planned_week_by_week(team: TeamProcess) -> None:
    milestones = timeline(team, "four-weeks").milestones

    assert [each.section for each in milestones] == ["Week 1", "Week 2", "Week 3", "Week 4"]
    assert {each.lasts for each in milestones} == {Span(1, SpanUnit.WEEKS)}


def test_the_rollout_goes_from_a_thousandth_to_everybody(pack: Process) -> None:
    stages = rollout(pack, "progressive").stages

    assert [(each.weight_bp, each.duration_s) for each in stages] == [
        (10, 2 * DAY_S),
        (100, 3 * DAY_S),
        (1_000, 7 * DAY_S),
        (2_500, pytest.approx(7 * DAY_S / 3)),
        (5_000, pytest.approx(7 * DAY_S / 3)),
        (10_000, pytest.approx(7 * DAY_S / 3)),
    ]
    assert pack.rollout == rollout(pack, "progressive")


def test_each_stage_has_its_own_criteria(pack: Process) -> None:
    figures = [
        [each.expression for each in stage.criteria if each.kind is CriterionKind.EXPRESSION]
        for stage in rollout(pack, "progressive").stages
    ]

    assert figures == [
        ["error_rate < 0.001", "user_satisfaction > 4.0"],
        ["error_rate < 0.05", "performance_degradation < 0.1"],
        ["error_rate < 0.02", "user_feedback_score > 3.5"],
        *[["error_rate < 0.01"]] * 3,
    ]


def test_triggers_have_windows_and_actions(pack: Process) -> None:
    found = {
        each.id: (each.expression, each.window_s / MINUTE_S, each.action)
        for each in rollout(pack, "progressive").triggers
    }

    assert found == {
        "errors-for-minutes": ("error_rate > 0.05", 5, Action.IMMEDIATE),
        "slow": ("p95_ms > 5000", 10, Action.GRADUAL),
        "crashes": ("crash_rate > 0.01", 2, Action.EMERGENCY),
        "many-errors": ("error_rate > 0.1", 0, Action.IMMEDIATE),
        "satisfaction-low": ("user_satisfaction < 3.0", 0, Action.IMMEDIATE),
        "errors": ("error_rate > 0.05", 0, Action.IMMEDIATE),
        "slower": ("performance_degradation > 0.2", 0, Action.IMMEDIATE),
        "satisfaction-dropped": ("user_satisfaction_drop > 0.5", 0, Action.IMMEDIATE),
    }


def test_blue_green_switches_within_ten_minutes_and_is_watched_for_15(pack: Process) -> None:
    plan = rollout(pack, "blue-green")

    assert plan.strategy is Strategy.BLUE_GREEN
    assert [each.weight_bp for each in plan.stages] == [0, 1_000, 2_500, 5_000, 10_000]
    assert sum(each.duration_s for each in plan.stages[1:4]) == pytest.approx(10 * MINUTE_S)
    assert plan.stages[4].duration_s == 15 * MINUTE_S


def test_alerts_have_windows_and_severities(team: TeamProcess) -> None:
    assert [(each.condition, each.window_s / MINUTE_S, each.severity) for each in team.later.alerts] == [
        ("error_rate > 5%", 5, "critical"),
        ("response_time > 2000ms", 10, "warning"),
        ("user_satisfaction < 3.5", 60, "warning"),
        ("error_rate > 10%", 0, "critical"),
        ("response_time > 5000ms", 0, "critical"),
        ("user_satisfaction < 3.0", 0, "critical"),
    ]


def test_two_kinds_of_rollbacks_need_a_person(team: TeamProcess) -> None:
    assert team.later.rollback is not None

    assert team.later.rollback.approval_for == ("major version rollbacks", "database schema rollbacks")


def test_people_are_told_from_a_week_before_to_three_days_after(team: TeamProcess) -> None:
    lists = {each.id: each for each in team.checklists}

    assert [
        (each.id, each.offset_s, len(each.items)) for each in team.checklists if each.anchor is Anchor.TARGET
    ] == [
        ("week-before", -WEEK_S, 4),
        ("three-days-before", -3 * DAY_S, 4),
        ("release-day", 0, 5),
    ]
    after = lists["after-release"]
    assert (after.phase, after.offset_s, after.until_s) == ("monitoring", DAY_S, 3 * DAY_S)
    assert len(after.items) == 4


def test_main_is_protected_by_two_reviews_and_three_checks(team: TeamProcess) -> None:
    main, develop = team.later.branches[:2]

    assert (main.branch, main.reviews, main.dismiss_stale, main.code_owners) == ("main", 2, True, True)
    assert main.status_checks == ("test-suite", "security-scan", "performance-check")
    assert (develop.branch, develop.reviews) == ("develop", 1)
    assert develop.status_checks == ("test-suite", "build-check")


def test_reviews_come_after_a_day_a_week_and_a_month(team: TeamProcess) -> None:
    assert [each.from_s / DAY_S for each in team.later.reviews] == [1, 7, 30]
