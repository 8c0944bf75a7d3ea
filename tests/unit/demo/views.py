"""Views of a rollout, for tests of what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime

from sluiceway.services.views import (
    DecisionView,
    ExplanationView,
    MetricView,
    RolloutSummary,
    RolloutView,
)

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def view(
    weight: float | None,
    phase: str = "progressing",
    *decisions: DecisionView,
    metrics: tuple[MetricView, ...] = (),
) -> RolloutView:
    """Return a rollout from 1.0 to 2.0 at an observed weight, in percent."""
    finished = phase in {"promoted", "rolled-back", "aborted"}
    summary = RolloutSummary(
        id="r1",
        service="shop",
        strategy="canary",
        stable="1.0",
        new="2.0",
        phase=phase,
        is_finished=finished,
        weight_percent=weight or 0.0,
        stage="",
        headline="",
        created_at=T0,
        created_by="demo",
        finished_at=T0 if finished else None,
        outcome="",
    )
    return RolloutView(
        summary=summary,
        version=1,
        explanation=ExplanationView("", T0, (), (), ""),
        stages=(),
        triggers=(),
        metrics=metrics,
        weight_asked_percent=weight or 0.0,
        weight_observed_percent=weight,
        stage_time_left_s=None,
        speed=1.0,
        process_now=T0,
        new_ready="1 of 1",
        stable_ready="1 of 1",
        ingress="",
        actions=(),
        decisions=decisions,
        problems=(),
    )


def decided(second: int, kind: str = "rollback-decided") -> DecisionView:
    """Return a decision made so many seconds after `T0`."""
    return DecisionView(T0.replace(second=second), kind, "trigger:errors", f"why {second}", {})
