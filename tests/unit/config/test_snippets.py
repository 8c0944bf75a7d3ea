"""Snippets of published processes load as they stand, into the places a process has for them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from sluiceway.config import json_schema, parse_process
from sluiceway.config.change_request import parse_change_request
from sluiceway.domain.process.control import MatrixCriterion
from sluiceway.domain.process.later import Alert, PlannedRelease
from sluiceway.domain.process.team import TeamProcess
from sluiceway.errors import ProcessFileError
from tests.unit.config.test_seeds import block

AKASHIC, ATHENA = "akashic-release-management.md", "athena-release-process.md"


def team(text: str) -> TeamProcess:
    found = parse_process(text, "p.yaml").team
    assert found is not None
    return found


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ProcessFileError) as caught:
        parse_process(text, "p.yaml")
    return caught.value.problems


@pytest.mark.parametrize(
    ("file", "key"),
    [
        (AKASHIC, "release_schedule_2024"),
        (AKASHIC, "evaluation_criteria"),
        (AKASHIC, "team_capacity_q1_2024"),
        (AKASHIC, "canary_deployment"),
        (ATHENA, "rollout"),
        (ATHENA, "alerts"),
    ],
)
def test_a_snippet_is_a_process_file_as_it_stands(file: str, key: str) -> None:
    text = block(file, key)
    process = parse_process(text, f"{key}.yaml")

    assert process.team is not None or process.rollout is not None
    assert Draft202012Validator(json_schema()).is_valid(yaml.safe_load(text))


def test_evaluation_criteria_are_the_decision_matrix() -> None:
    matrix = team(block(AKASHIC, "evaluation_criteria")).changes.matrix

    assert [(one.id, one.weight_percent) for one in matrix] == [
        ("business-value", 30),
        ("technical-complexity", 20),
        ("resource-availability", 15),
        ("strategic-alignment", 20),
        ("customer-impact", 15),
    ]
    assert {(one.low, one.high, one.higher_is_better) for one in matrix} == {(1, 10, True)}
    assert [one.title for one in matrix][:2] == ["Business value", "Technical complexity"]
    assert all(one.description for one in matrix)


def test_a_release_schedule_is_the_release_calendar() -> None:
    calendar = team(block(AKASHIC, "release_schedule_2024")).later.calendar

    assert [(one.version, one.date, one.type) for one in calendar] == [
        ("2.0.0", "2024-03-15", "major"),
        ("1.5.0", "2024-01-15", "minor"),
        ("1.6.0", "2024-02-15", "minor"),
        ("2.1.0", "2024-06-15", "major"),
        ("2.0.1", "2024-04-15", "minor"),
        ("2.0.2", "2024-05-15", "minor"),
    ]
    assert all(one.theme for one in calendar)


def test_a_teams_capacity_is_its_planning() -> None:
    planning = team(block(AKASHIC, "team_capacity_q1_2024")).later.planning

    assert planning is not None
    assert (planning.sprint_points, planning.sprint_days, planning.points_per_day) == (60, 10, 6)
    assert planning.team == (
        ("frontend developers", 4),
        ("backend developers", 3),
        ("full stack developers", 2),
        ("mobile developers", 1),
        ("qa engineers", 2),
        ("automation engineers", 1),
        ("ux designers", 2),
        ("ui designers", 1),
    )


def test_alerts_by_group_are_alerts_and_a_rollback_policy() -> None:
    later = team(block(ATHENA, "alerts")).later

    assert later.alerts == (
        Alert("error-rate", "error_rate > 5%", "critical", 300),
        Alert("response-time", "response_time > 2000ms", "warning", 600),
        Alert("user-satisfaction", "user_satisfaction < 3.5", "warning", 3_600),
        Alert("rollback-error-rate-10", "error_rate > 10%", "critical", route="automatic rollback"),
        Alert(
            "rollback-response-time-5000ms", "response_time > 5000ms", "critical", route="automatic rollback"
        ),
        Alert(
            "rollback-user-satisfaction-3-0",
            "user_satisfaction < 3.0",
            "critical",
            route="automatic rollback",
        ),
    )
    assert later.rollback is not None
    assert len(later.rollback.approval_for) == 2


def test_a_change_request_loads_with_every_field() -> None:
    facts, change_id = parse_change_request(block(AKASHIC, "change_request"))

    assert change_id == "CR-2024-001"
    assert (facts.requestor, str(facts.date_submitted), facts.kind) == (
        "Product Team",
        "2024-01-15",
        "normal",
    )
    assert (facts.impact.scope, facts.impact.effort_estimate) == ("major", "8 weeks")
    assert [len(found) for found in (facts.impact.resource_requirements, facts.impact.technical)] == [4, 4]
    assert [len(found) for found in (facts.impact.business, facts.impact.risks)] == [3, 2]
    assert [(one.probability, one.impact) for one in facts.impact.risks] == [
        ("medium", "medium"),
        ("high", "low"),
    ]
    assert [len(found) for found in (facts.acceptance_criteria, facts.dependencies)] == [5, 3]
    assert facts.timeline == (
        ("design_phase", "2 weeks"),
        ("development_phase", "5 weeks"),
        ("testing_phase", "1 week"),
        ("deployment_phase", "1 week"),
    )
    assert len(facts.success_metrics) == 3
    assert "15%" in facts.business_justification
    assert len(facts.description.splitlines()) == 3


def test_several_schedules_are_one_calendar() -> None:
    text = """\
release_schedule_2026: {q1: {major_release: {version: 1.0.0, date: 2026-02-01}}}
release_schedule_2027: {q3: {hotfix_releases: [{version: 1.10, date: 2027-08-01, theme: Haste}]}}
"""

    assert team(text).later.calendar == (
        PlannedRelease("1.0.0", "2026-02-01", "major"),
        PlannedRelease("1.10", "2027-08-01", "hotfix", "Haste"),
    )


def test_a_snippet_goes_over_what_its_file_extends(tmp_path: Path) -> None:
    matrix = "[{id: value, title: Its worth, weight: 60%}, {id: risk, weight: 40%, higher_is_better: false}]"
    (tmp_path / "base.yaml").write_text(f"changes: {{matrix: {matrix}}}")

    text = "extends: ./base.yaml\nevaluation_criteria: {value: {weight: 70%}, risk: {weight: 30%}}"
    process = parse_process(text, "p.yaml", tmp_path)

    assert process.team is not None
    assert process.team.changes.matrix == (
        MatrixCriterion("value", "Its worth", 70),
        MatrixCriterion("risk", "Risk", 30, higher_is_better=False),
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            "evaluation_criteria: {value: {weight: 100%, score_range: high}}",
            "1:58: evaluation_criteria.value.score_range",
            'found "high", expected the lowest and the highest score, such as 1-10',
        ),
        (
            "evaluation_criteria:\n  value: {wieght: 100%}",
            "2:11: evaluation_criteria.value.wieght",
            (
                'unknown key "wieght", expected one of weight, score_range, higher_is_better, description; '
                'did you mean "weight"?'
            ),
        ),
        (
            "evaluation_criteria: {value: {weight: 90%}}",
            "1:22: changes.matrix",
            "the weights sum to 90 %, expected 100 %",
        ),
        (
            "release_schedule_x: {q1: {majors: []}}",
            "1:27: release_schedule_x.q1.majors",
            (
                'unknown key "majors", expected a type of releases such as major_release, or minor_releases '
                "for a list"
            ),
        ),
        (
            "release_schedule_x: {q1: {major_release: {version: 1, date: soon}}}",
            "1:61: release_calendar[0].date",
            'found "soon", expected a day such as 2026-12-24',
        ),
        (
            "team_capacity_x: {capacity_per_sprint: {velocity: fast}}",
            "1:51: team_capacity_x.capacity_per_sprint.velocity",
            'found "fast", expected points of a day such as 6_points_per_day',
        ),
        (
            "team_capacity_x: {crew: {pilots: 2}}\nteam_capacity_y: {crew: {pilots: 2}}",
            "2:18: team_capacity_y",
            "a second one of its kind says `planning`, expected one",
        ),
        (
            "planning: {debt: 20%}\nteam_capacity_x: {crew: {pilots: 2}}",
            "2:18: team_capacity_x",
            "says the same as `planning`, expected one of them",
        ),
        (
            "changes: {matrix: [{id: a, weight: 100%}]}\nevaluation_criteria: {a: {weight: 100%}}",
            "2:22: evaluation_criteria",
            "says the same as `changes.matrix`, expected one of them",
        ),
        (
            "alerts: {deployment: {error_rate: {window: 5m, severity: loud, threshold: 1%}}}",
            "1:58: alerts[0].severity",
            'unknown word "loud", expected one of critical, warning, info',
        ),
        (
            "change_request: {title: x}\nrollout: {strategy: blue-green}",
            "1:17: change_request",
            "a change request is no part of a process, expected it in a file of its own",
        ),
    ],
)
def test_a_snippets_problem_is_told_where_it_stands(text: str, place: str, message: str) -> None:
    assert f"p.yaml:{place}: {message}" in problems(text)
