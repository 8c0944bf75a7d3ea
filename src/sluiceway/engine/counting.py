"""Counted intervals of a running rollout: running totals of both versions, subtracted every few seconds.

Keeps the last ones in memory for the next tick. What can't be compared is handed on as it is (negative,
missing, counted at different times): that it is unusable, and why, is for the domain to say.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.analysis.means import MeanInterval, MeanSettings, find_mean_problem
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, Comparison, MetricSource, Version
from sluiceway.domain.rollouts.model import Counted
from sluiceway.errors import ProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.metrics import CountsProvider, MetricsProvider, Target, Totals
from sluiceway.ports.store import RolloutRow

KEPT = 240  # intervals of all metrics; a tick that comes later than these has lost some, which is no harm
SLOW_REQUESTS = "slow_requests"
OVERDUE_S = 10.0  # real seconds, three intervals at least, without a look: a source that hangs says nothing

AnyInterval = Interval | MeanInterval

_TICK = timedelta(microseconds=1)
_ONE_SIDED = frozenset({Problem.NO_REQUESTS_ON_NEW, Problem.NO_REQUESTS_ON_STABLE})


@dataclass(frozen=True, slots=True)
class Look:
    """Both versions' totals at one moment of one stage."""

    at_s: float
    stage: int
    new: Totals
    stable: Totals


@dataclass(slots=True)
class _Course:
    """How far the counting of one metric is. Only `told_s` is shared between threads, under the lock."""

    told_s: float  # up to when intervals were handed on
    looked_s: float | None = None  # when the source was last asked
    base: Look | None = None  # what the next interval is counted from
    last: Look | None = None
    problem: str = ""


class Counting:
    """Counts for one rollout. `take` is called by one thread per source, everything else by any."""

    def __init__(self, row: RolloutRow, clock: Clock) -> None:
        self._row = row
        self._clock = clock
        self._lock = threading.Lock()
        self._stage = 0
        self._analysis = row.state.plan.analysis or Analysis(())
        self._metrics = self._analysis.metrics
        self._courses = {metric.name: _Course(clock.monotonic_s()) for metric in self._metrics}
        # A bound that was settled before this process began stays: the evidence so far was counted by it.
        known = row.state.analysis.metrics if row.state.analysis else ()
        self._bounds_ms = {each.name: each.slower_than_ms for each in known}
        self._recent: deque[Counted] = deque(maxlen=KEPT)

    @property
    def sources(self) -> frozenset[MetricSource]:
        """Return the sources that must be asked."""
        return frozenset(metric.source for metric in self._metrics)

    def recent(self) -> tuple[Counted, ...]:
        """Return the last intervals, oldest first; a source that hangs is told of as missing."""
        now_s = self._clock.monotonic_s()
        overdue_s = max(OVERDUE_S, 3 * self._analysis.interval_s)
        with self._lock:
            for metric in self._metrics:
                if now_s - self._courses[metric.name].told_s > overdue_s:
                    self._tell(metric, _missing(metric))
            return tuple(self._recent)

    def problems(self, source: MetricSource) -> tuple[str, ...]:
        """Return why the source's metrics can't be counted now, in words, each once."""
        metrics = [metric for metric in self._metrics if metric.source is source]
        words = [self._courses[metric.name].problem for metric in metrics]
        return tuple(dict.fromkeys(word for word in words if word))

    def begin_stage(self) -> None:
        """Let no interval reach back to before now: the traffic was divided otherwise then."""
        self._stage += 1

    def take(self, source: MetricSource, provider: MetricsProvider | None) -> None:
        """Look at the source's metrics whose interval is over; None when the source does not answer now."""
        for metric in self._metrics:
            if metric.source is source:
                self._take(metric, provider)

    def _take(self, metric: AnalysedMetric, provider: MetricsProvider | None) -> None:
        course, stage, now_s = self._courses[metric.name], self._stage, self._clock.monotonic_s()
        is_first = course.looked_s is None
        if course.looked_s is not None and now_s - course.looked_s < self._analysis.interval_s:
            return
        course.looked_s = now_s
        look, last = self._look(metric, provider, now_s, stage), course.last
        if look is None or (last is not None and not _is_newer(look, last)):
            if not is_first:
                self._tell_locked(metric, _missing(metric))
            return
        course.last = look
        base, stale_s = course.base, self._analysis.stale_of(metric)
        if base is None or base.stage != stage or now_s - base.at_s > 2 * stale_s:
            self._begin(metric, look)
            return
        interval = self._tell_locked(metric, _between(metric, base, look))
        if _is_done(metric, self._problem(metric, interval)) or now_s - base.at_s >= stale_s:
            course.base = look

    def _begin(self, metric: AnalysedMetric, look: Look) -> None:
        """Count from this look on, unless its figures are none: that is told."""
        course = self._courses[metric.name]
        nothing = _between(metric, look, look)
        if self._problem(metric, replace(nothing, seconds=1.0)) is Problem.NOT_A_NUMBER:
            course.base = None
            self._tell_locked(metric, nothing)
            return
        course.base = look
        with self._lock:
            course.told_s = max(course.told_s, look.at_s)

    def _problem(self, metric: AnalysedMetric, interval: Interval | MeanInterval) -> Problem | None:
        if isinstance(interval, Interval):
            return find_problem(interval)
        width = metric.high - metric.low  # the margins are of no concern here
        return find_mean_problem(interval, MeanSettings(metric.low, metric.high, 0.0, width))

    def _look(
        self, metric: AnalysedMetric, provider: MetricsProvider | None, now_s: float, stage: int
    ) -> Look | None:
        """Return both versions' totals; None, with the reason in the course, where the source has none."""
        course = self._courses[metric.name]
        course.problem = ""
        if provider is None:
            return None  # why it does not answer is shown with its readings
        if not isinstance(provider, CountsProvider):
            course.problem = (
                f"metrics provider {provider.name} has no running totals, "
                f"which the analysis of {metric.words} needs"
            )
            return None
        try:
            bounded = self._bounded(metric, provider)
            if bounded is None:
                return None
            new = provider.totals(bounded, self._target(self._row.state.new))
            stable = provider.totals(bounded, self._target(self._row.state.stable))
        except ProviderError as failure:
            course.problem = str(failure)
            return None
        if new is None or stable is None:
            return None
        self._bounds_ms[metric.name] = new.slower_than_ms or bounded.slower_than_ms
        return Look(now_s, stage, new, stable)

    def _bounded(self, metric: AnalysedMetric, provider: CountsProvider) -> AnalysedMetric | None:
        """Return the metric with the bound that makes an answer slow; None while it can't be known yet.

        Once known it stays: counts by different bounds can't be added up.
        """
        if metric.name != SLOW_REQUESTS or metric.slower_than_ms:
            return metric
        known_ms = self._bounds_ms.get(metric.name, 0.0)
        if not known_ms:
            known_ms = provider.usual_bound_ms(self._target(self._row.state.stable)) or 0.0
            self._bounds_ms[metric.name] = known_ms
        return replace(metric, slower_than_ms=known_ms) if known_ms else None

    def _tell_locked(self, metric: AnalysedMetric, interval: AnyInterval) -> AnyInterval:
        with self._lock:
            return self._tell(metric, interval)

    def _tell(self, metric: AnalysedMetric, interval: AnyInterval) -> AnyInterval:
        """Hand on what was counted, as of the time since the last interval was; return it with that time.

        Under the lock, so that moments of different intervals differ and grow: the domain takes in what is
        later than what it has seen.
        """
        course, now_s = self._courses[metric.name], self._clock.monotonic_s()
        timed = replace(interval, seconds=now_s - course.told_s)
        course.told_s = now_s
        bound_ms = self._bounds_ms.get(metric.name) or metric.slower_than_ms
        self._recent.append(Counted(metric.name, self._moment(), timed, bound_ms))
        return timed

    def _moment(self) -> datetime:
        now = self._clock.now()
        return max(now, self._recent[-1].until + _TICK) if self._recent else now

    def _target(self, version: Version) -> Target:
        return Target(self._row.setup.service, self._row.setup.ingress, version)


def _missing(metric: AnalysedMetric) -> AnyInterval:
    if metric.comparison is Comparison.MEANS:
        return MeanInterval(0, 0, 0, 0, 0, 0, 0.0, is_missing=True)
    return Interval(0, 0, 0, 0, 0.0, is_missing=True)


def _between(metric: AnalysedMetric, before: Look, after: Look) -> AnyInterval:
    is_of_means = metric.comparison is Comparison.MEANS
    return means_between(before, after) if is_of_means else interval_between(before, after)


def interval_between(before: Look, after: Look) -> Interval:
    """Return what was counted between two looks, in the real seconds between them.

    The sides are as far apart as they are at the worse of the two looks.
    """
    return Interval(
        n0=after.stable.count - before.stable.count,
        x0=after.stable.bad - before.stable.bad,
        n1=after.new.count - before.new.count,
        x1=after.new.bad - before.new.bad,
        seconds=after.at_s - before.at_s,
        skew_s=_skew_s(before, after),
    )


def means_between(before: Look, after: Look) -> MeanInterval:
    """Return the values of the same time: how many, their sum, the sum of their squares."""
    return MeanInterval(
        n0=after.stable.count - before.stable.count,
        total0=after.stable.total - before.stable.total,
        squares0=after.stable.squares - before.stable.squares,
        n1=after.new.count - before.new.count,
        total1=after.new.total - before.new.total,
        squares1=after.new.squares - before.new.squares,
        seconds=after.at_s - before.at_s,
        skew_s=_skew_s(before, after),
    )


def _skew_s(before: Look, after: Look) -> float:
    return max((look.new.at_s - look.stable.at_s for look in (before, after)), key=abs)


def _is_newer(look: Look, last: Look) -> bool:
    return look.new.at_s > last.new.at_s and look.stable.at_s > last.stable.at_s


def _is_done(metric: AnalysedMetric, problem: Problem | None) -> bool:
    """Return whether the next interval begins where this one ended.

    A counter that was reset is counted anew. What could not be compared for want of a side, as of a version
    with few requests or a source that is read in steps, is counted again together with what follows; not so
    values whose mean is compared, since there the domain itself keeps one side's until the other has some.
    """
    if problem in _ONE_SIDED:
        return metric.comparison is Comparison.MEANS
    return problem in {None, Problem.NEGATIVE}
