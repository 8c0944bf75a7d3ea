"""Figures of each version from Envoy's own counters: the metrics provider `envoy`.

Needs no metrics server: `collect` looks about twice a second and a short history is kept in memory, so that
any window is the difference of two looks. No requests in a window is no data, not zero errors.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sluiceway.adapters.metrics.envoy_counters import (
    FILTER,
    Counters,
    between,
    plus,
    quantile_ms,
    read_counters,
)
from sluiceway.adapters.traffic.envoy_admin import EnvoyAdmin, admin_socket, ingress_folder
from sluiceway.adapters.traffic.envoy_names import Part, stat_name
from sluiceway.domain.process.plan import Ingress, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Target

KEEP_S = 900.0
STALE_S = 5.0
MIN_GAP_S = 0.2  # several rollouts' samplers share one look
_QUANTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99}
_ALIASES = {"response_time": "p95_ms", "response_time_ms": "p95_ms"}


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    versions: dict[str, Counters]


@dataclass(slots=True)
class _History:
    admin: EnvoyAdmin
    looks: deque[_Look] = field(default_factory=deque[_Look])
    raw: dict[str, Counters] = field(default_factory=dict[str, Counters])  # as the proxy last said


class EnvoyMetrics:
    """Reads the Envoys that `EnvoyTraffic` runs under the same data directory. Safe to use from threads."""

    name = "envoy"

    def __init__(self, data_dir: Path, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._data_dir = data_dir
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._histories: dict[str, _History] = {}

    def collect(self, ingress: Ingress) -> None:
        """See `MetricsProvider.collect`."""
        history = self._history(ingress)
        now_s = self._monotonic_s()
        with self._lock:
            if history.looks and now_s - history.looks[-1].at_s < MIN_GAP_S:
                return
        raw = read_counters(history.admin.text("/stats/prometheus", filter=FILTER))
        with self._lock:
            _keep(history, now_s, raw)

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. `window_s` begins at the last look before it."""
        counted, lasted_s = self._window(target, window_s)
        if counted is None or counted.requests <= 0:
            return Reading(None, 0)
        requests = round(counted.requests)
        return Reading(_figure(spec.name, counted, lasted_s), requests)

    def _history(self, ingress: Ingress) -> _History:
        with self._lock:
            history = self._histories.get(ingress.name)
            if history is None:
                socket = admin_socket(ingress_folder(self._data_dir, ingress.name))
                history = self._histories[ingress.name] = _History(EnvoyAdmin(socket))
            return history

    def _window(self, target: Target, window_s: float) -> tuple[Counters | None, float]:
        """Return what was counted in the window and how long it really was, None without fresh looks."""
        version = stat_name(Part.VERSION, target.version).partition("/")[2]
        history = self._history(target.ingress)
        now_s = self._monotonic_s()
        with self._lock:
            looks = list(history.looks)
        if not looks or now_s - looks[-1].at_s > STALE_S:
            return None, 0.0
        last = looks[-1]
        first = next(look for look in looks if look.at_s >= last.at_s - window_s)
        # The look before is nearer to the window's length than one inside it, unless there is none.
        earlier = [look for look in looks if look.at_s < first.at_s]
        begin = earlier[-1] if earlier else first
        nothing = Counters()
        counted = between(begin.versions.get(version, nothing), last.versions.get(version, nothing))
        return counted, max(last.at_s - begin.at_s, 1e-9)


def _keep(history: _History, now_s: float, raw: dict[str, Counters]) -> None:
    """Add a look. Totals are made to go on where they were when the proxy's began anew (it restarted)."""
    nothing = Counters()
    so_far = history.looks[-1].versions if history.looks else {}
    versions = {
        version: plus(so_far.get(version, nothing), between(history.raw.get(version, nothing), counters))
        for version, counters in raw.items()
    }
    history.raw = raw
    history.looks.append(_Look(now_s, {**so_far, **versions}))
    while history.looks[0].at_s < now_s - KEEP_S:
        history.looks.popleft()


def _figure(name: str, counted: Counters, lasted_s: float) -> float | None:
    name = _ALIASES.get(name, name)
    if name in _QUANTILES:
        return quantile_ms(counted.buckets, _QUANTILES[name])
    match name:
        case "requests":
            return counted.requests
        case "errors":
            return counted.errors
        case "error_rate":
            return counted.errors / counted.requests
        case "success_rate":
            return 1 - counted.errors / counted.requests
        case "request_rate":
            return counted.requests / lasted_s
        case "mean_ms":
            return counted.total_ms / counted.requests
        case _:
            known = "requests, errors, error_rate, success_rate, request_rate, mean_ms, p50_ms to p99_ms"
            raise PermanentProviderError(f"metric {name!r} has source envoy, which knows {known}")
