"""Simulated providers: what the engine sees of a world, however seldom it looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sluiceway.adapters.simulated.clock import VirtualClock
from sluiceway.adapters.simulated.generated import GeneratedWorld, Usual
from sluiceway.adapters.simulated.metrics import SimulatedMetrics
from sluiceway.adapters.simulated.providers import DOWN_S, STARTS_IN_S, SimulatedDeploy, SimulatedTraffic
from sluiceway.adapters.simulated.scenarios import SCENARIOS
from sluiceway.adapters.simulated.world import AUDIENCE_SHARE, Simulation
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Audience,
    Ingress,
    MetricSource,
    MetricSpec,
    Service,
    Version,
)
from sluiceway.domain.rollouts.model import Reading, SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import CountsProvider, MetricsProvider, Target
from sluiceway.ports.traffic import Endpoint

V1, V2 = Version("1.9"), Version("2.0")
INGRESS, SERVICE = Ingress("web"), Service("shop", ("serve",), "/")
BOTH = {V1: [Endpoint("a", 1)], V2: [Endpoint("b", 1)]}
TENTH = SetTraffic(V1, V2, 1_000)


class Rig:
    def __init__(self, scenario: str = "perfect", *windows_s: float) -> None:
        self.clock = VirtualClock(datetime(2026, 1, 5, tzinfo=UTC))
        world = GeneratedWorld(SCENARIOS[scenario], Usual(rps=100), 3_600, 1)
        self.simulation = Simulation(world, V1, V2, windows_s)
        self.traffic = SimulatedTraffic(self.simulation, self.clock)
        self.deploy = SimulatedDeploy(self.simulation, self.clock)
        self.metrics = SimulatedMetrics(self.simulation, self.clock)

    def read(self, name: str, version: Version = V2, window_s: float = 10.0) -> Reading:
        spec = MetricSpec(name, MetricSource.ENVOY)
        return self.metrics.read(spec, Target(SERVICE, INGRESS, version), window_s)


def test_metrics_fit_both_ports() -> None:
    metrics: MetricsProvider = Rig().metrics

    assert isinstance(metrics, CountsProvider)


def test_a_window_holds_its_own_time_however_seldom_somebody_looks() -> None:
    rig = Rig("perfect", 10.0)
    rig.traffic.apply(INGRESS, TENTH, BOTH)

    rig.clock.sleep(60)
    rig.metrics.collect(INGRESS)

    requests = rig.read("requests", V1)
    assert requests.value == pytest.approx(900, rel=0.1)
    assert rig.read("request_rate", V1).value == pytest.approx(90, rel=0.1)
    assert rig.read("p50_ms", V1).value == pytest.approx(60, rel=0.1)
    totals = rig.metrics.totals(AnalysedMetric("errors", MetricSource.ENVOY), Target(SERVICE, INGRESS, V1))
    assert totals is not None
    assert totals.at_s == 60
    assert totals.count == pytest.approx(5_400, rel=0.05)


def test_a_split_counts_from_when_it_is_in_force() -> None:
    rig = Rig("perfect", 10.0)
    rig.traffic.apply(INGRESS, SetTraffic(V1, None, 0), BOTH)
    rig.clock.sleep(100)
    rig.traffic.apply(INGRESS, SetTraffic(V1, V2, 5_000), BOTH)
    rig.clock.sleep(10)
    rig.metrics.collect(INGRESS)

    assert rig.read("requests", window_s=110).value == pytest.approx(500, rel=0.2)
    assert rig.traffic.observe(INGRESS) == SplitSeen(V1, V2, 5_000)


def test_silence_is_no_data_and_totals_stand_still() -> None:
    rig = Rig("no-data", 10.0)
    rig.traffic.apply(INGRESS, TENTH, BOTH)
    rig.clock.sleep(60)
    rig.metrics.collect(INGRESS)
    known = rig.read("error_rate").value
    rig.clock.sleep(400)
    rig.metrics.collect(INGRESS)

    target = Target(SERVICE, INGRESS, V2)
    totals = rig.metrics.totals(AnalysedMetric("errors", MetricSource.ENVOY), target)
    assert known is not None
    assert rig.read("error_rate").value is None
    assert rig.read("error_rate", V1).value is not None
    assert totals is not None
    assert totals.at_s < 200


def test_nothing_is_in_force_before_the_first_split_and_none_without_an_endpoint() -> None:
    rig = Rig()

    assert rig.traffic.observe(INGRESS) is None
    with pytest.raises(PermanentProviderError, match=r"ingress 'web': version '2.0' has no endpoint"):
        rig.traffic.apply(INGRESS, TENTH, {V1: BOTH[V1], V2: []})
    assert rig.traffic.observe(INGRESS) is None


def test_an_audience_has_a_share_of_its_own() -> None:
    rig = Rig()
    rig.traffic.apply(
        INGRESS, replace(TENTH, new_weight_bp=0, audience=(Audience("header", "x", ("y",)),)), BOTH
    )

    assert rig.simulation.share == AUDIENCE_SHARE
    rig.traffic.apply(INGRESS, SetTraffic(V2, None, 0), BOTH)
    assert rig.simulation.share == 1


def test_instances_get_healthy_crash_in_turn_and_come_back() -> None:
    rig = Rig("crash-loop")
    rig.deploy.ensure(SERVICE, V2, 2)
    starting = rig.deploy.observe(SERVICE, V2)
    rig.clock.sleep(STARTS_IN_S)
    healthy = rig.deploy.observe(SERVICE, V2)
    rig.traffic.apply(INGRESS, TENTH, BOTH)
    rig.clock.sleep(21)
    crashed = rig.deploy.observe(SERVICE, V2)
    rig.clock.sleep(DOWN_S)
    back = rig.deploy.observe(SERVICE, V2)
    rig.clock.sleep(90)
    again = rig.deploy.observe(SERVICE, V2)

    assert [seen.ready for seen in (starting, healthy, crashed, back)] == [0, 2, 1, 2]
    assert [instance.pid is None for instance in crashed.instances] == [True, False]
    assert [instance.restarts for instance in back.instances] == [1, 0]
    assert [instance.restarts for instance in again.instances] == [1, 1]
    rig.deploy.stop(SERVICE, V2)
    assert rig.deploy.observe(SERVICE, V2).wanted == 0
