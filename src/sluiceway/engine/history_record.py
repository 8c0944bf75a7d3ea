"""One look a minute at every service that is served: what its parts counted since the last, and its figures.

A part is an instance of the version that serves or, for a metric whose source doesn't tell instances apart,
one of the two versions of a rollout. What can't be counted (a counter that went back, a source that does not
answer, an instance that is new, a look that came late) leaves a gap; what the minutes mean is for the domain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import structlog

from sluiceway.domain.analysis.history import KEPT_MINUTES, MinuteCount, is_too_soon, is_whole_minute
from sluiceway.domain.analysis.noise import MINUTE_S
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, MetricSource, MetricSpec, Version
from sluiceway.domain.rollouts.analysing import is_compared
from sluiceway.domain.rollouts.model import Phase, RolloutState
from sluiceway.engine.caretaker import newest_rollouts
from sluiceway.engine.counting import SLOW_REQUESTS
from sluiceway.engine.sampling import metrics_read
from sluiceway.errors import PermanentProviderError, ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.history import CountSeries
from sluiceway.ports.metrics import CountsProvider, MetricsProvider, Target, Totals
from sluiceway.ports.store import RolloutRow, Store

NEW, STABLE = "new", "stable"  # the parts of a rollout's series
USUAL_METRICS = (
    AnalysedMetric("errors", MetricSource.ENVOY),
)  # for a service that nothing is compared on yet
_SERVED_BY_NEW = frozenset({Phase.KEEPING, Phase.FINISHING, Phase.PROMOTED})

log = structlog.get_logger("sluiceway.history")

_Key = tuple[CountSeries, Version, str]
_Item = TypeVar("_Item")


@dataclass
class _Minute:
    """What one round of looks has found."""

    minute: int
    counts: dict[CountSeries, list[MinuteCount]] = field(default_factory=dict[CountSeries, list[MinuteCount]])
    figures: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])


class Recorder:
    """Looks and keeps. Used by one thread."""

    def __init__(self, store: Store, metrics: Mapping[MetricSource, MetricsProvider], clock: Clock) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._looks: dict[_Key, Totals] = {}
        self._troubles: dict[str, str] = {}

    def record(self) -> None:
        """Look at every service once. A source that fails is logged once and stops no other.

        Raises StoreError when what was found can't be kept: that minute is a gap then.
        """
        found = _Minute(minute_of(self._clock))
        before, self._looks = self._looks, {}
        for row in newest_rollouts(self._store):
            for source, provider in self._metrics.items():
                self._try(row, source, provider, before, found)
        with self._store.begin() as tx:
            for series, counts in found.counts.items():
                tx.add_counts(series, counts)
            for service, figures in found.figures.items():
                tx.add_figures(service, found.minute, figures)
            tx.prune_history(before_minute=found.minute - KEPT_MINUTES)

    def _try(
        self,
        row: RolloutRow,
        source: MetricSource,
        provider: MetricsProvider,
        before: Mapping[_Key, Totals],
        found: _Minute,
    ) -> None:
        what = f"{source} metrics of {row.setup.service.name}"
        try:
            self._look_at(row, source, provider, before, found)
        except ProviderError as failure:
            if self._troubles.get(what) != str(failure):
                log.warning("history has a gap", what=what, error=str(failure))
            self._troubles[what] = str(failure)
        except Exception:  # a provider of a third party may fail in any way: the other services go on
            log.exception("history has a gap", what=what)
        else:
            self._troubles.pop(what, None)

    def _look_at(
        self,
        row: RolloutRow,
        source: MetricSource,
        provider: MetricsProvider,
        before: Mapping[_Key, Totals],
        found: _Minute,
    ) -> None:
        specs = [spec for spec in metrics_read(row.state.plan, row.setup.metrics) if spec.source is source]
        counted = [metric for metric in recorded_metrics(row.state) if metric.source is source]
        if not specs and not counted:
            return
        provider.collect(row.setup.ingress)
        serving = _target(row, serving_version(row.state))
        if isinstance(provider, CountsProvider):
            _with_each(counted, partial(self._count, row, provider, before, found))
        figures = found.figures.setdefault(row.setup.service.name, {})

        def read(spec: MetricSpec) -> None:
            value = provider.read(spec, serving, max(MINUTE_S, spec.window_s)).value
            if value is not None and math.isfinite(value):
                figures[spec.name] = value

        _with_each(specs, read)

    def _count(
        self,
        row: RolloutRow,
        provider: CountsProvider,
        before: Mapping[_Key, Totals],
        found: _Minute,
        metric: AnalysedMetric,
    ) -> None:
        for key, totals in _totals(row, metric, provider):
            self._keep(key, totals, before, found)

    def _keep(self, key: _Key, now: Totals, before: Mapping[_Key, Totals], found: _Minute) -> None:
        last = before.get(key)
        self._looks[key] = now
        if last is None:
            return
        seconds, count, bad = now.at_s - last.at_s, now.count - last.count, now.bad - last.bad
        if is_too_soon(seconds):
            self._looks[key] = last
        elif is_whole_minute(seconds) and math.isfinite(count) and 0 <= bad <= count:
            series, _, part = key
            found.counts.setdefault(series, []).append(MinuteCount(found.minute, part, count, bad))


def minute_of(clock: Clock) -> int:
    """Return which minute it is by the system's clock, counted since 1970-01-01 UTC."""
    return int(clock.wall().timestamp() // MINUTE_S)


def serving_version(state: RolloutState) -> Version:
    """Return the version that is stable for users: after a promotion that is the one that was new."""
    return state.new if state.phase in _SERVED_BY_NEW else state.stable


def recorded_metrics(state: RolloutState) -> tuple[AnalysedMetric, ...]:
    """Return what is counted of a service: what its newest rollout compares, else its errors.

    What counts as slow is known from the rollout; while it is not, slow requests can't be counted.
    """
    if state.plan.analysis is None:
        return USUAL_METRICS
    known = {each.name: each.slower_than_ms for each in state.analysis.metrics} if state.analysis else {}
    counted = [metric for metric in state.plan.analysis.metrics if metric.comparison is Comparison.COUNTS]
    bounded = [
        replace(each, slower_than_ms=each.slower_than_ms or known.get(each.name, 0.0)) for each in counted
    ]
    return tuple(metric for metric in bounded if metric.name != SLOW_REQUESTS or metric.slower_than_ms)


def _totals(
    row: RolloutRow, metric: AnalysedMetric, provider: CountsProvider
) -> Iterator[tuple[_Key, Totals]]:
    """Give the running totals of the serving version's instances, else of both versions of a rollout."""
    service = row.setup.service.name
    serving = _target(row, serving_version(row.state))
    instances = provider.instance_totals(metric, serving)
    for name, totals in instances.items():
        yield (CountSeries(service, metric.name), serving.version, name), totals
    if instances or not is_compared(row.state):
        return
    series = CountSeries(service, metric.name, row.id)
    for part, version in ((NEW, row.state.new), (STABLE, row.state.stable)):
        of_version = provider.totals(metric, _target(row, version))
        if of_version is not None:
            yield (series, version, part), of_version


def _with_each(items: Iterable[_Item], do: Callable[[_Item], None]) -> None:
    """Do it with each; what a source refuses for good stops no other item, and is raised in the end."""
    refused: PermanentProviderError | None = None
    for item in items:
        try:
            do(item)
        except PermanentProviderError as failure:
            refused = refused or failure
    if refused is not None:
        raise refused


def _target(row: RolloutRow, version: Version) -> Target:
    return Target(row.setup.service, row.setup.ingress, version)
