"""The fake passes the contract of deploy providers, so what tests learn from it holds for real ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sluiceway.domain.process.plan import Service
from sluiceway.errors import TemporaryProviderError
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.deploy_contract import V1, DeployProviderContract, Habit, a_service
from sluiceway.testing.fake_deploy import FakeDeploy


class FakeRig:
    command: tuple[str, ...] = ("serve", "{port}")
    cwd = "/srv"

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.deploy = FakeDeploy(self.clock)

    def restart(self) -> None:
        self.deploy = FakeDeploy(self.clock, self.deploy.machine)

    def kill(self, pid: int) -> None:
        self.deploy.machine.kill(pid)

    def is_running(self, pid: int) -> bool:
        return pid in self.deploy.machine.pids()

    def wait(self, service: Service, until: Callable[[], bool]) -> None:
        for _ in range(1_000):
            self.deploy.supervise(service)
            if until():
                return
            self.clock.advance(0.1)
        raise AssertionError("did not happen within 100 s of the clock")


@pytest.fixture
def rig() -> FakeRig:
    return FakeRig()


class TestFakeDeploy(DeployProviderContract):
    pass


def test_force_takes_no_time(rig: FakeRig) -> None:
    service = a_service(rig, Habit.DEAF, stop_grace_s=60)
    rig.deploy.ensure(service, V1, 1)

    rig.deploy.stop(service, V1, force=True)

    assert rig.clock.monotonic_s() == 0


def test_trouble_is_raised_until_it_is_over(rig: FakeRig) -> None:
    rig.deploy.trouble = TemporaryProviderError("the disk is full")
    with pytest.raises(TemporaryProviderError, match="disk"):
        rig.deploy.ensure(a_service(rig), V1, 1)

    rig.deploy.trouble = None
    rig.deploy.ensure(a_service(rig), V1, 1)

    assert rig.deploy.observe(a_service(rig), V1).wanted == 1


def test_an_unknown_process_can_not_be_killed(rig: FakeRig) -> None:
    with pytest.raises(ProcessLookupError, match="no process 7"):
        rig.kill(7)
