"""Figures of each version from Envoy's own counters: the metrics provider `envoy`.

Needs no metrics server: `collect` looks about twice a second and a short history is kept in memory, so that
any window is the difference of two looks. No requests in a window is no data, not zero errors. The same looks
give the running totals by which two versions are compared.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
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
    read_in_flight,
    version_label,
)
from sluiceway.adapters.metrics.envoy_hosts import CLUSTERS, HostTotals, read_hosts
from sluiceway.adapters.metrics.envoy_totals import (
    Settled,
    counted_bound_ms,
    settle_all,
    slow_of,
    usual_bound_ms,
)
from sluiceway.adapters.processes import ProcessRef, load_ref
from sluiceway.adapters.traffic.envoy_admin import RECORD_FILE, EnvoyAdmin, admin_socket, ingress_folder
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, Ingress, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Target, Totals

KEEP_S = 900.0
STALE_S = 5.0
MIN_GAP_S = 0.2  # several rollouts' samplers share one look
_QUANTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99}
METRICS = ("requests", "errors", "error_rate", "success_rate", "request_rate", "mean_ms", *_QUANTILES)
COUNTED = ("errors", "slow_requests")
_ALIASES = {"response_time": "p95_ms", "response_time_ms": "p95_ms"}


@dataclass(frozen=True, slots=True)
class _Look:
    at_s: float
    clusters: dict[str, Counters]
    versions: dict[str, Settled]  # by `version_label`


@dataclass(slots=True)
class _History:
    record: Path
    admin: EnvoyAdmin
    lock: threading.Lock = field(default_factory=threading.Lock)  # held during a look
    looks: deque[_Look] = field(default_factory=deque[_Look])
    raw: dict[str, Counters] = field(default_factory=dict[str, Counters])  # as the proxy last said
    process: ProcessRef | None = None  # that said so
    hosts: HostTotals = field(default_factory=HostTotals)


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
            text = history.admin.text("/stats/prometheus", filter=FILTER)
            if load_ref(history.record) == process:  # else it was started anew just now: the next look counts
                look = _next_look(history, now_s, text, process)
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

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        """See `CountsProvider.totals`: as of the last look, however old it is.

        `errors` of all requests, counted as in `read`. `slow_requests` of the answers whose latency Envoy
        knows, above the next bound at which it counts exactly, which the totals name; a request without an
        answer is an error and not slow. None for a version that the proxy has not heard of. Raises
        PermanentProviderError for another metric, and for a bound beyond all buckets.
        """
        if metric.name not in COUNTED or metric.comparison is not Comparison.COUNTS:
            raise PermanentProviderError(
                f"metric {metric.name!r} has source envoy, which can count {' and '.join(COUNTED)}"
            )
        is_slow = metric.name == "slow_requests"
        bound_ms = counted_bound_ms(metric.slower_than_ms) if is_slow else 0.0
        look = self._last_look(target.ingress)
        settled = look.versions.get(version_label(target.version)) if look else None
        if look is None or settled is None:
            return None
        if is_slow:
            buckets = of_version({}, look.clusters, target.version).buckets
            return Totals(look.at_s, *slow_of(buckets, bound_ms), slower_than_ms=bound_ms)
        return Totals(look.at_s, settled.requests, settled.errors)

    def usual_bound_ms(self, target: Target) -> float | None:
        """See `CountsProvider.usual_bound_ms`: over the looks that are kept, at most a quarter of an hour."""
        with self._lock:
            history = self._histories.get(target.ingress.name)
            looks = (history.looks[0], history.looks[-1]) if history and history.looks else None
        if looks is None:
            return None
        return usual_bound_ms(of_version(looks[0].clusters, looks[1].clusters, target.version).buckets)

    def instance_totals(self, metric: AnalysedMetric, target: Target) -> Mapping[str, Totals]:
        """See `CountsProvider.instance_totals`: attempts and failed ones by address, for `errors` only.

        Looks at most once in ten seconds, and only when asked. Raises TemporaryProviderError when Envoy does
        not answer.
        """
        if metric.name != "errors":
            return {}
        history = self._history(target.ingress)
        hosts = history.hosts
        with hosts.lock:
            now_s = self._monotonic_s()
            if hosts.is_due(now_s):
                process = load_ref(history.record)
                found = read_hosts(history.admin.text("/clusters", format="json", filter=CLUSTERS))
                if load_ref(history.record) == process:
                    hosts.add(found, process, now_s)
            return hosts.of(target.version)

    def _last_look(self, ingress: Ingress) -> _Look | None:
        with self._lock:
            history = self._histories.get(ingress.name)
            return history.looks[-1] if history and history.looks else None

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


def _next_look(history: _History, now_s: float, text: str, process: ProcessRef | None) -> _Look:
    """Return a look whose totals go on where they were when the proxy's began anew (it restarted)."""
    raw = read_counters(text)
    before = history.raw if history.process == process else {}
    last = history.looks[-1] if history.looks else _Look(now_s, {}, {})
    counted = {
        cluster: between(before.get(cluster, NOTHING), counters)
        for cluster, counters in raw.items()
        if counters != before.get(cluster)
    }
    added = {cluster: plus(last.clusters.get(cluster, NOTHING), more) for cluster, more in counted.items()}
    history.raw, history.process = raw, process
    return _Look(now_s, {**last.clusters, **added}, settle_all(last.versions, counted, read_in_flight(text)))


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
