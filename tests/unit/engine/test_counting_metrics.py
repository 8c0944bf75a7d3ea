"""Each metric is counted its own way: slow answers by a bound, means by sums, sources one by one."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.domain.analysis.counts import Interval, Problem
from sluiceway.domain.analysis.evidence import Settings, start
from sluiceway.domain.analysis.means import MeanInterval, MeanSettings, find_mean_problem
from sluiceway.domain.analysis.noise import CAUTIOUS
from sluiceway.domain.process.plan import (
    Comparison,
    Ingress,
    MetricSource,
    MetricSpec,
)
from sluiceway.domain.rollouts.model import AnalysisState, MetricAnalysis, Reading
from sluiceway.engine.counting import Counting
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.metrics import MetricsProvider, Target, Totals
from sluiceway.testing.builders import T0, a_row
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_metrics import FakeMetrics
from tests.unit.engine.counting_world import ERRORS, NEW, PAYMENTS, SLOW, STABLE, World


def test_slow_requests_are_counted_by_the_bound_of_the_process() -> None:
    world = World(replace(SLOW, slower_than_ms=100.0))
    world.serve((10, 0), (100, 0))
    world.take(0)
    world.serve((4, 0), (30, 0), ms=101)
    world.serve((6, 0), (70, 0), ms=99)
    world.take()

    counted = world.counting.recent()[0]

    assert counted.interval == Interval(100, 30, 10, 4, seconds=5.0)
    assert counted.slower_than_ms == 100.0


def test_the_bound_that_is_told_is_the_one_that_the_source_counted_by() -> None:
    world = World(replace(SLOW, slower_than_ms=100.0))
    world.give(Totals(0, 10, 1, slower_than_ms=110.0), Totals(0, 90, 2, slower_than_ms=110.0), SLOW.name)
    world.take(0)
    world.give(Totals(5, 20, 2, slower_than_ms=110.0), Totals(5, 190, 4, slower_than_ms=110.0), SLOW.name)
    world.take()
    world.take(answers=False)

    assert [counted.slower_than_ms for counted in world.counting.recent()] == [110.0, 110.0]


def test_without_a_bound_stables_usual_one_is_taken_once_it_is_known_and_stays() -> None:
    world = World(SLOW)
    world.serve((10, 0), (150, 0), ms=20)
    world.take(0)
    world.take()
    assert world.problems() == [Problem.MISSING]

    world.serve((10, 0), (150, 0), ms=20)
    world.take()
    world.serve((10, 0), (5_000, 0), ms=900)
    world.take()
    world.serve((10, 0), (50, 0), ms=500)
    world.take()

    slow = [counted for counted in world.counting.recent() if not counted.interval.is_missing]
    assert [counted.slower_than_ms for counted in slow] == [20.0, 20.0]
    assert slow[1].interval == Interval(50, 50, 10, 10, seconds=5.0)


def test_a_bound_that_was_settled_before_a_restart_stays() -> None:
    remembered = MetricAnalysis("slow_requests", start(Settings()), CAUTIOUS, slower_than_ms=50.0)
    world = World(SLOW, known=AnalysisState(bake_s=600, counted_to=T0, metrics=(remembered,)))
    world.serve((10, 0), (300, 0), ms=20)
    world.take(0)
    world.serve((4, 0), (30, 0), ms=60)
    world.take()

    counted = world.counting.recent()[0]

    assert counted.interval == Interval(30, 30, 4, 4, seconds=5.0)
    assert counted.slower_than_ms == 50.0


def test_a_source_that_fails_to_tell_what_is_usual_is_missing() -> None:
    world = World(SLOW)
    world.source.trouble = TemporaryProviderError("the proxy does not answer")
    world.take(0)
    world.take()

    assert world.problems() == [Problem.MISSING]
    assert world.counting.problems(MetricSource.ENVOY) == ("the proxy does not answer",)


def test_each_source_is_counted_for_itself() -> None:
    world = World(ERRORS, PAYMENTS)
    world.serve((10, 1), (100, 2))
    world.take(0)
    world.source.given_totals = {(NEW, "payments"): Totals(0, 5, 0), (STABLE, "payments"): Totals(0, 50, 1)}
    world.take(0, source=MetricSource.PROMETHEUS)
    world.serve((20, 3), (180, 4))
    world.take()
    assert world.counting.sources == {MetricSource.ENVOY, MetricSource.PROMETHEUS}
    assert [counted.metric for counted in world.counting.recent()] == ["errors"]

    world.source.given_totals = {(NEW, "payments"): Totals(6, 9, 1), (STABLE, "payments"): Totals(6, 90, 3)}
    world.take(1, source=MetricSource.PROMETHEUS)

    assert [counted.metric for counted in world.counting.recent()] == ["errors", "payments"]
    assert world.intervals()[1] == Interval(40, 2, 4, 1, seconds=6.0)


def test_a_plan_without_a_comparison_asks_nobody() -> None:
    clock = ManualClock(T0)
    counting = Counting(a_row(), clock)
    source = FakeMetrics(clock)
    source.trouble = TemporaryProviderError("asked")

    counting.take(MetricSource.ENVOY, source)
    clock.advance(100)

    assert counting.sources == frozenset()
    assert counting.recent() == ()
    assert counting.problems(MetricSource.ENVOY) == ()


def test_means_are_intervals_of_sums_not_counts_of_which_none_were_bad() -> None:
    basket = replace(PAYMENTS, name="basket", comparison=Comparison.MEANS)
    world = World(basket)
    world.give(Totals(0, 5, 0, 2.5, 2.0), Totals(0, 50, 0, 25.0, 20.0), metric="basket")
    world.take(0, source=MetricSource.PROMETHEUS)
    world.give(Totals(5, 9, 0, 4.5, 4.0), Totals(5, 90, 0, 45.0, 40.0), metric="basket")
    world.take(source=MetricSource.PROMETHEUS)

    (counted,) = world.counting.recent()
    assert counted.interval == MeanInterval(40, 20.0, 20.0, 4, 2.0, 2.0, seconds=5.0)


def test_means_that_can_not_be_are_handed_on_and_counted_anew() -> None:
    basket = replace(PAYMENTS, name="basket", comparison=Comparison.MEANS)
    world = World(basket)
    world.give(Totals(0, 5, 0, 2.5, 2.0), Totals(0, 50, 0, 25.0, 20.0), metric="basket")
    world.take(0, source=MetricSource.PROMETHEUS)
    world.give(None, Totals(5, 90, 0, 45.0, 40.0), metric="basket")
    world.take(source=MetricSource.PROMETHEUS)
    world.give(Totals(10, 1, 0, 0.5, 0.4), Totals(10, 95, 0, 47.0, 42.0), metric="basket")
    world.take(source=MetricSource.PROMETHEUS)
    world.give(Totals(15, 3, 0, 1.5, 1.2), Totals(15, 99, 0, 49.0, 44.0), metric="basket")
    world.take(source=MetricSource.PROMETHEUS)

    settings = MeanSettings(0.0, 1.0, 0.1, 0.2)
    means = [each.interval for each in world.counting.recent() if isinstance(each.interval, MeanInterval)]
    assert [find_mean_problem(interval, settings) for interval in means] == [
        Problem.MISSING,
        Problem.NEGATIVE,
        None,
    ]


def test_values_of_one_side_alone_are_handed_on_once_for_the_domain_to_keep() -> None:
    basket = replace(PAYMENTS, name="basket", comparison=Comparison.MEANS)
    world = World(basket)
    world.give(Totals(0, 5, 0, 2.5, 2.0), Totals(0, 50, 0, 25.0, 20.0), metric="basket")
    world.take(0, source=MetricSource.PROMETHEUS)
    world.give(Totals(5, 5, 0, 2.5, 2.0), Totals(5, 60, 0, 30.0, 24.0), metric="basket")
    world.take(source=MetricSource.PROMETHEUS)
    world.give(Totals(10, 8, 0, 4.0, 3.5), Totals(10, 61, 0, 30.5, 24.25), metric="basket")
    world.take(source=MetricSource.PROMETHEUS)

    assert [counted.interval for counted in world.counting.recent()] == [
        MeanInterval(10, 5.0, 4.0, 0, 0.0, 0.0, seconds=5.0),
        MeanInterval(1, 0.5, 0.25, 3, 1.5, 1.5, seconds=5.0),
    ]


class ReadingsOnly:
    """A metrics provider of somebody else's that fits `MetricsProvider` and nothing more."""

    name = "theirs"

    def collect(self, ingress: Ingress) -> None: ...

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        return Reading(0.0, 100)


def test_a_provider_without_running_totals_is_missing_and_named() -> None:
    world = World()
    theirs: MetricsProvider = ReadingsOnly()
    world.counting.take(MetricSource.ENVOY, theirs)
    world.clock.advance(5)
    world.counting.take(MetricSource.ENVOY, theirs)

    assert world.problems() == [Problem.MISSING]
    assert world.counting.problems(MetricSource.ENVOY) == (
        "metrics provider theirs has no running totals, which the analysis of errors needs",
    )


def test_a_problem_of_several_metrics_is_shown_once() -> None:
    world = World(ERRORS, replace(SLOW, slower_than_ms=100.0))
    world.source.trouble = TemporaryProviderError("the proxy does not answer")
    world.take(0)

    assert world.counting.problems(MetricSource.ENVOY) == ("the proxy does not answer",)
    assert world.counting.problems(MetricSource.PROMETHEUS) == ()
