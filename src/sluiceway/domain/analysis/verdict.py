"""What the evidence says, as one of five verdicts, each with its figures and one plain sentence.

What follows from a verdict (roll back, ask a person, go on) is decided elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from sluiceway.domain.analysis.counts import PROBLEM_WORDS, Problem
from sluiceway.domain.analysis.evidence import (
    Evidence,
    Settings,
    evidence_of_low_rate,
    evidence_of_regression,
    evidence_of_soundness,
)
from sluiceway.domain.analysis.incidents import rise
from sluiceway.domain.analysis.planning import Need, rough_duration, still_needed
from sluiceway.domain.analysis.ranges import Range, overall_range, recent_range

INSTANCE_TIME = "instance time"  # what crashes are counted in: seconds for which an instance is wanted
DOUBT = 0.1  # of the evidence a rollback needs: above it, nothing is called sound
_NOTHING, _ANYTHING = 0.01, 100.0  # a range from one to the other says nothing
_SPANS = (("second", 1.0), ("minute", 60.0), ("hour", 3_600.0), ("day", 86_400.0))
_ROUNDING = 1e-9


class RangeOf(StrEnum):
    """What a verdict's ranges are of: how the new version's figure compares with stable's."""

    RATIO = "ratio"  # of bad rates, new : stable
    DIFFERENCE = "difference"  # of means, new - stable, in the metric's unit


@dataclass(frozen=True, slots=True)
class Subject:
    """How people call things: `noun` in the plural ("errors", "slow requests") and the two versions.

    `of` is what the bad ones are counted of, in the plural ("requests", "payments"), or `INSTANCE_TIME`.
    Where means are compared, `noun` is in the singular ("satisfaction") and `unit` that of its values. At
    most one release in `one_in` that is within all limits is held for worse: the promise that all metrics
    of a rollout share; None where this one is alone. `why_unknown` says why the usual noise is not known.
    """

    noun: str
    new: str
    stable: str
    unit: str = ""
    of: str = "requests"
    one_in: float | None = None
    why_unknown: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures behind a verdict. `overall` and `recent` are always-valid ranges of the ratio new : stable;
    `shown` is the one the sentence speaks of. `evidence` of `needed` for a rollback, `soundness` of
    `soundness_needed` for "no worse". `is_trusted` is False when the noise was assumed, not learned: then a
    person should decide.

    Where means are compared, `range_of` is a difference, `margin` and `min_effect` are losses in the metric's
    unit, `x0` and `x1` are sums of values; a loss is a rise where `higher_is_worse`, else a drop."""

    overall: Range
    recent: Range
    shown: Range
    margin: float
    evidence: float
    needed: float
    soundness: float
    soundness_needed: float
    n0: float
    x0: float
    n1: float
    x1: float
    elapsed_s: float
    is_trusted: bool
    min_bad: int = 0
    min_effect: float = 0.0
    range_of: RangeOf = RangeOf.RATIO
    higher_is_worse: bool = True
    rise: float = -math.inf  # of counts: how far the new bad rate is above stable's


@dataclass(frozen=True, slots=True)
class Regression:
    """The new version is worse than tolerated."""

    sentence: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class NoRegressionWithinMargin:
    """The new version is not worse than stable by the margin or more."""

    sentence: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Undecided:
    """Neither is shown yet. `needs` says how much more data would show it."""

    sentence: str
    figures: Figures
    needs: Need


@dataclass(frozen=True, slots=True)
class NoData:
    """Nothing usable was seen, at all or lately. Never a pass."""

    sentence: str
    figures: Figures
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class SharedIncident:
    """Both versions are bad at once; `rise` is stable's bad rate as a multiple of its usual one, or by how
    much its mean is worse than usual, in the metric's unit."""

    sentence: str
    figures: Figures
    rise: float


Verdict = Regression | NoRegressionWithinMargin | Undecided | NoData | SharedIncident


def judge(state: Evidence, settings: Settings, subject: Subject) -> Verdict:
    """Return the verdict on one metric.

    A regression that was shown outranks silence and incidents: evidence doesn't fade because data stops.
    """
    figures = describe(state, settings)
    if is_regression(state, settings):
        return Regression(_regression_words(figures, settings, subject), figures)
    if state.n1 <= 0 or state.silent_s >= settings.stale_s:
        return NoData(_no_data_words(state, subject), figures, state.problem)
    if state.calm.is_incident:
        times = rise(state.calm)
        return SharedIncident(
            f"{subject.noun} rose to {times:.0f} times the usual on {subject.stable} itself, and on"
            f" {subject.new} with it: a shared incident, not held against {subject.new}",
            figures,
            times,
        )
    if is_sound(state, settings):
        return NoRegressionWithinMargin(
            _sound_words(state, settings, subject, figures),
            figures,
        )
    needs = still_needed(state, settings)
    return Undecided(_undecided_words(state, settings, subject, figures, needs), figures, needs)


def is_regression(state: Evidence, settings: Settings) -> bool:
    """Return whether a regression is shown at the metric's own alpha, and large enough to matter."""
    return (
        state.x1 >= settings.min_bad
        and evidence_of_regression(state) >= 1.0 / settings.alpha
        and rise_of_rate(state) >= settings.min_effect
    )


def is_large_enough(figures: Figures) -> bool:
    """Return whether what was counted so far reaches the smallest difference and count that are acted on."""
    if figures.range_of is RangeOf.DIFFERENCE:
        return loss_of(figures) >= figures.min_effect
    return figures.x1 >= figures.min_bad and figures.rise >= figures.min_effect


def loss_of(figures: Figures) -> float:
    """Return by how much the new version's mean seems to be worse than stable's, in the metric's unit."""
    return figures.shown.ratio if figures.higher_is_worse else -figures.shown.ratio


def rise_of_rate(state: Evidence) -> float:
    """Return how far the new version's bad rate is above stable's, 0 to 1; minus infinity without data.

    Since the start or lately, whichever is more: one that began late is as bad as one that was there before.
    """
    now = state.lately
    return max(_rise(state.n0, state.x0, state.n1, state.x1), _rise(now.n0, now.x0, now.n1, now.x1))


def _rise(n0: float, x0: float, n1: float, x1: float) -> float:
    return x1 / n1 - x0 / n0 if n0 > 0 and n1 > 0 else -math.inf


def is_sound(state: Evidence, settings: Settings) -> bool:
    """Return whether the new version is shown to be no worse than the margin, on enough fresh data."""
    return (
        state.elapsed_s >= settings.min_bake_s
        and state.silent_s == 0
        and min(state.n0, state.n1) >= settings.min_requests
        and not state.calm.is_incident
        and soundness(state, settings) >= 1.0 / settings.beta
        and evidence_of_regression(state) < DOUBT / settings.alpha
    )


def soundness(state: Evidence, settings: Settings) -> float:
    """Return the e-value for "no worse": by the ratio, or by the absolute limit where there is one.

    Each answers its own question at its own beta: "not too much worse" and "good enough in itself".
    """
    return max(evidence_of_soundness(state), evidence_of_low_rate(state, settings))


def describe(state: Evidence, settings: Settings) -> Figures:
    """Return the figures of the state as it is."""
    overall = overall_range(state.ratios, settings.alpha)
    recent = recent_range(state.ratios, settings.alpha, settings.bake_s)
    # What was shown to be worse began late where the whole bake looks better than the last minutes.
    is_late = (
        overall.low <= settings.margin and recent.ratio > overall.ratio and is_regression(state, settings)
    )
    return Figures(
        overall=overall,
        recent=recent,
        shown=recent if is_late or recent.low > overall.low else overall,
        margin=settings.margin,
        evidence=evidence_of_regression(state),
        needed=1.0 / settings.alpha,
        soundness=soundness(state, settings),
        soundness_needed=1.0 / settings.beta,
        n0=state.n0,
        x0=state.x0,
        n1=state.n1,
        x1=state.x1,
        elapsed_s=state.elapsed_s,
        is_trusted=settings.noise.is_learned,
        min_bad=settings.min_bad,
        min_effect=settings.min_effect,
        rise=rise_of_rate(state),
    )


def says_anything(found: Range) -> bool:
    """Return whether the range is narrow enough to be worth telling."""
    return found.low > _NOTHING or found.high < _ANYTHING


def times_words(found: Range) -> str:
    """Return a range as people say it: "3.2 to 5.9 times", "at most 0.9 times"."""
    if not says_anything(found):
        return "an unknown number of times"
    if found.low <= _NOTHING:
        return f"at most {_number(found.high)} times"
    if found.high >= 1_000:
        return f"at least {_number(found.low)} times"
    return f"{_number(found.low)} to {_number(found.high)} times"


def untrusted_words(why: str = "") -> str:
    """Return why a person should decide where the usual noise is assumed, not learned."""
    known = f"is not known yet ({why})" if why else "is not known yet"
    return f"how much two equally good versions differ here {known}, so a person should decide"


def rarity_words(subject: Subject, alpha: float) -> str:
    """Return how seldom a version that is within its limit looks as bad as one that is held for worse."""
    one_in = 1.0 / alpha if subject.one_in is None else subject.one_in
    return f"at most 1 in {one_in:,.0f} releases within that limit ever looks like this"


def share_words(bad: float, count: float, of: str) -> str:
    """Return how many of how much: "34 in 1,203 requests", "2 in 25 min of instance time"."""
    return f"{bad:,.0f} in {amount_words(count, of)}"


def amount_words(count: float, of: str) -> str:
    """Return how much was counted: "1,203 requests", "25 min of instance time"."""
    if of != INSTANCE_TIME:
        return f"{count:,.0f} {of}"
    return f"{rough_duration(count)} of {of}" if count > 0 else f"no {of}"


def rate_words(rate: float, of: str) -> str:
    """Return a bad rate: a share (0 to 1) as "0.1 % of requests", one per second of `INSTANCE_TIME` as
    "1 per hour and instance"."""
    if of != INSTANCE_TIME:
        return f"{rate * 100:.3g} % of {of}"
    if rate <= 0.0:
        return "none"
    name, seconds = next((each for each in _SPANS if rate * each[1] > 1.0 - _ROUNDING), _SPANS[-1])
    return f"{rate * seconds:.3g} per {name} and instance"


def silence_words(silent_s: float) -> str:
    """Return how long nothing usable was seen."""
    return f"{silent_s:.0f} s" if silent_s < 120 else f"{silent_s / 60:.0f} min"


def _regression_words(figures: Figures, settings: Settings, subject: Subject) -> str:
    found = figures.shown
    limit, who = f"limit {settings.margin:g} times", f"{subject.noun} on {subject.new}"
    if found.low > settings.margin:
        said = f"{who} are {_as_frequent(times_words(found), subject)}; {limit}"
    else:
        range_words = f" ({times_words(found)})" if says_anything(found) else ""
        about = _as_frequent(f"about {_number(found.ratio)} times", subject)
        said = f"{who} are {about}{range_words}; {limit}; {rarity_words(subject, settings.alpha)}"
    return said if figures.is_trusted else f"{said}; {untrusted_words(subject.why_unknown)}"


def _as_frequent(times: str, subject: Subject) -> str:
    return f"{times} as frequent as on {subject.stable}"


def _sound_words(state: Evidence, settings: Settings, subject: Subject, figures: Figures) -> str:
    who = f"{subject.noun} on {subject.new}"
    if evidence_of_soundness(state) < 1.0 / settings.beta and settings.limit_rate is not None:
        return f"{who} stay below the limit of {rate_words(settings.limit_rate, subject.of)}"
    bound = f"{settings.sound_margin:g} times or more"
    if figures.overall.high < settings.sound_margin:
        return f"{who} are {_as_frequent(times_words(figures.overall), subject)}; {bound} is ruled out"
    # The range promises more than this verdict does, so it may still reach beyond the margin.
    rare = f"at most 1 in {1 / settings.beta:.0f} releases at {bound} ever looks this good"
    about = f"about {_number(figures.overall.ratio)} times"
    return f"{who} are {_as_frequent(about, subject)}; {rare}"


def _no_data_words(state: Evidence, subject: Subject) -> str:
    why = f": {_problem_words(state.problem, subject.of)}" if state.problem else ""
    if state.n1 <= 0:
        return f"nothing is known of {subject.noun} on {subject.new} yet{why}"
    return f"no usable figures of {subject.noun} on {subject.new} for {silence_words(state.silent_s)}{why}"


def _problem_words(problem: Problem, of: str) -> str:
    is_of_time = of == INSTANCE_TIME
    match problem:
        case Problem.NO_REQUESTS_ON_NEW:
            return "the new version had no instance" if is_of_time else f"the new version had no {of}"
        case Problem.NO_REQUESTS_ON_STABLE:
            what = "instance" if is_of_time else of
            return f"the stable version had no {what} to compare with"
        case Problem.MORE_BAD_THAN_REQUESTS if is_of_time:
            return "more crashes than seconds: a counter was probably reset"
        case Problem.MORE_BAD_THAN_REQUESTS:
            return f"more bad {of} than {of}: a counter was probably reset"
        case _:
            return PROBLEM_WORDS[problem]


def _undecided_words(
    state: Evidence, settings: Settings, subject: Subject, figures: Figures, needs: Need
) -> str:
    so_far = (
        f"too early to say whether {subject.noun} on {subject.new} are more frequent than on {subject.stable}"
    )
    of = subject.of
    stable = (
        share_words(state.x0, state.n0, of) if of == INSTANCE_TIME else f"{state.x0:,.0f} in {state.n0:,.0f}"
    )
    counts = f"{share_words(state.x1, state.n1, of)} on {subject.new}, {stable} on {subject.stable}"
    if min(state.n0, state.n1) < settings.min_requests:
        return f"{so_far}: {counts}; it takes at least {amount_words(settings.min_requests, of)} on each"
    times = f"so far {times_words(figures.overall)} as frequent"
    known = times if says_anything(figures.overall) else counts
    return f"{so_far}: {known}; {needs.words}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 0.1 else f"{value:.2f}"
