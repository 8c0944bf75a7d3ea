"""The always-valid range of the ratio: which ratios of bad rates the counts have not refuted at any look.

The log ratio and the noise's level are estimated together as a two-dimensional normal distribution. The range
is inverted from a test: the ratio of posterior to prior density at the true value is a martingale's inverse,
so all values where it stays above the error chance form a confidence sequence (Waudby-Smith and Ramdas 2020).
A ratio since the start answers for all of a rollout; one of the last minutes shows what began late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sluiceway.domain.analysis.counts import Interval
from sluiceway.domain.analysis.drift import Level, learn, wandering
from sluiceway.domain.analysis.noise import Noise, worth

PRIOR_VAR = 2.25  # of the log ratio: a factor of 4.5 either way is one standard deviation
RECENT_S = 600.0  # a recent ratio covers the last one to two of these
_TYPICAL_FACTOR = 2.2


@dataclass(frozen=True, slots=True)
class Ratio:
    """What is known of the log `ratio` and of the noise's `level`, with their covariance `both`."""

    ratio: Level
    level: Level
    both: float = 0.0


@dataclass(frozen=True, slots=True)
class Ratios:
    """The ratio since the start, and two staggered recent ones; the older of these is shown."""

    overall: Ratio
    older: Ratio
    younger: Ratio
    younger_since_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Range:
    """A ratio's point estimate and the range that holds it, as factors."""

    ratio: float
    low: float
    high: float


def start_ratios(noise: Noise) -> Ratios:
    """Return the state before anything was counted."""
    fresh = _fresh(noise)
    return Ratios(fresh, fresh, fresh)


def follow_ratio(ratios: Ratios, odds: float, interval: Interval, noise: Noise, elapsed_s: float) -> Ratios:
    """Return the state after one more interval, `elapsed_s` seconds after the start."""
    older, younger, since_s = ratios.older, ratios.younger, ratios.younger_since_s
    if elapsed_s - since_s >= RECENT_S:
        older, younger, since_s = younger, _fresh(noise), elapsed_s
    return Ratios(
        _follow(ratios.overall, odds, interval, noise),
        _follow(older, odds, interval, noise),
        _follow(younger, odds, interval, noise),
        since_s,
    )


def overall_range(ratios: Ratios, alpha: float) -> Range:
    """Return the range of the ratio since the start, valid at all looks with chance 1 - alpha / 2."""
    return _range(ratios.overall, alpha / 2.0)


def recent_range(ratios: Ratios, alpha: float, bake_s: float) -> Range:
    """Return the range of the last 10 to 20 minutes; all such ranges of a bake share the other alpha / 2."""
    return _range(ratios.older, alpha / 2.0 / max(1.0, math.ceil(bake_s / RECENT_S)))


def _fresh(noise: Noise) -> Ratio:
    return Ratio(Level(0.0, PRIOR_VAR), Level(0.0, noise.slow_sd**2))


def _follow(known: Ratio, odds: float, interval: Interval, noise: Noise) -> Ratio:
    """The counts tell of the sum of ratio and level; what each learns is its share of the sum's variance."""
    ratio, level, both = known.ratio, known.level, known.both
    bad = interval.x0 + interval.x1
    if bad > 0:
        total = Level(ratio.mean + level.mean, ratio.var + level.var + 2.0 * both)
        _, after = learn(total, odds, interval.x1, bad, worth(noise.burst, _TYPICAL_FACTOR))
        of_ratio, of_level = (ratio.var + both) / total.var, (level.var + both) / total.var
        moved, shrunk = after.mean - total.mean, total.var - after.var
        ratio = Level(ratio.mean + of_ratio * moved, ratio.var - of_ratio**2 * shrunk)
        level = Level(level.mean + of_level * moved, max(0.0, level.var - of_level**2 * shrunk))
        both -= of_ratio * of_level * shrunk
    step = wandering(noise.slow_sd, noise.slow_s, interval.seconds)
    passed = Level(step.keep * level.mean, step.keep**2 * level.var + step.gain)
    return Ratio(ratio, passed, step.keep * both)


def _range(known: Ratio, alpha: float) -> Range:
    mean, var = known.ratio.mean, known.ratio.var
    # Solves log posterior(t) - log prior(t) >= log(alpha) for t, both normal: a quadratic.
    a = 0.5 / var - 0.5 / PRIOR_VAR
    b = mean / var
    c = 0.5 * mean * mean / var + 0.5 * math.log(var / PRIOR_VAR) + math.log(alpha)
    if a <= 1e-9:
        return Range(math.exp(mean), 0.0, math.inf)
    root = math.sqrt(max(0.0, b * b - 4.0 * a * c))
    low, high = (b - root) / (2.0 * a), (b + root) / (2.0 * a)
    return Range(math.exp(mean), math.exp(max(low, -50.0)), math.exp(min(high, 50.0)))
