"""A rollout whose source is counted step by step, for the tests of counting."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    MetricSource,
    Version,
)
from sluiceway.domain.rollouts.model import AnalysisState
from sluiceway.engine.counting import Counting
from sluiceway.ports.metrics import Totals
from sluiceway.testing.builders import T0, a_plan, a_row, a_setup, a_state
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_metrics import FakeMetrics

NEW, STABLE = Version("v2"), Version("v1")
ERRORS = AnalysedMetric("errors", MetricSource.ENVOY)
SLOW = AnalysedMetric("slow_requests", MetricSource.ENVOY)
PAYMENTS = AnalysedMetric("payments", MetricSource.PROMETHEUS)


class World:
    """A rollout with its counting, a source that keeps count, and a clock; an interval is 5 s long."""

    def __init__(
        self, *metrics: AnalysedMetric, known: AnalysisState | None = None, stale_s: float = 60.0
    ) -> None:
        self.clock = ManualClock(T0)
        self.source = FakeMetrics(self.clock)
        self.setup = a_setup()
        plan = replace(a_plan(), analysis=Analysis(metrics or (ERRORS,), interval_s=5.0, stale_s=stale_s))
        row = a_row(setup=self.setup, state=replace(a_state(plan=plan), analysis=known))
        self.counting = Counting(row, self.clock)

    def serve(self, new: tuple[int, int] = (0, 0), stable: tuple[int, int] = (0, 0), ms: float = 1.0) -> None:
        """Let each version answer so many requests, so many of them with an error."""
        for version, (requests, errors) in ((NEW, new), (STABLE, stable)):
            self.source.count(self.setup.ingress, version, requests, errors=errors, latency_ms=ms)

    def give(self, new: Totals | None, stable: Totals | None, metric: str = "errors") -> None:
        """Let the source say exactly this."""
        self.source.given_totals = {(NEW, metric): new, (STABLE, metric): stable}

    def take(
        self, after_s: float = 5.0, *, source: MetricSource = MetricSource.ENVOY, answers: bool = True
    ) -> None:
        self.clock.advance(after_s)
        self.counting.take(source, self.source if answers else None)

    def intervals(self) -> list[Interval]:
        recent = [counted.interval for counted in self.counting.recent()]
        return [interval for interval in recent if isinstance(interval, Interval)]

    def problems(self) -> list[Problem | None]:
        return [find_problem(interval) for interval in self.intervals()]
