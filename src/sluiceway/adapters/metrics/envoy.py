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
    NOTHING,
    Counters,
    between,
    of_version,
    plus,
    quantile_ms,
    read_counters,
)
from sluiceway.adapters.processes import ProcessRef, load_ref
from sluiceway.adapters.traffic.envoy_admin import RECORD_FILE, EnvoyAdmin, admin_socket, ingress_folder
from sluiceway.domain.process.plan import Ingress, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Target

KEEP_S = 900.0
STALE_S = 5.0
MIN_GAP_S = 0.2  # several rollouts' samplers share one look
_QUANTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99}
METRICS = ("requests", "errors", "error_rate", "success_rate", "request_rate", "mean_ms", *_QUANTILES)
_ALIASES = {"response_time": "p95_ms", "response_time_ms": "p95_ms"}


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    clusters: dict[str, Counters]


@dataclass(slots=True)
class _History:
    record: Path
    admin: EnvoyAdmin
    lock: threading.Lock = field(default_factory=threading.Lock)  # held during a look
    looks: deque[_Look] = field(default_factory=deque[_Look])
    raw: dict[str, Counters] = field(default_factory=dict[str, Counters])  # as the proxy last said
    process: ProcessRef | None = None  # that said so


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
        with history.lock:  # looks must be kept in the order they were made
            now_s = self._monotonic_s()
            if history.looks and now_s - history.looks[-1].at_s < MIN_GAP_S:
                return
            process = load_ref(history.record)
            # Envoy adds a worker's latencies up after it has answered: the first request makes it do so.
            history.admin.text("/stats", filter="^$")
            raw = read_counters(history.admin.text("/stats/prometheus", filter=FILTER))
            if load_ref(history.record) == process:  # else it was started anew just now: the next look counts
                look = _next_look(history, now_s, raw, process)
                with self._lock:
                    history.looks.append(look)
                    while history.looks[0].at_s < now_s - KEEP_S:
                        history.looks.popleft()

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. The window begins at the last look before it."""
        name = _ALIASES.get(spec.name, spec.name)
        if name not in METRICS:
            raise PermanentProviderError(
                f"metric {spec.name!r} has source envoy, which knows {', '.join(METRICS)}"
            )
        counted, lasted_s = self._window(target, window_s)
        if counted is None or counted.requests <= 0:
            return Reading(None, 0)
        return Reading(_figure(name, counted, lasted_s), round(counted.requests))

    def _history(self, ingress: Ingress) -> _History:
        with self._lock:
            history = self._histories.get(ingress.name)
            if history is None:
                folder = ingress_folder(self._data_dir, ingress.name)
                admin = EnvoyAdmin(admin_socket(folder))
                history = self._histories[ingress.name] = _History(folder / RECORD_FILE, admin)
            return history

    def _window(self, target: Target, window_s: float) -> tuple[Counters | None, float]:
        """Return what was counted in the window and how long it really was, None without fresh looks."""
        history = self._history(target.ingress)
        now_s = self._monotonic_s()
        with self._lock:
            looks = list(history.looks)
        if not looks or now_s - looks[-1].at_s > STALE_S:
            return None, 0.0
        last = looks[-1]
        since_s = last.at_s - window_s
        begin = next((look for look in reversed(looks) if look.at_s <= since_s), looks[0])
        if begin.at_s < since_s - STALE_S:  # nobody looked for long: what was then is not of this window
            begin = next(look for look in looks if look.at_s >= since_s)
        counted = of_version(begin.clusters, last.clusters, target.version)
        return counted, max(last.at_s - begin.at_s, 1e-9)


def _next_look(
    history: _History, now_s: float, raw: dict[str, Counters], process: ProcessRef | None
) -> _Look:
    """Return a look whose totals go on where they were when the proxy's began anew (it restarted)."""
    before = history.raw if history.process == process else {}
    totals = dict(history.looks[-1].clusters) if history.looks else {}
    for cluster, counters in raw.items():
        if counters != before.get(cluster):
            so_far = totals.get(cluster, NOTHING)
            totals[cluster] = plus(so_far, between(before.get(cluster, NOTHING), counters))
    history.raw, history.process = raw, process
    return _Look(now_s, totals)


def _figure(name: str, counted: Counters, lasted_s: float) -> float | None:
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
            return quantile_ms(counted.buckets, _QUANTILES[name])
