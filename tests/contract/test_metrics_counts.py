"""Providers whose figures are compared pass one contract, on the real thing where there is one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.adapters.metrics.deploy_metrics import DeployMetrics
from sluiceway.adapters.metrics.prometheus import PrometheusMetrics
from sluiceway.domain.process.plan import (
    AnalysedMetric,
    Audience,
    HealthCheck,
    Ingress,
    MetricSource,
    MetricSpec,
    Service,
    Version,
)
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import TemporaryProviderError
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_deploy import FakeDeploy
from sluiceway.testing.fake_metrics import FakeMetrics
from sluiceway.testing.metrics_contract import (
    ERRORS,
    CountsProviderContract,
    RequestCountsContract,
    target,
)
from tests.contract import prometheus_server
from tests.contract.envoy_served import EnvoyServed
from tests.support.backend import free_port

TEAM = Audience("header", "x-team", ("internal",))
_RUNS = itertools.count()


class FakeCountsRig:
    ingress = Ingress("shop")
    counted = ERRORS
    not_counted = AnalysedMetric("moon_phase", MetricSource.ENVOY)

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.metrics = FakeMetrics(self.clock)

    def serve(self, version: Version, requests: int, *, errors: int = 0, latency_ms: float = 1.0) -> None:
        self.metrics.count(self.ingress, version, requests, errors=errors, latency_ms=latency_ms)

    def happen(self, version: Version, count: int, bad: int) -> None:
        self.serve(version, count, errors=bad)
        self.pass_time(1)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def restart_source(self) -> None:
        """It has no counters that could begin anew."""

    def lose_source(self) -> None:
        self.metrics.trouble = TemporaryProviderError("no answer")


class TestFakeMetrics(CountsProviderContract, RequestCountsContract):
    @pytest.fixture
    def rig(self) -> FakeCountsRig:
        return FakeCountsRig()


class EnvoyCountsRig(EnvoyServed):
    """With its running totals."""

    counted = ERRORS
    not_counted = AnalysedMetric("moon_phase", MetricSource.ENVOY)

    def happen(self, version: Version, count: int, bad: int) -> None:
        self.serve(version, count, errors=bad)
        self.pass_time(1)


@pytest.mark.envoy
class TestEnvoyMetrics(CountsProviderContract, RequestCountsContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[EnvoyCountsRig]:
        rig = EnvoyCountsRig(tmp_path)
        yield rig
        rig.envoy.close()


class DeployCountsRig:
    """Two instances of each version; a second makes two instance-seconds, a crash is bad."""

    ingress = Ingress("shop")
    counted = AnalysedMetric("crashes", MetricSource.DEPLOY)
    not_counted = AnalysedMetric("health_failure_rate", MetricSource.DEPLOY)
    service = Service("shop", ("serve", "{port}"), "/srv", health=HealthCheck(within_s=1_000))

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.deploy = FakeDeploy(self.clock)
        self.metrics = DeployMetrics(self.deploy, self.clock)

    def happen(self, version: Version, count: int, bad: int) -> None:
        if self.deploy.observe(self.service, version).wanted == 0:
            self.deploy.ensure(self.service, version, 2)
            self.metrics.totals(self.counted, target(self, version))
        for _ in range(2 * count):
            running = [one.pid for one in self.deploy.observe(self.service, version).instances if one.pid]
            for pid in running[:bad]:
                self.deploy.machine.kill(pid)
            bad -= min(bad, len(running))
            self.deploy.supervise(self.service)
            self.clock.advance(0.25)
            self.metrics.collect(self.ingress)
        assert bad == 0, f"{bad} crashes did not fit into {count / 2:g} s"

    def lose_source(self) -> None:
        self.deploy.trouble = TemporaryProviderError("no answer")
        self.clock.advance(1)


class TestDeployMetrics(CountsProviderContract):
    @pytest.fixture
    def rig(self) -> DeployCountsRig:
        return DeployCountsRig()


class PrometheusCountsRig:
    """Counters of this run only, which a real Prometheus scrapes every second."""

    ingress = Ingress("shop")
    not_counted = AnalysedMetric("moon_phase", MetricSource.PROMETHEUS)

    def __init__(self, address: str, exporter: prometheus_server.Exporter) -> None:
        self.metrics = PrometheusMetrics()
        self._address = address
        self._exporter = exporter
        self._run = next(_RUNS)

    @property
    def counted(self) -> AnalysedMetric:
        spec = MetricSpec(
            "payments",
            MetricSource.PROMETHEUS,
            address=self._address,
            timeout_s=10,
            all_query=f'sum(payments_total{{run="{self._run}",version="{{{{version}}}}"}})',
            bad_query=f'sum(payments_failed_total{{run="{self._run}",version="{{{{version}}}}"}})',
        )
        return AnalysedMetric("payments", MetricSource.PROMETHEUS, spec=spec)

    def happen(self, version: Version, count: int, bad: int) -> None:
        labels = f'{{run="{self._run}",version="{version}"}}'
        figures = self._exporter.figures
        for name, more in (("payments_total", count), ("payments_failed_total", bad)):
            figures = {**figures, name + labels: figures.get(name + labels, 0) + more}
        self._exporter.figures = figures
        spec = MetricSpec(
            "seen",
            MetricSource.PROMETHEUS,
            query=f"sum(payments_total{labels})",
            address=self._address,
            timeout_s=10,
        )
        wanted = Reading(float(figures["payments_total" + labels]))
        prometheus_server.poll(lambda: self.metrics.read(spec, target(self), 10) == wanted)

    def lose_source(self) -> None:
        self._address = f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, prometheus_server.Exporter]]:
    with prometheus_server.running(tmp_path_factory.mktemp("prometheus")) as (address, exporter):
        yield address, exporter


@pytest.mark.skipif(
    prometheus_server.BINARY is None,
    reason="no `prometheus` on PATH; install it (Debian: apt install prometheus) to run these",
)
class TestPrometheusMetrics(CountsProviderContract):
    @pytest.fixture
    def rig(self, server: tuple[str, prometheus_server.Exporter]) -> Iterator[PrometheusCountsRig]:
        rig = PrometheusCountsRig(*server)
        yield rig
        rig.metrics.close()
