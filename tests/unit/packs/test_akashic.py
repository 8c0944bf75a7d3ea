"""The akashic pack has its document's figures."""

from __future__ import annotations

import pytest

from sluiceway.config import parse_process
from sluiceway.domain.process.environments import Entry
from sluiceway.domain.process.plan import Action, CriterionKind, Process, RolloutPlan, Strategy
from sluiceway.domain.process.team import ByBoard, ByRole, TeamProcess, VersionForm
from sluiceway.packs import pack_text

MINUTE_S = 60.0
HOUR_S = 3_600.0
DAY_S = 86_400.0
WEEK_S = 604_800.0


@pytest.fixture(scope="module")
def pack() -> Process:
    return parse_process(pack_text("akashic"), "akashic.yaml")


@pytest.fixture(scope="module")
def team(pack: Process) -> TeamProcess:
    assert pack.team is not None
    return pack.team


def rollout(pack: Process, name: str) -> RolloutPlan:
    return dict(pack.rollouts)[name]


def test_the_types_have_their_versions_cadence_length_and_approvals(team: TeamProcess) -> None:
    assert [
        (each.id, each.version[0], each.cadence, each.length_s, each.approvals) for each in team.types
    ] == [
        ("major", VersionForm.MAJOR, "Quarterly", (12 * WEEK_S, 12 * WEEK_S), ("change-control-board",)),
        ("minor", VersionForm.MINOR, "Monthly", (4 * WEEK_S, 4 * WEEK_S), ("release-manager",)),
        ("patch", VersionForm.PATCH, "As needed", (WEEK_S, 2 * WEEK_S), ("technical-lead",)),
        ("hotfix", VersionForm.HOTFIX, "Emergencies only", (DAY_S, DAY_S), ("cto",)),
    ]


def test_who_approves_is_the_board_or_one_person_by_the_size_of_the_release(team: TeamProcess) -> None:
    assert {each.id: each.rule for each in team.approvals} == {
        "change-control-board": ByBoard("change-control-board"),
        "release-manager": ByRole("release-manager"),
        "technical-lead": ByRole("technical-lead"),
        "cto": ByRole("cto"),
    }


def test_five_members_vote_three_advise_and_the_chair_breaks_a_tie(team: TeamProcess) -> None:
    (board,) = team.changes.boards

    assert board.chair == "cto"
    assert board.voting == ("cto", "product-manager", "engineering-lead", "qa-manager", "security-lead")
    assert board.advisory == ("customer-success-manager", "devops-lead", "ux-design-lead")
    assert board.casting_vote


def test_the_matrix_weighs_five_criteria_from_1_to_10(team: TeamProcess) -> None:
    assert [(each.id, each.weight_percent, each.low, each.high) for each in team.changes.matrix] == [
        ("business-value", 30, 1, 10),
        ("technical-complexity", 20, 1, 10),
        ("resource-availability", 15, 1, 10),
        ("strategic-alignment", 20, 1, 10),
        ("customer-impact", 15, 1, 10),
    ]
    assert [each.id for each in team.changes.matrix if not each.higher_is_better] == ["technical-complexity"]


def test_the_canary_takes_24_12_and_6_hours(pack: Process) -> None:
    assert [(each.weight_bp, each.duration_s / HOUR_S) for each in rollout(pack, "canary").stages] == [
        (500, 24),
        (2_500, 12),
        (5_000, 6),
        (10_000, 0),
    ]
    assert pack.rollout == rollout(pack, "canary")


def test_every_step_of_the_canary_has_two_figures_and_a_person_look(pack: Process) -> None:
    for stage in rollout(pack, "canary").stages:
        assert [(each.kind, each.expression) for each in stage.criteria] == [
            (CriterionKind.EXPRESSION, "error_rate < 0.001"),
            (CriterionKind.EXPRESSION, "p95_ms <= 1.1 * baseline.p95_ms"),
            (CriterionKind.MANUAL, ""),
        ]


@pytest.mark.parametrize("name", ["canary", "blue-green"])
def test_five_conditions_go_back_at_once_and_three_ask(pack: Process, name: str) -> None:
    assert [(each.expression, each.action) for each in rollout(pack, name).triggers] == [
        ("error_rate > 0.05", Action.IMMEDIATE),
        ("p95_ms > 5 * baseline.p95_ms", Action.IMMEDIATE),
        ("health_failure_rate > 0.5", Action.IMMEDIATE),
        ("database_connection_failures > 0", Action.IMMEDIATE),
        ("critical_vulnerabilities > 0", Action.IMMEDIATE),
        ("error_rate > 0.01", Action.ASK),
        ("p95_ms > 2 * baseline.p95_ms", Action.ASK),
        ("user_complaints > 1.1 * baseline.user_complaints", Action.ASK),
    ]


def test_rolling_replaces_25_50_and_100_percent_ten_minutes_apart(pack: Process) -> None:
    plan = rollout(pack, "rolling")

    assert plan.strategy is Strategy.ROLLING
    assert [(each.weight_bp, each.duration_s / MINUTE_S) for each in plan.stages] == [
        (2_500, 10),
        (5_000, 10),
        (10_000, 0),
    ]
    assert [each.expression for each in plan.triggers] == [
        "error_rate > 0.01",
        "p95_ms > 2 * baseline.p95_ms",
        "health_failure_rate > 0.1",
    ]


def test_every_type_passes_three_gates_of_ten_eight_and_nine_checks(team: TeamProcess) -> None:
    assert [(each.id, len(each.checks)) for each in team.gates] == [
        ("code-quality", 10),
        ("functional-testing", 8),
        ("performance-security", 9),
    ]
    assert {each.gates for each in team.types} == {
        ("code-quality", "functional-testing", "performance-security")
    }


def test_production_takes_approval_and_change_control(team: TeamProcess) -> None:
    assert [(each.id, each.entry, each.after) for each in team.environments] == [
        ("development", Entry.ON_MERGE, ""),
        ("testing", Entry.ON_PASSING_TESTS, "development"),
        ("staging", Entry.APPROVAL, "testing"),
        ("production", Entry.APPROVAL_AND_CHANGE, "staging"),
    ]
    assert all(each.needs_change for each in team.types)


def test_a_rollback_is_told_of_every_15_minutes_and_customers_hear_of_it(team: TeamProcess) -> None:
    assert [(each.on, each.every_s / MINUTE_S, each.is_external) for each in team.later.communications] == [
        ("rollback", 15, False),
        ("rollback", 0, True),
        ("downtime", 0, True),
    ]


def test_indicators_have_their_targets(team: TeamProcess) -> None:
    targets = {each.id: each.target for each in team.later.indicators if each.group != "retrospective"}

    assert targets == {
        "defect-density": "< 0.1 bugs per feature",
        "customer-satisfaction": "> 4.5",
        "time-to-resolution": "< 24 hours for critical, < 72 hours for major",
        "cycle-time": "< 8 weeks for major features",
        "deployment-frequency": "4-6 releases per month",
        "lead-time": "< 4 hours",
        "rollback-rate": "< 2%",
    }


def test_a_sprint_has_two_weeks_ten_days_and_60_points_of_which_a_fifth_pays_debt(team: TeamProcess) -> None:
    planning = team.later.planning
    assert planning is not None

    assert (planning.sprint_s, planning.sprint_days, planning.sprint_points) == (2 * WEEK_S, 10, 60)
    assert (planning.points_per_day, planning.debt_percent) == (6, 20)
    assert [points for points, _ in planning.points] == [1, 2, 3, 5, 8, 13]
    assert sum(count for _, count in planning.team) == 16


def test_there_are_three_ways_back_for_a_database(team: TeamProcess) -> None:
    assert team.later.rollback is not None

    assert [(method, len(steps)) for _, method, steps in team.later.rollback.scenarios] == [
        ("Restore from backup", 4),
        ("Reverse the data migration", 3),
        ("Point-in-time recovery", 4),
    ]
