"""Running totals of requests and of those that went badly, for each version behind one Envoy.

What was counted between two looks, added up so that the totals can be subtracted over any interval: an
interval never has more errors than requests. Reading the counters is the business of `envoy_counters`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sluiceway.adapters.metrics.envoy_counters import NOTHING, Counters, plus
from sluiceway.adapters.traffic.envoy_bootstrap import LATENCY_BOUNDS_MS
from sluiceway.errors import PermanentProviderError

BOUNDS_MS = tuple(float(bound) for bound in LATENCY_BOUNDS_MS)
MIN_ANSWERS = 200  # before a 95th percentile is told: ten answers are slower
USUAL_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Settled:
    """Totals of one version. `early` errors wait for their requests, which stable is serving just now."""

    requests: float = 0.0
    errors: float = 0.0
    early: float = 0.0


UNSETTLED = Settled()


def settle(before: Settled, counted: Counters, in_flight: float) -> Settled:
    """Return the totals after one more look, at which stable served `in_flight` requests in its place.

    Envoy counts a request that stable serves in the version's place as an error when it begins, as a
    request when it is answered, and as an error once more when stable's answer is a 5xx. So errors may be
    ahead of requests, or be more. Those that are ahead wait; the others are of one request and count once.
    """
    errors = before.early + counted.errors
    taken = min(errors, counted.requests)
    early = min(errors - taken, in_flight)
    return Settled(before.requests + counted.requests, before.errors + taken, early)


def settle_all(
    before: Mapping[str, Settled], counted: Mapping[str, Counters], in_flight: Mapping[str, float]
) -> dict[str, Settled]:
    """Return the totals of every version after a look. `counted` is by cluster, the others by version."""
    by_version: dict[str, Counters] = {}
    for cluster, counters in counted.items():
        version = cluster.partition("/")[2]
        by_version[version] = plus(by_version.get(version, NOTHING), counters)
    waiting = {version for version, settled in before.items() if settled.early}
    changed = {
        version: settle(
            before.get(version, UNSETTLED), by_version.get(version, NOTHING), in_flight.get(version, 0.0)
        )
        for version in by_version.keys() | waiting
    }
    return {**before, **changed}


def slow_of(buckets: Mapping[float, float], slower_than_ms: float) -> tuple[float, float]:
    """Return the answers in a latency histogram and those above `counted_bound_ms(slower_than_ms)`."""
    bound_ms = counted_bound_ms(slower_than_ms)
    answers = buckets.get(math.inf, 0.0)
    return answers, max(0.0, answers - buckets.get(bound_ms, 0.0))


def counted_bound_ms(slower_than_ms: float) -> float:
    """Return the bound at or above `slower_than_ms` at which Envoy counts exactly.

    Raises PermanentProviderError where there is none.
    """
    if not 0 < slower_than_ms <= BOUNDS_MS[-1]:
        raise PermanentProviderError(
            f"metric slow_requests: its bound is {slower_than_ms:g} ms, and Envoy's latencies are told apart "
            f"above 0 and up to {BOUNDS_MS[-1]:g} ms; set slower_than between them"
        )
    return BOUNDS_MS[bisect_left(BOUNDS_MS, slower_than_ms)]


def usual_bound_ms(buckets: Mapping[float, float]) -> float | None:
    """Return the lowest bound that 95 of 100 answers were at or below, None under `MIN_ANSWERS` answers."""
    answers = buckets.get(math.inf, 0.0)
    if answers < MIN_ANSWERS:
        return None
    return _first(bound for bound in BOUNDS_MS if buckets.get(bound, 0.0) >= USUAL_SHARE * answers)


def _first(bounds: Iterable[float]) -> float | None:
    return next(iter(bounds), None)
