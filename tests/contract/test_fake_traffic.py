"""The fake passes the contract of traffic providers, so what tests learn from it holds for real ones."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from sluiceway.domain.process.plan import Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.traffic import Endpoint
from sluiceway.testing.fake_traffic import FakeTraffic
from sluiceway.testing.traffic_contract import V1, V2, TrafficProviderContract, backends


class FakeRig:
    def __init__(self) -> None:
        self.traffic = FakeTraffic()

    def ingress(self, name: str = "shop") -> Ingress:
        return Ingress(name)

    def endpoint(self, version: Version) -> Endpoint:
        return Endpoint(f"{version}.test", 80)

    def restart(self) -> None:
        self.traffic = FakeTraffic(self.traffic.proxies)

    def kill_proxy(self, ingress: Ingress) -> None:
        self.traffic.proxies.kill(ingress)

    @contextmanager
    def request_in_flight(self, ingress: Ingress, version: Version) -> Generator[None]:
        active = self.traffic.proxies.by_ingress[ingress.name].active
        active[version] += 1
        yield
        active[version] -= 1


@pytest.fixture
def rig() -> FakeRig:
    return FakeRig()


class TestFakeTraffic(TrafficProviderContract):
    pass


def test_trouble_is_raised_by_every_call_until_it_is_over(rig: FakeRig) -> None:
    rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))
    rig.traffic.trouble = TemporaryProviderError("the disk is full")

    calls: list[Callable[[], object]] = [
        lambda: rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 900), backends(rig)),
        lambda: rig.traffic.observe(rig.ingress()),
        lambda: rig.traffic.active_requests(rig.ingress(), V1),
        lambda: rig.traffic.keep_alive(rig.ingress()),
        lambda: rig.traffic.stop(rig.ingress()),
    ]
    for call in calls:
        with pytest.raises(TemporaryProviderError, match="disk"):
            call()
    rig.traffic.trouble = None

    assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)


def test_the_same_split_again_is_no_change(rig: FakeRig) -> None:
    for weight_bp in (500, 500, 900):
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, weight_bp), backends(rig))

    assert rig.traffic.proxies.by_ingress["shop"].changes == 2


def test_a_proxy_that_never_ran_can_not_crash(rig: FakeRig) -> None:
    with pytest.raises(ProcessLookupError, match="shop"):
        rig.kill_proxy(rig.ingress())
