"""The fixed-interval checks of two well-known rollout controllers, for comparison on the same traffic.

Argo Rollouts runs a measurement every `interval` and fails the analysis when more than `failureLimit`
measurements failed (docs, "Analysis & Progressive Delivery", AnalysisTemplate). Flagger checks its metrics
every `interval` and rolls back when the count of failed checks reaches `threshold` (docs, "How it works").
Both look at the last minute. Only the rule is modelled, not their start-up or reaction time: that flatters
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

INTERVAL_S = 60
ARGO_FAILURE_LIMIT = 3
FLAGGER_THRESHOLD = 5


@dataclass(frozen=True, slots=True)
class Second:
    """What the new version did in one second: answers, and how many of them were bad."""

    requests: int
    bad: int


def is_bad_minute(minute: Sequence[Second], limit: float) -> bool:
    """Return whether more than `limit` (0 to 1) of a minute's answers are bad; no answers is not bad."""
    requests = sum(second.requests for second in minute)
    return requests > 0 and sum(second.bad for second in minute) / requests > limit


def argo_style(traffic: Callable[[int], Second], phase_s: int, limit: float, horizon_s: int) -> int | None:
    """Return the second at which more than `ARGO_FAILURE_LIMIT` measurements had failed, None if never.

    The new version turns bad at second 0; measurements fall at `phase_s` and every 60 s from there.
    """
    return _counting(traffic, phase_s, limit, horizon_s, tolerated=ARGO_FAILURE_LIMIT)


def flagger_style(traffic: Callable[[int], Second], phase_s: int, limit: float, horizon_s: int) -> int | None:
    """Return the second at which `FLAGGER_THRESHOLD` checks had failed, None if never."""
    return _counting(traffic, phase_s, limit, horizon_s, tolerated=FLAGGER_THRESHOLD - 1)


def _counting(
    traffic: Callable[[int], Second], phase_s: int, limit: float, horizon_s: int, *, tolerated: int
) -> int | None:
    failed = 0
    for at_s in range(phase_s, horizon_s, INTERVAL_S):
        minute = [traffic(second) for second in range(at_s - INTERVAL_S, at_s)]
        failed += is_bad_minute(minute, limit)
        if failed > tolerated:
            return at_s
    return None
