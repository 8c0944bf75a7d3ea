"""Which figures two versions can be compared on statistically, and how: the analysis's own catalogue.

A figure can be compared when it counts what went badly of all there was, or is a mean of values between two
bounds. Gauges and percentiles are neither; criteria and triggers judge those. How the comparison is computed
is the business of `domain.analysis`, what a process may change about it that of `config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sluiceway.domain.process import metrics
from sluiceway.domain.process.expressions import did_you_mean
from sluiceway.domain.process.plan import (
    FULL_WEIGHT_BP,
    AnalysedMetric,
    Analysis,
    Comparison,
    MetricSource,
    MetricSpec,
    Stage,
)

ERRORS = "errors"
SLOW_REQUESTS = "slow_requests"
CRASHES = "crashes"

# Where nothing is bad on either side there is no ratio to be shown, so a service without a single error would
# never be called sound. With this limit it is, once so few errors are shown: 99.9 % is a usual objective.
GOOD_ENOUGH = 0.001
CRASH_AN_HOUR = 1 / 3_600  # of each instance: crashes are counted per second for which an instance is wanted

CASES = "cases"  # what the process's own metrics are counted of: nobody says what else to call it
_OF_BAD_ONES = ("_rate", "_ratio", "_share")  # endings by which a name is that of a share

_ENVOY, _DEPLOY, _PUSH = MetricSource.ENVOY, MetricSource.DEPLOY, MetricSource.PUSH
_MEANS = Comparison.MEANS


def _patient(metric: AnalysedMetric) -> AnalysedMetric:
    """Return the metric with the silence that is usual of its source."""
    return replace(metric, stale_s=metrics.PUSHED_STALE_S) if metric.source is _PUSH else metric


COMPARABLE: Mapping[str, AnalysedMetric] = {
    metric.name: _patient(metric)
    for metric in (
        AnalysedMetric(ERRORS, _ENVOY, noun="errors", limit_rate=GOOD_ENOUGH),
        AnalysedMetric(SLOW_REQUESTS, _ENVOY, noun="slow requests", limit_rate=GOOD_ENOUGH),
        AnalysedMetric(CRASHES, _DEPLOY, noun="crashes", limit_rate=CRASH_AN_HOUR),
        AnalysedMetric("payment_failure_rate", _PUSH, noun="failed payments", of="payments"),
        AnalysedMetric(
            "order_completion", _PUSH, noun="orders not completed", of="orders", higher_is_worse=False
        ),
        AnalysedMetric(
            "conversion_rate", _PUSH, noun="visits without conversion", of="visits", higher_is_worse=False
        ),
        AnalysedMetric("user_satisfaction", _PUSH, _MEANS, low=1, high=5, higher_is_worse=False),
        AnalysedMetric("user_feedback_score", _PUSH, _MEANS, low=1, high=5, higher_is_worse=False),
        AnalysedMetric("session_duration", _PUSH, _MEANS, low=0, high=0, higher_is_worse=False),
    )
}

# What to compare instead of a figure that is made of the same requests.
_INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(("error_rate", "success_rate"), ERRORS),
    **dict.fromkeys(("p50_ms", "p90_ms", "p95_ms", "p99_ms", "mean_ms"), SLOW_REQUESTS),
    "crash_rate": CRASHES,
}
_JUDGED = "criteria and triggers judge it, by thresholds and windows, not the analysis"


@dataclass(frozen=True, slots=True)
class NotComparable:
    """Why a figure can't be compared, and what to do: words for people."""

    reason: str


def find_comparable(name: str, own: Mapping[str, MetricSpec]) -> AnalysedMetric | NotComparable:
    """Return how a metric is compared unless the process says otherwise; `own` are the process's metrics.

    A metric of means whose bounds nobody knows has `low` and `high` alike: the process must name them.
    """
    plain = metrics.canonical(name)
    spec, known = own.get(plain), COMPARABLE.get(plain)
    if spec is not None and spec.source is MetricSource.PROMETHEUS:
        return _of_prometheus(spec, known)
    if known is not None and (spec is None or spec.source is known.source):
        if spec is None:
            return known
        is_pushed = spec.source is MetricSource.PUSH
        return replace(known, spec=spec, higher_is_worse=spec.higher_is_worse if is_pushed else True)
    if spec is not None and metrics.builtin(plain) is None:
        found = _pushed(spec)
        return _patient(found) if isinstance(found, AnalysedMetric) else found
    return _refused(name, plain, own)


def _of_prometheus(spec: MetricSpec, known: AnalysedMetric | None) -> AnalysedMetric | NotComparable:
    if spec.query and not spec.bad_query:
        return NotComparable(
            f"{spec.name} is one figure of Prometheus's, not a count; {_JUDGED}. To compare it, give it "
            "bad and all under metrics"
        )
    is_of_time = known is not None and known.source is _DEPLOY
    return AnalysedMetric(
        spec.name,
        spec.source,
        noun=known.noun if known else _bad_ones(spec.name),
        of=known.of if known and not is_of_time else CASES,
        limit_rate=known.limit_rate if known and known.source is _ENVOY else None,
        spec=spec,
    )


def _pushed(spec: MetricSpec) -> AnalysedMetric | NotComparable:
    worse = spec.higher_is_worse
    if spec.unit == metrics.SHARE:
        noun = _bad_ones(spec.name) if worse else f"cases without {_of_share(spec.name)}"
        return AnalysedMetric(spec.name, spec.source, noun=noun, of=CASES, higher_is_worse=worse, spec=spec)
    if spec.unit in {metrics.COUNT, metrics.PER_SECOND}:
        return NotComparable(
            f"{spec.name} says how often something happened, not of how many; {_JUDGED}. To compare it, "
            "push how many there were and how many were bad, with unit: share"
        )
    return AnalysedMetric(
        spec.name, spec.source, Comparison.MEANS, low=0, high=0, higher_is_worse=worse, spec=spec
    )


def _bad_ones(name: str) -> str:
    """Return what a share is of, for sentences: "checkout failures", "cases of refund" of `refund_rate`."""
    words = _of_share(name)
    return words if words == name.replace("_", " ") else f"cases of {words}"


def _of_share(name: str) -> str:
    ending = next((each for each in _OF_BAD_ONES if name.endswith(each)), "")
    return name.removesuffix(ending).replace("_", " ")


def _refused(name: str, plain: str, own: Mapping[str, MetricSpec]) -> NotComparable:
    made_of = metrics.derived(plain)
    source_name = made_of.of if made_of else plain
    instead = _INSTEAD.get(source_name) or (source_name if made_of and source_name in COMPARABLE else "")
    if instead:
        return NotComparable(
            f"{name} is a figure over a window, not a count; {_JUDGED}. It compares {instead} instead"
        )
    if metrics.builtin(plain) is not None:
        return NotComparable(f"{name} is a gauge or an amount, not a count of bad ones among all; {_JUDGED}")
    names = (*COMPARABLE, *(each for each in own if each not in COMPARABLE))
    return NotComparable(
        f'unknown metric "{name}", expected one of {", ".join(names)}{did_you_mean(plain, names)}'
    )


def is_only_compared(spec: MetricSpec) -> bool:
    """Return whether it has running totals for the analysis, but no figure that an expression could name."""
    return bool(spec.bad_query) and not spec.query


def default_analysis() -> Analysis:
    """Return the analysis of a process that asks for one without saying more."""
    return Analysis((COMPARABLE[ERRORS], COMPARABLE[SLOW_REQUESTS]))


def has_both_versions(stage: Stage) -> bool:
    """Return whether both versions have users of their own in this stage, so that they can be compared."""
    return 0 < stage.weight_bp < FULL_WEIGHT_BP or (stage.weight_bp == 0 and bool(stage.audience))
