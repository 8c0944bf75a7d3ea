"""How much two arms that run the same version differ anyway, learned from their history.

Requests fail in bursts, and replicas wander together for minutes. Both are estimated by the method of moments
from placebo comparisons: a group of stable's replicas against the rest, minute by minute, both on the same
version. What the history can't tell is filled from a cautious prior, in proportion to how little it tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from sluiceway.domain.analysis.counts import Interval, find_problem

LAGS = 30
MINUTE_S = 60.0
MIN_SLOW_S = 120.0  # faster wandering is seen as bursts, which is the safer of the two
UNKNOWN_SLOW_S = 600.0  # when the wandering is too small to time
MIN_MINUTES = 60  # of placebo; with less the history is as good as absent
PRIOR_VAR, PRIOR_VAR_SD = 0.03, 0.04  # of the slow log ratio, before any history is seen
_ROUNDS = 4
_BLOCK = 20  # minutes that are taken as one when standard errors are estimated
_MAX_TAIL = 1.8
_BURST_LASTS_S = 10.0
_TAIL_MIN_BURSTS, _TAIL_MIN_BLOCKS = 10.0, 30


@dataclass(frozen=True, slots=True)
class Noise:
    """`burst`: variance of counts over that of independent ones. `slow_sd`, `slow_s`: standard deviation and
    memory of the wandering log ratio. `is_learned` is False when no usable history stands behind them."""

    burst: float
    slow_sd: float
    slow_s: float
    is_learned: bool = True


CAUTIOUS = Noise(burst=5.0, slow_sd=0.4, slow_s=900.0, is_learned=False)
INDEPENDENT = Noise(burst=1.0, slow_sd=0.0, slow_s=UNKNOWN_SLOW_S)


@dataclass(frozen=True, slots=True)
class _Residual:
    """By how much a group had more bad requests than its share, its variance if independent, its share."""

    r: float
    v: float
    expected: float


def learn_noise(groups: Sequence[Sequence[Interval]]) -> Noise:
    """Return the noise of placebo comparisons: one series per group, in equal steps (minutes).

    In an interval, side 0 is the rest and side 1 the group. Unusable intervals count as nothing seen. Without
    an hour of usable data the cautious prior comes back. Source: docs/analysis.md, "Noise".
    """
    series = [[_residual(interval) for interval in group] for group in groups]
    seen = [each for group in series for each in group if each.v > 0]
    usable = max((sum(find_problem(i) is None for i in group) for group in groups), default=0)
    if usable < MIN_MINUTES or not seen:
        return CAUTIOUS
    step_s = groups[0][0].seconds
    burst, burst_se, slow_var, slow_var_sd, slow_s = _moments(series, seen, step_s)
    tail = _tail(series, burst, slow_var, slow_s, step_s)
    # Rounded up by errors of estimation: too much noise costs seconds, too little costs the bound.
    slow_sd = tail * math.sqrt(slow_var + 0.5 * slow_var_sd)
    return Noise(max(1.0, burst + burst_se), slow_sd, slow_s)


def _residual(interval: Interval) -> _Residual:
    if find_problem(interval) is not None:
        return _Residual(0.0, 0.0, 0.0)
    share = interval.n1 / (interval.n0 + interval.n1)
    bad = interval.x0 + interval.x1
    return _Residual(interval.x1 - bad * share, bad * share * (1.0 - share), bad * share)


def _moments(
    series: Sequence[Sequence[_Residual]], seen: Sequence[_Residual], step_s: float
) -> tuple[float, float, float, float, float]:
    """Return burst and its error, slow variance and its error, and its memory in seconds.

    Residuals are weighted by what their variance is thought to be, else a few incidents would outvote a day;
    so burst and wandering are estimated in turns. E[r_t r_t+k] = slow_var a^k v_t v_t+k for k >= 1, and
    E[r_t^2] = burst v_t + slow_var v_t^2.
    """
    burst, burst_se, slow_var, slow_var_sd, slow_s = 3.0, 1.0, 0.05, PRIOR_VAR_SD, UNKNOWN_SLOW_S
    for _ in range(_ROUNDS):
        scaled = [
            [(each.r / (burst + slow_var * each.v), each.v / (burst + slow_var * each.v)) for each in group]
            for group in series
        ]
        lags = [_lagged(scaled, lag) for lag in range(1, LAGS + 1)]
        first = lags[0]
        error = _error_of_first(scaled, first)
        slow_s = _memory_s(lags, step_s) if first > 2.0 * error else UNKNOWN_SLOW_S
        # A minute's mean wanders less than the process itself; both factors are of the integrated process.
        q = step_s / slow_s
        within = 2.0 * (q - 1.0 + math.exp(-q)) / (q * q)
        between = ((1.0 - math.exp(-q)) / q) ** 2
        raw, raw_sd = max(first, -error) / between, max(error / between, 1e-6)
        precision = 1.0 / raw_sd**2 + 1.0 / PRIOR_VAR_SD**2
        slow_var = max(0.0, (raw / raw_sd**2 + PRIOR_VAR / PRIOR_VAR_SD**2) / precision)
        slow_var_sd = 1.0 / math.sqrt(precision)
        share = min(max(raw, 0.0), slow_var) * within
        burst, burst_se = _burst(seen, burst, slow_var, share)
    return burst, burst_se, slow_var, slow_var_sd, slow_s


def _lagged(scaled: Sequence[Sequence[tuple[float, float]]], lag: int) -> float:
    found = weight = 0.0
    for group in scaled:
        for (r, v), (later_r, later_v) in zip(group, group[lag:], strict=False):
            found += r * later_r
            weight += v * later_v
    return found / weight if weight > 0 else 0.0


def _error_of_first(scaled: Sequence[Sequence[tuple[float, float]]], first: float) -> float:
    """Return the standard error of the lag-1 moment, from blocks, since neighbours are alike.

    Never below what independent counts alone would leave: scaled residuals have variance v, so their
    products have v_t v_t+1. Where hardly anything is bad, blocks are empty and would promise certainty.
    """
    square = weight = 0.0
    for group in scaled:
        off, length = 0.0, 0
        for (r, v), (later_r, later_v) in pairwise(group):
            off += r * later_r - first * v * later_v
            weight += v * later_v
            length += 1
            if length == _BLOCK:
                square, off, length = square + off * off, 0.0, 0
        square += off * off
    return max(math.sqrt(square) / weight, 1.0 / math.sqrt(weight)) if weight > 0 else math.inf


def _memory_s(lags: Sequence[float], step_s: float) -> float:
    """Return the memory whose autocorrelations add up to what was found, relative to the first lag."""
    total = max(sum(lags) / lags[0], 1.0)
    low, high = 0.01, 0.9995
    for _ in range(40):
        middle = (low + high) / 2.0
        if (1.0 - middle**LAGS) / (1.0 - middle) < total:
            low = middle
        else:
            high = middle
    return max(-step_s / math.log(low), MIN_SLOW_S)


def _burst(
    seen: Sequence[_Residual], burst: float, slow_var: float, slow_share: float
) -> tuple[float, float]:
    rows = [
        (
            1.0 / ((1.0 + each.v) * (burst + slow_var * each.v) ** 2),
            each.r**2 - slow_share * each.v**2,
            each.v,
        )
        for each in seen
    ]
    weight = sum(w * v for w, _, v in rows)
    found = max(1.0, sum(w * square for w, square, _ in rows) / weight)
    error = math.sqrt(sum((w * (square - found * v)) ** 2 for w, square, v in rows)) / weight
    return found, error


def _tail(
    series: Sequence[Sequence[_Residual]], burst: float, slow_var: float, slow_s: float, step_s: float
) -> float:
    """Return by how much more than a normal distribution's its standard deviation must be, 1 or more.

    Excursions that are rarer and larger than normal ones show as kurtosis of the log ratio of blocks as long
    as the memory, where these hold enough bursts. A Laplace distribution (excess 3) reaches 1.4 times as far
    as a normal one at 1 in 1,000.
    """
    size = min(max(1, round(slow_s / step_s)), _BLOCK)
    logs: list[float] = []
    for group in series:
        for start in range(0, len(group) - size + 1, size):
            block = group[start : start + size]
            v, expected = sum(each.v for each in block), sum(each.expected for each in block)
            bad = expected + sum(each.r for each in block)
            if v >= _TAIL_MIN_BURSTS * burst and slow_var * v >= burst and bad > 0:
                logs.append(math.log(bad / expected))
    if len(logs) < _TAIL_MIN_BLOCKS:
        return 1.0
    mean = sum(logs) / len(logs)
    second = sum((each - mean) ** 2 for each in logs) / len(logs)
    fourth = sum((each - mean) ** 4 for each in logs) / len(logs)
    excess = fourth / second**2 - 3.0 if second > 0 else 0.0
    return min(max(1.0 + 0.15 * (excess - 0.5), 1.0), _MAX_TAIL)


def worth_here(burst: float, factor: float, bad: float, seconds: float) -> float:
    """Return `worth`, or less where an interval has only `bad` bad requests and is longer than bursts last.

    At worst all of them are one burst and fell on one side together: then they count as one. That is exact
    for bursts of any sizes within an interval: a product of powers that sum to 1 has mean at most 1.
    """
    phi = worth(burst, factor)
    return max(1.0, min(phi, bad)) if seconds >= _BURST_LASTS_S else phi


@lru_cache(maxsize=4096)
def worth(burst: float, factor: float) -> float:
    """Return how many bad requests count as one when a change of the rate by `factor` is claimed.

    The smallest phi for which exp(log(factor) X / phi - mu (factor - 1) / phi) has mean at most 1, where X is
    a compound Poisson count of mean mu with geometric bursts whose size B has E[B^2]/E[B] = `burst`. That is
    (E[exp(t B)] - 1) / E[B] <= (factor - 1) / phi with t = log(factor) / phi. For bursts of one size it is
    `burst` itself; long-tailed bursts ask more of bigger claims.
    """
    if burst <= 1.0:
        return 1.0
    mean = (burst + 1.0) / 2.0

    def is_enough(phi: float) -> bool:
        power = math.exp(math.log(factor) / phi)
        rest = mean - (mean - 1.0) * power
        return rest > 0 and (power / rest - 1.0) / mean <= (factor - 1.0) / phi

    low, high = 1.0, 12.0 * burst + 12.0
    for _ in range(50):
        middle = (low + high) / 2.0
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high
