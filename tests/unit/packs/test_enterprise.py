"""The enterprise pack has its plan's figures, and the blueprint pack is the same plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from sluiceway.config import parse_process
from sluiceway.domain.calendars.timeline import lay_out
from sluiceway.domain.process.plan import Action, CriterionKind, Process, RolloutPlan
from sluiceway.domain.process.team import NeedKind, TeamProcess, VersionForm
from sluiceway.packs import pack_text

HOUR_S = 3_600.0
MINUTE_S = 60.0


@pytest.fixture(scope="module")
def pack() -> Process:
    return parse_process(pack_text("enterprise"), "enterprise.yaml")


@pytest.fixture(scope="module")
def team(pack: Process) -> TeamProcess:
    assert pack.team is not None
    return pack.team


@pytest.fixture(scope="module")
def phased(pack: Process) -> RolloutPlan:
    return dict(pack.rollouts)["phased"]


def test_four_types_go_by_the_release_committee_and_all_four_gates(team: TeamProcess) -> None:
    gates = ("code-quality", "security", "performance", "compliance")

    assert [(each.id, each.version) for each in team.types] == [
        ("major", (VersionForm.MAJOR,)),
        ("minor", (VersionForm.MINOR,)),
        ("patch", (VersionForm.PATCH,)),
        ("hotfix", (VersionForm.HOTFIX, VersionForm.PATCH)),
    ]
    assert {(each.approvals, each.gates, each.needs_change) for each in team.types} == {
        (("release-committee",), gates, True)
    }


def test_a_rollout_needs_the_committee_both_signatures_a_go_and_the_changes(team: TeamProcess) -> None:
    rolling_out = next(phase for phase in team.phases if phase.id == "rolling-out")

    assert [(need.kind, need.ref) for need in rolling_out.needs] == [
        (NeedKind.FIELD, "target_at"),
        (NeedKind.APPROVAL, "type"),
        (NeedKind.APPROVAL, "plan-sign-off"),
        (NeedKind.DECISION, "go-no-go"),
        (NeedKind.CHANGES, ""),
        (NeedKind.CALENDAR, ""),
        (NeedKind.CHECKLIST, "day-before"),
    ]


def test_the_phases_of_the_rollout_have_their_weights_times_and_figures(phased: RolloutPlan) -> None:
    assert [(stage.id, stage.weight_bp, stage.duration_s / HOUR_S) for stage in phased.stages] == [
        ("canary", 100, 24),
        ("limited", 1_000, 48),
        ("expanded", 5_000, 72),
        ("full", 10_000, 0),
    ]
    assert [[c.expression for c in stage.criteria if c.expression] for stage in phased.stages] == [
        ["error_rate < 0.001", "p95_ms < 200", "user_satisfaction > 4"],
        [
            "error_rate < 0.0005",
            "p95_ms < 150",
            "support_tickets < baseline.support_tickets",
            "feature_adoption > 0.2",
        ],
        [],
        [],
    ]


def test_what_no_figure_answers_is_attested_by_a_person(phased: RolloutPlan) -> None:
    manual = [sum(c.kind is CriterionKind.MANUAL for c in stage.criteria) for stage in phased.stages]

    assert manual == [1, 0, 4, 4]


def test_every_rollout_has_the_plans_triggers_with_their_windows(pack: Process, phased: RolloutPlan) -> None:
    immediate = [t for t in phased.triggers if t.action is Action.IMMEDIATE]

    assert [(t.expression, t.window_s / MINUTE_S) for t in immediate] == [
        ("error_rate > 0.01", 5),
        ("p95_ms > 1000", 10),
        ("cpu_usage > 0.9", 15),
        ("memory_usage > 0.95", 5),
        ("database_connection_failures > 0.1", 3),
        ("payment_failure_rate > 0.05", 0),
        ("user_registration_failure_rate > 0.1", 0),
        ("order_completion < 0.8 * baseline.order_completion", 0),
        ("support_escalation_rate > 1.5 * baseline.support_escalation_rate", 0),
        ("security_incidents > 0", 0),
        ("unusual_authentications > 0", 0),
        ("data_breach_indicators > 0", 0),
        ("unauthorized_access_alarms > 0", 0),
    ]
    assert {name: plan.triggers for name, plan in pack.rollouts} == dict.fromkeys(
        ("phased", "blue-green", "rolling"), phased.triggers
    )


def test_reasons_to_roll_back_by_hand_ask_a_person(phased: RolloutPlan) -> None:
    assert [t.expression for t in phased.triggers if t.action is Action.ASK] == [
        "revenue_loss_per_hour > 10000",
        "user_satisfaction < 3",
        "support_tickets_per_hour > 100",
    ]


def test_blue_green_switches_in_five_steps_and_keeps_blue_for_a_day(pack: Process) -> None:
    plan = dict(pack.rollouts)["blue-green"]

    assert [stage.weight_bp for stage in plan.stages] == [0, 500, 2_500, 5_000, 10_000]
    assert plan.keep_old_s == 24 * HOUR_S


def test_the_timeline_gives_the_plans_chart_for_its_target(team: TeamProcess) -> None:
    target = datetime(2024, 2, 1, 10, tzinfo=UTC)
    begun = datetime(2024, 1, 1, tzinfo=UTC)
    plan = lay_out(team.timelines[0], team.calendar, {}, target, begun, done={})

    assert [
        (each.id, each.dates.first, each.dates.last) for each in plan.milestones if not each.is_point
    ] == [
        ("feature-complete", date(2024, 1, 1), date(2024, 1, 15)),
        ("code-freeze", date(2024, 1, 16), date(2024, 1, 16)),
        ("security-review", date(2024, 1, 17), date(2024, 1, 19)),
        ("qa-testing", date(2024, 1, 20), date(2024, 1, 25)),
        ("performance-testing", date(2024, 1, 22), date(2024, 1, 24)),
        ("uat", date(2024, 1, 26), date(2024, 1, 28)),
        ("staging", date(2024, 1, 29), date(2024, 1, 29)),
        ("canary", date(2024, 1, 30), date(2024, 1, 31)),
        ("production", date(2024, 2, 1), date(2024, 2, 1)),
    ]
    assert plan.problems == ()


def test_issues_are_answered_at_once_or_within_1_4_and_24_hours(team: TeamProcess) -> None:
    assert team.later.incidents is not None

    assert [(each.id, each.respond_s) for each in team.later.incidents.severities] == [
        ("p0", 0),
        ("p1", HOUR_S),
        ("p2", 4 * HOUR_S),
        ("p3", 24 * HOUR_S),
    ]


def test_the_day_after_and_a_rollback_are_watched_in_three_stretches_each(team: TeamProcess) -> None:
    watched = [each for each in team.checklists if each.phase]

    assert [(each.phase, each.offset_s, each.until_s, len(each.items)) for each in watched] == [
        ("monitoring", 0, 2 * HOUR_S, 5),
        ("monitoring", 2 * HOUR_S, 8 * HOUR_S, 5),
        ("monitoring", 8 * HOUR_S, 24 * HOUR_S, 5),
        ("rolled-back", 0, 30 * MINUTE_S, 5),
        ("rolled-back", 30 * MINUTE_S, 4 * HOUR_S, 5),
        ("rolled-back", 4 * HOUR_S, 24 * HOUR_S, 5),
    ]


def test_blueprint_is_the_enterprise_plan_but_for_what_its_package_says(
    pack: Process, team: TeamProcess
) -> None:
    blueprint = parse_process(pack_text("blueprint"), "blueprint.yaml")
    assert blueprint.team is not None
    added = {topic.id for topic in blueprint.team.later.topics} - {topic.id for topic in team.later.topics}

    assert added == {"delivery", "package", "templates", "related-documents"}
    assert blueprint.rollouts == pack.rollouts
    same = replace(blueprint.team, name=team.name, content_hash=team.content_hash)
    assert replace(same, later=replace(same.later, topics=team.later.topics)) == team
