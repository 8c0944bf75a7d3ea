"""What Envoy has counted for each cluster since it started, read from its admin interface.

Users of a version that serves directly are counted at its own cluster, `version/V`; those of the new version
of a split at the aggregate `new/V`; those that stable had to serve in its place at `fallback/V`. Format:
Prometheus text exposition, as Envoy's `/stats/prometheus` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sluiceway.adapters.traffic.envoy_names import Part, stat_name
from sluiceway.domain.process.plan import Version

FILTER = (
    rf"^cluster\.({Part.VERSION}|{Part.NEW}|{Part.FALLBACK})/[^.]+"
    r"\.upstream_rq_(completed|5xx|xx|total|time|active)$"
)

_LINE = re.compile(r"envoy_cluster_upstream_rq_(?P<what>\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Counters:
    """Running totals. `buckets` maps an upper bound in ms to the answers at or below it."""

    requests: float = 0
    errors: float = 0
    total_ms: float = 0
    buckets: dict[float, float] = field(default_factory=dict[float, float])


NOTHING = Counters()


class _Sums:
    def __init__(self) -> None:
        self.requests = 0.0
        self.errors = 0.0
        self.total_ms = 0.0
        self.buckets: dict[float, float] = {}


def read_counters(text: str) -> dict[str, Counters]:
    """Return the totals by cluster, as clusters are called in statistics.

    A request that stable served in place of the new version counts as an error: its user was saved, the
    version was not. So a fallback's clusters have errors only.
    """
    sums: dict[str, _Sums] = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        labels = dict(_LABEL.findall(found["labels"]))
        cluster = labels.get("envoy_cluster_name", "")
        part, _, version = cluster.partition("/")
        if version:
            _add(sums.setdefault(cluster, _Sums()), part, found["what"], labels, float(found["value"]))
    return {
        cluster: Counters(each.requests, each.errors, each.total_ms, each.buckets)
        for cluster, each in sums.items()
    }


def read_in_flight(text: str) -> dict[str, float]:
    """Return how many requests each version has now that stable serves in its place, by `version_label`."""
    in_flight: dict[str, float] = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None or found["what"] != "active":
            continue
        cluster = dict(_LABEL.findall(found["labels"])).get("envoy_cluster_name", "")
        part, _, version = cluster.partition("/")
        if part == Part.FALLBACK and version:
            in_flight[version] = float(found["value"])
    return in_flight


def version_label(version: Version) -> str:
    """Return what all clusters of a version have in common in statistics."""
    return stat_name(Part.VERSION, version).partition("/")[2]


def _add(into: _Sums, part: str, what: str, labels: dict[str, str], value: float) -> None:
    if part == Part.FALLBACK:
        if what == "total":
            into.errors += value
        return
    match what:
        case "completed":
            into.requests += value
        case "xx" if labels.get("envoy_response_code_class") == "5":
            into.errors += value
        case "time_sum":
            into.total_ms += value
        case "time_bucket":
            bound = float(labels["le"])
            into.buckets[bound] = into.buckets.get(bound, 0.0) + value
        case _:
            pass


def between(before: Counters, after: Counters) -> Counters:
    """Return what was counted between two looks; totals that fell (a restart) count from zero."""
    fell = (
        after.requests < before.requests or after.errors < before.errors or after.total_ms < before.total_ms
    )
    if fell:
        return after
    return Counters(
        after.requests - before.requests,
        after.errors - before.errors,
        after.total_ms - before.total_ms,
        {bound: max(0.0, count - before.buckets.get(bound, 0.0)) for bound, count in after.buckets.items()},
    )


def of_version(begin: Mapping[str, Counters], end: Mapping[str, Counters], version: Version) -> Counters:
    """Return what was counted for a version between two looks: at its own cluster, as the new one of a
    split, and at stable in its place.
    """
    total = NOTHING
    for part in (Part.VERSION, Part.NEW, Part.FALLBACK):
        cluster = stat_name(part, version)
        total = plus(total, between(begin.get(cluster, NOTHING), end.get(cluster, NOTHING)))
    # A fallback's request is counted when it begins, so it may be ahead of the request it is part of.
    return replace(total, errors=min(total.errors, total.requests))


def plus(one: Counters, other: Counters) -> Counters:
    """Return the sum of two counts."""
    bounds = one.buckets.keys() | other.buckets.keys()
    return Counters(
        one.requests + other.requests,
        one.errors + other.errors,
        one.total_ms + other.total_ms,
        {bound: one.buckets.get(bound, 0.0) + other.buckets.get(bound, 0.0) for bound in bounds},
    )


def quantile_ms(buckets: dict[float, float], share: float) -> float | None:
    """Return the latency that `share` (0 to 1) of the answers are at or below, None without answers.

    Linear within a bucket, as Prometheus's `histogram_quantile`; the last finite bound is the most it says.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds else 0.0
    if total <= 0:
        return None
    rank, low, below = share * total, 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= rank:
            if bound == float("inf") or count == below:
                return low
            return low + (bound - low) * (rank - below) / (count - below)
        low, below = bound, count
    return low
