"""What an experiment says now: each comparison, the guards, the split, and one verdict in plain words.

All comparisons share one error budget, whatever they look like and however often they are looked at. What
follows from a verdict is decided by people, or for a guard by what the experiment says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sluiceway.domain.flags.experiment_model import ExperimentPlan, MetricKind, MetricPlan
from sluiceway.domain.flags.experiment_sequences import UNKNOWN, Effect, Progress, effect_of, figure
from sluiceway.domain.flags.sample_ratio import RatioCheck, check_ratio

_LARGE = 100.0  # times control's rate: beyond it, a bound says nothing


class Outcome(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    UNDECIDED = "undecided"
    NO_DATA = "no-data"


class Advice(StrEnum):
    """What the results as a whole say. The first that holds, in this order."""

    SPLIT_IS_OFF = "split-is-off"  # users are not spread as planned: believe nothing
    GUARD_IS_BROKEN = "guard-is-broken"
    NO_DATA = "no-data"
    A_VARIANT_IS_BETTER = "a-variant-is-better"
    CONTROL_IS_BEST = "control-is-best"  # every other variant is worse
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Finding:
    """One variant against the control by one metric. `value` and `control_value` are rates, means or ratios.

    A guard is WORSE when it is shown to be worse by more than is tolerated.
    """

    metric: str
    variant: str
    is_guard: bool
    outcome: Outcome
    effect: Effect
    users: int
    control_users: int
    value: float | None
    control_value: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that is known at one moment. `winner` is empty unless a variant is better."""

    advice: Advice
    winner: str
    sentence: str
    findings: tuple[Finding, ...]
    ratio: RatioCheck

    @property
    def broken_guards(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.is_guard and each.outcome is Outcome.WORSE)


def results_of(plan: ExperimentPlan, progress: Progress, assigned: Mapping[str, int]) -> Results:
    """Return the results; `assigned` is how many users were first exposed to each variant so far."""
    findings = tuple(
        _finding(plan, progress, metric, variant) for metric in plan.measured for variant in plan.challengers
    )
    ratio = check_ratio(assigned, plan.split)
    advice, winner, sentence = _advise(plan, findings, ratio)
    return Results(advice, winner, sentence, findings, ratio)


def effect_words(metric: MetricPlan, effect: Effect) -> str:
    """Return a range as people say it: "4 to 12 percent above", "between 0.2 € below and 0.1 € above"."""
    low, high = effect.low, effect.high
    if metric.kind is MetricKind.CONVERSION:
        low, high = (100.0 * low if low > -1.0 else -math.inf), 100.0 * high if high < _LARGE else math.inf
    unit = " percent" if metric.kind is MetricKind.CONVERSION else f" {metric.unit}" if metric.unit else ""
    if math.isinf(low) and math.isinf(high):
        return "an unknown amount above or below"
    if low > 0.0:
        return f"at least {_size(low)}{unit} above" if math.isinf(high) else f"{_span(low, high)}{unit} above"
    if high < 0.0:
        return f"at least {_size(high)}{unit} below" if math.isinf(low) else f"{_span(high, low)}{unit} below"
    if math.isinf(low):
        return f"at most {_size(high)}{unit} above"
    if math.isinf(high):
        return f"at most {_size(low)}{unit} below"
    return f"between {_size(low)}{unit} below and {_size(high)}{unit} above"


def subject_words(metric: MetricPlan) -> str:
    """Return what a sentence is about: "checkout conversions", "order value"."""
    return f"{metric.name} conversions" if metric.kind is MetricKind.CONVERSION else metric.name


def _finding(plan: ExperimentPlan, progress: Progress, metric: MetricPlan, variant: str) -> Finding:
    course = progress.courses[(variant, metric.name)]
    effect = effect_of(course, metric, plan.alpha_each)
    is_guard = metric in plan.guards
    outcome = _outcome(metric, effect, metric.tolerated if is_guard else 0.0)
    if effect == UNKNOWN:
        outcome = Outcome.NO_DATA
    return Finding(
        metric=metric.name,
        variant=variant,
        is_guard=is_guard,
        outcome=outcome,
        effect=effect,
        users=round(course.of1.n),
        control_users=round(course.of0.n),
        value=figure(metric, course.of1),
        control_value=figure(metric, course.of0),
        sentence=_words(plan, metric, variant, outcome, effect),
    )


def _outcome(metric: MetricPlan, effect: Effect, tolerated: float) -> Outcome:
    gain_low, gain_high = (
        (effect.low, effect.high) if metric.higher_is_better else (-effect.high, -effect.low)
    )
    if gain_low > 0.0:
        return Outcome.BETTER
    return Outcome.WORSE if gain_high < -tolerated else Outcome.UNDECIDED


def _words(plan: ExperimentPlan, metric: MetricPlan, variant: str, outcome: Outcome, effect: Effect) -> str:
    noun = subject_words(metric)
    are = "are" if metric.kind is MetricKind.CONVERSION else "is"
    if outcome is Outcome.NO_DATA:
        return f"nothing is known of {noun} on {variant} yet: nobody's window is over on both sides"
    found = effect_words(metric, effect)
    if outcome is Outcome.UNDECIDED:
        return f"too early to say whether {noun} on {variant} differ from {plan.control}: so far {found}"
    whose = plan.control if are == "are" else f"that on {plan.control}"
    return f"{noun} on {variant} {are} {found} {whose}"


def _advise(
    plan: ExperimentPlan, findings: tuple[Finding, ...], ratio: RatioCheck
) -> tuple[Advice, str, str]:
    if ratio.is_off:
        return Advice.SPLIT_IS_OFF, "", ratio.sentence
    broken = [each for each in findings if each.is_guard and each.outcome is Outcome.WORSE]
    if broken:
        return Advice.GUARD_IS_BROKEN, "", "; ".join(f"the guard broke: {each.sentence}" for each in broken)
    deciding = [each for each in findings if each.metric == plan.metrics[0].name]
    if all(each.outcome is Outcome.NO_DATA for each in deciding):
        return Advice.NO_DATA, "", deciding[0].sentence
    better = [each for each in deciding if each.outcome is Outcome.BETTER]
    if better:
        best = max(better, key=lambda each: abs(each.effect.middle))
        return Advice.A_VARIANT_IS_BETTER, best.variant, f"{best.sentence}; {_basis(plan, best, better)}"
    if all(each.outcome is Outcome.WORSE for each in deciding):
        sentences = "; ".join(each.sentence for each in deciding)
        return Advice.CONTROL_IS_BEST, plan.control, f"{sentences}; {_basis(plan, deciding[0], [])}"
    return Advice.WAIT, "", "; ".join(each.sentence for each in deciding)


def _basis(plan: ExperimentPlan, best: Finding, better: list[Finding]) -> str:
    also = [each.variant for each in better if each.variant != best.variant]
    others = f"{' and '.join(also)} above {plan.control} as well, less so far; " if also else ""
    return (
        f"{others}shown by {best.users:,} users on {best.variant} and {best.control_users:,} on"
        f" {plan.control}; at most 1 in {1 / plan.alpha:.0f} experiments without any difference ever says so"
    )


def _span(small: float, large: float) -> str:
    first, second = _size(small), _size(large)
    return first if first == second else f"{first} to {second}"


def _size(value: float) -> str:
    """Return a size with two digits that count."""
    size = abs(value)
    if size < 1e-6:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(size)))
    text = f"{size:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
