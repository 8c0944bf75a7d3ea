"""The real clock: monotonic process time, whatever the system's clock does."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from sluiceway.adapters.clock import SystemClock
from sluiceway.errors import InvalidInputError


def at_wall(monkeypatch: pytest.MonkeyPatch, clock: SystemClock, wall: datetime) -> None:
    monkeypatch.setattr(type(clock), "wall", lambda _self: wall)


def test_process_time_starts_at_the_systems_time() -> None:
    before = datetime.now(UTC)

    clock = SystemClock()

    assert before <= clock.now() <= datetime.now(UTC)


def test_a_system_clock_that_jumps_back_does_not_move_process_time_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock()
    before = clock.now()

    at_wall(monkeypatch, clock, before - timedelta(hours=1))

    assert clock.now() >= before
    assert clock.wall() == before - timedelta(hours=1)


def test_process_time_goes_on_from_what_an_earlier_run_has_noted() -> None:
    ahead = datetime.now(UTC) + timedelta(days=3)

    assert SystemClock(last_process=ahead).now() >= ahead


def test_time_spent_switched_off_counts() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3)

    assert SystemClock(last_process=long_ago).now() > long_ago + timedelta(days=2)


def test_the_speed_factor_multiplies_real_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    real_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: real_s)
    clock = SystemClock(speed=3_600)
    before = clock.now()

    real_s = 102.0

    assert clock.now() - before == timedelta(hours=2)


@pytest.mark.parametrize("speed", [0, -1, 1e7, float("nan")])
def test_a_speed_that_makes_no_sense_is_refused(speed: float) -> None:
    with pytest.raises(InvalidInputError, match="speed is"):
        SystemClock(speed)
