"""What was counted on both versions in one interval, and whether it can be compared at all.

Counts that make no sense are named here, one problem each, so that nothing later mistakes them for good news.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

MAX_SKEW_SHARE = 0.5  # of an interval: beyond it, the two sides were not counted at the same time


class Problem(StrEnum):
    """Why an interval says nothing. `NO_REQUESTS_*` is ordinary when traffic is low, the others are not."""

    MISSING = "missing"
    NO_REQUESTS_ON_NEW = "no-requests-on-new"
    NO_REQUESTS_ON_STABLE = "no-requests-on-stable"
    NOT_A_NUMBER = "not-a-number"
    NEGATIVE = "negative"
    MORE_BAD_THAN_REQUESTS = "more-bad-than-requests"
    NO_TIME = "no-time"
    SKEWED = "skewed"
    OUTSIDE_BOUNDS = "outside-bounds"


PROBLEM_WORDS: dict[Problem, str] = {
    Problem.MISSING: "the source gave no figures",
    Problem.NO_REQUESTS_ON_NEW: "the new version had no requests",
    Problem.NO_REQUESTS_ON_STABLE: "the stable version had no requests to compare with",
    Problem.NOT_A_NUMBER: "a count is not a number",
    Problem.NEGATIVE: "a count is negative: a counter was probably reset",
    Problem.MORE_BAD_THAN_REQUESTS: "more bad requests than requests: a counter was probably reset",
    Problem.NO_TIME: "the interval has no length",
    Problem.SKEWED: "the two versions were counted at different times: the clocks of their sources differ",
    Problem.OUTSIDE_BOUNDS: "no values between the metric's bounds add up to these sums: check low and high",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """Counts of one interval: stable's requests `n0` and bad ones `x0`, the new version's `n1` and `x1`.

    "Bad" is any yes/no outcome: failed, slower than a bound, crashed. Fractions are allowed, since some
    sources extrapolate. `skew_s` is by how much the two sides' intervals are known to be apart. `is_missing`
    says that the source gave no figures for one side at least.
    """

    n0: float
    x0: float
    n1: float
    x1: float
    seconds: float
    skew_s: float = 0.0
    is_missing: bool = False


def find_problem(interval: Interval) -> Problem | None:
    """Return why these counts can't be compared, None when they can."""
    if interval.is_missing:
        return Problem.MISSING
    counts = (interval.n0, interval.x0, interval.n1, interval.x1)
    if not all(map(math.isfinite, (*counts, interval.seconds, interval.skew_s))):
        return Problem.NOT_A_NUMBER
    if interval.seconds <= 0:
        return Problem.NO_TIME
    if min(counts) < 0:
        return Problem.NEGATIVE
    if interval.x0 > interval.n0 or interval.x1 > interval.n1:
        return Problem.MORE_BAD_THAN_REQUESTS
    if abs(interval.skew_s) > MAX_SKEW_SHARE * interval.seconds:
        return Problem.SKEWED
    if interval.n1 == 0:
        return Problem.NO_REQUESTS_ON_NEW
    if interval.n0 == 0:
        return Problem.NO_REQUESTS_ON_STABLE
    return None
