"""Shared incidents: is stable itself far worse than it was a while ago?

The comparison needs no such knowledge, since what hits both versions drops out of it. People do: a rollout
that goes on to more users in the middle of an incident, or ends because of one, would surprise them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sluiceway.domain.analysis.counts import Interval

SHORT_S = 30.0
LONG_S = 1_800.0
MIN_CALM_S = 60.0
RISE = 3.0  # times the usual bad rate
OVER = 1.5  # times the usual bad rate: below it an incident is over
MIN_BAD = 10.0
LEAST_BURST = 5.0  # whatever is known of bursts: a few requests that fail together are no incident
_SIGMAS = 4.0
_SLOWER = 10.0  # how much slower "usual" is learned while it is not: a lasting change becomes usual in hours


@dataclass(frozen=True, slots=True)
class Calm:
    """Exponentially forgotten counts: of the last half minute on both sides, of the last half hour on stable.

    `seen_s` is how long stable was watched; `is_incident` what the last interval left.
    """

    short_n0: float = 0.0
    short_x0: float = 0.0
    short_n1: float = 0.0
    short_x1: float = 0.0
    long_n0: float = 0.0
    long_x0: float = 0.0
    seen_s: float = 0.0
    is_incident: bool = False


def follow(calm: Calm, interval: Interval, burst: float) -> Calm:
    """Return the state after one more interval of usable counts."""
    keep = math.exp(-interval.seconds / SHORT_S)
    after = replace(
        calm,
        short_n0=keep * calm.short_n0 + interval.n0,
        short_x0=keep * calm.short_x0 + interval.x0,
        short_n1=keep * calm.short_n1 + interval.n1,
        short_x1=keep * calm.short_x1 + interval.x1,
        seen_s=calm.seen_s + interval.seconds,
    )
    is_incident = _is_incident(after, burst)
    slower = _SLOWER if is_incident else 1.0
    keep = math.exp(-interval.seconds / (slower * LONG_S))
    return replace(
        after,
        long_n0=keep * calm.long_n0 + interval.n0 / slower,
        long_x0=keep * calm.long_x0 + interval.x0 / slower,
        is_incident=is_incident,
    )


def rise(calm: Calm) -> float:
    """Return stable's bad rate now as a multiple of its usual one; 1 when nothing is known."""
    if calm.long_n0 <= 0 or calm.short_n0 <= 0 or calm.long_x0 <= 0:
        return 1.0
    return (calm.short_x0 / calm.short_n0) / (calm.long_x0 / calm.long_n0)


def _is_incident(now: Calm, burst: float) -> bool:
    """Stable is far above its usual rate, by more than bursts explain, and the new version is no better.

    Once it is, it is so until stable is nearly back at its usual rate.
    """
    if now.seen_s < MIN_CALM_S or now.long_n0 <= 0:
        return False
    usual = now.long_x0 / now.long_n0
    expected = max(usual * now.short_n0, 0.5)
    if now.is_incident:
        return now.short_x0 > OVER * expected
    is_risen = now.short_x0 >= max(MIN_BAD, RISE * expected)
    is_sure = now.short_x0 - expected > _SIGMAS * math.sqrt(max(burst, LEAST_BURST) * expected)
    is_shared = now.short_x1 >= RISE / 2.0 * usual * now.short_n1
    return is_risen and is_sure and is_shared
