"""Whether a point that was sent is taken, and as what: every rule about its content, one reason for each.

What is known of its service comes in as a `Place`. Whether its id was seen before is the store's to say.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sluiceway.domain.points.model import (
    FUTURE_S,
    LOOK_BACK_S,
    Events,
    Measure,
    Outcomes,
    Point,
    RawPoint,
    Values,
    digest_of,
)
from sluiceway.domain.process import metrics
from sluiceway.domain.process.durations import show_duration
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, MetricSource, MetricSpec

MAX_ID_CHARS = 200
MAX_NAME_CHARS = 100
_MOST = 1e15  # larger figures can't be added up exactly
_ROUNDING = 1e-9
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,62}")

# Built-in counts that add up in one way only: the other would be a wrong figure that nobody notices.
_EVENTS_ONLY = frozenset({"support_tickets"})
_GAUGES_ONLY = frozenset({"active_users"})
_WORDS: dict[type[Measure], str] = {
    Values: "value, or count with total and squares",
    Outcomes: "count with bad (or good)",
    Events: "count",
}


@dataclass(frozen=True, slots=True)
class Refused:
    reason: str  # for people: what was found and what fits
    id: str = ""  # of a point that could not even be read


@dataclass(frozen=True, slots=True)
class Admitted:
    """A point to keep. `note` says what its sender may want to know although it is taken."""

    point: Point
    note: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a point's service from its newest rollout.

    `own` are the metrics its process defines. While it is under way `began_at` (wall time) is its start and
    `analysed` are the metrics it compares statistically.
    """

    service: str
    versions: frozenset[str]
    own: Mapping[str, MetricSpec] = field(default_factory=dict[str, MetricSpec])
    began_at: datetime | None = None
    analysed: Mapping[str, AnalysedMetric] = field(default_factory=dict[str, AnalysedMetric])

    def spec(self, metric: str) -> MetricSpec | None:
        """Return how the metric is defined, None for one that neither the process nor we know."""
        known = metrics.builtin(metric)
        return self.own.get(metric) or (metrics.spec_of(known) if known else None)


def problem_of_names(raw: RawPoint) -> str:
    """Return what is wrong with what a point is called and is about, "" when nothing is."""
    if raw.id is None or not raw.id:
        return "id is missing: name each point so that sending it again changes nothing"
    if len(raw.id) > MAX_ID_CHARS or not raw.id.isprintable():
        return f"id has {len(raw.id)} characters; use 1 to {MAX_ID_CHARS} printable ones"
    if raw.metric is None or _METRIC.fullmatch(raw.metric) is None:
        found = "missing" if raw.metric is None else f"{raw.metric[:MAX_NAME_CHARS]!r}"
        return f"metric is {found}; use small letters, digits and _, such as order_completion"
    if raw.rollout is not None and raw.version is not None:
        return "version and rollout are both there; a figure of the whole release has a rollout only"
    if raw.rollout is None and (raw.version is None or raw.service is None):
        return "service and version are needed, or the rollout for a figure of the whole release"
    for name, text in (("service", raw.service), ("version", raw.version), ("rollout", raw.rollout)):
        if text is not None and not (0 < len(text) <= MAX_NAME_CHARS and text.isprintable()):
            return f"{name} is {text[:MAX_NAME_CHARS]!r}; use 1 to {MAX_NAME_CHARS} printable characters"
    return ""


def admit(raw: RawPoint, place: Place, version: str, rollout: str, now: datetime) -> Admitted | Refused:
    """Return the point to keep, or why not. `raw` has no problem of names; `now` is wall time.

    `version` is whose figure it is; `rollout` the id of the release it is about as a whole, else empty.
    """
    assert raw.id is not None
    assert raw.metric is not None
    at = _instant(raw.at, now)
    if isinstance(at, str):
        return Refused(at)
    spec = place.spec(raw.metric)
    measure = _measure(raw)
    if isinstance(measure, str):
        return Refused(measure)
    problem = _problem_of_shape(raw.metric, spec, measure) or _problem_of_size(
        raw.metric, spec, measure, place
    )
    if problem:
        return Refused(problem)
    look_back_s = max(LOOK_BACK_S, spec.window_s if spec else 0.0)
    is_late = at < now - timedelta(seconds=look_back_s)
    is_under_way = place.began_at is not None and at >= place.began_at and version in place.versions
    point = Point(
        id=raw.id,
        metric=raw.metric,
        service=place.service,
        version=version,
        rollout=rollout,
        at=at,
        measure=measure,
        digest=digest_of(raw.metric, version, rollout, at if raw.at is not None else None, measure),
        is_late=is_late,
        is_compared=is_under_way and not is_late and not rollout,
    )
    return Admitted(point, _note(point, spec, place, look_back_s))


def _instant(text: str | None, now: datetime) -> datetime | str:
    """Return the point's instant in UTC, or what is wrong with it. Source: RFC 3339, section 5.6."""
    if text is None:
        return now
    example = "write it like 2026-03-01T12:00:00Z"
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            return f"at is {text!r}, without a time zone; {example}"
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return f"at is {text[:60]!r}; {example}"
    ahead_s = (at - now).total_seconds()
    if ahead_s > FUTURE_S:
        ahead = show_duration(round(ahead_s))
        return f"at is {ahead} in the future; set the sender's clock, or leave at out"
    return at


def _measure(raw: RawPoint) -> Measure | str:
    """Return the figures in one of their shapes, or what is wrong with them."""
    fields = ("value", "count", "bad", "good", "total", "squares")
    given = {name: number for name in fields if (number := getattr(raw, name)) is not None}
    for name, number in given.items():
        if not math.isfinite(number):
            return f"{name} is {number}, which is no figure"
        if abs(number) > (_MOST**2 if name == "squares" else _MOST):
            return f"{name} is {number:g}; use at most {_MOST:g}"
        if name in {"count", "bad", "good", "squares"} and number < 0:
            return f"{name} is {number:g}; it can't be negative"
    match tuple(given):
        case ("value",):
            return Values(1.0, given["value"], given["value"] ** 2)
        case ("count",):
            return Events(given["count"])
        case ("count", ("bad" | "good") as part):
            if given[part] > given["count"]:
                return f"{part} is {given[part]:g} of a count of {given['count']:g}; it can't be more"
            bad = given["bad"] if part == "bad" else given["count"] - given["good"]
            return Outcomes(given["count"], bad)
        case ("count", "total", "squares"):
            return _batch(given["count"], given["total"], given["squares"])
        case found:
            ways = "; ".join(_WORDS.values())
            return f"the figures are {' with '.join(found) or 'missing'}; send one of: {ways}"


def _batch(count: float, total: float, squares: float) -> Values | str:
    least = total**2 / count if count else 0.0  # Cauchy and Schwarz; equal when all values are
    if count == 0 and (total or squares):
        return f"total is {total:g} and squares {squares:g} of no values at all"
    if squares < least * (1 - _ROUNDING):
        return f"squares is {squares:g}; {count:g} values that add up to {total:g} have at least {least:g}"
    return Values(count, total, squares)


def _problem_of_shape(metric: str, spec: MetricSpec | None, measure: Measure) -> str:
    fitting = _fitting(metric, spec)
    if type(measure) in fitting:
        return ""
    ways = ", or ".join(_WORDS[shape] for shape in fitting)
    unit = f" ({spec.unit})" if spec and spec.unit else ""
    return f"{metric}{unit} does not add up from {_WORDS[type(measure)]}; send {ways}"


def _fitting(metric: str, spec: MetricSpec | None) -> tuple[type[Measure], ...]:
    """Return the shapes from which a metric's figure can be made."""
    if metric in _EVENTS_ONLY:
        return (Events, Outcomes)
    if metric in _GAUGES_ONLY:
        return (Values,)
    match spec.unit if spec else "":
        case metrics.SHARE:
            return (Outcomes, Values)
        case metrics.SCORE | metrics.MS | "s":
            return (Values,)
        case _:
            return (Events, Outcomes, Values)


def _problem_of_size(metric: str, spec: MetricSpec | None, measure: Measure, place: Place) -> str:
    """Return why values can't be what they say they are: outside what the metric can reach."""
    if not isinstance(measure, Values) or not measure.count:
        return ""
    analysed = place.analysed.get(metric)
    if analysed is not None and analysed.comparison is Comparison.MEANS:
        low, high = analysed.low, analysed.high
        why = f"the process says {low:g} to {high:g}"
    elif spec is not None and spec.unit == metrics.SHARE:
        low, high, why = 0.0, 1.0, "a share is 0 to 1"
    else:
        return ""
    mean = measure.total / measure.count
    slack = _ROUNDING * max(1.0, abs(low), abs(high)) ** 2
    # Values between low and high have (value - low) * (high - value) >= 0, and so has their sum.
    spread = (low + high) * measure.total - measure.count * low * high - measure.squares
    if low - slack <= mean <= high + slack and spread >= -slack * measure.count:
        return ""
    if measure.count == 1:
        return f"{metric} is {mean:g}; {why}"
    return f"{metric}: not all of {measure.count:g} values with a mean of {mean:g} are within bounds; {why}"


def _note(point: Point, spec: MetricSpec | None, place: Place, look_back_s: float) -> str:
    analysed = place.analysed.get(point.metric)
    if point.is_late:
        return f"older than {look_back_s:g} s: kept, but nothing is judged by it"
    if spec is None:
        near = difflib.get_close_matches(point.metric, metrics.known_names(place.own), n=1, cutoff=0.75)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"no process of {place.service} names {point.metric} so far{hint}"
    if spec.source is not MetricSource.PUSH:
        return f"{point.metric} is read from {spec.source} unless the process gives it source: push"
    if point.version not in place.versions:
        known = ", ".join(sorted(place.versions))
        return f"the newest rollout of {place.service} is about {known}, not {point.version}"
    if analysed is not None and not point.rollout:
        wanted = Outcomes if analysed.comparison is Comparison.COUNTS else Values
        if not isinstance(point.measure, wanted):
            return f"the statistical comparison of {point.metric} needs {_WORDS[wanted]}"
    return ""
