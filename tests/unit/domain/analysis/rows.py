"""Simulated counts for tests: seeded, in plain Python."""

from __future__ import annotations

import math
import random

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.evidence import Evidence, Settings, start, update
from sluiceway.domain.analysis.noise import INDEPENDENT, Noise

QUIET = Settings(noise=INDEPENDENT)
NOISY = Settings(noise=Noise(burst=5.0, slow_sd=0.25, slow_s=200.0))


def poisson(rng: random.Random, mean: float) -> int:
    """Knuth's method, in parts so that large means don't underflow."""
    total = 0
    while mean > 30:
        total += _small_poisson(rng, 30.0)
        mean -= 30
    return total + _small_poisson(rng, mean)


def _small_poisson(rng: random.Random, mean: float) -> int:
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def bursts(rng: random.Random, mean: float, size: float) -> int:
    """A compound Poisson count of this mean, in geometric bursts of mean `size`."""
    total = 0
    for _ in range(poisson(rng, mean / size)):
        total += 1
        while rng.random() > 1 / size:
            total += 1
    return total


def fed(settings: Settings, *intervals: Interval, state: Evidence | None = None) -> Evidence:
    now = start(settings) if state is None else state
    for interval in intervals:
        now = update(now, interval, settings)
    return now


def steady(bad_new: float, *, bad_stable: float = 95, times: int = 1) -> list[Interval]:
    """Ten seconds of 1,000 requests/s at 5 percent share, `times` over."""
    return [Interval(9_500, bad_stable, 500, bad_new, 10.0)] * times
