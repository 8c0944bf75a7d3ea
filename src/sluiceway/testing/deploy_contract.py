"""What every deploy provider must do, as tests: subclass `DeployProviderContract`, supply the fixture `rig`.

The services of the contract run `rig.command` and get their habit in the environment, so a provider that
starts real programs can use `deploy_program.py` beside this file.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import pytest

from sluiceway.domain.process.plan import HealthCheck, Service, Version
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.deploy import DeploymentSeen, DeployProvider

HABIT_VARIABLE = "SLUICE_HABIT"
V1, V2 = Version("1.0"), Version("2.0")


class Habit(StrEnum):
    """How a service of the contract behaves."""

    WELL = "well"
    SICK = "sick"  # alive, its health check answers 503
    CRASHING = "crashing"  # ends with status 3 before it is healthy
    FADING = "fading"  # is healthy, then ends by itself, over and over
    DEAF = "deaf"  # does not end when asked politely


class DeployRig(Protocol):
    """A provider under test and the world around it."""

    command: tuple[str, ...]  # starts a program that has habits
    cwd: str

    @property
    def deploy(self) -> DeployProvider:
        """Return the provider, the newest one after `restart`."""
        ...

    def restart(self) -> None:
        """Let Sluiceway end and start again: a new provider, the same data."""
        ...

    def kill(self, pid: int) -> None:
        """Let a process of an instance crash now."""
        ...

    def is_running(self, pid: int) -> bool: ...

    def wait(self, service: Service, until: Callable[[], bool]) -> None:
        """Let time pass and call `supervise` now and then until it holds; raise AssertionError if never."""
        ...


def a_service(
    rig: DeployRig, habit: Habit = Habit.WELL, *, within_s: float = 20.0, stop_grace_s: float = 5.0
) -> Service:
    """Return a service whose versions all have this habit."""
    return Service(
        name="checkout",
        command=rig.command,
        cwd=rig.cwd,
        env=((HABIT_VARIABLE, habit),),
        health=HealthCheck(path="/healthz", interval_s=0.1, timeout_s=2.0, within_s=within_s),
        stop_grace_s=stop_grace_s,
    )


class DeployProviderContract:
    """The whole contract of `sluiceway.ports.deploy.DeployProvider`."""

    def test_instances_that_were_asked_for_become_ready(self, rig: DeployRig) -> None:
        service = a_service(rig)

        rig.deploy.ensure(service, V1, 2)

        seen = _wait_ready(rig, service, V1, 2)
        assert [instance.number for instance in seen.instances] == [0, 1]
        assert all(instance.pid and rig.is_running(instance.pid) for instance in seen.instances)
        assert len({instance.endpoint for instance in seen.instances}) == 2

    def test_what_was_asked_for_is_seen_at_once(self, rig: DeployRig) -> None:
        rig.deploy.ensure(a_service(rig), V1, 2)

        assert rig.deploy.observe(a_service(rig), V1).wanted == 2

    def test_a_version_that_nobody_asked_for_has_no_instances(self, rig: DeployRig) -> None:
        assert rig.deploy.observe(a_service(rig), V1) == DeploymentSeen(V1, 0, ())

    def test_asking_twice_changes_nothing(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 2)
        before = _wait_ready(rig, service, V1, 2)

        rig.deploy.ensure(service, V1, 2)
        rig.deploy.supervise(service)

        assert rig.deploy.observe(service, V1) == before

    def test_scaling_up_keeps_what_runs(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        before = _wait_ready(rig, service, V1, 1)

        rig.deploy.ensure(service, V1, 3)

        after = _wait_ready(rig, service, V1, 3)
        assert after.instances[0] == before.instances[0]

    def test_scaling_down_ends_the_highest_numbers(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 3)
        before = _wait_ready(rig, service, V1, 3)

        rig.deploy.ensure(service, V1, 1)

        after = rig.deploy.observe(service, V1)
        assert after.wanted == 1
        assert after.instances == before.instances[:1]
        rig.wait(service, lambda: not any(_runs(rig, gone.pid) for gone in before.instances[1:]))

    def test_versions_run_side_by_side(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        rig.deploy.ensure(service, V2, 1)

        one, two = _wait_ready(rig, service, V1, 1), _wait_ready(rig, service, V2, 1)

        assert one.instances[0].endpoint != two.instances[0].endpoint
        assert one.instances[0].pid != two.instances[0].pid

    def test_a_crashed_instance_is_not_ready_at_once(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        _kill_one(rig, _wait_ready(rig, service, V1, 1))

        seen = rig.deploy.observe(service, V1)

        assert (seen.wanted, seen.ready) == (1, 0)
        assert seen.instances[0].pid is None

    def test_a_crashed_instance_is_started_again_and_counted(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 2)
        before = _wait_ready(rig, service, V1, 2)
        _kill_one(rig, before)

        rig.wait(service, lambda: rig.deploy.observe(service, V1).instances[0].restarts == 1)
        after = _wait_ready(rig, service, V1, 2)

        assert after.instances[0].restarts == 1
        assert after.instances[0].pid != before.instances[0].pid
        assert after.instances[1] == before.instances[1]

    def test_asking_again_does_not_jump_the_pause_after_a_crash(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        _kill_one(rig, _wait_ready(rig, service, V1, 1))
        rig.deploy.supervise(service)

        rig.deploy.ensure(service, V1, 1)

        assert rig.deploy.observe(service, V1).instances[0].pid is None

    def test_a_crash_loop_shows_in_the_restarts(self, rig: DeployRig) -> None:
        service = a_service(rig, Habit.FADING)
        rig.deploy.ensure(service, V1, 1)

        rig.wait(service, lambda: rig.deploy.observe(service, V1).instances[0].restarts >= 2)

        assert rig.deploy.observe(service, V1).instances[0].failed == ""

    @pytest.mark.parametrize("habit", [Habit.SICK, Habit.CRASHING])
    def test_an_instance_that_never_gets_healthy_is_given_up_with_the_reason(
        self, rig: DeployRig, habit: Habit
    ) -> None:
        service = a_service(rig, habit, within_s=1.0)
        rig.deploy.ensure(service, V1, 1)

        seen = _wait_failed(rig, service)

        assert "not healthy within 1 s" in seen.instances[0].failed
        assert ("503" if habit is Habit.SICK else "status 3") in seen.instances[0].failed
        assert (seen.wanted, seen.ready, seen.instances[0].pid) == (1, 0, None)

    def test_an_instance_that_was_given_up_stays_down(self, rig: DeployRig) -> None:
        service = a_service(rig, Habit.CRASHING, within_s=0.3)
        rig.deploy.ensure(service, V1, 1)
        before = _wait_failed(rig, service)

        rig.deploy.supervise(service)

        assert rig.deploy.observe(service, V1) == before

    def test_asking_again_gives_an_instance_that_was_given_up_another_chance(self, rig: DeployRig) -> None:
        rig.deploy.ensure(a_service(rig, Habit.SICK, within_s=0.5), V1, 1)
        _wait_failed(rig, a_service(rig, Habit.SICK, within_s=0.5))
        mended = a_service(rig)

        rig.deploy.ensure(mended, V1, 1)

        assert rig.deploy.observe(mended, V1).instances[0].failed == ""
        _wait_ready(rig, mended, V1, 1)

    def test_a_command_that_does_not_exist_is_refused_by_name(self, rig: DeployRig) -> None:
        service = Service(name="checkout", command=("no-such-program", "{port}"), cwd=rig.cwd)

        with pytest.raises(PermanentProviderError, match="no-such-program"):
            rig.deploy.ensure(service, V1, 1)

    def test_stopping_ends_every_instance(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 2)
        before = _wait_ready(rig, service, V1, 2)

        rig.deploy.stop(service, V1)

        assert rig.deploy.observe(service, V1) == DeploymentSeen(V1, 0, ())
        assert not any(_runs(rig, instance.pid) for instance in before.instances)

    def test_stopping_one_version_leaves_the_other(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        rig.deploy.ensure(service, V2, 1)
        before = _wait_ready(rig, service, V1, 1)

        rig.deploy.stop(service, V2)

        assert rig.deploy.observe(service, V1) == before

    def test_what_was_stopped_is_not_started_again(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        rig.deploy.stop(service, V1)

        rig.deploy.supervise(service)

        assert rig.deploy.observe(service, V1).wanted == 0

    def test_stopping_twice_or_what_never_ran_is_fine(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)

        rig.deploy.stop(service, V1)
        rig.deploy.stop(service, V1)
        rig.deploy.stop(service, V2)
        rig.deploy.stop(service, V2, force=True)

        assert rig.deploy.observe(service, V1).wanted == 0
        assert rig.deploy.observe(service, V2).wanted == 0

    def test_an_instance_that_hangs_on_shutdown_is_gone_after_the_grace(self, rig: DeployRig) -> None:
        service = a_service(rig, Habit.DEAF, stop_grace_s=0.5)
        rig.deploy.ensure(service, V1, 1)
        before = _wait_ready(rig, service, V1, 1)

        rig.deploy.stop(service, V1)

        assert not _runs(rig, before.instances[0].pid)

    def test_force_does_not_wait_for_the_grace(self, rig: DeployRig) -> None:
        service = a_service(rig, Habit.DEAF, stop_grace_s=86_400.0)
        rig.deploy.ensure(service, V1, 1)
        before = _wait_ready(rig, service, V1, 1)

        rig.deploy.stop(service, V1, force=True)

        assert not _runs(rig, before.instances[0].pid)

    def test_a_stopped_version_can_be_started_anew(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        _kill_one(rig, _wait_ready(rig, service, V1, 1))
        rig.wait(service, lambda: rig.deploy.observe(service, V1).instances[0].restarts == 1)
        rig.deploy.stop(service, V1)

        rig.deploy.ensure(service, V1, 1)

        assert _wait_ready(rig, service, V1, 1).instances[0].restarts == 0

    def test_a_restart_of_sluiceway_keeps_what_runs(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 2)
        before = _wait_ready(rig, service, V1, 2)

        rig.restart()
        rig.deploy.ensure(service, V1, 2)

        assert _wait_ready(rig, service, V1, 2) == before

    def test_what_runs_is_seen_after_a_restart_before_anybody_asks_for_it(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        before = _wait_ready(rig, service, V1, 1)

        rig.restart()

        seen = rig.deploy.observe(service, V1)
        assert (seen.wanted, seen.instances[0].pid) == (1, before.instances[0].pid)

    def test_a_crash_while_sluiceway_was_away_is_made_good(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        _kill_one(rig, _wait_ready(rig, service, V1, 1))

        rig.restart()

        rig.wait(service, lambda: rig.deploy.observe(service, V1).instances[0].restarts == 1)
        _wait_ready(rig, service, V1, 1)

    def test_restarts_and_giving_up_are_remembered_over_a_restart_of_sluiceway(self, rig: DeployRig) -> None:
        service = a_service(rig, Habit.CRASHING, within_s=1.0)
        rig.deploy.ensure(service, V1, 1)
        before = _wait_failed(rig, service)

        rig.restart()

        assert rig.deploy.observe(service, V1) == before
        assert before.instances[0].restarts >= 1

    def test_what_an_earlier_sluiceway_started_can_be_stopped(self, rig: DeployRig) -> None:
        service = a_service(rig)
        rig.deploy.ensure(service, V1, 1)
        before = _wait_ready(rig, service, V1, 1)
        rig.restart()

        rig.deploy.stop(service, V1)

        assert rig.deploy.observe(service, V1).wanted == 0
        assert not _runs(rig, before.instances[0].pid)


def _wait_ready(rig: DeployRig, service: Service, version: Version, count: int) -> DeploymentSeen:
    rig.wait(service, lambda: rig.deploy.observe(service, version).ready == count)
    return rig.deploy.observe(service, version)


def _wait_failed(rig: DeployRig, service: Service) -> DeploymentSeen:
    rig.wait(service, lambda: rig.deploy.observe(service, V1).instances[0].failed != "")
    return rig.deploy.observe(service, V1)


def _kill_one(rig: DeployRig, seen: DeploymentSeen) -> None:
    pid = seen.instances[0].pid
    assert pid is not None
    rig.kill(pid)


def _runs(rig: DeployRig, pid: int | None) -> bool:
    return pid is not None and rig.is_running(pid)
