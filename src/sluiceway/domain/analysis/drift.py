"""The slow wandering of one version's bad rate against the other's, followed as it goes.

Two arms that run the same code still differ for minutes at a time: a warm cache, a noisy neighbour. The log
of their ratio is taken as a stationary Gaussian process that forgets exponentially (Ornstein-Uhlenbeck), and
what is known of it is kept as one normal distribution. Each interval's counts are a binomial given that
level, so learning is logistic regression with one unknown; the integral over it is Laplace's approximation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = 8
_ENOUGH = 1e-7
_LONGEST_STEP = 1.5


@dataclass(frozen=True, slots=True)
class Level:
    """What is known of a log ratio: a normal distribution."""

    mean: float
    var: float


@dataclass(frozen=True, slots=True)
class Wandering:
    """How far the log ratio wanders in one interval: `keep` is left of it, `gain` is new variance."""

    keep: float
    gain: float


def wandering(slow_sd: float, slow_s: float, seconds: float) -> Wandering:
    """Return the transition over `seconds` for standard deviation `slow_sd` and memory `slow_s`."""
    keep = math.exp(-seconds / slow_s)
    return Wandering(keep, slow_sd * slow_sd * (1.0 - keep * keep))


def pass_time(level: Level, step: Wandering) -> Level:
    """Return what is known after time has passed and nothing was seen."""
    return Level(step.keep * level.mean, step.keep * step.keep * level.var + step.gain)


def learn(level: Level, offset: float, x1: float, x: float, phi: float) -> tuple[float, Level]:
    """Return the counts' log likelihood, up to a term that depends on them alone, and what is known now.

    `offset` is the log odds that a bad request is the new version's when the level is 0; `x1` of `x` bad
    requests were its. Counts are worth 1/`phi` of independent ones. The likelihood is integrated over the
    level: maximise by Newton's method, then Laplace (Tierney and Kadane 1986).
    """
    mean, var = level.mean, level.var
    at = mean
    for _ in range(_STEPS):
        share = _sigmoid(offset + at)
        bend = 1.0 + var * x * share * (1.0 - share) / phi
        step = (var * (x1 - x * share) / phi - (at - mean)) / bend
        step = min(max(step, -_LONGEST_STEP), _LONGEST_STEP)
        at += step
        if abs(step) < _ENOUGH:
            break
    logit = offset + at
    share = _sigmoid(logit)
    bend = 1.0 + var * x * share * (1.0 - share) / phi
    log_likelihood = (x1 * logit - x * _softplus(logit)) / phi - 0.5 * math.log(bend)
    if var > 0.0:
        log_likelihood -= (at - mean) * (at - mean) / (2.0 * var)
    return log_likelihood, Level(at, var / bend)


def _sigmoid(z: float) -> float:
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    power = math.exp(z)
    return power / (1.0 + power)


def _softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
