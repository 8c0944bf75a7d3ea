"""What the statistical comparison means for a rollout, in words for people who know no statistics.

The verdict's own sentence is `domain.analysis`'; this module says what it rests on and what follows from it.
Reads a state; what a rollout does is decided in `decision` and `progress`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from sluiceway.domain.analysis.verdict import (
    INSTANCE_TIME,
    NoData,
    NoRegressionWithinMargin,
    Regression,
    SharedIncident,
    Undecided,
    amount_words,
    rate_words,
    untrusted_words,
)
from sluiceway.domain.process.plan import (
    FULL_WEIGHT_BP,
    Action,
    AnalysedMetric,
    Analysis,
    Comparison,
    WhenInconclusive,
)
from sluiceway.domain.rollouts.analysing import JOINT, Found, is_compared, is_unanswered, not_shown_sound
from sluiceway.domain.rollouts.comparing import counted_of, unit_of
from sluiceway.domain.rollouts.model import Phase, RolloutState
from sluiceway.domain.rollouts.moves import current_stage, duration_words, percent
from sluiceway.domain.rollouts.progress import stage_time_left_s

_WAY_BACK = frozenset({Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.ABORTED})
_WORTH_TELLING = 2.0  # evidence below it is what every second sound release meets


class Stand(StrEnum):
    """How the new version stands on one metric: the verdict as people are told it."""

    REGRESSION = "regression"
    NO_REGRESSION = "no-regression"
    UNDECIDED = "undecided"
    TOO_LITTLE_DATA = "too-little-data"
    NO_DATA = "no-data"
    SHARED_INCIDENT = "shared-incident"


_STAND_WORDS = {
    Stand.REGRESSION: "worse",
    Stand.NO_REGRESSION: "no worse",
    Stand.UNDECIDED: "not clear yet",
    Stand.TOO_LITTLE_DATA: "too little data",
    Stand.NO_DATA: "no data",
    Stand.SHARED_INCIDENT: "incident on both",
}


def stand_words(stand: Stand) -> str:
    """Return a stand in a word or two."""
    return _STAND_WORDS[stand]


def stand_of(found: Found) -> Stand:
    """Return which of the six stands a verdict is; undecided for want of requests is a stand of its own."""
    match found.verdict:
        case Regression():
            return Stand.REGRESSION
        case NoRegressionWithinMargin():
            return Stand.NO_REGRESSION
        case Undecided():
            is_thin = is_unanswered(found.verdict, found.metric)
            return Stand.TOO_LITTLE_DATA if is_thin else Stand.UNDECIDED
        case NoData():
            return Stand.NO_DATA
        case SharedIncident():
            return Stand.SHARED_INCIDENT
        case _:
            assert_never(found.verdict)


def promise_words(state: RolloutState) -> str:
    """Return what `alpha` promises over the whole rollout, for all metrics together."""
    analysis = state.plan.analysis
    assert analysis is not None
    bounds = {_against_stable(metric, metric.margin) for metric in analysis.metrics}
    is_one = len(bounds) == 1 and analysis.metrics[0].comparison is Comparison.COUNTS
    bound = bounds.pop() if is_one else "tolerated"
    acts = state.plan.automatic_rollback and analysis.on_regression not in {Action.PAUSE, Action.ASK}
    happens = "taken back" if acts else "stopped for a person"
    return f"at most {rare(1 / analysis.alpha)} that is no worse than {bound} is {happens}"


def rare(one_in: float) -> str:
    """Return a chance of one in so many as people say it: "1 release in 100"."""
    return f"1 release in {one_in + 1e-9:,.0f}"


def compared_words(state: RolloutState) -> str:
    """Return whether the two versions are being compared now, and if not, why."""
    analysis = state.plan.analysis
    assert analysis is not None
    if is_compared(state):
        return f"both versions have users and are compared every {duration_words(analysis.interval_s)}"
    if state.phase.is_terminal:
        return "the rollout has ended; this is what was known then"
    if state.phase in _WAY_BACK:
        return f"users are on their way back to {state.stable}; this is what was known when that began"
    if state.weight_bp >= FULL_WEIGHT_BP:
        return f"everyone is on {state.new}, so there is nothing left to compare it with"
    return f"the comparison begins when {state.new} has its first users"


def counts_words(found: Found, state: RolloutState) -> str:
    """Return what was counted on both sides: "34 errors in 1,203 requests on 2.0; 21 in 11,400 on 1.0"."""
    figures, metric = found.verdict.figures, found.metric
    if metric.comparison is Comparison.MEANS:
        means = (mean_words(figures.x1, figures.n1), mean_words(figures.x0, figures.n0))
        return (
            f"{metric.words} is {means[0]} in {figures.n1:,.0f} values on {state.new};"
            f" {means[1]} in {figures.n0:,.0f} on {state.stable}"
        )
    of = counted_of(metric)
    new = f"{figures.x1:,.0f} {metric.words} in {amount_words(figures.n1, of)} on {state.new}"
    is_of_time = of == INSTANCE_TIME  # whose lengths may differ in their unit
    on_stable = amount_words(figures.n0, of) if is_of_time else f"{figures.n0:,.0f}"
    return f"{new}; {figures.x0:,.0f} in {on_stable} on {state.stable}"


def mean_words(total: float, count: float) -> str:
    """Return the mean of so many values with three digits, "unknown" of none."""
    return f"{total / count:.3g}" if count > 0 else "unknown"


def bound_words(metric: AnalysedMetric, margin: float) -> str:
    """Return a margin of the metric: "1.25 times", or where means are compared "a loss of 0.2 points"."""
    if metric.comparison is Comparison.COUNTS:
        return f"{margin:g} times"
    unit = unit_of(metric)
    return f"a loss of {margin:g} {'point' if unit == 'points' and margin == 1 else unit}".rstrip()


def _against_stable(metric: AnalysedMetric, margin: float) -> str:
    """Return a margin inside a sentence: "1.25 times stable", "a loss of 0.2 points"."""
    return f"{bound_words(metric, margin)}{' stable' if metric.comparison is Comparison.COUNTS else ''}"


def evidence_words(found: Found, state: RolloutState) -> str:
    """Return how unusual the counts would be if the new version were no worse than tolerated.

    By Ville's inequality evidence of k is ever reached by at most one such version in k (docs/analysis.md).
    """
    figures = found.verdict.figures
    if figures.evidence < _WORTH_TELLING:
        return f"nothing that would be unusual if {state.new} were fine"
    said = f"at most {rare(min(figures.evidence, figures.needed) // 1)} that is fine ever looks this bad"
    if figures.evidence < figures.needed:
        return f"{said}; it is held against it at {rare(figures.needed)}"
    if isinstance(found.verdict, Regression):
        return said
    if figures.x1 < figures.min_bad:
        return f"{said}, but it takes at least {figures.min_bad} {found.metric.words} on {state.new}"
    return f"{said}, but the difference is too small to matter"


def noise_words(found: Found, state: RolloutState) -> str:
    """Return why a person would be asked; empty where the usual noise is known and it acts by itself."""
    if found.verdict.figures.is_trusted:
        return ""
    known = state.analysis.metrics if state.analysis else ()
    return untrusted_words(next((each.noise_unknown for each in known if each.name == found.metric.name), ""))


def doubts(state: RolloutState, found: tuple[Found, ...]) -> tuple[str, ...]:
    """Return why a person would be asked, a sentence for all metrics of which the same is said."""
    alike: dict[str, list[str]] = {}
    for each in found:
        if words := noise_words(each, state):
            alike.setdefault(words, []).append(each.metric.words)
    return tuple(f"{' and '.join(nouns)}: {words}" for words, nouns in alike.items())


def regression_words(state: RolloutState, *, is_trusted: bool) -> str:
    """Return what happens when a regression is shown."""
    analysis = state.plan.analysis
    assert analysis is not None
    action = analysis.on_regression
    if action is Action.PAUSE:
        return "the rollout pauses until a person resumes it"
    if action is Action.ASK or not is_trusted or not state.plan.automatic_rollback:
        return "a person is asked: go on or roll back"
    match action:
        case Action.IMMEDIATE:
            return f"everyone goes back to {state.stable} at once"
        case Action.GRADUAL:
            return f"users go back to {state.stable} step by step"
        case Action.EMERGENCY:
            return f"everyone goes back to {state.stable} at once and {state.new} is killed"
        case _:
            assert_never(action)


def follows_words(state: RolloutState, found: Found) -> str:
    """Return what follows from one metric's verdict; empty once the rollout has ended."""
    if state.phase.is_terminal:
        return ""
    stand, metric = stand_of(found), found.metric
    if stand is Stand.REGRESSION:
        return _after_regression(state, found)
    if not is_compared(state):
        return ""
    on_worse = regression_words(state, is_trusted=found.verdict.figures.is_trusted)
    if_worse = f"if it is shown to be worse than {_against_stable(metric, metric.margin)}, {on_worse}"
    match stand:
        case Stand.NO_REGRESSION:
            return "this does not hold the next stage back; it goes on being watched"
        case Stand.UNDECIDED:
            return if_worse
        case Stand.TOO_LITTLE_DATA:
            return f"{_without_data(state)}; {if_worse}"
        case Stand.NO_DATA:
            return _without_data(state)
        case Stand.SHARED_INCIDENT:
            return f"no stage passes until it is over; {if_worse}"
        case _:
            assert_never(stand)


def early_words(analysis: Analysis) -> str:
    """Return when a stage may pass before its time; empty where the process does not allow it."""
    if not analysis.promote_early:
        return ""
    after = duration_words(analysis.min_bake_s)
    return (
        f"a stage passes early, after {after} at the soonest, once every metric is shown to stay below"
        f" {_sound_bound(analysis.metrics)}"
    )


def early_waits(state: RolloutState, found: tuple[Found, ...], now: datetime) -> str:
    """Return when the running stage may pass early and what that needs still; empty where it may not."""
    analysis, stage = state.plan.analysis, current_stage(state)
    left_s = stage_time_left_s(state, now)
    if analysis is None or not analysis.promote_early or stage is None or not left_s or not found:
        return ""
    needs = [
        f"{each.metric.words} to be shown below {_sound_bound((each.metric,))}{_anew(state, each)}"
        for each in not_shown_sound(state, found)
    ]
    short_s = analysis.min_bake_s - (stage.duration_s - left_s)
    if short_s > 0:
        needs.append(f"{duration_words(max(short_s, 1))} more of stage {stage.id}")
    if not needs:
        return "may pass early, as soon as its criteria are met and no trigger is in breach"
    return f"may pass early; that needs {' and '.join(needs)}"


def _anew(state: RolloutState, found: Found) -> str:
    """Return where it must be shown once more: what a lower weight showed is not enough."""
    return f" at {percent(state.weight_bp)} as well" if stand_of(found) is Stand.NO_REGRESSION else ""


def decider_words(by: str, state: RolloutState) -> str:
    """Return who decided, in words: `analysis:errors` is "the comparison of errors"; people keep theirs."""
    if by == JOINT:
        return f"the comparison with {state.stable}"
    kind, colon, name = by.partition(":")
    if kind == "trigger" and colon:
        return f"trigger {name}"
    analysis = state.plan.analysis
    if kind != JOINT or not colon or analysis is None:
        return by
    nouns = {metric.name: metric.words for metric in analysis.metrics}
    return f"the comparison of {nouns.get(name, name)}"


def _sound_bound(metrics: tuple[AnalysedMetric, ...]) -> str:
    """Return below what the metrics count as sound; `limit_rate` will do as well where there is one."""
    bounds = {_against_stable(metric, metric.sound_margin) for metric in metrics}
    bound = bounds.pop() if len(bounds) == 1 else "its bound"
    if len(metrics) == 1 and metrics[0].limit_rate is not None:
        return f"{bound}, or below {rate_words(metrics[0].limit_rate, counted_of(metrics[0]))}"
    return bound


def _without_data(state: RolloutState) -> str:
    analysis = state.plan.analysis
    assert analysis is not None
    match analysis.on_no_data:
        case WhenInconclusive.HOLD:
            return "no stage passes without data"
        case WhenInconclusive.PAUSE:
            return "if a stage's time is up without data, it pauses until a person resumes it"
        case WhenInconclusive.ROLLBACK:
            return f"if a stage's time is up without data, everyone goes back to {state.stable}"


def _after_regression(state: RolloutState, found: Found) -> str:
    if state.phase in _WAY_BACK:
        return f"{state.new} is being taken back"
    if found.id in state.muted or JOINT in state.muted:
        return "a person chose to go on in spite of it"
    if state.phase is Phase.PAUSED:
        asks = state.pause is not None and state.pause.asks
        return "a person decides: go on or roll back" if asks else "it goes on when a person resumes it"
    return regression_words(state, is_trusted=found.verdict.figures.is_trusted)
