"""The statistical comparison of a rollout as people and programs are shown it. Pure.

What it means is said by `domain.rollouts.analysis_words`; this module only puts it into the shape of `views`.
"""

from __future__ import annotations

from sluiceway.domain.analysis.mean_verdict import difference_words
from sluiceway.domain.analysis.means import MeanSettings
from sluiceway.domain.analysis.verdict import (
    Figures,
    RangeOf,
    rate_words,
    says_anything,
    times_words,
    untrusted_words,
)
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, Comparison
from sluiceway.domain.rollouts.analysing import Found, find, is_compared, usual_noise, why_unknown
from sluiceway.domain.rollouts.analysis_words import (
    Stand,
    bound_words,
    compared_words,
    counts_words,
    early_words,
    evidence_words,
    follows_words,
    mean_words,
    noise_words,
    promise_words,
    regression_words,
    stand_of,
    stand_words,
)
from sluiceway.domain.rollouts.comparing import counted_of, unit_of
from sluiceway.domain.rollouts.model import Observation, RolloutState
from sluiceway.domain.rollouts.plotting import known_range
from sluiceway.services.views import AnalysisView, ComparedView

NOT_KNOWN = "not known yet"
VALUES = "values"  # what means are of
NOTHING_SEEN = Observation()


def render_analysis(state: RolloutState, seen: Observation = NOTHING_SEEN) -> AnalysisView | None:
    """Return what the comparison has found so far; None when the plan has none.

    `seen` says what is known of the usual noise before anything was counted.
    """
    analysis = state.plan.analysis
    if analysis is None:
        return None
    found = find(state)
    bounds_ms = {each.name: each.slower_than_ms for each in state.analysis.metrics} if state.analysis else {}
    return AnalysisView(
        is_comparing=is_compared(state),
        standing=compared_words(state),
        alpha=analysis.alpha,
        promise=promise_words(state),
        on_regression=analysis.on_regression.value,
        on_regression_words=regression_words(
            state, is_trusted=all(each.verdict.figures.is_trusted for each in found)
        ),
        promote_early=analysis.promote_early,
        early=early_words(analysis),
        incident=state.analysis.incident if state.analysis else "",
        evidence_share=min(1.0, sum(each.evidence_share for each in found)),
        metrics=tuple(
            render_compared(each, state, bounds_ms.get(each.metric.name) or each.metric.slower_than_ms)
            for each in found
        )
        or tuple(_not_yet(metric, analysis, state, seen) for metric in analysis.metrics),
    )


def render_compared(found: Found, state: RolloutState, slower_than_ms: float = 0.0) -> ComparedView:
    """Return one metric with its verdict; `slower_than_ms` is what counts as slow, 0 for other metrics."""
    metric, figures, stand = found.metric, found.verdict.figures, stand_of(found)
    ratio, low, high = known_range(figures.shown) or (None, None, None)
    return ComparedView(
        name=metric.name,
        words=metric.words,
        verdict=stand.value,
        verdict_words=stand_words(stand),
        sentence=found.verdict.sentence,
        ratio=ratio,
        low=low,
        high=high,
        range_words=_range_words(metric, figures),
        range_of=figures.range_of.value,
        unit=unit_of(metric),
        is_higher_worse=metric.higher_is_worse,
        margin=metric.margin,
        margin_words=bound_words(metric, metric.margin),
        sound_margin=metric.sound_margin,
        sound_margin_words=bound_words(metric, metric.sound_margin),
        of=_of(metric),
        new_bad=figures.x1,
        new_all=figures.n1,
        stable_bad=figures.x0,
        stable_all=figures.n0,
        new_words=_words_of(metric, figures.x1, figures.n1),
        stable_words=_words_of(metric, figures.x0, figures.n0),
        counts_words=counts_words(found, state),
        evidence_share=min(1.0, found.evidence_share),
        evidence_words=evidence_words(found, state),
        is_noise_known=figures.is_trusted,
        noise_words=noise_words(found, state),
        slower_than_ms=slower_than_ms or None,
        follows=follows_words(state, found),
    )


def _range_words(metric: AnalysedMetric, figures: Figures) -> str:
    if figures.range_of is RangeOf.RATIO:
        return times_words(figures.shown) if says_anything(figures.shown) else NOT_KNOWN
    settings = MeanSettings(
        metric.low,
        metric.high,
        metric.margin,
        metric.sound_margin,
        higher_is_worse=metric.higher_is_worse,
    )
    is_known = figures.shown.low > -settings.width or figures.shown.high < settings.width
    return difference_words(figures.shown, settings, unit_of(metric)) if is_known else NOT_KNOWN


def _words_of(metric: AnalysedMetric, bad: float, count: float) -> str:
    """Return how often something bad was counted, or the mean of the values."""
    if count <= 0:
        return ""
    if metric.comparison is Comparison.MEANS:
        return f"{mean_words(bad, count)} {unit_of(metric)}".rstrip()
    return rate_words(bad / count, counted_of(metric))


def _of(metric: AnalysedMetric) -> str:
    return VALUES if metric.comparison is Comparison.MEANS else counted_of(metric)


def _not_yet(
    metric: AnalysedMetric, analysis: Analysis, state: RolloutState, seen: Observation
) -> ComparedView:
    """Return a metric of a rollout whose first stage is still to come."""
    is_noise_known = usual_noise(analysis, metric, seen).is_learned
    return ComparedView(
        name=metric.name,
        words=metric.words,
        verdict=Stand.NO_DATA.value,
        verdict_words="not yet",
        sentence=f"{metric.words} on {state.new} and {state.stable} have not been compared yet",
        ratio=None,
        low=None,
        high=None,
        range_words=NOT_KNOWN,
        range_of=(RangeOf.RATIO if metric.comparison is Comparison.COUNTS else RangeOf.DIFFERENCE).value,
        unit=unit_of(metric),
        is_higher_worse=metric.higher_is_worse,
        margin=metric.margin,
        margin_words=bound_words(metric, metric.margin),
        sound_margin=metric.sound_margin,
        sound_margin_words=bound_words(metric, metric.sound_margin),
        of=_of(metric),
        new_bad=0.0,
        new_all=0.0,
        stable_bad=0.0,
        stable_all=0.0,
        new_words="",
        stable_words="",
        counts_words="nothing has been counted yet",
        evidence_share=0.0,
        evidence_words="nothing has been counted yet",
        is_noise_known=is_noise_known,
        noise_words="" if is_noise_known else untrusted_words(why_unknown(analysis, metric, seen)),
        slower_than_ms=metric.slower_than_ms or None,
        follows="",
    )
