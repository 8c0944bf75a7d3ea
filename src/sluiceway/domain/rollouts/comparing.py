"""One analysed metric, whichever way it is compared: counts by their ratio, ratings by their difference.

Puts the process's words into the settings of `domain.analysis` and asks the method that fits the metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import assert_never

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import (
    Evidence,
    Settings,
    evidence_of_low_rate,
    evidence_of_regression,
    evidence_of_soundness,
    start,
    update,
)
from sluiceway.domain.analysis.mean_verdict import judge_means
from sluiceway.domain.analysis.means import (
    MeanEvidence,
    MeanInterval,
    MeanSettings,
    evidence_of_loss,
    evidence_of_no_loss,
    start_means,
    update_means,
)
from sluiceway.domain.analysis.noise import CAUTIOUS, Noise
from sluiceway.domain.analysis.verdict import INSTANCE_TIME, Subject, Verdict, judge
from sluiceway.domain.process import metrics
from sluiceway.domain.process.plan import AnalysedMetric, Analysis, Comparison, MetricSource
from sluiceway.domain.rollouts.model import MetricAnalysis, StageStart

_JUDGED = 256  # verdicts remembered, of all rollouts
_LEAST = 1e-300  # evidence, so that it can be divided by


def unseen(metric: AnalysedMetric) -> MetricAnalysis:
    """Return what is known of a metric before anything was counted."""
    match metric.comparison:
        case Comparison.COUNTS:
            return MetricAnalysis(metric.name, start(Settings()), CAUTIOUS)
        case Comparison.MEANS:
            return MetricAnalysis(metric.name, start_means(), CAUTIOUS)
        case _:
            assert_never(metric.comparison)


def fits(known: MetricAnalysis, metric: AnalysedMetric) -> bool:
    """Return whether what is known was gathered for this metric, compared the way it is now."""
    is_of_counts = isinstance(known.evidence, Evidence)
    return known.name == metric.name and is_of_counts == (metric.comparison is Comparison.COUNTS)


def silence(metric: AnalysedMetric, seconds: float) -> Interval | MeanInterval:
    """Return an interval of which nothing is known."""
    if metric.comparison is Comparison.MEANS:
        return MeanInterval(0, 0, 0, 0, 0, 0, seconds, is_missing=True)
    return Interval(0, 0, 0, 0, seconds, is_missing=True)


def take_in(
    evidence: Evidence | MeanEvidence,
    intervals: Sequence[Interval | MeanInterval],
    *,
    metric: AnalysedMetric,
    analysis: Analysis,
    noise: Noise,
    bake_s: float,
) -> Evidence | MeanEvidence:
    """Return the evidence after these intervals; those of the other kind are passed over."""
    if isinstance(evidence, Evidence):
        settings = settings_of(analysis, metric, noise, bake_s)
        evidence = evidence if evidence.elapsed_s > 0 else start(settings)
        for interval in intervals:
            evidence = update(evidence, interval, settings) if isinstance(interval, Interval) else evidence
        return evidence
    of_means = mean_settings_of(analysis, metric, noise, bake_s)
    for interval in intervals:
        if isinstance(interval, MeanInterval):
            evidence = update_means(evidence, interval, of_means)
    return evidence


def stage_start(evidence: Evidence | MeanEvidence) -> StageStart:
    """Return how far the evidence is now, as a stage's weight comes into force."""
    if isinstance(evidence, Evidence):
        return StageStart(evidence.n0, evidence.n1, evidence.x1, evidence_of_soundness(evidence))
    return StageStart(evidence.n0, evidence.n1, 0.0, evidence_of_no_loss(evidence))


def is_sound_in_stage(
    known: MetricAnalysis, *, metric: AnalysedMetric, analysis: Analysis, bake_s: float
) -> bool:
    """Return whether the running stage alone shows the metric to be no worse, on enough data of its own.

    What a version did at a lower weight says nothing of how it bears this one. The quotient of two moments of
    an e-process is an e-value given the first, so the stage has a chance of `beta` of being wrong, no more.
    """
    now, then = known.evidence, known.at_stage
    if min(now.n0 - then.n0, now.n1 - then.n1) < metric.min_requests:
        return False
    before = max(then.soundness, _LEAST)
    if isinstance(now, Evidence):
        settings = settings_of(analysis, metric, known.noise, bake_s)
        here = replace(now, n1=now.n1 - then.n1, x1=now.x1 - then.x1)
        shown = max(evidence_of_soundness(now) / before, evidence_of_low_rate(here, settings))
    else:
        shown = evidence_of_no_loss(now) / before
    return shown >= 1.0 / analysis.beta


@lru_cache(maxsize=_JUDGED)
def judge_metric(
    known: MetricAnalysis, *, metric: AnalysedMetric, analysis: Analysis, bake_s: float, subject: Subject
) -> tuple[Verdict, float]:
    """Return the verdict, and the evidence of a regression as the part of what a rollback needs.

    The verdict's evidence is what it adds to that of all metrics, of which 1 / alpha is needed: a metric that
    reaches its share of the budget brings as much on its own, so one promise covers all of them.

    A tick asks several times of the same evidence, and people look at it in between, hence the memory.
    """
    if isinstance(known.evidence, Evidence):
        settings = settings_of(analysis, metric, known.noise, bake_s)
        share = evidence_of_regression(known.evidence) * settings.alpha
        return _of_all(judge(known.evidence, settings, subject), share, analysis), share
    of_means = mean_settings_of(analysis, metric, known.noise, bake_s)
    share = evidence_of_loss(known.evidence) * of_means.alpha
    return _of_all(judge_means(known.evidence, of_means, subject), share, analysis), share


def _of_all(verdict: Verdict, share: float, analysis: Analysis) -> Verdict:
    needed = 1.0 / analysis.alpha
    return replace(verdict, figures=replace(verdict.figures, evidence=share * needed, needed=needed))


def counted_of(metric: AnalysedMetric) -> str:
    """Return what the metric's bad ones are counted of, in words."""
    return INSTANCE_TIME if metric.source is MetricSource.DEPLOY else metric.of


def unit_of(metric: AnalysedMetric) -> str:
    """Return the unit of the values whose mean is compared, for people ("points", "s"); of counts none."""
    if metric.comparison is not Comparison.MEANS:
        return ""
    unit = (metric.spec.unit if metric.spec else "") or metrics.unit_of(metric.name)
    return "points" if unit == metrics.SCORE else unit


def settings_of(analysis: Analysis, metric: AnalysedMetric, noise: Noise, bake_s: float) -> Settings:
    """Return what the method promises for one counted metric: its share of alpha over `bake_s` real seconds.

    The shortest bake is of process time, so that `progress` asks for it.
    """
    return Settings(
        noise=noise,
        margin=metric.margin,
        alpha=alpha_of(analysis, metric),
        bake_s=bake_s,
        sound_margin=metric.sound_margin,
        beta=analysis.beta,
        min_bad=metric.min_bad,
        min_requests=metric.min_requests,
        min_bake_s=0.0,
        stale_s=analysis.stale_of(metric),
        limit_rate=metric.limit_rate,
        min_effect=metric.min_effect,
    )


def mean_settings_of(analysis: Analysis, metric: AnalysedMetric, noise: Noise, bake_s: float) -> MeanSettings:
    """Return the same for a metric whose means are compared."""
    return MeanSettings(
        low=metric.low,
        high=metric.high,
        margin=metric.margin,
        sound_margin=metric.sound_margin,
        alpha=alpha_of(analysis, metric),
        beta=analysis.beta,
        bake_s=bake_s,
        min_values=metric.min_requests,
        min_bake_s=0.0,
        stale_s=analysis.stale_of(metric),
        min_effect=metric.min_effect,
        higher_is_worse=metric.higher_is_worse,
        noise=noise,
    )


def alpha_of(analysis: Analysis, metric: AnalysedMetric) -> float:
    """Return the metric's share of the error budget."""
    return analysis.alpha * metric.weight / sum(each.weight for each in analysis.metrics)
