"""A sampler counts for the comparison beside its readings, whatever becomes of those."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    MetricSource,
    MetricSpec,
    RolloutPlan,
    Version,
)
from sluiceway.domain.rollouts.model import Reading
from sluiceway.engine.sampling import Sampler, metrics_read
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.metrics import MetricsProvider, Target, Totals
from sluiceway.testing.builders import T0, a_plan, a_row, a_setup, a_state
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_metrics import FakeMetrics

NEW, STABLE = Version("v2"), Version("v1")
ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)


class Source(FakeMetrics):
    """A source that keeps count and has the same reading for everything, unless it is `broken`."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.broken: Exception | None = None
        self.totals_trouble: TemporaryProviderError | None = None

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        if self.broken is not None:
            raise self.broken
        return Reading(0.25, 100)

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        if self.totals_trouble is not None:
            raise self.totals_trouble
        return super().totals(metric, target)


class World:
    """A sampler of a rollout whose errors are compared, stepped on a clock that the test moves."""

    def __init__(self, metric: AnalysedMetric = ERRORS) -> None:
        self.clock = ManualClock(T0)
        self.setup = a_setup()
        self.source = Source(self.clock)
        self.providers: dict[MetricSource, MetricsProvider] = {
            metric.source: self.source,
            MetricSource.DEPLOY: Source(self.clock),
        }
        row = a_row(setup=self.setup, state=a_state(plan=a_compared_plan(metric)))
        self.sampler = Sampler(row, self.providers, self.clock, lambda: None)

    def serve(self, new: int, stable: int) -> None:
        self.source.count(self.setup.ingress, NEW, new)
        self.source.count(self.setup.ingress, STABLE, stable)

    def step(self, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self.sampler.step()

    def intervals(self) -> list[Interval]:
        found = [counted.interval for counted in self.sampler.counted()]
        return [each for each in found if isinstance(each, Interval)]


def a_compared_plan(metric: AnalysedMetric = ERRORS) -> RolloutPlan:
    return replace(a_plan(), analysis=Analysis((metric,), interval_s=5.0))


@pytest.fixture
def world() -> World:
    world = World()
    world.serve(10, 100)
    world.step()
    return world


def test_a_sampler_counts_both_versions(world: World) -> None:
    world.serve(20, 180)
    world.step(5)

    assert world.intervals() == [Interval(180, 0, 20, 0, seconds=5.0)]


def test_a_source_that_has_no_totals_is_a_problem_that_people_see(world: World) -> None:
    world.source.totals_trouble = TemporaryProviderError("no totals today")
    world.step(5)

    sample = world.sampler.latest()
    assert "no totals today" in sample.problems
    assert sample.new["error_rate"] == Reading(0.25, 100)

    world.source.totals_trouble = None
    world.step(5)
    assert "no totals today" not in world.sampler.latest().problems


def test_counts_are_missing_while_a_source_fails(world: World) -> None:
    world.source.trouble = TemporaryProviderError("the proxy does not answer")
    world.step(5)

    assert world.intervals() == [Interval(0, 0, 0, 0, seconds=5.0, is_missing=True)]


def test_without_a_provider_counts_are_missing(world: World) -> None:
    del world.providers[MetricSource.ENVOY]
    world.step(5)

    assert [find_problem(interval) for interval in world.intervals()] == [Problem.MISSING]
    assert "no provider for envoy metrics is set up" in world.sampler.latest().problems


def test_an_unforeseen_failure_ends_in_missing_counts_too(world: World) -> None:
    world.source.broken = ZeroDivisionError("no window")
    world.sampler.start()
    poll(lambda: "ZeroDivisionError" in " ".join(world.sampler.latest().problems))
    world.sampler.stop()
    world.clock.advance(16)

    assert world.intervals() == [Interval(0, 0, 0, 0, seconds=16.0, is_missing=True)]


def test_a_new_stage_counts_from_its_own_beginning(world: World) -> None:
    world.sampler.enter_stage(0, 0.0)
    world.serve(20, 180)
    world.step(5)
    world.sampler.enter_stage(0, 5.0)
    world.serve(7, 60)
    world.step(5)

    assert world.intervals() == [Interval(60, 0, 7, 0, seconds=5.0)]

    world.sampler.enter_stage(1, 0.0)
    world.serve(20, 180)
    world.step(5)
    world.serve(8, 70)
    world.step(5)

    assert world.intervals()[1:] == [Interval(70, 0, 8, 0, seconds=5.0)]


def test_a_metric_with_running_totals_only_is_not_read() -> None:
    totals_only = MetricSpec("payments", MetricSource.PROMETHEUS, bad_query="x", all_query="y")
    both = replace(totals_only, name="orders", query="z")

    names = {spec.name for spec in metrics_read(a_compared_plan(), (totals_only, both))}

    assert "orders" in names
    assert "payments" not in names


def test_a_source_that_is_only_compared_is_asked_as_well() -> None:
    world = World(replace(ERRORS, name="payments", source=MetricSource.PROMETHEUS))
    world.source.given_totals = {(NEW, "payments"): Totals(0, 5, 0), (STABLE, "payments"): Totals(0, 50, 1)}
    world.step()
    world.source.given_totals = {(NEW, "payments"): Totals(5, 9, 1), (STABLE, "payments"): Totals(5, 90, 3)}
    world.step(5)

    assert world.intervals() == [Interval(40, 2, 4, 1, seconds=5.0)]


def poll(holds: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until_s, "did not happen within 20 s"
        time.sleep(0.01)
