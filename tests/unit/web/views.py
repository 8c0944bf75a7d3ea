"""A rollout's view for tests: a sensible whole, named arguments change a part."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sluiceway.services.views import (
    CriterionView,
    ExplanationView,
    MetricView,
    RolloutSummary,
    RolloutView,
    StageView,
)

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERY_ACT = ("approve", "pause", "resume", "promote", "skip", "abort", "rollback", "retry", "edit")


def a_stage(name: str, weight_percent: float, status: str, **more: object) -> StageView:
    stage = StageView(name, weight_percent, 600.0, status, (), "", (), 0.0)
    return replace(stage, **more)  # type: ignore[arg-type]


def a_criterion(verdict: str = "met", kind: str = "expression") -> CriterionView:
    return CriterionView("error_rate < 0.01", kind, verdict, "error_rate is 0.4 %")


def a_view(
    *,
    phase: str = "progressing",
    is_finished: bool = False,
    actions: tuple[str, ...] = EVERY_ACT,
    stages: tuple[StageView, ...] = (
        a_stage("few", 10, "done"),
        a_stage("half", 50, "current", progress=0.5),
        a_stage("all", 100, "waiting"),
    ),
    metrics: tuple[MetricView, ...] = (),
    problems: tuple[str, ...] = (),
    new_ready: str = "1 of 1",
    weight_percent: float = 50.0,
) -> RolloutView:
    summary = RolloutSummary(
        id="0190-1",
        service="checkout",
        strategy="canary",
        stable="1.4",
        new="1.5",
        phase=phase,
        is_finished=is_finished,
        weight_percent=weight_percent,
        stage="half",
        headline="Half way.",
        created_at=AT,
        created_by="ann",
        finished_at=AT if is_finished else None,
        outcome="",
    )
    return RolloutView(
        summary=summary,
        version=3,
        explanation=ExplanationView("Half way.", AT, (), (), ""),
        stages=stages,
        triggers=(),
        metrics=metrics,
        weight_asked_percent=weight_percent,
        weight_observed_percent=weight_percent,
        stage_time_left_s=192.0,
        speed=1.0,
        process_now=AT,
        new_ready=new_ready,
        stable_ready="1 of 1",
        ingress="http://127.0.0.1:8080",
        actions=actions,
        decisions=(),
        problems=problems,
    )
