"""One metric of `analysis`: a name, or a name with settings, into what the comparison goes by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from sluiceway.config import analysis_vocabulary as vocabulary
from sluiceway.config import values
from sluiceway.config.sections import Fields
from sluiceway.config.shapes import NOISES
from sluiceway.config.tree import Value
from sluiceway.domain.process.comparable import SLOW_REQUESTS, NotComparable, find_comparable
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, MetricSource, MetricSpec

T = TypeVar("T")

LEAST_STALE_S, MOST_STALE_S = 1.0, 86_400.0
LEAST_SLOW_S, MOST_SLOW_S = 0.001, 60.0  # what the proxy tells apart
USUAL_LOSS = 0.05  # of the width of a score's bounds: the tolerated loss where none is named
_DEFAULT = AnalysedMetric("", MetricSource.ENVOY)
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0}
_RATE = re.compile(r"\s*(?P<count>\d{1,6}(?:\.\d{1,3})?)\s+per\s+(?P<unit>second|minute|hour|day)\s*")


@dataclass(frozen=True, slots=True)
class ForAll:
    """What `analysis` says about all of its metrics. The margins and `min_effect` are of shares only;
    `is_stale_told` when it says after which silence there is no data, which counts for pushed metrics too."""

    margin: float = _DEFAULT.margin
    sound_margin: float = _DEFAULT.sound_margin
    min_effect: float = _DEFAULT.min_effect
    min_requests: int = _DEFAULT.min_requests
    min_bad: int = _DEFAULT.min_bad
    is_stale_told: bool = False


def take(fields: Fields, name: str, read: Callable[[Value], T | None], default: T) -> T:
    """Return what `read` makes of a key; the default when it is absent or was reported as a problem."""
    value = fields.get(name)
    found = read(value) if value is not None else None
    return default if found is None else found


def read_analysed_metrics(
    value: Value, own: Mapping[str, MetricSpec], for_all: ForAll
) -> tuple[AnalysedMetric, ...]:
    """Return the metrics without problems, in the order of the file, each once."""
    items = value.items()
    if value.is_list and not items:
        value.problem("found no metric, expected at least one such as errors")
    found: dict[str, AnalysedMetric] = {}
    lines: dict[str, int] = {}
    for item in items:
        metric = _read_one(item, own, for_all)
        if metric is None:
            continue
        if metric.name in found:
            item.problem(f"{metric.name} stands here a second time, first on line {lines[metric.name]}")
            continue
        found[metric.name], lines[metric.name] = metric, item.line
    return tuple(found.values())


def with_defaults(base: AnalysedMetric, for_all: ForAll) -> AnalysedMetric:
    """Return a metric of which the process says nothing but its name."""
    stale_s = None if for_all.is_stale_told else base.stale_s
    metric = replace(base, min_requests=for_all.min_requests, min_bad=for_all.min_bad, stale_s=stale_s)
    if metric.comparison is Comparison.MEANS:
        margin = USUAL_LOSS * (metric.high - metric.low)
        return replace(metric, margin=margin, sound_margin=2 * margin)
    min_effect = 0.0 if _is_of_time(metric) else for_all.min_effect
    return replace(metric, margin=for_all.margin, sound_margin=for_all.sound_margin, min_effect=min_effect)


def _read_one(item: Value, own: Mapping[str, MetricSpec], for_all: ForAll) -> AnalysedMetric | None:
    key, entry = item, None
    if item.is_mapping:
        entries = item.entries()
        if len(entries) != 1:
            item.problem(f"found {len(entries)} keys, expected one metric in each item of the list")
            return None
        key, entry = entries[0]
    name = values.text(key, what="the name of a metric such as errors")
    base = find_comparable(name, own) if name is not None else None
    if isinstance(base, NotComparable):
        key.problem(base.reason)
        return None
    if base is None:
        return None
    if base.source is MetricSource.PUSH:
        key.note(
            f"{base.name} has no data until figures of both versions are pushed, and no stage passes without"
        )
    return _with_settings(base, item, entry, for_all)


def _with_settings(
    base: AnalysedMetric, item: Value, entry: Value | None, for_all: ForAll
) -> AnalysedMetric | None:
    is_named_only = entry is None or entry.is_null
    fields = Fields(item) if is_named_only or entry is None else vocabulary.ANALYSED_METRIC.read(entry)
    if not fields.is_mapping:
        return None
    _refuse_misplaced(fields, base)
    if base.comparison is Comparison.MEANS:
        bounded = _bounded(base, fields)
        metric = _of_means(with_defaults(bounded, for_all), fields) if bounded else None
    else:
        metric = _of_counts(with_defaults(base, for_all), fields)
    if metric is None:
        return None
    requests, bad = read_minimum_data(fields, metric.min_requests, metric.min_bad)
    weight = take(
        fields,
        "weight",
        lambda value: values.number(value, least=vocabulary.LEAST_WEIGHT, most=vocabulary.MOST_WEIGHT),
        metric.weight,
    )
    stale = fields.get("stale")
    stale_s = (read_stale(stale) if stale else None) or metric.stale_s
    noise = take(fields, "noise", lambda word: values.choice(word, NOISES), metric.noise)
    return replace(metric, weight=weight, min_requests=requests, min_bad=bad, stale_s=stale_s, noise=noise)


def read_stale(value: Value) -> float | None:
    """Return how long silence lasts, in real seconds, until it is no data."""
    return values.duration(value, least_s=LEAST_STALE_S, most_s=MOST_STALE_S)


def _refuse_misplaced(fields: Fields, base: AnalysedMetric) -> None:
    is_of_means = base.comparison is Comparison.MEANS
    misplaced = {
        "slower_than": "" if base.name == SLOW_REQUESTS else "slow_requests only",
        "limit": "metrics that count bad ones among all" if is_of_means else "",
        "low": "" if is_of_means else "scores, which have a lowest and a highest value",
        "high": "" if is_of_means else "scores, which have a lowest and a highest value",
        "minimum_effect": "shares and scores" if _is_of_time(base) else "",
    }
    for name, whose in misplaced.items():
        if whose and fields.get(name) is not None:
            fields.at(name).problem(f'"{name}" is for {whose}, found it on {base.name}')
    data = fields.get("minimum_data")
    for key, entry in data.entries() if is_of_means and data is not None and data.is_mapping else ():
        if key.raw == "bad":
            entry.problem(f'"bad" is for metrics that count bad ones among all, found it on {base.name}')


def _of_counts(metric: AnalysedMetric, fields: Fields) -> AnalysedMetric:
    slow_s = take(
        fields,
        "slower_than",
        lambda value: values.duration(value, least_s=LEAST_SLOW_S, most_s=MOST_SLOW_S),
        0.0,
    )
    return replace(
        metric,
        margin=take(fields, "margin", read_ratio, metric.margin),
        sound_margin=take(fields, "sound_margin", read_ratio, metric.sound_margin),
        limit_rate=take(
            fields, "limit", _read_rate if _is_of_time(metric) else _share_limit(metric), metric.limit_rate
        ),
        min_effect=take(fields, "minimum_effect", read_effect, metric.min_effect),
        slower_than_ms=slow_s * 1_000,
    )


def _is_of_time(metric: AnalysedMetric) -> bool:
    """Return whether bad ones are counted per second, as crashes are, so that they are no share."""
    return metric.source is MetricSource.DEPLOY


def read_ratio(value: Value) -> float | None:
    """Return a tolerated ratio, above 1."""
    return values.number(value, above=1, most=vocabulary.MOST_TIMES, what="a ratio such as 1.25")


def read_effect(value: Value) -> float | None:
    """Return a difference of shares, 0 to 1."""
    return values.share(value, may_be_zero=True)


def read_minimum_data(fields: Fields, requests: int, bad: int) -> tuple[int, int]:
    """Return `minimum_data`, what is absent from it as given."""
    value = fields.get("minimum_data")
    if value is None:
        return requests, bad
    inner = vocabulary.MINIMUM_DATA.read(value)
    if value.is_mapping and not value.entries():
        value.expected("a mapping with requests or bad")

    def read(entry: Value) -> int | None:
        return values.whole(entry, least=1, most=vocabulary.MOST_DATA)

    return take(inner, "requests", read, requests), take(inner, "bad", read, bad)


def _share_limit(metric: AnalysedMetric) -> Callable[[Value], float | None]:
    """Return how a limit is read: in the metric's own terms, so of what should be high as the least of it."""

    def read(value: Value) -> float | None:
        share = values.share(value)
        return share if share is None or metric.higher_is_worse else round(1 - share, 12)

    return read


def _read_rate(value: Value) -> float | None:
    match = _RATE.fullmatch(value.raw) if value.is_scalar else None
    if match is None or float(match["count"]) == 0:
        value.expected("a number of crashes of each instance such as 1 per hour")
        return None
    return float(match["count"]) / _SECONDS[match["unit"]]


def _bounded(base: AnalysedMetric, fields: Fields) -> AnalysedMetric | None:
    """Return the metric with its bounds, None when one is missing or wrong."""
    low, high = _bound(fields, "low", base), _bound(fields, "high", base)
    if low is None or high is None:
        return None
    if low >= high:
        at = fields.at("low" if fields.has("low") else "high")
        at.problem(f"low is {low:g} and high is {high:g}, expected low below high")
        return None
    return replace(base, low=low, high=high)


def _bound(fields: Fields, name: str, base: AnalysedMetric) -> float | None:
    value = fields.get(name)
    if value is not None:
        return values.number(value, least=-vocabulary.MOST_VALUE, most=vocabulary.MOST_VALUE)
    if base.low < base.high:
        return base.low if name == "low" else base.high
    which = "lowest" if name == "low" else "highest"
    fields.value.problem(f'"{name}" is missing, expected the {which} value that {base.name} can have')
    return None


def _of_means(metric: AnalysedMetric, fields: Fields) -> AnalysedMetric | None:
    width = metric.high - metric.low

    def read_loss(value: Value) -> float | None:
        return values.number(value, above=0, most=width, what="a loss in the metric's own unit")

    margin = take(fields, "margin", read_loss, metric.margin)
    sound_margin = take(fields, "sound_margin", read_loss, min(2 * margin, width))
    if sound_margin <= margin:
        at = fields.at("sound_margin" if fields.has("sound_margin") else "margin")
        at.problem(
            f"the tolerated loss is {margin:g} and the one to be ruled out {sound_margin:g}, "
            "expected sound_margin above margin"
        )
        return None

    def read_difference(value: Value) -> float | None:
        return values.number(value, least=0, most=width, what="a difference in the metric's own unit")

    min_effect = take(fields, "minimum_effect", read_difference, metric.min_effect)
    return replace(metric, margin=margin, sound_margin=sound_margin, min_effect=min_effect)
