"""The rollouts that the console's tests look at."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.domain.process.plan import (
    Action,
    AnalysedMetric,
    Analysis,
    Approval,
    Audience,
    Criterion,
    CriterionKind,
    MetricSource,
    RolloutPlan,
    Stage,
    Strategy,
    Trigger,
    UsualNoise,
)
from tests.browser.host import Host
from tests.unit.domain.rollouts.world import expression
from tests.unit.services.desk import ADA

SLOW = "p95_ms > 2.0 * baseline.p95_ms"
MANUAL = "Support has seen no new complaints"


def a_full_plan() -> RolloutPlan:
    """Return a plan that puts something into every part of the page."""
    measured = (expression("error_rate < 0.02"), expression("p95_ms < 1.5 * baseline.p95_ms"))
    by_hand = Criterion(MANUAL, CriterionKind.MANUAL)
    return RolloutPlan(
        strategy=Strategy.CANARY,
        stages=(
            Stage("canary", 500, 300, measured, audience=(Audience("header", "x-beta", ("yes",)),)),
            Stage("quarter", 2_500, 600, (*measured, by_hand)),
            Stage("half", 5_000, 600, measured, approval=Approval("release-lead")),
            Stage("everyone", 10_000, 600, measured),
        ),
        triggers=(
            Trigger("errors", "error_rate > 0.05", "error_rate > 0.05", Action.IMMEDIATE, 60),
            Trigger("slow", SLOW, SLOW, Action.GRADUAL, 300),
        ),
        keep_old_s=3_600,
    )


def a_compared_plan(**more: object) -> RolloutPlan:
    """Return the full plan with a statistical comparison beside its triggers, which stay out of its way."""
    analysis = Analysis(
        (
            AnalysedMetric("errors", MetricSource.ENVOY),
            AnalysedMetric("slow_requests", MetricSource.ENVOY, slower_than_ms=250.0),
        ),
        promote_early=True,
        min_bake_s=3_600,
        noise=UsualNoise.INDEPENDENT,
    )
    return replace(a_full_plan(), analysis=replace(analysis, **more))  # type: ignore[arg-type]


def put_comparing(
    host: Host, plan: RolloutPlan | None = None, *, steps: int = 20, service: str = "checkout"
) -> str:
    """Insert a rollout whose first stage has counted both versions for some minutes."""
    rollout_id = host.put_rollout(plan or a_compared_plan(), service=service)
    host.step_until(rollout_id, "progressing")
    for _ in range(steps):
        host.step(rollout_id)
    host.catch_up()
    return rollout_id


def put_at_quarter(host: Host) -> str:
    """Insert a rollout that is in its second stage, with some minutes of figures behind it."""
    rollout_id = host.put_rollout(a_full_plan())
    for _ in range(60):
        host.step(rollout_id, seconds=30)
        if host.office.service.get(rollout_id, ADA).summary.stage == "quarter":
            break
    for _ in range(6):
        host.step(rollout_id)
    host.catch_up()
    return rollout_id
