"""Providers that do not count requests themselves pass what every metrics provider must do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sluiceway.adapters.metrics.deploy_metrics import DeployMetrics
from sluiceway.adapters.metrics.prometheus import PrometheusMetrics
from sluiceway.domain.process.plan import Ingress, MetricSource, MetricSpec
from sluiceway.errors import TemporaryProviderError
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_deploy import FakeDeploy
from sluiceway.testing.metrics_contract import MetricsProviderContract
from tests.contract import prometheus_server
from tests.support.backend import free_port


class DeployRig:
    ingress = Ingress("shop")
    known = MetricSpec("crashes", MetricSource.DEPLOY)
    unknown = MetricSpec("moon_phase", MetricSource.DEPLOY)

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.deploy = FakeDeploy(self.clock)
        self.metrics = DeployMetrics(self.deploy, self.clock)

    def lose_source(self) -> None:
        self.clock.advance(1)
        self.deploy.trouble = TemporaryProviderError("no answer")


class TestDeployMetrics(MetricsProviderContract):
    @pytest.fixture
    def rig(self) -> DeployRig:
        return DeployRig()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus_server.running(tmp_path_factory.mktemp("prometheus")) as (address, _):
        yield address


class PrometheusRig:
    ingress = Ingress("shop")

    def __init__(self, address: str) -> None:
        self.metrics = PrometheusMetrics()
        self._address = address

    @property
    def known(self) -> MetricSpec:
        return self._spec("queue", 'sum(queue_length{version="{{version}}"})')

    @property
    def unknown(self) -> MetricSpec:
        return self._spec("moon_phase", "sum(")

    def lose_source(self) -> None:
        self._address = f"http://127.0.0.1:{free_port()}"

    def _spec(self, name: str, query: str) -> MetricSpec:
        return MetricSpec(name, MetricSource.PROMETHEUS, query=query, address=self._address, timeout_s=10)


@pytest.mark.skipif(
    prometheus_server.BINARY is None,
    reason="no `prometheus` on PATH; install it (Debian: apt install prometheus) to run these",
)
class TestPrometheusMetrics(MetricsProviderContract):
    @pytest.fixture
    def rig(self, address: str) -> Iterator[PrometheusRig]:
        rig = PrometheusRig(address)
        yield rig
        rig.metrics.close()
