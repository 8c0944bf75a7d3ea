"""Running totals of both versions become counted intervals; what makes no sense never becomes a count."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.analysis.evidence import Settings, start
from sluiceway.domain.analysis.means import MeanInterval, MeanSettings, find_mean_problem
from sluiceway.domain.analysis.noise import CAUTIOUS
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Analysis,
    Comparison,
    Ingress,
    MetricSource,
    MetricSpec,
    Version,
)
from sluiceway.domain.rollouts.model import AnalysisState, Counted, MetricAnalysis, Reading
from sluiceway.engine.counting import KEPT, OVERDUE_S, Counting
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.metrics import MetricsProvider, Target, Totals
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


@pytest.fixture
def world() -> World:
    """A world of which the first look was taken, after some requests."""
    world = World()
    world.serve((10, 1), (100, 2))
    world.take(0)
    return world


def test_the_first_look_is_only_what_the_next_is_counted_from(world: World) -> None:
    assert world.intervals() == []


def test_an_interval_is_what_both_versions_did_between_two_looks(world: World) -> None:
    world.serve((20, 3), (180, 4))
    world.take()

    assert world.counting.recent() == (
        Counted("errors", world.clock.now(), Interval(n0=180, x0=4, n1=20, x1=3, seconds=5.0)),
    )


def test_nothing_is_counted_before_the_interval_is_over(world: World) -> None:
    world.serve((20, 3), (180, 4))
    for _ in range(9):
        world.take(0.5)
    assert world.intervals() == []

    world.take(0.5)

    assert world.intervals() == [Interval(180, 4, 20, 3, seconds=5.0)]


def test_a_look_that_comes_late_makes_a_longer_interval(world: World) -> None:
    world.serve((20, 0), (180, 0))
    world.take(7.5)

    assert world.intervals()[0].seconds == 7.5


def test_process_time_that_runs_faster_leaves_intervals_in_real_seconds(world: World) -> None:
    world.clock.speed = 60.0
    world.serve((20, 0), (180, 0))
    world.take()

    assert world.counting.recent()[0].until == world.clock.now()
    assert world.intervals()[0].seconds == 5.0


@given(st.lists(st.tuples(*[st.integers(1, 500)] * 2, *[st.integers(0, 500)] * 2), min_size=1, max_size=12))
def test_every_request_is_counted_once(steps: list[tuple[int, int, int, int]]) -> None:
    world = World()
    world.give(Totals(0, 0, 0), Totals(0, 0, 0))
    world.take(0)
    total = [0, 0, 0, 0]
    for number, (n0, n1, x0, x1) in enumerate(steps, 1):
        total = [sum(pair) for pair in zip(total, (n0, min(x0, n0), n1, min(x1, n1)), strict=True)]
        world.give(Totals(number, total[2], total[3]), Totals(number, total[0], total[1]))
        world.take()

    counted = [(each.n0, each.x0, each.n1, each.x1) for each in world.intervals()]

    assert [sum(figures) for figures in zip(*counted, strict=True)] == total
    assert set(world.problems()) == {None}


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 2), min_size=1, max_size=10))
def test_usable_intervals_lose_no_request_of_a_version_that_has_few(steps: list[tuple[int, int]]) -> None:
    """Up to the last usable interval everything that happened is counted, however rare it is."""
    world = World()
    world.serve((1, 0), (1, 0))
    world.take(0)
    happened = counted = (0, 0)
    for n1, n0 in steps:
        world.serve((n1, 0), (n0, 0))
        happened = (happened[0] + n1, happened[1] + n0)
        world.take()
        last = world.intervals()[-1]
        if find_problem(last) is None:
            counted = (counted[0] + int(last.n1), counted[1] + int(last.n0))
            assert counted == happened
    assert sum(each.seconds for each in world.intervals()) == pytest.approx(5.0 * len(steps))


@pytest.mark.parametrize("side", ["new", "stable"])
def test_a_side_that_the_source_does_not_know_is_missing(world: World, side: str) -> None:
    known = Totals(1, 100, 1)
    world.give(None if side == "new" else known, None if side == "stable" else known)
    world.take()

    assert world.problems() == [Problem.MISSING]
    assert world.intervals()[0].seconds == 5.0


def test_what_is_missing_at_the_first_look_is_told_at_the_second() -> None:
    world = World()
    world.take(0)
    assert world.intervals() == []

    world.take()

    assert world.problems() == [Problem.MISSING]
    assert world.intervals()[0].seconds == 5.0


def test_a_version_that_appears_is_counted_from_its_first_look_on() -> None:
    world = World()
    world.serve(stable=(50, 0))
    world.take(0)
    world.take()
    world.serve((10, 5), (50, 0))
    world.take()
    world.serve((20, 1), (70, 2))
    world.take()

    assert world.problems() == [Problem.MISSING, None]
    assert world.intervals()[1] == Interval(70, 2, 20, 1, seconds=5.0)


def test_a_provider_that_fails_is_missing_and_nothing_of_the_time_is_lost(world: World) -> None:
    world.serve((20, 3), (180, 4))
    world.source.trouble = TemporaryProviderError("the proxy does not answer")
    world.take()
    world.take()
    assert world.problems() == [Problem.MISSING] * 2
    assert world.counting.problems(MetricSource.ENVOY) == ("the proxy does not answer",)

    world.source.trouble = None
    world.serve((5, 0), (40, 1))
    world.take()

    assert world.intervals()[2] == Interval(220, 5, 25, 3, seconds=5.0)
    assert world.counting.problems(MetricSource.ENVOY) == ()


def test_a_source_that_does_not_answer_at_all_is_missing(world: World) -> None:
    world.take(answers=False)

    assert world.problems() == [Problem.MISSING]


def test_after_a_long_silence_counting_begins_anew(world: World) -> None:
    for _ in range(25):
        world.serve((20, 0), (180, 0))
        world.take(answers=False)
    world.take()
    assert set(world.problems()) == {Problem.MISSING}

    world.serve((7, 1), (60, 0))
    world.take()

    assert world.intervals()[-1] == Interval(60, 0, 7, 1, seconds=5.0)


def test_a_metric_that_stops_is_missing_from_then_on(world: World) -> None:
    world.give(Totals(3, 30, 1), Totals(3, 200, 4))
    world.take()
    world.take()
    world.take()

    assert world.intervals()[0] == Interval(100, 2, 20, 0, seconds=5.0, skew_s=0)
    assert world.problems() == [None, Problem.MISSING, Problem.MISSING]


def test_one_side_that_stops_is_missing(world: World) -> None:
    world.give(Totals(3, 30, 1), Totals(3, 200, 4))
    world.take()
    world.give(Totals(3, 30, 1), Totals(8, 300, 4))
    world.take()

    assert world.problems() == [None, Problem.MISSING]


@pytest.mark.parametrize(
    ("new", "stable"),
    [
        (Totals(5, math.nan, 1), Totals(5, 200, 4)),
        (Totals(5, 30, 1), Totals(5, 200, math.nan)),
        (Totals(5, math.inf, 1), Totals(5, 200, 4)),
    ],
)
def test_what_is_not_a_number_is_no_count_and_not_what_is_counted_from(
    world: World, new: Totals, stable: Totals
) -> None:
    world.give(new, stable)
    world.take()
    world.give(Totals(10, 40, 2), Totals(10, 300, 5))
    world.take()

    assert world.problems() == [Problem.NOT_A_NUMBER, None]
    assert world.intervals()[1] == Interval(200, 3, 30, 1, seconds=5.0)


def test_a_source_that_begins_with_what_is_not_a_number_is_counted_from_its_first_number() -> None:
    world = World()
    world.give(Totals(0, math.nan, 0), Totals(0, 0, 0))
    world.take(0)
    world.take(5)
    world.give(Totals(10, 40, 2), Totals(10, 300, 5))
    world.take()
    world.give(Totals(15, 50, 2), Totals(15, 400, 6))
    world.take()

    assert world.problems()[-1] is None
    assert set(world.problems()[:-1]) <= {Problem.NOT_A_NUMBER, Problem.MISSING}
    assert world.intervals()[-1] == Interval(100, 1, 10, 0, seconds=5.0)


def test_a_counter_that_was_reset_is_handed_on_as_negative_and_counted_from_there(world: World) -> None:
    world.give(Totals(5, 4, 0), Totals(5, 200, 4))
    world.take()
    world.give(Totals(10, 24, 1), Totals(10, 300, 6))
    world.take()

    assert world.problems() == [Problem.NEGATIVE, None]
    assert world.intervals()[0].n1 == 4 - 10
    assert world.intervals()[1] == Interval(100, 2, 20, 1, seconds=5.0)


def test_more_bad_than_requests_is_handed_on(world: World) -> None:
    world.give(Totals(5, 12, 9), Totals(5, 200, 4))
    world.take()

    assert world.problems() == [Problem.MORE_BAD_THAN_REQUESTS]


def test_clocks_that_differ_show_as_sides_counted_at_different_times(world: World) -> None:
    world.source.behind_s = {STABLE: 4.0}
    world.serve((20, 3), (180, 4))
    world.take()
    world.serve((20, 3), (180, 4))
    world.take(9)

    assert world.problems() == [Problem.SKEWED, None]
    assert world.intervals()[0].skew_s == 4.0


def test_sides_are_as_far_apart_as_at_the_worse_of_the_two_looks() -> None:
    world = World()
    world.source.behind_s = {NEW: 3.0}
    world.serve((20, 3), (180, 4))
    world.take(5)
    world.source.behind_s = {}
    world.serve((20, 3), (180, 4))
    world.take()

    assert world.intervals()[0].skew_s == -3.0
    assert world.problems() == [Problem.SKEWED]


def test_a_version_without_requests_is_named_and_what_the_other_did_meanwhile_is_kept(world: World) -> None:
    world.serve(stable=(100, 1))
    world.take()
    world.serve((3, 1), (90, 2))
    world.take()

    assert world.problems() == [Problem.NO_REQUESTS_ON_NEW, None]
    assert world.intervals()[1] == Interval(190, 3, 3, 1, seconds=5.0)


def test_stable_without_requests_is_named_and_no_failure_of_the_new_version_is_lost(world: World) -> None:
    world.serve((100, 9))
    world.take()
    world.serve((90, 8), (2, 0))
    world.take()

    assert world.problems() == [Problem.NO_REQUESTS_ON_STABLE, None]
    assert world.intervals()[1] == Interval(2, 0, 190, 17, seconds=5.0)


def test_a_source_that_is_read_in_steps_is_compared_once_both_sides_have_stepped(world: World) -> None:
    """Prometheus reads its targets every 15 s, each at another moment: one side is always ahead."""
    steps = [(30, 100), (30, 300), (30, 300), (70, 300), (70, 500), (70, 500), (110, 500), (110, 700)]
    for number, (new, stable) in enumerate(steps, 1):
        world.give(Totals(5.0 * number, new, 1), Totals(5.0 * number, stable, 2))
        world.take()

    usable = [each for each in world.intervals() if find_problem(each) is None]

    assert [(each.n1, each.n0) for each in usable] == [(20, 200), (40, 200), (40, 200)]
    assert sum(each.seconds for each in world.intervals()) == 40.0


def test_requests_of_one_side_are_not_kept_for_ever(world: World) -> None:
    for _ in range(13):
        world.serve(stable=(100, 0))
        world.take()
    world.serve((3, 1), (90, 2))
    world.take()

    assert world.problems() == [Problem.NO_REQUESTS_ON_NEW] * 13 + [None]
    assert world.intervals()[-1].n0 == 190


def test_no_interval_reaches_back_into_the_stage_before(world: World) -> None:
    world.serve((20, 3), (180, 4))
    world.counting.begin_stage()
    world.take()
    world.serve((7, 1), (60, 0))
    world.take()

    assert world.intervals() == [Interval(60, 0, 7, 1, seconds=5.0)]


def test_a_source_that_hangs_is_told_of_as_missing(world: World) -> None:
    world.clock.advance(3 * 5.0)
    assert world.problems() == []
    world.clock.advance(1)

    assert world.problems() == [Problem.MISSING]
    assert world.intervals()[0].seconds == 16.0
    assert len(world.intervals()) == 1


def test_a_metric_that_bears_more_silence_is_counted_over_longer_gaps() -> None:
    told: list[list[tuple[float, float]]] = []
    for stale_s in (None, 180.0):
        world = World(replace(ERRORS, stale_s=stale_s))
        world.serve((10, 1), (100, 2))
        world.take(0)
        world.take(150, answers=False)
        world.serve((20, 3), (180, 4))
        world.take()
        told.append([(each.n1, each.n0) for each in world.intervals() if not each.is_missing])

    assert told == [[], [(20, 180)]]


def test_short_intervals_do_not_make_a_source_late() -> None:
    world = World(stale_s=20)
    world.clock.advance(OVERDUE_S)

    assert world.intervals() == []


def test_a_first_look_that_hangs_makes_no_time_count_twice() -> None:
    world = World()

    class Hanging(FakeMetrics):
        hangs_s = 8.0

        def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
            world.clock.advance(self.hangs_s)
            world.counting.recent()
            return super().totals(metric, target)

    world.source = hanging = Hanging(world.clock)
    world.serve((10, 1), (100, 2))
    world.take(0)
    hanging.hangs_s = 0.0
    world.serve((20, 3), (180, 4))
    world.take()

    assert [interval.seconds for interval in world.intervals()] == [16.0, 5.0]


def test_a_hanging_source_that_comes_back_has_lost_no_time(world: World) -> None:
    world.clock.advance(16)
    world.counting.recent()
    world.serve((20, 3), (180, 4))
    world.take(4)

    assert world.intervals() == [
        Interval(0, 0, 0, 0, seconds=16.0, is_missing=True),
        Interval(180, 4, 20, 3, seconds=4.0),
    ]


def test_intervals_of_one_moment_are_told_apart_and_in_order() -> None:
    world = World(ERRORS, replace(SLOW, slower_than_ms=100.0))
    world.serve((10, 1), (100, 2))
    world.take(0)
    world.serve((10, 1), (100, 2), ms=200)
    world.take()

    first, second = world.counting.recent()

    assert [first.metric, second.metric] == ["errors", "slow_requests"]
    assert first.until < second.until


def test_only_the_last_intervals_are_kept(world: World) -> None:
    for _ in range(KEPT + 5):
        world.take(answers=False)

    assert len(world.intervals()) == KEPT


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
