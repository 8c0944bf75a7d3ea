"""What makes no sense, or is not there, never becomes a count."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    MetricSource,
)
from sluiceway.engine.counting import KEPT, OVERDUE_S
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.metrics import Target, Totals
from sluiceway.testing.fake_metrics import FakeMetrics
from tests.unit.engine.counting_world import ERRORS, NEW, SLOW, STABLE, World


@pytest.fixture
def world() -> World:
    """A world of which the first look was taken, after some requests."""
    world = World()
    world.serve((10, 1), (100, 2))
    world.take(0)
    return world


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
