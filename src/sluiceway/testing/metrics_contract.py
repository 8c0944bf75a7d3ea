"""What metrics providers must do, as tests: subclass one of the contracts with a fixture `rig`.

`MetricsProviderContract` is for every provider. `RequestMetricsContract` adds what holds for providers that
count each version's requests themselves and know the metrics `requests`, `errors`, `error_rate`,
`success_rate`, `mean_ms` and `p50_ms` to `p99_ms`.
"""

from __future__ import annotations

from typing import Protocol

import pytest

from sluiceway.domain.process.plan import Ingress, MetricSource, MetricSpec, Service, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, TemporaryProviderError
from sluiceway.ports.metrics import MetricsProvider, Target

STABLE, NEW = Version("1.0"), Version("2.0")


class MetricsRig(Protocol):
    """A provider under test and its source."""

    @property
    def metrics(self) -> MetricsProvider: ...

    @property
    def ingress(self) -> Ingress: ...

    @property
    def known(self) -> MetricSpec:
        """Return a metric that the source knows and has no data for yet."""
        ...

    @property
    def unknown(self) -> MetricSpec:
        """Return a metric that the source can't have: an unknown name, a malformed query."""
        ...

    def lose_source(self) -> None:
        """Let the source end or become unreachable now."""
        ...


class RequestMetricsRig(MetricsRig, Protocol):
    """A provider that counts requests, and users who make some."""

    @property
    def source(self) -> MetricSource: ...

    def serve(self, version: Version, requests: int, *, errors: int = 0, latency_ms: float = 1.0) -> None:
        """Let the version answer requests, the first `errors` of them with a failure; return when it has."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let the window move on; `collect` is called about once a second."""
        ...

    def restart_source(self) -> None:
        """Let the source start anew, with counters at zero."""
        ...


def target(rig: MetricsRig, version: Version = NEW) -> Target:
    return Target(Service("shop", ("serve", "{port}"), "/srv"), rig.ingress, version)


class MetricsProviderContract:
    """What every provider of `sluiceway.ports.metrics.MetricsProvider` must do."""

    def test_without_data_there_is_no_value(self, rig: MetricsRig) -> None:
        rig.metrics.collect(rig.ingress)

        assert rig.metrics.read(rig.known, target(rig), 10).value is None

    def test_a_metric_that_the_source_can_not_have_needs_a_person(self, rig: MetricsRig) -> None:
        rig.metrics.collect(rig.ingress)

        with pytest.raises(PermanentProviderError, match=rig.unknown.name):
            rig.metrics.read(rig.unknown, target(rig), 10)

    def test_a_source_that_is_gone_is_trouble_that_may_pass(self, rig: MetricsRig) -> None:
        rig.metrics.collect(rig.ingress)
        rig.lose_source()

        with pytest.raises(TemporaryProviderError):
            _collect_and_read(rig)


class RequestMetricsContract(MetricsProviderContract):
    """What providers that count requests must do as well."""

    def test_requests_and_errors_are_counted(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 20, errors=5)
        rig.pass_time(1)

        assert _read(rig, "requests") == Reading(20, 20)
        assert _read(rig, "errors") == Reading(5, 20)
        assert _read(rig, "error_rate") == Reading(0.25, 20)
        assert _read(rig, "success_rate") == Reading(0.75, 20)

    def test_requests_without_an_error_have_an_error_rate_of_zero(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 3)
        rig.pass_time(1)

        assert _read(rig, "error_rate") == Reading(0, 3)

    def test_a_version_without_requests_has_no_error_rate(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(STABLE, 10)
        rig.pass_time(1)

        assert _read(rig, "error_rate").value is None
        assert _read(rig, "p95_ms").value is None

    def test_each_version_has_figures_of_its_own(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 10, errors=10)
        rig.serve(STABLE, 30, errors=3)
        rig.pass_time(1)

        assert _read(rig, "error_rate") == Reading(1, 10)
        assert _read(rig, "error_rate", version=STABLE) == Reading(0.1, 30)

    def test_latency_is_told_by_its_quantiles(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 18)
        rig.serve(NEW, 2, latency_ms=300)
        rig.pass_time(1)

        half, most = _read(rig, "p50_ms").value, _read(rig, "p95_ms").value
        assert half is not None
        assert most is not None
        assert half < 150
        assert 250 < most < 1_000

    def test_the_mean_latency_is_that_of_all_requests(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 5, latency_ms=100)
        rig.pass_time(1)

        mean = _read(rig, "mean_ms").value
        assert mean is not None
        assert 99 < mean < 250

    def test_what_is_older_than_the_window_does_not_count(self, rig: RequestMetricsRig) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 10, errors=10)
        rig.pass_time(30)
        rig.serve(NEW, 20)
        rig.pass_time(1)

        assert _read(rig, "error_rate", window_s=10) == Reading(0, 20)
        assert _read(rig, "requests", window_s=60) == Reading(30, 30)

    def test_when_all_requests_are_older_than_the_window_there_is_no_value(
        self, rig: RequestMetricsRig
    ) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 10)
        rig.pass_time(30)

        assert _read(rig, "error_rate", window_s=10).value is None

    @pytest.mark.parametrize("afterwards", [3, 9])
    def test_counters_that_begin_anew_count_from_zero(self, rig: RequestMetricsRig, afterwards: int) -> None:
        rig.pass_time(1)
        rig.serve(NEW, 5, errors=5)
        rig.pass_time(1)
        rig.restart_source()
        rig.serve(NEW, afterwards)
        rig.pass_time(1)

        assert _read(rig, "requests").value == 5 + afterwards
        assert _read(rig, "errors").value == 5


def _read(rig: RequestMetricsRig, name: str, *, version: Version = NEW, window_s: float = 20.0) -> Reading:
    return rig.metrics.read(MetricSpec(name, rig.source), target(rig, version), window_s)


def _collect_and_read(rig: MetricsRig) -> Reading:
    rig.metrics.collect(rig.ingress)
    return rig.metrics.read(rig.known, target(rig), 10)
