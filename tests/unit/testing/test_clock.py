from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from sluiceway.ports.clock import Clock
from sluiceway.testing.clock import ManualClock


def test_it_fits_the_port() -> None:
    clock: Clock = ManualClock()

    assert clock.now() == clock.wall()


def test_it_stands_still_until_advanced() -> None:
    clock = ManualClock()
    start = clock.now()

    clock.advance(2.5)

    assert clock.now() - start == timedelta(seconds=2.5)
    assert clock.monotonic_s() == 2.5


def test_sleep_advances_itself() -> None:
    clock = ManualClock()

    clock.sleep(3)

    assert clock.monotonic_s() == 3


def test_process_time_runs_faster_by_the_speed_while_real_time_does_not() -> None:
    clock = ManualClock(speed=3_600)
    start = clock.now()

    clock.advance(1)

    assert clock.now() - start == timedelta(hours=1)
    assert clock.wall() - start == timedelta(seconds=1)
    assert clock.monotonic_s() == 1


def test_a_new_speed_changes_only_what_comes_after() -> None:
    clock = ManualClock()
    start = clock.now()
    clock.advance(10)

    clock.speed = 60
    clock.advance(1)

    assert clock.now() - start == timedelta(seconds=70)


def test_a_wall_clock_jumping_back_leaves_process_time_alone() -> None:
    clock = ManualClock()
    start = clock.now()

    clock.set_wall(start - timedelta(hours=1))
    clock.advance(5)

    assert clock.wall() == start - timedelta(hours=1) + timedelta(seconds=5)
    assert clock.now() == start + timedelta(seconds=5)


def test_it_refuses_to_go_back() -> None:
    with pytest.raises(ValueError, match="set_wall"):
        ManualClock().advance(-1)


def test_it_refuses_a_start_without_time_zone() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001 -- the point of the test
