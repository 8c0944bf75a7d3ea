"""A metrics provider whose figures tests set, or whose requests tests count, on a clock they move.

Passes `metrics_contract.RequestMetricsContract`, `CountsProviderContract` and `RequestCountsContract`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from sluiceway.domain.process.plan import AnalysedMetric, Comparison, Ingress, MetricSpec, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import Target, Totals
from sluiceway.testing.clock import ManualClock

MIN_ANSWERS = 200  # before the usual bound is told

_QUANTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99}


@dataclass(frozen=True, slots=True)
class _Request:
    at_s: float
    ingress: str
    version: Version
    failed: bool
    latency_ms: float
    instance: str


class FakeMetrics:
    """Fits `ports.metrics.MetricsProvider` and `ports.metrics.CountsProvider`.

    `figures` and `given_totals` hold readings and running totals by version and metric that are given as
    they are; anything else is worked out from what `count` was told. `trouble`, while set, is raised by every
    call. `behind_s` is how far behind now a version's totals are, for sources whose clocks differ.
    """

    name = "fake"

    def __init__(self, clock: Clock | None = None) -> None:
        self.figures: dict[tuple[Version, str], Reading] = {}
        self.given_totals: dict[tuple[Version, str], Totals | None] = {}
        self.behind_s: dict[Version, float] = {}
        self.trouble: ProviderError | None = None
        self._clock = clock if clock is not None else ManualClock()
        self._requests: list[_Request] = []
        self._lock = threading.Lock()

    def set(self, version: Version, name: str, value: float | None, requests: int | None = None) -> None:
        """Let every reading of this metric be this one; None is no data."""
        self.figures[version, name] = Reading(value, requests)

    def count(
        self,
        ingress: Ingress,
        version: Version,
        requests: int,
        *,
        errors: int = 0,
        latency_ms: float = 1.0,
        instance: str = "",
    ) -> None:
        """Count requests that an instance answers now, the first `errors` of them with a failure."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._requests += [
                _Request(now_s, ingress.name, version, number < errors, latency_ms, instance)
                for number in range(requests)
            ]

    def collect(self, ingress: Ingress) -> None:  # noqa: ARG002 the figures are here already
        if self.trouble is not None:
            raise self.trouble

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        if self.trouble is not None:
            raise self.trouble
        if (target.version, metric.name) in self.given_totals:
            return self.given_totals[target.version, metric.name]
        counted = self._of(target)
        return self._totals(metric, target, counted) if counted else None

    def usual_bound_ms(self, target: Target) -> float | None:
        if self.trouble is not None:
            raise self.trouble
        latencies_ms = sorted(request.latency_ms for request in self._of(target))
        if len(latencies_ms) < MIN_ANSWERS:
            return None
        return latencies_ms[math.ceil(0.95 * len(latencies_ms)) - 1]

    def instance_totals(self, metric: AnalysedMetric, target: Target) -> Mapping[str, Totals]:
        if self.trouble is not None:
            raise self.trouble
        by_instance: dict[str, list[_Request]] = {}
        for request in self._of(target):
            if request.instance:
                by_instance.setdefault(request.instance, []).append(request)
        return {name: self._totals(metric, target, counted) for name, counted in by_instance.items()}

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        if self.trouble is not None:
            raise self.trouble
        given = self.figures.get((target.version, spec.name))
        if given is not None:
            return given
        since_s = self._clock.monotonic_s() - window_s
        counted = [request for request in self._of(target) if request.at_s >= since_s]
        return _figure(spec.name, counted, window_s)

    def _of(self, target: Target) -> list[_Request]:
        with self._lock:
            return [
                request
                for request in self._requests
                if (request.ingress, request.version) == (target.ingress.name, target.version)
            ]

    def _totals(self, metric: AnalysedMetric, target: Target, counted: list[_Request]) -> Totals:
        at_s = self._clock.monotonic_s() - self.behind_s.get(target.version, 0.0)
        if metric.comparison is Comparison.COUNTS and metric.name == "errors":
            return Totals(at_s, len(counted), sum(request.failed for request in counted))
        if metric.comparison is Comparison.COUNTS and metric.name == "slow_requests":
            slow = sum(request.latency_ms > metric.slower_than_ms for request in counted)
            return Totals(at_s, len(counted), slow)
        raise PermanentProviderError(f"metric {metric.name!r} is none of the fake's; give its totals")


def _figure(name: str, counted: list[_Request], window_s: float) -> Reading:
    requests = len(counted)
    errors = sum(request.failed for request in counted)
    latencies_ms = sorted(request.latency_ms for request in counted)
    match name:
        case "requests":
            value = float(requests)
        case "errors":
            value = float(errors)
        case "error_rate":
            value = errors / max(requests, 1)
        case "success_rate":
            value = 1 - errors / max(requests, 1)
        case "request_rate":
            value = requests / window_s
        case "mean_ms":
            value = math.fsum(latencies_ms) / max(requests, 1)
        case _ if name in _QUANTILES:
            value = latencies_ms[math.ceil(_QUANTILES[name] * requests) - 1] if requests else 0.0
        case _:
            raise PermanentProviderError(f"metric {name!r} is none of the fake's; set it with `set`")
    return Reading(value, requests) if requests else Reading(None, 0)
