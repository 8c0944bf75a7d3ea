"""The rollout blocks of two organisations' published processes load as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sluiceway.config import parse_process
from sluiceway.domain.process.plan import Action, Criterion, CriterionKind, RolloutPlan

SEEDS = Path(__file__).resolve().parents[4] / "shared" / "seeds"
DAY_S = 86_400.0


def block(file: str, key: str) -> str:
    """Return the fenced YAML block of a document that has this key at the top; skip when it is not there."""
    path = SEEDS / file
    if not path.is_file():
        pytest.skip(f"needs {path}: the source documents are not part of this repository")
    blocks: list[str] = re.findall(
        r"^```yaml\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return next(text for text in blocks if re.search(rf"^{key}:", text, re.MULTILINE))


def plan_of(file: str, key: str) -> RolloutPlan:
    plan = parse_process(block(file, key), f"{key}.yaml").rollout
    assert plan is not None
    return plan


def notes_on(file: str, key: str, name: str) -> list[str]:
    return [str(note) for note in parse_process(block(file, key), name).notes]


def athena() -> RolloutPlan:
    return plan_of("athena-release-process.md", "rollout")


def akashic() -> RolloutPlan:
    return plan_of("akashic-release-management.md", "canary_deployment")


def test_athenas_stages_have_their_weights_and_times() -> None:
    assert [(stage.id, stage.weight_bp, stage.duration_s / DAY_S) for stage in athena().stages] == [
        ("internal", 10, 2),
        ("alpha", 100, 3),
        ("beta", 1_000, 7),
        ("gradual-25", 2_500, pytest.approx(7 / 3)),
        ("gradual-50", 5_000, pytest.approx(7 / 3)),
        ("gradual-100", 10_000, pytest.approx(7 / 3)),
    ]


def test_athenas_criteria_become_expressions() -> None:
    expressions = [[c.expression for c in stage.criteria] for stage in athena().stages]

    assert expressions[0] == ["error_rate < 0.001", "user_satisfaction > 4.0"]
    assert expressions[1] == ["error_rate < 0.05", "performance_degradation < 0.1"]
    assert expressions[2] == ["error_rate < 0.02", "user_feedback_score > 3.5"]
    assert expressions[3:] == [["error_rate < 0.01", ""]] * 3


def test_athenas_last_criterion_is_the_analysiss_which_compares_errors_and_slow_requests() -> None:
    plan = athena()

    assert [stage.criteria[1] for stage in plan.stages[3:]] == [
        Criterion("no_performance_regression", CriterionKind.ANALYSIS)
    ] * 3
    assert plan.analysis is not None
    assert [metric.name for metric in plan.analysis.metrics] == ["errors", "slow_requests"]
    assert plan.analysis.on_regression is Action.IMMEDIATE


def test_athena_is_told_that_an_analysis_was_added() -> None:
    notes = notes_on("athena-release-process.md", "rollout", "rollout.yaml")

    wanted = (
        "rollout.yaml:3:3: rollout: no_performance_regression needs an analysis and there is none, so errors "
        "and slow_requests are compared, with the defaults; write analysis to change them"
    )
    assert [note for note in notes if "analysis" in note] == [wanted]


def test_athenas_rollback_conditions_become_immediate_triggers() -> None:
    plan = athena()

    assert plan.automatic_rollback
    assert [(t.expression, t.action, t.window_s) for t in plan.triggers] == [
        ("error_rate > 0.05", Action.IMMEDIATE, 0),
        ("performance_degradation > 0.2", Action.IMMEDIATE, 0),
        ("user_satisfaction_drop > 0.5", Action.IMMEDIATE, 0),
    ]


def test_athena_is_told_which_metrics_have_no_source() -> None:
    notes = notes_on("athena-release-process.md", "rollout", "rollout.yaml")

    assert [note.split(" has no source")[0].split(": ")[-1] for note in notes if "no source" in note] == [
        "user_satisfaction",
        "user_feedback_score",
    ]


def test_athena_is_told_which_trigger_would_act_on_chance() -> None:
    notes = notes_on("athena-release-process.md", "rollout", "rollout.yaml")

    assert [note.split(" has no time")[0] for note in notes if "by chance" in note] == [
        'rollout.yaml:37:9: rollout.rollback.conditions[1]: "performance_degradation > 0.2"'
    ]


def test_akashics_progression_becomes_stages() -> None:
    assert [(stage.id, stage.weight_bp, stage.duration_s / 3_600) for stage in akashic().stages] == [
        ("canary-5", 500, 24),
        ("canary-25", 2_500, 12),
        ("canary-50", 5_000, 6),
        ("canary-100", 10_000, 0),
    ]


def test_akashics_criteria_apply_to_every_stage_and_one_is_a_persons() -> None:
    for stage in akashic().stages:
        assert [(c.kind, c.expression) for c in stage.criteria] == [
            (CriterionKind.EXPRESSION, "error_rate < 0.001"),
            (CriterionKind.EXPRESSION, "p95_ms <= 1.1 * baseline.p95_ms"),
            (CriterionKind.MANUAL, ""),
        ]


def test_akashic_is_told_what_a_person_must_attest() -> None:
    notes = notes_on("akashic-release-management.md", "canary_deployment", "canary.yaml")

    wanted = (
        "canary.yaml:11:7: canary_deployment.success_criteria[2]: "
        '"User satisfaction metrics stable" is not about known figures, so a person must attest it'
    )
    assert [note for note in notes if "person must attest" in note] == [wanted]
