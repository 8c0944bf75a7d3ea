"""When a user counts in an experiment, and with which figure.

A user belongs to the stretch of time, the *step*, of the first exposure, and counts once the window is over
for everybody in that step: from then on nothing changes the step any more. So what is looked at is one
sequence of finished figures, whoever looks and however often, and late conversions can't favour a variant
that converts sooner. Source: docs/experiments.md, "Who counts, and when".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.flags.experiment_model import ExperimentPlan, MetricKind, MetricPlan, Step, Tally

MINUTE = timedelta(minutes=1)
GRACE = timedelta(minutes=2)  # after the window: what clients hold back in batches still arrives
# Steps are short at first and longer later, so that an experiment of months stays quick to look at.
_LENGTHS = (
    (timedelta(hours=6), MINUTE),
    (timedelta(days=7), timedelta(minutes=10)),
)
_LATER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Events:
    """What a user sent of one metric within the window."""

    count: int = 0
    total: float = 0.0


NO_EVENTS = Events()


@dataclass(frozen=True, slots=True)
class Subject:
    """A user: the variant, and the events by metric."""

    variant: str
    events: Mapping[str, Events]


def step_of(started_at: datetime, at: datetime) -> datetime:
    """Return when the step that holds `at` began; it lies at or after the start of the experiment."""
    age = at - started_at
    begin = timedelta()
    for until, length in _LENGTHS:
        if age < until:
            return started_at + begin + (age - begin) // length * length
        begin = until
    return started_at + begin + (age - begin) // _LATER * _LATER


def step_end(started_at: datetime, step: datetime) -> datetime:
    """Return when the step that begins at `step` ends."""
    age = step - started_at
    return step + next((length for until, length in _LENGTHS if age < until), _LATER)


def counts_from(plan: ExperimentPlan, started_at: datetime, step: datetime) -> datetime:
    """Return the moment from which on a step is finished: everybody's window, and the grace, are over."""
    return step_end(started_at, step) + timedelta(seconds=plan.window_s) + GRACE


def finished_before(plan: ExperimentPlan, started_at: datetime, now: datetime) -> datetime:
    """Return the instant before which first exposures are finished; the start when none is."""
    newest = now - timedelta(seconds=plan.window_s) - GRACE
    return step_of(started_at, newest) if newest > started_at else started_at


def is_in_window(plan: ExperimentPlan, first_at: datetime, at: datetime) -> bool:
    """Return whether an event at `at` counts for a user first exposed at `first_at`."""
    return first_at <= at <= first_at + timedelta(seconds=plan.window_s)


def tally(plan: ExperimentPlan, at: datetime, subjects: Iterable[Subject]) -> Step:
    """Return a finished step with the figures of its users."""
    tallies: dict[tuple[str, str], Tally] = {}
    for subject in subjects:
        for metric in plan.measured:
            figure = figure_of(metric, subject.events)
            if figure is not None:
                key = (subject.variant, metric.name)
                tallies[key] = tallies.get(key, Tally()).with_figure(*figure)
    return Step(at, tallies)


def figure_of(metric: MetricPlan, events: Mapping[str, Events]) -> tuple[float, float] | None:
    """Return a user's figure, and what it is divided by (0 but for a ratio); None when there is none."""
    own = events.get(metric.name, NO_EVENTS)
    match metric.kind:
        case MetricKind.CONVERSION:
            return (1.0 if own.count else 0.0), 0.0
        case MetricKind.TOTAL:
            return _cut(own.total, metric.low, metric.high), 0.0
        case MetricKind.AVERAGE:
            if not own.count:
                return None
            return _cut(own.total / own.count, metric.low, metric.high), 0.0
        case MetricKind.RATIO:
            below = events.get(metric.per, NO_EVENTS)
            return _cut(own.total, 0.0, metric.high), _cut(below.total, 0.0, metric.per_high)


def _cut(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
