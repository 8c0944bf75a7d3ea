"""When local processes are started again: real processes, but the pauses pass on a clock that is moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sluiceway.domain.process.plan import Service
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.deploy_contract import V1, Habit, a_service
from tests.contract.deploy_rigs import LocalRig

A_LONG_TIME_S = 3_600.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def rig(tmp_path: Path, clock: ManualClock) -> Iterator[LocalRig]:
    rig = LocalRig(tmp_path, clock)
    yield rig
    rig.close()


def runs(rig: LocalRig, service: Service) -> bool:
    return rig.deploy.observe(service, V1).instances[0].pid is not None


def is_ready(rig: LocalRig, service: Service) -> bool:
    return rig.deploy.observe(service, V1).ready == 1


def kill(rig: LocalRig, service: Service) -> None:
    pid = rig.deploy.observe(service, V1).instances[0].pid
    assert pid is not None
    rig.kill(pid)


def pause_s(rig: LocalRig, service: Service, clock: ManualClock, *, at_most_s: float = 40.0) -> float:
    """Let a crash be seen, and return after how long it is started again, to a quarter of a second."""
    rig.deploy.supervise(service)
    for quarter in range(1, int(at_most_s * 4) + 1):
        clock.advance(0.25)
        rig.deploy.supervise(service)
        if runs(rig, service):
            return quarter / 4
    raise AssertionError(f"not started again within {at_most_s} s")


def test_pauses_double_up_to_half_a_minute(rig: LocalRig, clock: ManualClock) -> None:
    service = a_service(rig, Habit.CRASHING, within_s=A_LONG_TIME_S)
    rig.deploy.ensure(service, V1, 1)
    pauses: list[float] = []
    for _ in range(8):
        rig.poll(lambda: not runs(rig, service))
        pauses.append(pause_s(rig, service, clock))

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_after_a_minute_of_health_the_next_crash_is_a_first_one_again(
    rig: LocalRig, clock: ManualClock
) -> None:
    service = a_service(rig)
    rig.deploy.ensure(service, V1, 1)
    rig.poll(lambda: is_ready(rig, service))
    for _ in range(3):
        kill(rig, service)
        pause_s(rig, service, clock)
    rig.wait(service, lambda: is_ready(rig, service))

    clock.advance(60)
    rig.deploy.supervise(service)
    kill(rig, service)

    assert pause_s(rig, service, clock) == 0.5


def test_a_minute_in_which_it_crashed_is_no_minute_of_health(rig: LocalRig, clock: ManualClock) -> None:
    service = a_service(rig)
    rig.deploy.ensure(service, V1, 1)
    rig.poll(lambda: is_ready(rig, service))
    kill(rig, service)
    pause_s(rig, service, clock)
    rig.wait(service, lambda: is_ready(rig, service))

    clock.advance(59)
    rig.deploy.supervise(service)
    kill(rig, service)

    assert pause_s(rig, service, clock) == 1.0


def test_a_version_that_was_healthy_once_is_never_given_up(rig: LocalRig, clock: ManualClock) -> None:
    service = a_service(rig, within_s=1.0)
    rig.deploy.ensure(service, V1, 1)
    rig.wait(service, lambda: is_ready(rig, service))
    for _ in range(6):
        kill(rig, service)
        pause_s(rig, service, clock)

    seen = rig.deploy.observe(service, V1).instances[0]
    assert (seen.failed, seen.restarts) == ("", 6)


def test_one_that_hangs_after_a_restart_is_started_once_more(
    rig: LocalRig, clock: ManualClock, tmp_path: Path
) -> None:
    service = replace(a_service(rig, within_s=10.0), env=(("SLUICE_MARK", str(tmp_path / "sick")),))
    rig.deploy.ensure(service, V1, 1)
    rig.wait(service, lambda: is_ready(rig, service))
    (tmp_path / "sick").touch()
    kill(rig, service)
    pause_s(rig, service, clock)

    clock.advance(11)
    rig.deploy.supervise(service)

    seen = rig.deploy.observe(service, V1).instances[0]
    assert (seen.pid, seen.restarts, seen.failed) == (None, 2, "")


def test_a_pause_goes_on_after_a_restart_of_sluiceway(rig: LocalRig, clock: ManualClock) -> None:
    service = a_service(rig, Habit.CRASHING, within_s=A_LONG_TIME_S)
    rig.deploy.ensure(service, V1, 1)
    for _ in range(3):
        rig.poll(lambda: not runs(rig, service))
        pause_s(rig, service, clock)
    rig.poll(lambda: not runs(rig, service))
    rig.deploy.supervise(service)

    clock.advance(1)
    rig.restart()

    assert pause_s(rig, service, clock) == 3.0


def test_a_system_clock_that_jumps_back_an_hour_delays_nothing(rig: LocalRig, clock: ManualClock) -> None:
    service = a_service(rig)
    rig.deploy.ensure(service, V1, 1)
    rig.wait(service, lambda: is_ready(rig, service))
    kill(rig, service)
    rig.deploy.supervise(service)

    clock.set_wall(clock.wall() - timedelta(hours=1))
    rig.restart()

    assert pause_s(rig, service, clock) <= 30


def test_one_that_was_given_up_says_how_often_it_was_tried(rig: LocalRig, clock: ManualClock) -> None:
    service = a_service(rig, Habit.CRASHING, within_s=3.0)
    rig.deploy.ensure(service, V1, 1)
    for _ in range(2):
        rig.poll(lambda: not runs(rig, service))
        pause_s(rig, service, clock)
    rig.poll(lambda: not runs(rig, service))

    rig.deploy.supervise(service)

    failed = rig.deploy.observe(service, V1).instances[0].failed
    assert "not healthy within 3 s: it ended with status 3 after each of 3 starts" in failed
