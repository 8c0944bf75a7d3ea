"""The metrics that criteria and triggers may name without defining them: unit, source, which way is worse.

Also the figures that are derived from both versions' readings. Reading a metric is the business of the
metrics providers; what a process adds to this catalogue stands in its own `metrics` section.

Units for people: `share` is 0 to 1 and shown as percent, `ms` milliseconds, `/s` per second, `score` and
`count` as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sluiceway.domain.process.plan import MetricSource, MetricSpec
from sluiceway.domain.rollouts.model import Reading

SHARE = "share"
MS = "ms"
PER_SECOND = "/s"
SCORE = "score"
COUNT = "count"

PUSHED_WINDOW_S = 600.0  # how far back pushed metrics look: their senders speak every minute or so
PUSHED_STALE_S = 180.0  # of silence is no data of pushed metrics: one lost push must not be


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the catalogue. `phrases` are other ways people write it, in lower case."""

    name: str
    unit: str
    source: MetricSource
    meaning: str
    higher_is_worse: bool = True
    phrases: tuple[str, ...] = ()
    always_read: bool = False  # read for every rollout, because people always want to see it


@dataclass(frozen=True, slots=True)
class DerivedMetric:
    """A figure computed from the new and the stable version's reading of `of`."""

    name: str
    of: str
    unit: str
    meaning: str
    compute: Callable[[float, float], float | None]
    phrases: tuple[str, ...] = ()


def _relative_rise(new: float, stable: float) -> float | None:
    return new / stable - 1 if stable > 0 else None


def _relative_drop(new: float, stable: float) -> float | None:
    return 1 - new / stable if stable > 0 else None


def _difference(new: float, stable: float) -> float | None:
    return stable - new


def _ratio(new: float, stable: float) -> float | None:
    return new / stable if stable > 0 else None


_ENVOY = MetricSource.ENVOY
_DEPLOY = MetricSource.DEPLOY
_PUSH = MetricSource.PUSH

CATALOGUE: tuple[Metric, ...] = (
    Metric(
        "requests", COUNT, _ENVOY, "requests answered in the window", higher_is_worse=False, always_read=True
    ),
    Metric("errors", COUNT, _ENVOY, "answers 5xx and connection failures in the window", always_read=True),
    Metric(
        "error_rate", SHARE, _ENVOY, "errors / requests", phrases=("errors", "error ratio"), always_read=True
    ),
    Metric("success_rate", SHARE, _ENVOY, "1 - error_rate", higher_is_worse=False, phrases=("availability",)),
    Metric("request_rate", PER_SECOND, _ENVOY, "requests a second", higher_is_worse=False, always_read=True),
    Metric(
        "p50_ms", MS, _ENVOY, "median time to answer", phrases=("p50", "median latency"), always_read=True
    ),
    Metric("p90_ms", MS, _ENVOY, "90 of 100 answers are faster", phrases=("p90", "p90 latency")),
    Metric(
        "p95_ms",
        MS,
        _ENVOY,
        "95 of 100 answers are faster",
        phrases=(
            "p95",
            "p95 latency",
            "p95 response time",
            "95th percentile response time",
            "response time",
            "response times",
            "response time ms",
            "latency",
            "performance",
        ),
        always_read=True,
    ),
    Metric(
        "p99_ms", MS, _ENVOY, "99 of 100 answers are faster", phrases=("p99", "p99 latency"), always_read=True
    ),
    Metric("mean_ms", MS, _ENVOY, "mean time to answer", phrases=("mean latency", "average response time")),
    Metric("crashes", COUNT, _DEPLOY, "instances that ended unasked in the window", always_read=True),
    Metric("crash_rate", SHARE, _DEPLOY, "crashes in the window per instance wanted"),
    Metric(
        "health_failure_rate",
        SHARE,
        _DEPLOY,
        "share of the wanted instances whose health check does not answer",
        phrases=("health check failures", "health check failure rate", "health failures"),
    ),
    Metric(
        "user_satisfaction",
        SCORE,
        _PUSH,
        "satisfaction score of users",
        higher_is_worse=False,
        phrases=("satisfaction", "user satisfaction score"),
    ),
    Metric("user_feedback_score", SCORE, _PUSH, "score of user feedback", higher_is_worse=False),
    Metric("payment_failure_rate", SHARE, _PUSH, "failed payments / payments", phrases=("payment failures",)),
    Metric(
        "order_completion",
        SHARE,
        _PUSH,
        "orders completed / orders begun",
        higher_is_worse=False,
        phrases=("order completion rate", "orders completed"),
    ),
    Metric("conversion_rate", SHARE, _PUSH, "conversions / visits", higher_is_worse=False),
    Metric(
        "support_tickets",
        COUNT,
        _PUSH,
        "support tickets opened in the window",
        phrases=("customer support tickets", "support ticket volume"),
    ),
    Metric("active_users", COUNT, _PUSH, "users active in the window", higher_is_worse=False),
    Metric("session_duration", "s", _PUSH, "mean length of a session", higher_is_worse=False),
    Metric("cpu_usage", SHARE, _PUSH, "share of the processor in use", phrases=("cpu", "cpu utilization")),
    Metric(
        "memory_usage", SHARE, _PUSH, "share of the memory in use", phrases=("memory", "memory utilization")
    ),
)

DERIVED: tuple[DerivedMetric, ...] = (
    DerivedMetric(
        "performance_degradation",
        "p95_ms",
        SHARE,
        "how much slower the new version's p95_ms is than stable's: 0.2 is 20 % slower",
        _relative_rise,
    ),
    DerivedMetric("response_time_ratio", "p95_ms", "x", "p95_ms of new / stable", _ratio),
    DerivedMetric("error_rate_ratio", "error_rate", "x", "error_rate of new / stable", _ratio),
    DerivedMetric(
        "error_rate_increase",
        "error_rate",
        SHARE,
        "error_rate of new - stable, in points",
        lambda new, stable: new - stable,
    ),
    DerivedMetric(
        "user_satisfaction_drop",
        "user_satisfaction",
        SCORE,
        "user_satisfaction of stable - new",
        _difference,
        phrases=("satisfaction drop",),
    ),
    DerivedMetric(
        "order_completion_drop",
        "order_completion",
        SHARE,
        "1 - order_completion of new / stable",
        _relative_drop,
    ),
)

_BY_NAME: dict[str, Metric] = {metric.name: metric for metric in CATALOGUE}
_DERIVED_BY_NAME: dict[str, DerivedMetric] = {metric.name: metric for metric in DERIVED}

# Other spellings that expressions accept for a catalogue name.
ALIASES: dict[str, str] = {
    "response_time": "p95_ms",
    "response_time_ms": "p95_ms",
    "latency": "p95_ms",
    "latency_ms": "p95_ms",
    "p50": "p50_ms",
    "p90": "p90_ms",
    "p95": "p95_ms",
    "p99": "p99_ms",
}

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def canonical(name: str) -> str:
    """Return the catalogue's spelling of a metric name: `responseTime` and `response_time` are `p95_ms`."""
    snake = _HUMP.sub("_", name).lower()
    return ALIASES.get(snake, snake)


def builtin(name: str) -> Metric | None:
    """Return the catalogue's entry for a canonical name, or None."""
    return _BY_NAME.get(name)


def derived(name: str) -> DerivedMetric | None:
    """Return the derived metric of this name, or None."""
    return _DERIVED_BY_NAME.get(name)


def known_names(own: Iterable[str] = ()) -> tuple[str, ...]:
    """Return every name an expression may use, own metrics of a process included."""
    return (*_BY_NAME, *_DERIVED_BY_NAME, *(name for name in own if name not in _BY_NAME))


def unit_of(name: str, own: Mapping[str, str] | None = None) -> str:
    """Return the unit of a metric (a `baseline.` in front does not matter), "" when unknown."""
    bare = name.partition(".")[2] or name
    if own and bare in own and own[bare]:
        return own[bare]
    if bare in _BY_NAME:
        return _BY_NAME[bare].unit
    if bare in _DERIVED_BY_NAME:
        return _DERIVED_BY_NAME[bare].unit
    return ""


def spec_of(metric: Metric) -> MetricSpec:
    """Return how a catalogue metric is read when the process says nothing else about it."""
    spec = MetricSpec(
        name=metric.name, source=metric.source, unit=metric.unit, higher_is_worse=metric.higher_is_worse
    )
    return replace(spec, window_s=PUSHED_WINDOW_S) if metric.source is MetricSource.PUSH else spec


def specs_for(names: Iterable[str], own: Iterable[MetricSpec] = ()) -> tuple[MetricSpec, ...]:
    """Return what must be read so that `names` can be evaluated and people see the usual figures.

    `names` are as `expressions.names_in` gives them; derived ones are replaced by what they are made of.
    A spec in `own` wins over the catalogue's.
    """
    own_by_name = {spec.name: spec for spec in own}
    wanted = {metric.name for metric in CATALOGUE if metric.always_read}
    for name in names:
        bare = name.partition(".")[2] or name
        made_of = _DERIVED_BY_NAME.get(bare)
        wanted.add(made_of.of if made_of and bare not in own_by_name else bare)
    builtins = (
        own_by_name.get(metric.name, spec_of(metric))
        for metric in CATALOGUE
        if metric.name in wanted | own_by_name.keys()
    )
    added = (spec for name, spec in own_by_name.items() if name not in _BY_NAME)
    return (*builtins, *added)


def is_data(reading: Reading | None) -> bool:
    """Return whether there is a finite figure; NaN and infinity are no data."""
    return reading is not None and reading.value is not None and math.isfinite(reading.value)


def derive(name: str, new: Mapping[str, Reading], stable: Mapping[str, Reading]) -> Reading | None:
    """Return a derived metric, `Reading(None)` when a part is missing, None when `name` is not derived."""
    metric = _DERIVED_BY_NAME.get(name)
    if metric is None:
        return None
    ours, theirs = new.get(metric.of), stable.get(metric.of)
    if ours is None or theirs is None or not is_data(ours) or not is_data(theirs):
        return Reading(None)
    assert ours.value is not None
    assert theirs.value is not None
    counts = [reading.requests for reading in (ours, theirs) if reading.requests is not None]
    return Reading(metric.compute(ours.value, theirs.value), min(counts) if counts else None)


def with_derived(new: Mapping[str, Reading], stable: Mapping[str, Reading]) -> dict[str, Reading]:
    """Return the new version's readings and every derived metric that a provider did not supply itself."""
    combined = dict(new)
    for metric in DERIVED:
        if not is_data(combined.get(metric.name)):
            reading = derive(metric.name, new, stable)
            if reading is not None and is_data(reading):
                combined[metric.name] = reading
    return combined


def with_unit(spec: MetricSpec) -> MetricSpec:
    """Return the spec with the catalogue's unit where it names none."""
    known = _BY_NAME.get(spec.name)
    return replace(spec, unit=known.unit) if known and not spec.unit else spec
