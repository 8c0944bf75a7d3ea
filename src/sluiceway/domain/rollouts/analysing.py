"""The statistical comparison inside a rollout: counted intervals into a verdict per metric and a joint one.

Keeps the evidence in the rollout's state, so that it is committed with every decision. The method itself is
in `domain.analysis`; what follows from a verdict is the business of `decision` and `progress`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from sluiceway.domain.analysis.counts import Problem
from sluiceway.domain.analysis.noise import CAUTIOUS, INDEPENDENT, Noise
from sluiceway.domain.analysis.verdict import (
    DOUBT,
    NoData,
    NoRegressionWithinMargin,
    RangeOf,
    Regression,
    SharedIncident,
    Subject,
    Undecided,
    Verdict,
    is_large_enough,
)
from sluiceway.domain.process.plan import (
    FULL_WEIGHT_BP,
    AnalysedMetric,
    Analysis,
    Comparison,
    UsualNoise,
)
from sluiceway.domain.rollouts.comparing import (
    counted_of,
    fits,
    is_sound_in_stage,
    judge_metric,
    silence,
    stage_start,
    take_in,
    unit_of,
    unseen,
)
from sluiceway.domain.rollouts.model import (
    AnalysisState,
    Counted,
    MetricAnalysis,
    Observation,
    Phase,
    RolloutState,
)

NEVER_LEARNED = "it is not learned where means are compared, only declared: noise: independent"
JOINT = "analysis"  # who decides when no single metric does; single ones are `analysis:NAME`
_MISSED = 4  # intervals in a row; three are told of as missing while an engine runs
_NO_REQUESTS = frozenset({Problem.NO_REQUESTS_ON_NEW, Problem.NO_REQUESTS_ON_STABLE})
_EXPECTED = 5.0  # requests that did not come
_COMPARED = frozenset({Phase.PROGRESSING, Phase.AWAITING_APPROVAL, Phase.PAUSED})


@dataclass(frozen=True, slots=True)
class Found:
    """One metric with its verdict. `evidence_share` is its part of what a rollback needs, 1 is enough."""

    metric: AnalysedMetric
    verdict: Verdict
    evidence_share: float

    @property
    def id(self) -> str:
        return f"{JOINT}:{self.metric.name}"

    @property
    def said(self) -> str:
        """Return the verdict in words that begin the same however its figures change."""
        return f"analysis of {self.metric.words}: {self.verdict.sentence}"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A regression that was shown: by one metric, or by several together. `by` is who decides."""

    by: str
    why: str
    is_trusted: bool  # False: the usual noise is not known, so a person must decide
    figures: tuple[tuple[str, float | str | None], ...]


def is_compared(state: RolloutState) -> bool:
    """Return whether both versions have users of their own now, so that comparing them says something."""
    has_users = 0 < state.weight_bp < FULL_WEIGHT_BP or (state.weight_bp == 0 and bool(state.audience))
    return state.phase in _COMPARED and has_users and state.plan.analysis is not None


def follow_analysis(state: RolloutState, seen: Observation, now: datetime) -> RolloutState:
    """Return the state after the counts that were not taken in yet; each interval counts once."""
    analysis = state.plan.analysis
    if analysis is None or (state.analysis is None and state.stage_entered_at is None):
        return state
    known = state.analysis or AnalysisState(bake_s=max(state.plan.bake_s / seen.speed, 1.0), counted_to=now)
    metrics = tuple(_known(known, metric) for metric in analysis.metrics)
    if is_compared(state):
        metrics = tuple(
            _follow(each, metric, analysis, known, seen)
            for each, metric in zip(metrics, analysis.metrics, strict=True)
        )
    newest = max((counted.until for counted in seen.counted), default=known.counted_to)
    return replace(state, analysis=replace(known, metrics=metrics, counted_to=max(newest, known.counted_to)))


def uncounted_s(state: RolloutState, seen: Observation, now: datetime) -> float:
    """Return for how many real seconds nobody has counted, be it silence, as while no engine ran; else 0."""
    analysis, known = state.plan.analysis, state.analysis
    if analysis is None or known is None:
        return 0.0
    since_s = (now - known.counted_to).total_seconds() / seen.speed
    return since_s if since_s > _patience_s(analysis) else 0.0


def _patience_s(analysis: Analysis) -> float:
    """Return the real seconds between two counts that are nothing unusual."""
    return max(analysis.stale_s, _MISSED * analysis.interval_s)


def find(state: RolloutState) -> tuple[Found, ...]:
    """Return the verdict on every analysed metric, in the order of the process."""
    analysis, known = state.plan.analysis, state.analysis
    if analysis is None or known is None:
        return ()
    found: list[Found] = []
    for metric in analysis.metrics:
        remembered = _known(known, metric)
        verdict, share = judge_metric(
            remembered,
            metric=metric,
            analysis=analysis,
            bake_s=known.bake_s,
            subject=subject_of(metric, remembered, state),
        )
        found.append(Found(metric, verdict, share))
    return tuple(found)


def find_alarm(state: RolloutState, found: tuple[Found, ...]) -> Alarm | None:
    """Return the regression to act on, None when there is none that a person has not accepted.

    One metric's regression is enough. Else the weighted mean of all metrics' evidence decides under the one
    error budget (Vovk and Wang 2021, arithmetic means of e-values): the strongest metric gives the words.
    """
    asked = [each for each in found if each.id not in state.muted]
    for each in sorted(asked, key=lambda each: -each.evidence_share):
        if isinstance(each.verdict, Regression):
            return Alarm(each.id, each.verdict.sentence, each.verdict.figures.is_trusted, figures_of((each,)))
    if JOINT in state.muted or sum(each.evidence_share for each in asked) < 1.0:
        return None
    parts = [each for each in asked if each.evidence_share >= 0.1 and is_large_enough(each.verdict.figures)]
    if not parts:
        return None
    parts.sort(key=lambda each: -each.evidence_share)
    words = " and ".join(each.metric.words for each in parts)
    why = f"{words} on {state.new} are together worse than on {state.stable}: {parts[0].verdict.sentence}"
    is_trusted = all(each.verdict.figures.is_trusted for each in parts)
    return Alarm(JOINT, why, is_trusted, figures_of(tuple(parts)))


def unmuted(state: RolloutState, found: tuple[Found, ...]) -> RolloutState:
    """Return the state in which a regression that is no more may be asked about again.

    It is no more once little of its evidence is left: about what comes and goes at the limit a person was
    asked already.
    """
    recovered = {each.id for each in found if each.evidence_share < DOUBT}
    if sum(each.evidence_share for each in found) < DOUBT:
        recovered.add(JOINT)
    kept = tuple(name for name in state.muted if name not in recovered)
    return state if kept == state.muted else replace(state, muted=kept)


def blocking(found: tuple[Found, ...]) -> tuple[str, ...]:
    """Return, in words, what keeps a stage that has lasted long enough from passing: incidents."""
    return tuple(each.said for each in found if isinstance(each.verdict, SharedIncident))


def unanswered(found: tuple[Found, ...]) -> tuple[str, ...]:
    """Return, in words, the metrics on which there is no data or too little: never a pass."""
    return tuple(each.said for each in found if is_unanswered(each.verdict, each.metric))


def is_lull(state: RolloutState, found: tuple[Found, ...]) -> bool:
    """Return whether all that lacks an answer are metrics with enough requests of late ones too few to tell.

    A version with a request a minute often has none in one. Where fewer than five would have come, silence
    is chance (above 1 in 150), and nothing to turn back for.
    """
    silent = [each for each in found if is_unanswered(each.verdict, each.metric)]
    return all(_is_lull(state, each) for each in silent)


def _is_lull(state: RolloutState, each: Found) -> bool:
    if state.analysis is None or not isinstance(each.verdict, NoData):
        return False
    known = _known(state.analysis, each.metric).evidence
    lasted_s, usual = known.elapsed_s - known.silent_s, min(known.n0, known.n1)
    if each.verdict.problem not in _NO_REQUESTS or usual < each.metric.min_requests or lasted_s <= 0:
        return False
    return usual / lasted_s * known.silent_s < _EXPECTED


def is_unanswered(verdict: Verdict, metric: AnalysedMetric) -> bool:
    """Return whether nothing, or too little, is known of the metric to let a stage pass."""
    figures = verdict.figures
    too_little = isinstance(verdict, Undecided) and min(figures.n0, figures.n1) < metric.min_requests
    return isinstance(verdict, NoData) or too_little


def begin_stage(state: RolloutState) -> RolloutState:
    """Return the state with the evidence so far marked, as a stage's weight comes into force."""
    known = state.analysis
    if known is None:
        return state
    marked = tuple(replace(each, at_stage=stage_start(each.evidence)) for each in known.metrics)
    return replace(state, analysis=replace(known, metrics=marked))


def not_shown_sound(state: RolloutState, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """Return the metrics not yet shown to be no worse than their margin, over all or in the running stage."""
    return tuple(each for each in found if not _is_shown_sound(state, each))


def _is_shown_sound(state: RolloutState, each: Found) -> bool:
    analysis, known = state.plan.analysis, state.analysis
    if analysis is None or known is None or not isinstance(each.verdict, NoRegressionWithinMargin):
        return False
    remembered = _known(known, each.metric)
    return is_sound_in_stage(remembered, metric=each.metric, analysis=analysis, bake_s=known.bake_s)


def subject_of(metric: AnalysedMetric, known: MetricAnalysis, state: RolloutState) -> Subject:
    """Return how sentences call the metric and the two versions."""
    noun = metric.words
    if known.slower_than_ms:
        noun = f"{noun} (over {known.slower_than_ms:.0f} ms)"
    analysis = state.plan.analysis
    return Subject(
        noun,
        state.new,
        state.stable,
        unit=unit_of(metric),
        of=counted_of(metric),
        one_in=1.0 / analysis.alpha if analysis else None,
        why_unknown=known.noise_unknown,
    )


def figures_of(found: tuple[Found, ...]) -> tuple[tuple[str, float | str | None], ...]:
    """Return the figures behind verdicts, for the audit trail; None for a bound that is not there yet."""
    figures: list[tuple[str, float | str | None]] = []
    for each in found:
        name, behind = each.metric.name, each.verdict.figures
        what, bad = ("ratio", "bad") if behind.range_of is RangeOf.RATIO else ("difference", "total")
        figures += [
            (f"{name}.{what}", behind.shown.ratio),
            (f"{name}.low", behind.shown.low),
            (f"{name}.high", behind.shown.high),
            (f"{name}.margin", behind.margin),
            (f"{name}.evidence", behind.evidence),
            (f"{name}.needed", behind.needed),
            (f"{name}.new_{bad}", behind.x1),
            (f"{name}.new_all", behind.n1),
            (f"{name}.stable_{bad}", behind.x0),
            (f"{name}.stable_all", behind.n0),
        ]
    return tuple(
        (name, None if isinstance(value, float) and math.isinf(value) else value) for name, value in figures
    )


def usual_noise(analysis: Analysis, metric: AnalysedMetric, seen: Observation) -> Noise:
    """Return the noise to reckon with: declared by the process, learned, or assumed with caution."""
    if analysis.noise_of(metric) is UsualNoise.INDEPENDENT:
        return INDEPENDENT
    return seen.noise.get(metric.name, CAUTIOUS)


def why_unknown(analysis: Analysis, metric: AnalysedMetric, seen: Observation) -> str:
    """Return why the usual noise is assumed, in words; empty where it is known, or nobody says why."""
    if usual_noise(analysis, metric, seen).is_learned:
        return ""
    if metric.comparison is Comparison.MEANS:
        return NEVER_LEARNED
    return seen.noise_unknown.get(metric.name, "")


def _known(known: AnalysisState, metric: AnalysedMetric) -> MetricAnalysis:
    return next((each for each in known.metrics if fits(each, metric)), None) or unseen(metric)


def _follow(
    each: MetricAnalysis,
    metric: AnalysedMetric,
    analysis: Analysis,
    known: AnalysisState,
    seen: Observation,
) -> MetricAnalysis:
    noise = usual_noise(analysis, metric, seen)
    fresh = [
        counted
        for counted in seen.counted
        if counted.metric == metric.name and counted.until > known.counted_to
    ]
    intervals = [counted.interval for counted in fresh]
    if fresh and (gap_s := _gap_s(fresh[0], known, seen)) > _patience_s(analysis):
        intervals.insert(0, silence(metric, gap_s))
    evidence = take_in(
        each.evidence,
        intervals,
        metric=metric,
        analysis=analysis,
        noise=noise,
        bake_s=known.bake_s,
    )
    return MetricAnalysis(
        metric.name,
        evidence,
        noise,
        fresh[-1].slower_than_ms if fresh else each.slower_than_ms,
        why_unknown(analysis, metric, seen),
        each.at_stage,
    )


def _gap_s(first: Counted, known: AnalysisState, seen: Observation) -> float:
    """Return the real seconds before the first fresh interval that no interval is of."""
    return (first.until - known.counted_to).total_seconds() / seen.speed - first.interval.seconds
