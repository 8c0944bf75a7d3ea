"""A rollout whose versions are compared statistically, for tests: metrics, counts and a world with them."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    Criterion,
    CriterionKind,
    MetricSource,
    UsualNoise,
)
from sluiceway.domain.rollouts.model import Phase
from tests.unit.domain.rollouts.world import World, a_plan

ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY)
ALIKE = Interval(9_500, 95, 500, 5, 10.0)
WORSE = Interval(9_500, 95, 500, 40, 10.0)
NO_REGRESSION = Criterion("no_performance_regression", CriterionKind.ANALYSIS)


def an_analysis(*metrics: AnalysedMetric, **more: object) -> Analysis:
    told: dict[str, object] = {"noise": UsualNoise.INDEPENDENT, **more}
    return replace(Analysis(metrics or (ERRORS,)), **told)  # type: ignore[arg-type]


def a_world(analysis: Analysis, *weights_bp: int, criteria: tuple[Criterion, ...] = ()) -> World:
    plan = a_plan(*(weights_bp or (500, 2_500, 10_000)), criteria=criteria)
    world = World(replace(plan, analysis=analysis))
    world.counts = {metric.name: ALIKE for metric in analysis.metrics}
    return world


def in_first_stage(world: World, ticks: int = 3) -> World:
    world.run(until=Phase.PROGRESSING)
    for _ in range(ticks):
        world.tick()
    assert world.state.stage_index == 0
    return world
