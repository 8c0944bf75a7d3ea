"""A metrics provider whose figures tests set, or whose requests tests count, on a clock they move.

Passes `metrics_contract.RequestMetricsContract`.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from sluiceway.domain.process.plan import Ingress, MetricSpec, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import Target
from sluiceway.testing.clock import ManualClock

_QUANTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99}


@dataclass(frozen=True, slots=True)
class _Request:
    at_s: float
    ingress: str
    version: Version
    failed: bool
    latency_ms: float


class FakeMetrics:
    """Fits `ports.metrics.MetricsProvider`.

    `figures` holds readings by version and metric that are given as they are; any other reading is worked
    out from what `count` was told. `trouble`, while set, is raised by every call.
    """

    name = "fake"

    def __init__(self, clock: Clock | None = None) -> None:
        self.figures: dict[tuple[Version, str], Reading] = {}
        self.trouble: ProviderError | None = None
        self._clock = clock if clock is not None else ManualClock()
        self._requests: list[_Request] = []
        self._lock = threading.Lock()

    def set(self, version: Version, name: str, value: float | None, requests: int | None = None) -> None:
        """Let every reading of this metric be this one; None is no data."""
        self.figures[version, name] = Reading(value, requests)

    def count(
        self, ingress: Ingress, version: Version, requests: int, *, errors: int = 0, latency_ms: float = 1.0
    ) -> None:
        """Count requests that the version answers now, the first `errors` of them with a failure."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._requests += [
                _Request(now_s, ingress.name, version, number < errors, latency_ms)
                for number in range(requests)
            ]

    def collect(self, ingress: Ingress) -> None:  # noqa: ARG002 the figures are here already
        if self.trouble is not None:
            raise self.trouble

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        if self.trouble is not None:
            raise self.trouble
        given = self.figures.get((target.version, spec.name))
        if given is not None:
            return given
        since_s = self._clock.monotonic_s() - window_s
        with self._lock:
            counted = [
                request
                for request in self._requests
                if request.at_s >= since_s
                and (request.ingress, request.version) == (target.ingress.name, target.version)
            ]
        return _figure(spec.name, counted, window_s)


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
