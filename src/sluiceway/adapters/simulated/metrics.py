"""Figures of a simulated world, as a metrics provider gives them: readings of windows and running totals.

The same looks as a proxy's counters would allow: a window begins at the last look before it, no requests are
no data, and totals carry the moment they were last heard of, so that silence is seen as silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from sluiceway.adapters.metrics.envoy_counters import quantile_ms
from sluiceway.adapters.simulated.served import Own, Served, slower_than
from sluiceway.adapters.simulated.world import Simulation
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, Ingress, MetricSpec, Version
from sluiceway.domain.rollouts.model import Reading
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import Target, Totals

_QUANTILES = {"p50_ms": 0.5, "p90_ms": 0.9, "p95_ms": 0.95, "p99_ms": 0.99}
_MIN_BOUNDS = 5  # with fewer buckets a percentile between them would be a guess
_MIN_ANSWERS = 100.0  # before anything is called usual
_USUAL_WINDOW_S = 900.0
_STALE_S = 5.0


class SimulatedMetrics:
    """Fits `ports.metrics.MetricsProvider` and `CountsProvider`, for every source but the deployments."""

    name = "simulated"

    def __init__(self, simulation: Simulation, clock: Clock) -> None:
        self._simulation = simulation
        self._clock = clock
        self._windows: dict[tuple[Version, float], tuple[Served, float]] = {}

    def collect(self, ingress: Ingress) -> None:  # noqa: ARG002 one world has one ingress
        self._simulation.advance(self._clock.monotonic_s())
        self._windows.clear()

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`."""
        key = (target.version, window_s)
        if key not in self._windows:
            self._windows[key] = self._window(target.version, window_s)
        served, lasted_s = self._windows[key]
        own = served.own.get(spec.name)
        if own is not None and own.count > 0:
            return Reading(own.mean(higher_is_worse=spec.higher_is_worse))
        if served.requests <= 0:
            return Reading(None, 0)
        value = figure_of(spec.name, served, lasted_s, self._simulation.world.bounds_ms)
        return Reading(value, round(served.requests))

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        """See `CountsProvider.totals`."""
        book = self._simulation.books[target.version]
        if not book.times_s:
            return None
        at_s, served = book.times_s[-1], book.total
        match metric.name:
            case "errors":
                return Totals(at_s, served.requests, served.errors)
            case "slow_requests":
                slow = slower_than(served, self._simulation.world.bounds_ms, metric.slower_than_ms)
                return None if slow is None else Totals(at_s, served.requests, slow)
            case name:
                own = served.own.get(name)
                return None if own is None else _own_totals(metric, own, at_s)

    def usual_bound_ms(self, target: Target) -> float | None:
        """See `CountsProvider.usual_bound_ms`."""
        served, _ = self._window(target.version, _USUAL_WINDOW_S)
        answers = sum(served.answers)
        if answers < _MIN_ANSWERS:
            return None
        at_most = accumulate(served.answers)
        return next(
            (
                bound
                for bound, count in zip(self._simulation.world.bounds_ms, at_most, strict=True)
                if count >= 0.95 * answers and bound != float("inf")
            ),
            None,
        )

    def instance_totals(self, metric: AnalysedMetric, target: Target) -> Mapping[str, Totals]:  # noqa: ARG002
        """See `CountsProvider.instance_totals`: instances are not told apart here."""
        return {}

    def _window(self, version: Version, window_s: float) -> tuple[Served, float]:
        """Return what the newest look's window holds; nothing when that look is older than the window."""
        book = self._simulation.books[version]
        if not book.times_s or self._clock.monotonic_s() - book.times_s[-1] > max(window_s, _STALE_S):
            return Served(), 0.0
        return book.window(book.times_s[-1] - window_s)


def figure_of(name: str, served: Served, lasted_s: float, bounds_ms: tuple[float, ...]) -> float | None:
    """Return a request figure of what was served, None where nothing is known of it; some requests are."""
    match name:
        case "requests":
            return served.requests
        case "errors":
            return served.errors
        case "error_rate":
            return served.errors / served.requests
        case "success_rate":
            return 1 - served.errors / served.requests
        case "request_rate":
            return served.requests / max(lasted_s, 1e-9)
        case _ if name in _QUANTILES and len(served.answers) >= _MIN_BOUNDS:
            at_most = accumulate(served.answers)
            buckets = dict(zip(bounds_ms, at_most, strict=True))
            return quantile_ms(buckets, _QUANTILES[name])
        case "mean_ms" if len(served.answers) >= _MIN_BOUNDS:
            return _mean_ms(served, bounds_ms)
        case _:
            return None


def _own_totals(metric: AnalysedMetric, own: Own, at_s: float) -> Totals:
    if metric.comparison is Comparison.MEANS:
        return Totals(at_s, own.count, total=own.total, squares=own.squares)
    return Totals(at_s, own.count, own.bad_of(higher_is_worse=metric.higher_is_worse))


def _mean_ms(served: Served, bounds_ms: tuple[float, ...]) -> float | None:
    """Return the mean of the buckets' middles; the open last bucket counts with its lower bound."""
    total = low = 0.0
    for bound, count in zip(bounds_ms, served.answers, strict=True):
        total += count * ((low + bound) / 2 if bound != float("inf") else low)
        low = bound
    answers = sum(served.answers)
    return total / answers if answers > 0 else None
