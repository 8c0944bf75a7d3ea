"""What several points of one metric amount to: the reading that criteria and triggers are evaluated on.

Which points belong together (whose, over which window) is the caller's business.
"""

from __future__ import annotations

from dataclasses import dataclass

from sluiceway.domain.process import metrics
from sluiceway.domain.rollouts.model import Reading


@dataclass(frozen=True, slots=True)
class Sums:
    """The points of one shape, added up. `most` is the largest `count` of a single point."""

    points: int = 0
    count: float = 0.0
    bad: float = 0.0
    total: float = 0.0
    most: float = 0.0


NOTHING = Sums()


@dataclass(frozen=True, slots=True)
class Summary:
    """All points of one metric and version in a window, by shape."""

    outcomes: Sums = NOTHING
    values: Sums = NOTHING
    events: Sums = NOTHING

    @property
    def is_empty(self) -> bool:
        return not (self.outcomes.points or self.values.points or self.events.points)


def reading_of(summary: Summary, *, unit: str, higher_is_worse: bool, window_s: float) -> Reading:
    """Return the metric's figure; no points, or none that tell it, is no data.

    A share is the bad (or good, where high figures are good) of all outcomes, else the mean of values. A
    count adds up events and the bad (or good) of outcomes, a rate divides that by the window; without any it
    is the mean of values, which are gauges then. Anything else is the mean of values, else as a share.
    """
    outcomes = summary.outcomes
    told = outcomes.bad if higher_is_worse else outcomes.count - outcomes.bad
    match unit:
        case metrics.SHARE:
            return _share(outcomes, told) or _mean(summary.values)
        case metrics.COUNT | metrics.PER_SECOND:
            if not (outcomes.points or summary.events.points):
                return _mean(summary.values)
            happened = summary.events.count + told
            requests = round(outcomes.count) if outcomes.points else None
            return Reading(happened / window_s if unit == metrics.PER_SECOND else happened, requests)
        case _ if summary.values.count > 0:
            return _mean(summary.values)
        case _:
            of_outcomes = _share(outcomes, told)
            if of_outcomes is None and summary.events.points:
                return Reading(summary.events.count)
            return of_outcomes or Reading(None)


def _share(outcomes: Sums, told: float) -> Reading | None:
    return Reading(told / outcomes.count, round(outcomes.count)) if outcomes.count > 0 else None


def _mean(values: Sums) -> Reading:
    """Return the mean. Single values may be gauges, of which one is enough: they don't count as requests."""
    if values.count <= 0:
        return Reading(None)
    return Reading(values.total / values.count, round(values.count) if values.most > 1 else None)
