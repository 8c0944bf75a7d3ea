"""Running totals of both versions become counted intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.counts import Interval, find_problem
from sluiceway.domain.rollouts.model import Counted
from sluiceway.ports.metrics import Totals
from tests.unit.engine.counting_world import World


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
