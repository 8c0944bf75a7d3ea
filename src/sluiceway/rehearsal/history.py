"""The history that a rehearsal starts with: usual noise and usual figures, learned as live ones are.

Two instances of stable are compared minute by minute: simulated ones for a scenario, the recorded ones where
a recording tells instances apart. It is learned once, before the start; live it is renewed every minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sluiceway.adapters.simulated.generated import GeneratedWorld, Usual
from sluiceway.adapters.simulated.metrics import figure_of
from sluiceway.adapters.simulated.recording import STABLE, Recording
from sluiceway.adapters.simulated.scenarios import USUAL, Scenario
from sluiceway.adapters.simulated.served import Served, plus, slower_than
from sluiceway.domain.analysis.history import Learned, MinuteCount, Unknown, learn_from_instances
from sluiceway.domain.analysis.history import usual as usual_of
from sluiceway.domain.analysis.noise import Noise
from sluiceway.domain.process.metrics import builtin
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, Comparison, MetricSource, RolloutPlan
from sluiceway.domain.rollouts.model import Reading
from sluiceway.engine.history_findings import learned_metrics, usual_names

_MINUTES = 24 * 60
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Before:
    """What is known before the start, by metric: noise, why that of others is not known, usual figures."""

    noise: Mapping[str, Noise]
    unknown: Mapping[str, str]
    usual: Mapping[str, Reading]


def before_scenario(plan: RolloutPlan, scenario: Scenario, usual: Usual, seed: int) -> Before:
    """Return what a day tells in which two instances of stable shared the traffic and nothing was wrong."""
    if not learned_metrics(plan) and not usual_names(plan):
        return NOTHING_KNOWN
    quiet = Scenario(f"{scenario.name}:day-before", "", lambda _s, _b: USUAL, habits=scenario.habits)
    world = GeneratedWorld(quiet, usual, _MINUTES * _MINUTE_S, seed, bounds_of(plan.analysis))
    minutes: list[tuple[int, str, Served]] = []
    both: list[Served] = []
    for minute in range(_MINUTES):
        stretch = world.between(minute * _MINUTE_S, (minute + 1) * _MINUTE_S, 0.5)
        if stretch.new is not None and stretch.stable is not None:
            minutes += [(minute, "1", stretch.new), (minute, "2", stretch.stable)]
            both.append(plus(stretch.new, stretch.stable))
    found = {
        name: [value for each in both if (value := _figure(name, each, world.bounds_ms)) is not None]
        for name in usual_names(plan)
    }
    known = {name: Reading(usual_of(values)) for name, values in found.items()}
    return replace(_learned(plan, minutes, world.bounds_ms), usual=known)


def before_recording(plan: RolloutPlan, recording: Recording) -> Before:
    """Return what the recording's own instances of stable tell."""
    minutes = [
        (int(row.at_s // _MINUTE_S), row.instance, row.served)
        for row in recording.rows
        if row.version == STABLE and row.instance
    ]
    return _learned(plan, minutes, recording.bounds_ms)


NOTHING_KNOWN = Before({}, {}, {})


def bounds_of(analysis: Analysis | None) -> tuple[float, ...]:
    """Return the times that the plan itself calls slow, in ms."""
    metrics = analysis.metrics if analysis else ()
    return tuple(metric.slower_than_ms for metric in metrics if metric.slower_than_ms > 0)


def _learned(
    plan: RolloutPlan, minutes: Sequence[tuple[int, str, Served]], bounds_ms: Sequence[float]
) -> Before:
    noise: dict[str, Noise] = {}
    unknown: dict[str, str] = {}
    newest = max((minute for minute, _, _ in minutes), default=0)
    for metric in learned_metrics(plan):
        bound_ms = metric.slower_than_ms or _usual_bound_ms(minutes, bounds_ms)
        counts = _minute_counts(metric, minutes, bounds_ms, bound_ms)
        match learn_from_instances(counts, newest):
            case Learned(learned):
                noise[metric.name] = learned
            case Unknown(why):
                unknown[metric.name] = why
    return Before(noise, unknown, {})


def _figure(name: str, served: Served, bounds_ms: tuple[float, ...]) -> float | None:
    own = served.own.get(name)
    if own is not None and own.count > 0:
        known = builtin(name)
        return own.mean(higher_is_worse=known is None or known.higher_is_worse)
    return figure_of(name, served, _MINUTE_S, bounds_ms) if served.requests > 0 else None


def _minute_counts(
    metric: AnalysedMetric,
    minutes: Sequence[tuple[int, str, Served]],
    bounds_ms: Sequence[float],
    bound_ms: float,
) -> list[MinuteCount]:
    sums: dict[tuple[int, str], tuple[float, float]] = {}
    for minute, part, served in minutes:
        counted = _counted(metric, served, bounds_ms, bound_ms)
        if counted is not None:
            count, bad = sums.get((minute, part), (0.0, 0.0))
            sums[minute, part] = (count + counted[0], bad + counted[1])
    return [MinuteCount(minute, part, count, bad) for (minute, part), (count, bad) in sums.items()]


def _counted(
    metric: AnalysedMetric, served: Served, bounds_ms: Sequence[float], bound_ms: float
) -> tuple[float, float] | None:
    """Return all and bad ones of a counted metric, None where it is something else or nothing is known."""
    if metric.comparison is not Comparison.COUNTS:
        return None
    if metric.name == "errors":
        return served.requests, served.errors
    if metric.name == "slow_requests":
        slow = slower_than(served, bounds_ms, bound_ms)
        return None if slow is None else (served.requests, slow)
    if metric.source is MetricSource.DEPLOY:
        return _MINUTE_S, 0.0  # nothing crashed the day before
    own = served.own.get(metric.name)
    return None if own is None else (own.count, own.bad_of(higher_is_worse=metric.higher_is_worse))


def _usual_bound_ms(minutes: Sequence[tuple[int, str, Served]], bounds_ms: Sequence[float]) -> float:
    """Return the bound that 95 of 100 answers kept, infinite when times are not known."""
    totals: Mapping[int, float] = {
        index: sum(served.answers[index] for _, _, served in minutes if served.answers)
        for index in range(len(bounds_ms))
    }
    every, so_far = sum(totals.values()), 0.0
    for index, bound in enumerate(bounds_ms):
        so_far += totals[index]
        if every > 0 and so_far >= 0.95 * every:
            return bound
    return float("inf")
