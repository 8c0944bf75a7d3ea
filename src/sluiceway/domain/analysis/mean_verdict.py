"""What the evidence on two means says, as one of the verdicts of `verdict`, with figures and one sentence.

What follows from a verdict (roll back, ask a person, go on) is decided elsewhere.
"""

from __future__ import annotations

import math

from sluiceway.domain.analysis.counts import PROBLEM_WORDS, Problem
from sluiceway.domain.analysis.mean_planning import still_needed_of_means
from sluiceway.domain.analysis.mean_ranges import RECENT_S, Window, range_of
from sluiceway.domain.analysis.means import MeanEvidence, MeanSettings, evidence_of_loss, evidence_of_no_loss
from sluiceway.domain.analysis.planning import Need
from sluiceway.domain.analysis.ranges import Range
from sluiceway.domain.analysis.verdict import (
    DOUBT,
    Figures,
    NoData,
    NoRegressionWithinMargin,
    RangeOf,
    Regression,
    SharedIncident,
    Subject,
    Undecided,
    Verdict,
    is_large_enough,
    loss_of,
    rarity_words,
    silence_words,
    untrusted_words,
)

_WORDS = PROBLEM_WORDS | {
    Problem.NO_REQUESTS_ON_NEW: "the new version had no values",
    Problem.NO_REQUESTS_ON_STABLE: "the stable version had no values to compare with",
}
_SMALLEST = 1e-4  # of the width of the bounds: less is told as 0


def judge_means(state: MeanEvidence, settings: MeanSettings, subject: Subject) -> Verdict:
    """Return the verdict on one metric; `subject.noun` is in the singular ("satisfaction", "time on task").

    A regression that was shown outranks silence and incidents: evidence doesn't fade because data stops.
    """
    figures = describe_means(state, settings)
    if is_loss(state, settings):
        return Regression(_regression_words(figures, settings, subject), figures)
    if state.n1 <= 0 or state.silent_s >= settings.stale_s:
        return NoData(_no_data_words(state, subject), figures, state.problem)
    if state.calm.is_incident:
        rise = state.calm.rise * settings.width
        return SharedIncident(_incident_words(rise, settings, subject), figures, rise)
    if is_no_loss(state, settings):
        return NoRegressionWithinMargin(_sound_words(figures, settings, subject), figures)
    needs = still_needed_of_means(state, loss_of(figures), settings)
    return Undecided(_undecided_words(state, settings, subject, figures, needs), figures, needs)


def is_loss(state: MeanEvidence, settings: MeanSettings) -> bool:
    """Return whether a loss beyond the margin is shown at the metric's alpha, large enough to matter."""
    if evidence_of_loss(state) < 1.0 / settings.alpha:
        return False
    return settings.min_effect <= 0.0 or is_large_enough(describe_means(state, settings))


def is_no_loss(state: MeanEvidence, settings: MeanSettings) -> bool:
    """Return whether the new version is shown to lose less than the margin, on enough fresh data."""
    return (
        state.elapsed_s >= settings.min_bake_s
        and state.silent_s < settings.stale_s
        and min(state.n0, state.n1) >= settings.min_values
        and not state.calm.is_incident
        and evidence_of_no_loss(state) >= 1.0 / settings.beta
        and evidence_of_loss(state) < DOUBT / settings.alpha
    )


def describe_means(state: MeanEvidence, settings: MeanSettings) -> Figures:
    """Return the figures of the state as it is, in the metric's unit: ranges of the difference new - stable.

    The overall range has half of alpha, all recent ranges of a bake share the other half.
    """
    evidence, needed = evidence_of_loss(state), 1.0 / settings.alpha
    windows = max(1.0, math.ceil(settings.bake_s / RECENT_S))
    overall = _range(state.windows.overall, settings.alpha / 2.0, settings)
    recent = _range(state.windows.older, settings.alpha / 2.0 / windows, settings)
    shown = recent if _worst(recent, settings) > _worst(overall, settings) else overall
    if evidence >= needed and _worst(shown, settings) <= settings.margin:
        # It began late, or is small: the range since the start may hide what is held against the version.
        shown = max(overall, recent, key=lambda found: _loss(found.ratio, settings))
    return Figures(
        overall=overall,
        recent=recent,
        shown=shown,
        margin=settings.margin,
        evidence=evidence,
        needed=needed,
        soundness=evidence_of_no_loss(state),
        soundness_needed=1.0 / settings.beta,
        n0=state.n0,
        x0=state.total0,
        n1=state.n1,
        x1=state.total1,
        elapsed_s=state.elapsed_s,
        is_trusted=settings.noise.is_learned,
        min_effect=settings.min_effect,
        range_of=RangeOf.DIFFERENCE,
        higher_is_worse=settings.higher_is_worse,
    )


def difference_words(found: Range, settings: MeanSettings, unit: str = "") -> str:
    """Return a range of differences as people say it: "0.3 to 0.6 points below", "at least 2 s above"."""
    low, high = _sized(found.low, settings, unit), _sized(found.high, settings, unit)
    lowest, highest = _amount(found.low, settings), _amount(found.high, settings)
    is_low_known, is_high_known = found.low > -settings.width, found.high < settings.width
    if found.low > 0.0:
        return f"{lowest} to {high} above" if is_high_known else f"at least {low} above"
    if found.high < 0.0:
        return f"{highest} to {low} below" if is_low_known else f"at least {high} below"
    if is_low_known and is_high_known:
        return f"between {low} below and {high} above"
    if is_low_known:
        return f"at most {low} below"
    return f"at most {high} above" if is_high_known else "an unknown amount above or below"


def _range(window: Window, alpha: float, settings: MeanSettings) -> Range:
    middle, low, high = (settings.width * each for each in range_of(window, alpha))
    return Range(middle, low, high) if settings.higher_is_worse else Range(0.0 - middle, -high, -low)


def _worst(found: Range, settings: MeanSettings) -> float:
    """The loss that is shown at least."""
    return found.low if settings.higher_is_worse else -found.high


def _loss(difference: float, settings: MeanSettings) -> float:
    return difference if settings.higher_is_worse else -difference


def _regression_words(figures: Figures, settings: MeanSettings, subject: Subject) -> str:
    found = figures.shown
    limit = f"limit {_sized(settings.margin, settings, subject.unit)}"
    range_words = difference_words(found, settings, subject.unit)
    who = f"{subject.noun} on {subject.new} is"
    if _worst(found, settings) > settings.margin:
        said = f"{who} {range_words} {_that_of_stable(subject)}; {limit}"
    else:
        way = "above" if found.ratio > 0.0 else "below"
        about = f"about {_sized(found.ratio, settings, subject.unit)} {way} {_that_of_stable(subject)}"
        said = f"{who} {about} ({range_words}); {limit}; {rarity_words(subject, settings.alpha)}"
    return said if figures.is_trusted else f"{said}; {untrusted_words(subject.why_unknown)}"


def _that_of_stable(subject: Subject) -> str:
    """Return what a mean is compared with; "below 2.0" would read as a number."""
    return f"that on {subject.stable}"


def _sound_words(figures: Figures, settings: MeanSettings, subject: Subject) -> str:
    way = "above" if settings.higher_is_worse else "below"
    bound = f"{_sized(settings.sound_margin, settings, subject.unit)} or more {way}"
    found = figures.overall
    who = f"{subject.noun} on {subject.new} is"
    most = found.high if settings.higher_is_worse else -found.low
    if most < settings.sound_margin:
        range_words = difference_words(found, settings, subject.unit)
        return f"{who} {range_words} {_that_of_stable(subject)}; {bound} is ruled out"
    # The range promises more than this verdict does, so it may still reach beyond the margin.
    side = "above" if found.ratio > 0.0 else "below"
    about = f"about {_sized(found.ratio, settings, subject.unit)} {side} {_that_of_stable(subject)}"
    return f"{who} {about}; at most 1 in {1 / settings.beta:.0f} releases at {bound} ever looks this good"


def _incident_words(rise: float, settings: MeanSettings, subject: Subject) -> str:
    way = "rose" if settings.higher_is_worse else "fell"
    by = _sized(rise, settings, subject.unit)
    return (
        f"{subject.noun} {way} by {by} on {subject.stable} itself, and on {subject.new} with it: a shared"
        f" incident, not held against {subject.new}"
    )


def _no_data_words(state: MeanEvidence, subject: Subject) -> str:
    why = f": {_WORDS[state.problem]}" if state.problem else ""
    if state.n1 <= 0:
        return f"nothing is known of {subject.noun} on {subject.new} yet{why}"
    return f"no usable figures of {subject.noun} on {subject.new} for {silence_words(state.silent_s)}{why}"


def _undecided_words(
    state: MeanEvidence, settings: MeanSettings, subject: Subject, figures: Figures, needs: Need
) -> str:
    so_far = f"too early to say whether {subject.noun} on {subject.new} is worse than on {subject.stable}"
    counts = f"{state.n1:,.0f} values on {subject.new}, {state.n0:,.0f} on {subject.stable}"
    if min(state.n0, state.n1) < settings.min_values:
        return f"{so_far}: {counts}; it takes at least {settings.min_values} on each"
    found = figures.overall
    is_known = found.low > -settings.width and found.high < settings.width
    known = f"so far {difference_words(found, settings, subject.unit)}" if is_known else counts
    return f"{so_far}: {known}; {needs.words}"


def _sized(value: float, settings: MeanSettings, unit: str) -> str:
    """Return a size with its unit: "0.3 points", "1 point", "23 s"."""
    amount = _amount(value, settings)
    return f"{amount} {unit.removesuffix('s') if amount == '1' and len(unit) > 1 else unit}".rstrip()


def _amount(value: float, settings: MeanSettings) -> str:
    """Return a size with two digits that count."""
    size = abs(value)
    if size < _SMALLEST * settings.width:
        return "0"
    digits = max(0, 1 - math.floor(math.log10(size)))
    text = f"{size:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
