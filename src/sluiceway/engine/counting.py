"""Counted intervals of a running rollout: running totals of both versions, subtracted every few seconds.

Keeps the last ones in memory for the next tick. What can't be subtracted is handed on as it is (negative,
missing, counted at different times): that it is unusable, and why, is for the domain to say.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.process.plan import AnalysedMetric, MetricSource, Version
from sluiceway.domain.rollouts.model import Counted
from sluiceway.errors import ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import CountsProvider, Target, Totals
from sluiceway.ports.store import RolloutRow

KEPT = 240  # intervals of all metrics; a tick that comes later than these has lost some, which is no harm
SLOW_REQUESTS = "slow_requests"


@dataclass(frozen=True, slots=True)
class _Look:
    """Both versions' totals at one moment; None where the source gave none."""

    at_s: float
    new: Totals | None
    stable: Totals | None


class Counting:
    """Counts for one rollout. `take` is called by one thread per source, `recent` by any."""

    def __init__(self, row: RolloutRow, clock: Clock) -> None:
        self._row = row
        self._clock = clock
        self._lock = threading.Lock()
        self._looks: dict[str, _Look] = {}
        # A bound that was settled before this process began stays: the evidence so far was counted by it.
        known = row.state.analysis.metrics if row.state.analysis else ()
        self._bounds_ms = {each.name: each.slower_than_ms for each in known}
        self._recent: deque[Counted] = deque(maxlen=KEPT)

    @property
    def sources(self) -> frozenset[MetricSource]:
        """Return the sources that must be asked."""
        return frozenset(metric.source for metric in self._metrics())

    def recent(self) -> tuple[Counted, ...]:
        """Return the last intervals, oldest first."""
        with self._lock:
            return tuple(self._recent)

    def take(self, source: MetricSource, provider: CountsProvider | None) -> None:
        """Look at the source's metrics whose interval is over; None when the source does not answer now."""
        for metric in self._metrics():
            if metric.source is source:
                self._take(metric, provider)

    def _metrics(self) -> tuple[AnalysedMetric, ...]:
        analysis = self._row.state.plan.analysis
        return analysis.metrics if analysis else ()

    def _take(self, metric: AnalysedMetric, provider: CountsProvider | None) -> None:
        analysis = self._row.state.plan.analysis
        assert analysis is not None
        before, now_s = self._looks.get(metric.name), self._clock.monotonic_s()
        if before is not None and now_s - before.at_s < analysis.interval_s:
            return
        bounded = self._bounded(metric, provider)
        look = _Look(
            now_s,
            self._totals(bounded, provider, self._row.state.new),
            self._totals(bounded, provider, self._row.state.stable),
        )
        self._looks[metric.name] = look
        if before is None:
            return
        bound_ms = bounded.slower_than_ms if bounded else 0.0
        counted = Counted(metric.name, self._clock.now(), interval_between(before, look), bound_ms)
        with self._lock:
            self._recent.append(counted)

    def _bounded(self, metric: AnalysedMetric, provider: CountsProvider | None) -> AnalysedMetric | None:
        """Return the metric with the bound that makes an answer slow; None while it can't be known yet."""
        if metric.name != SLOW_REQUESTS or metric.slower_than_ms:
            return metric
        known_ms = self._bounds_ms.get(metric.name, 0.0)
        if not known_ms and provider is not None:
            try:
                known_ms = provider.usual_bound_ms(self._target(self._row.state.stable)) or 0.0
            except ProviderError:
                known_ms = 0.0
            self._bounds_ms[metric.name] = known_ms
        return replace(metric, slower_than_ms=known_ms) if known_ms else None

    def _totals(
        self, metric: AnalysedMetric | None, provider: CountsProvider | None, version: Version
    ) -> Totals | None:
        if metric is None or provider is None:
            return None
        try:
            return provider.totals(metric, self._target(version))
        except ProviderError:
            return None  # the readings of the same source show the problem to people

    def _target(self, version: Version) -> Target:
        return Target(self._row.setup.service, self._row.setup.ingress, version)


def interval_between(before: _Look, after: _Look) -> Interval:
    """Return what was counted between two looks, `is_missing` where one lacks a side or is no newer."""
    seconds = after.at_s - before.at_s
    if before.new is None or before.stable is None or after.new is None or after.stable is None:
        return Interval(0, 0, 0, 0, seconds, is_missing=True)
    if after.new.at_s <= before.new.at_s or after.stable.at_s <= before.stable.at_s:
        return Interval(0, 0, 0, 0, seconds, is_missing=True)
    return Interval(
        n0=after.stable.count - before.stable.count,
        x0=after.stable.bad - before.stable.bad,
        n1=after.new.count - before.new.count,
        x1=after.new.bad - before.new.bad,
        seconds=seconds,
        skew_s=after.new.at_s - after.stable.at_s,
    )
