"""The Prometheus provider against a real Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sluiceway.adapters.metrics.prometheus import PrometheusMetrics
from sluiceway.domain.process.plan import Ingress, MetricSource, MetricSpec, Service, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Target
from tests.contract import prometheus_server

pytestmark = pytest.mark.skipif(
    prometheus_server.BINARY is None,
    reason="no `prometheus` on PATH; install it (Debian: apt install prometheus) to run these",
)

NASTY = "a\"b\\c'd"  # a version's name may hold anything


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus_server.running(tmp_path_factory.mktemp("prometheus")) as (address, exporter):
        exporter.figures = {
            'queue_length{version="1.0",service="shop"}': 3,
            'queue_length{version="2.0",service="shop",pod="a"}': 5,
            'queue_length{version="2.0",service="shop",pod="b"}': 8,
            'queue_length{version="a\\"b\\\\c\'d"}': 13,
            'orders_failed_total{version="2.0"}': 0,
            'orders_total{version="2.0"}': 0,
        }
        metrics = PrometheusMetrics()
        spec = MetricSpec("up", MetricSource.PROMETHEUS, query="count(queue_length)", address=address)
        prometheus_server.poll(lambda: metrics.read(spec, target(), 10) == Reading(4.0))
        metrics.close()
        yield address


@pytest.fixture
def metrics() -> Iterator[PrometheusMetrics]:
    metrics = PrometheusMetrics()
    yield metrics
    metrics.close()


def target(version: str = "2.0") -> Target:
    return Target(Service("shop", ("serve",), "/srv"), Ingress("shop"), Version(version))


def a_spec(address: str, query: str, *, step_s: float = 0.0) -> MetricSpec:
    return MetricSpec(
        "queue", MetricSource.PROMETHEUS, query=query, address=address, timeout_s=10, range_step_s=step_s
    )


def test_each_version_has_its_own_figure(address: str, metrics: PrometheusMetrics) -> None:
    spec = a_spec(address, 'max(queue_length{version="{{version}}",service="{{service}}"})')

    assert metrics.read(spec, target("1.0"), 10) == Reading(3.0)
    assert metrics.read(spec, target("2.0"), 10) == Reading(8.0)


def test_a_scalar_is_a_figure(address: str, metrics: PrometheusMetrics) -> None:
    assert metrics.read(a_spec(address, "scalar(vector(42))"), target(), 10) == Reading(42.0)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_version_with_quotes_in_its_name_is_found(
    address: str, metrics: PrometheusMetrics, quote: str
) -> None:
    spec = a_spec(address, f"queue_length{{version={quote}{{{{version}}}}{quote}}}")

    assert metrics.read(spec, target(NASTY), 10) == Reading(13.0)


def test_the_window_can_be_named(address: str, metrics: PrometheusMetrics) -> None:
    spec = a_spec(address, 'max(max_over_time(queue_length{version="{{version}}"}[{{window}}]))')

    assert metrics.read(spec, target(), 30) == Reading(8.0)


def test_a_range_is_the_mean_over_its_points(address: str, metrics: PrometheusMetrics) -> None:
    spec = a_spec(address, 'sum(queue_length{version="{{version}}"})', step_s=1)

    assert metrics.read(spec, target(), 20) == Reading(13.0)


def test_a_series_that_does_not_exist_is_no_data(address: str, metrics: PrometheusMetrics) -> None:
    assert metrics.read(a_spec(address, 'queue_length{version="9"}'), target(), 10) == Reading(None)
    assert metrics.read(a_spec(address, 'queue_length{version="9"}', step_s=1), target(), 10) == Reading(None)


def test_nothing_divided_by_nothing_is_no_data(address: str, metrics: PrometheusMetrics) -> None:
    spec = a_spec(address, "sum(orders_failed_total) / sum(orders_total)")

    assert metrics.read(spec, target(), 10) == Reading(None)


def test_several_series_are_refused(address: str, metrics: PrometheusMetrics) -> None:
    with pytest.raises(PermanentProviderError, match="2 series"):
        metrics.read(a_spec(address, 'queue_length{version="{{version}}"}'), target(), 10)


def test_a_query_that_can_not_be_parsed_comes_back_in_prometheus_own_words(
    address: str, metrics: PrometheusMetrics
) -> None:
    with pytest.raises(PermanentProviderError, match="parse error"):
        metrics.read(a_spec(address, "sum("), target(), 10)


def test_a_range_query_over_a_day_is_not_refused(address: str, metrics: PrometheusMetrics) -> None:
    spec = a_spec(address, 'sum(queue_length{version="{{version}}"})', step_s=1)

    assert metrics.read(spec, target(), 86_400) == Reading(13.0)
