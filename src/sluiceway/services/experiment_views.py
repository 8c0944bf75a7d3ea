"""Experiments as people see them: in lists, and with everything that is known now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.flags.experiment_curves import Point
from sluiceway.domain.flags.experiment_model import ExperimentPlan, ExperimentRecord, MetricPlan
from sluiceway.domain.flags.experiment_results import Finding, Results, subject_words
from sluiceway.domain.flags.sample_ratio import RatioCheck


@dataclass(frozen=True, slots=True)
class ExperimentSummary:
    """An experiment in a list. `asks` says why a person should look at it now, "" when nobody need."""

    service: str
    id: str
    title: str
    environment: str
    flag: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    winner: str
    asks: str


@dataclass(frozen=True, slots=True)
class MetricView:
    """A metric as it was planned; `words` is how sentences call it. `decides` is true of the first one."""

    name: str
    words: str
    kind: str
    is_guard: bool
    decides: bool
    higher_is_better: bool
    low: float
    high: float
    unit: str
    per: str
    tolerated: float


@dataclass(frozen=True, slots=True)
class FindingView:
    """A variant against the control by one metric.

    `effect`, `low` and `high` are the share by which a conversion rate is above control's (0.1 is 10
    percent), else the difference in the metric's unit; None where not known. The range holds at all looks.
    """

    metric: str
    variant: str
    is_guard: bool
    outcome: str
    sentence: str
    users: int
    control_users: int
    value: float | None
    control_value: float | None
    effect: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class CurveView:
    """How a finding came about: the effect with its range after each step; None where not known."""

    metric: str
    variant: str
    at: tuple[datetime, ...]
    effect: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class RatioView:
    """Whether users are spread as the split says. `shares` (0 to 1) are the planned ones."""

    is_off: bool
    sentence: str
    counts: Mapping[str, int]
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """Everything about an experiment. `sentence` is what it says now, `verdict` what was decided and why.

    `users` were seen with one variant, `mixed` with several (they count for none); `counted` have their
    window behind them. `dropped` users and events came beyond the bounds. `warnings` are reasons to doubt:
    the flag was changed, nobody reports. `rights` is what the reader may do.
    """

    summary: ExperimentSummary
    control: str
    variants: tuple[str, ...]
    metrics: tuple[MetricView, ...]
    alpha: float
    window_s: float
    on_guard: str
    advice: str
    likely_winner: str
    sentence: str
    findings: tuple[FindingView, ...]
    ratio: RatioView
    curves: tuple[CurveView, ...]
    users: int
    counted: int
    mixed: int
    dropped: int
    dropped_events: int
    counted_until: datetime | None
    warnings: tuple[str, ...]
    verdict: str
    why: str
    rights: tuple[str, ...]
    roll_out: str = ""  # what became of rolling the winner out, right after it was decided


def summary_of(record: ExperimentRecord) -> ExperimentSummary:
    plan = record.plan
    return ExperimentSummary(
        plan.service,
        plan.id,
        plan.title,
        plan.environment,
        plan.flag,
        record.state.value,
        record.started_at,
        record.ended_at,
        record.ended_by,
        record.winner,
        record.asks,
    )


def metrics_of(plan: ExperimentPlan) -> tuple[MetricView, ...]:
    return tuple(_metric(plan, metric) for metric in plan.measured)


def findings_of(results: Results) -> tuple[FindingView, ...]:
    return tuple(map(_finding, results.findings))


def curves_of(plan: ExperimentPlan, points: Sequence[Point]) -> tuple[CurveView, ...]:
    return tuple(
        _curve(metric.name, variant, points) for metric in plan.measured for variant in plan.challengers
    )


def ratio_of(check: RatioCheck, alarm: str) -> RatioView:
    """`alarm` is what it said when it rang; once it did, it stays."""
    return RatioView(
        check.is_off or bool(alarm), alarm or check.sentence, dict(check.counts), dict(check.shares)
    )


def _metric(plan: ExperimentPlan, metric: MetricPlan) -> MetricView:
    return MetricView(
        metric.name,
        subject_words(metric),
        metric.kind.value,
        metric in plan.guards,
        metric == plan.metrics[0],
        metric.higher_is_better,
        metric.low,
        metric.high,
        metric.unit,
        metric.per,
        metric.tolerated,
    )


def _finding(finding: Finding) -> FindingView:
    is_known = math.isfinite(finding.effect.low) or math.isfinite(finding.effect.high)
    return FindingView(
        finding.metric,
        finding.variant,
        finding.is_guard,
        finding.outcome.value,
        finding.sentence,
        finding.users,
        finding.control_users,
        finding.value,
        finding.control_value,
        finding.effect.middle if is_known else None,
        _finite(finding.effect.low),
        _finite(finding.effect.high),
    )


def _curve(metric: str, variant: str, points: Sequence[Point]) -> CurveView:
    effects = [point.effects[variant, metric] for point in points]
    return CurveView(
        metric,
        variant,
        tuple(point.at for point in points),
        tuple(_finite(effect.middle) for effect in effects),
        tuple(_finite(effect.low) for effect in effects),
        tuple(_finite(effect.high) for effect in effects),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
