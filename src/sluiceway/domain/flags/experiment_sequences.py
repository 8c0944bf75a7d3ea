"""How the comparison of one variant with the control goes on, step by step, for one metric.

The evidence is that of `domain.analysis`: ratios of rates for conversions, bets on bounded means for all
other figures. It may be looked at after every step. Users are independent of each other, so no noise beyond
chance is assumed. What ranges mean for an experiment is the business of `experiment_results`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.mean_ranges import range_of
from sluiceway.domain.analysis.means import (
    MeanEvidence,
    MeanInterval,
    MeanSettings,
    start_means,
    update_means,
)
from sluiceway.domain.analysis.noise import INDEPENDENT
from sluiceway.domain.analysis.ranges import Range, Ratios, follow_ratio, overall_range, start_ratios
from sluiceway.domain.flags.experiment_model import (
    NOTHING,
    ExperimentPlan,
    MetricKind,
    MetricPlan,
    Step,
    Tally,
)

# Steps are compared by their order. Their lengths would only make `means` give up users that wait for
# counterparts, which is right for two versions at work and wrong for users who are finished.
_STEP_S = 1e-3
_KNOWN_FIRST = 20.0  # control's figures before a ratio is compared at all: they only say where it lies


@dataclass(frozen=True, slots=True)
class Course:
    """One comparison so far: totals of the control (`of0`) and the variant (`of1`), and the evidence.

    `waiting0` and `waiting1` are users for whom there is no counterpart yet.
    """

    ratios: Ratios
    means: MeanEvidence
    of0: Tally = NOTHING
    of1: Tally = NOTHING
    waiting0: Tally = NOTHING
    waiting1: Tally = NOTHING


@dataclass(frozen=True, slots=True)
class Effect:
    """How a variant's figure compares with control's, and the range that holds it at all looks.

    For conversions the share by which its rate is above control's (0.1 is 10 percent), else the difference in
    the metric's unit. Infinite bounds are not known.
    """

    middle: float
    low: float
    high: float


UNKNOWN = Effect(0.0, -math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Progress:
    """All comparisons of an experiment after so many steps, by variant and metric."""

    courses: dict[tuple[str, str], Course] = field(default_factory=dict[tuple[str, str], Course])


def start_progress(plan: ExperimentPlan) -> Progress:
    """Return the state before anybody counted."""
    fresh = Course(start_ratios(INDEPENDENT), start_means())
    return Progress(
        {(variant, metric.name): fresh for variant in plan.challengers for metric in plan.measured}
    )


def follow(progress: Progress, plan: ExperimentPlan, step: Step) -> Progress:
    """Return the state after one more finished step."""
    courses = dict(progress.courses)
    for metric in plan.measured:
        control = step.of(plan.control, metric.name)
        for variant in plan.challengers:
            own = step.of(variant, metric.name)
            if control.n or own.n:
                key = (variant, metric.name)
                courses[key] = _follow(courses[key], metric, control, own)
    return Progress(courses)


def effect_of(course: Course, metric: MetricPlan, alpha: float) -> Effect:
    """Return the effect with its range, valid at all looks together with chance 1 - `alpha`."""
    if not course.of0.n or not course.of1.n:
        return UNKNOWN
    if metric.kind is MetricKind.CONVERSION:
        # It gives half of its error to ranges of the last minutes, which nobody asks for here.
        return _of_ratio(overall_range(course.ratios, 2.0 * alpha))
    return _of_means(course, metric, alpha)


def figure(metric: MetricPlan, of: Tally) -> float | None:
    """Return a variant's own figure: a rate (0 to 1), a mean or a ratio; None when there is none."""
    if metric.kind is MetricKind.RATIO:
        return of.total / of.per if of.per > 0 else None
    return of.total / of.n if of.n else None


def _follow(course: Course, metric: MetricPlan, control: Tally, own: Tally) -> Course:
    now = replace(
        course,
        of0=course.of0.plus(control),
        of1=course.of1.plus(own),
        waiting0=course.waiting0.plus(control),
        waiting1=course.waiting1.plus(own),
    )
    if not now.waiting0.n or not now.waiting1.n:
        return now
    paired = replace(now, waiting0=NOTHING, waiting1=NOTHING)
    if metric.kind is MetricKind.CONVERSION:
        return replace(paired, ratios=_with_counts(course.ratios, now.waiting0, now.waiting1))
    if metric.kind is not MetricKind.RATIO:
        return replace(paired, means=_with_values(course.means, metric, now.waiting0, now.waiting1))
    ratio = figure(metric, course.of0)
    if ratio is None or course.of0.n < _KNOWN_FIRST:
        return paired
    lines = [_line(metric, side, ratio) for side in (now.waiting0, now.waiting1)]
    return replace(paired, means=_with_values(course.means, _UNIT, *lines))


def _with_counts(ratios: Ratios, control: Tally, own: Tally) -> Ratios:
    """Judge how the conversions of both are split between them, given how the users are.

    The likelihood ratio that `ranges` rests on is of Poisson counts. For users who convert or don't its
    expectation is smaller, so the range is a little wider than it must be: docs/experiments.md.
    """
    counts = Interval(control.n, control.total, own.n, own.total, _STEP_S)
    return follow_ratio(ratios, math.log(own.n / control.n), counts, INDEPENDENT, 0.0)


def _with_values(means: MeanEvidence, metric: MetricPlan, control: Tally, own: Tally) -> MeanEvidence:
    sums = MeanInterval(control.n, control.total, control.squares, own.n, own.total, own.squares, _STEP_S)
    return update_means(means, sums, _settings(metric))


def _settings(metric: MetricPlan) -> MeanSettings:
    return MeanSettings(
        low=metric.low,
        high=metric.high,
        margin=0.0,
        sound_margin=metric.high - metric.low,
        noise=INDEPENDENT,
    )


_UNIT = MetricPlan("line", MetricKind.AVERAGE, low=0.0, high=1.0)


def _line(metric: MetricPlan, side: Tally, ratio: float) -> Tally:
    """Return sums of `value - ratio * per` of each user, brought to 0 .. 1.

    If both variants have the same ratio, so near `ratio` as it is known, the means of this are the same. The
    ratio is control's from all steps before, so nothing is chosen by what is seen now. Source: Budylin et
    al., "Consistent transformation of ratio metrics for efficient online controlled experiments", WSDM 2018.
    """
    shift, width = ratio * metric.per_high, metric.high + ratio * metric.per_high
    total = side.total - ratio * side.per
    squares = side.squares - 2.0 * ratio * side.products + ratio * ratio * side.per_squares
    return Tally(
        side.n,
        (total + shift * side.n) / width,
        (squares + 2.0 * shift * total + shift * shift * side.n) / (width * width),
    )


def _of_ratio(found: Range) -> Effect:
    return Effect(found.ratio - 1.0, found.low - 1.0 if found.low > 0.0 else -1.0, found.high - 1.0)


def _of_means(course: Course, metric: MetricPlan, alpha: float) -> Effect:
    middle, low, high = range_of(course.means.windows.overall, alpha)
    unit = metric.high - metric.low
    if metric.kind is MetricKind.RATIO:
        ratio = figure(metric, course.of0)
        if ratio is None:
            return UNKNOWN
        unit = (metric.high + ratio * metric.per_high) * course.of0.n / course.of0.per
    return Effect(
        unit * middle,
        unit * low if low > -1.0 else -math.inf,
        unit * high if high < 1.0 else math.inf,
    )
