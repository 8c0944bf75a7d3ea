"""The fake passes the contract of metrics providers, so what tests learn from it holds for real ones."""

from __future__ import annotations

import pytest

from sluiceway.domain.process.plan import Ingress, MetricSource, MetricSpec, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import TemporaryProviderError
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_metrics import FakeMetrics
from sluiceway.testing.metrics_contract import NEW, STABLE, RequestMetricsContract, target


class FakeRig:
    source = MetricSource.PUSH
    ingress = Ingress("shop")
    known = MetricSpec("error_rate", MetricSource.PUSH)
    unknown = MetricSpec("moon_phase", MetricSource.PUSH)

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.metrics = FakeMetrics(self.clock)

    def serve(self, version: Version, requests: int, *, errors: int = 0, latency_ms: float = 1.0) -> None:
        self.metrics.count(self.ingress, version, requests, errors=errors, latency_ms=latency_ms)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def restart_source(self) -> None:
        """It has no counters that could begin anew."""

    def lose_source(self) -> None:
        self.metrics.trouble = TemporaryProviderError("no answer")


@pytest.fixture
def rig() -> FakeRig:
    return FakeRig()


class TestFakeMetrics(RequestMetricsContract):
    pass


def test_a_figure_that_was_set_is_read_as_it_is(rig: FakeRig) -> None:
    rig.metrics.set(NEW, "moon_phase", 0.5)
    rig.metrics.set(STABLE, "error_rate", 0.1, requests=40)

    assert rig.metrics.read(rig.unknown, target(rig), 10) == Reading(0.5)
    assert rig.metrics.read(rig.known, target(rig, STABLE), 10) == Reading(0.1, 40)


def test_a_figure_may_be_set_to_no_data_whatever_was_counted(rig: FakeRig) -> None:
    rig.serve(NEW, 10)
    rig.metrics.set(NEW, "error_rate", None)

    assert rig.metrics.read(rig.known, target(rig), 10) == Reading(None)
