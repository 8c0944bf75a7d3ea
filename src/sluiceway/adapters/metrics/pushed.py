"""Figures that senders push (satisfaction, orders, payments, tickets): read from the store, where they wait.

A reading adds up the points of a window by their own time, which says when something happened. Running
totals add them up by arrival: a point that comes a minute late still counts, once, in the interval in which
it comes.

Senders push at their own pace, often every minute, while the comparison looks every few seconds. So totals
are up to date (`at_s` is now) while the newest point of either version is at most as old as the analysis
bears silence; without a new one they only do not grow. From then on `at_s` stands still, which makes every
further interval a missing one: a metric whose sender died is no data, never good news.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.points.figures import reading_of
from sluiceway.domain.process.metrics import with_unit
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, Comparison, Ingress, MetricSpec
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import PermanentProviderError, StoreError, TemporaryProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import Target, Totals
from sluiceway.ports.points import PointTotals
from sluiceway.ports.store import Store, Transaction

FRESH_S = 2.0  # real seconds: a reading this young is given again, so that sampling costs few queries
_REMEMBERED = 500  # readings
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_UNBOUNDED = Analysis(())


@dataclass(frozen=True, slots=True)
class _Read:
    """A reading and when it was made."""

    at_s: float
    reading: Reading


@dataclass(frozen=True, slots=True)
class _Heard:
    """When the newest point of a metric arrived: by the store's clock, and by ours when we first saw it."""

    arrived_at: datetime
    at_s: float


class PushedMetrics:
    """The metrics provider `push`. Any metric may be pushed; one that nobody pushes has no data."""

    name = "push"

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._reads: dict[tuple[str, str, str, int], _Read] = {}
        self._heard: dict[tuple[str, str], _Heard] = {}

    def collect(self, ingress: Ingress) -> None:
        """Do nothing: points come by themselves."""

    def read(self, spec: MetricSpec, target: Target, window_s: float) -> Reading:
        """See `MetricsProvider.read`. Where a version has no points of its own, its release's count."""
        _check_name(spec.name)
        service, version, now_s = target.service.name, str(target.version), self._clock.monotonic_s()
        # The window of a stage grows as the stage goes on: near enough is the same.
        key = (service, spec.name, version, round(window_s / FRESH_S))
        with self._lock:
            known = self._reads.get(key)
        if known is not None and now_s - known.at_s < FRESH_S:
            return known.reading
        after = self._clock.wall() - timedelta(seconds=window_s)
        with self._reading() as tx:
            summary = tx.point_summary(service, spec.name, version, after=after, whole_release=False)
            if summary.is_empty:
                summary = tx.point_summary(service, spec.name, version, after=after, whole_release=True)
        unit = with_unit(spec).unit
        reading = reading_of(summary, unit=unit, higher_is_worse=spec.higher_is_worse, window_s=window_s)
        with self._lock:
            if len(self._reads) >= _REMEMBERED:
                self._reads.clear()
            self._reads[key] = _Read(now_s, reading)
        return reading

    def totals(self, metric: AnalysedMetric, target: Target) -> Totals | None:
        """See `CountsProvider.totals`. COUNTS adds up outcomes, MEANS values, of the rollout's own time only.

        A version of the running rollout that nothing was pushed of has zeros once the other one is heard of.
        """
        _check_name(metric.name)
        service, now_s = target.service.name, self._clock.monotonic_s()
        with self._reading() as tx:
            by_version = tx.point_totals(service, metric.name)
            versions, patience_s = _compared(tx, service, metric)
        compared = versions if target.version in versions else {str(target.version)}
        heard = [totals.heard_at for version, totals in by_version.items() if version in compared]
        if not heard:
            return None
        newest = max(heard)
        at_s = min(now_s, self._heard_s((service, metric.name), newest, now_s) + patience_s)
        mine = by_version.get(str(target.version), PointTotals(newest))
        match metric.comparison:
            case Comparison.COUNTS:
                return Totals(at_s, mine.outcomes, bad=mine.bad)
            case Comparison.MEANS:
                return Totals(at_s, mine.values, total=mine.total, squares=mine.squares)

    def usual_bound_ms(self, target: Target) -> float | None:  # noqa: ARG002 nobody pushes single answers
        """Return None: times of answers are the proxy's business."""
        return None

    def instance_totals(self, metric: AnalysedMetric, target: Target) -> Mapping[str, Totals]:  # noqa: ARG002
        """Return nothing: points are of versions, not of instances."""
        return {}

    def _heard_s(self, series: tuple[str, str], arrived_at: datetime, now_s: float) -> float:
        """Return when the newest point arrived, in monotonic seconds; the same until a newer one comes.

        Only its first sight is worked out from the system's clock, which may jump afterwards.
        """
        with self._lock:
            heard = self._heard.get(series)
            if heard is None or heard.arrived_at != arrived_at:
                age_s = max(0.0, (self._clock.wall() - arrived_at).total_seconds())
                heard = self._heard[series] = _Heard(arrived_at, now_s - age_s)
            return heard.at_s

    @contextmanager
    def _reading(self) -> Generator[Transaction]:
        try:
            with self._store.read() as tx:
                yield tx
        except StoreError as failure:
            raise TemporaryProviderError(f"pushed figures can't be read: {failure}") from failure


def _check_name(metric: str) -> None:
    if _NAME.fullmatch(metric) is None:
        raise PermanentProviderError(
            f"metric {metric}: can't be pushed; use small letters, digits and _ in its name"
        )


def _compared(tx: Transaction, service: str, metric: AnalysedMetric) -> tuple[frozenset[str], float]:
    """Return the versions that the service's running rollout compares, and how many real seconds of silence
    its analysis bears of the metric; no versions when none is running."""
    rows = tx.list_rollouts(service=service, active_only=True, limit=1, before=None)
    if not rows:
        return frozenset(), _UNBOUNDED.stale_of(metric)
    state = rows[0].state
    patience_s = (state.plan.analysis or _UNBOUNDED).stale_of(metric)
    return frozenset({str(state.stable), str(state.new)}), patience_s
