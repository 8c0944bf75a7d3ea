"""Simulated ratings and times for tests: seeded, in plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sluiceway.domain.analysis.means import (
    MeanEvidence,
    MeanInterval,
    MeanSettings,
    start_means,
    update_means,
)
from sluiceway.domain.analysis.noise import INDEPENDENT
from tests.unit.domain.analysis.rows import poisson

RATING = MeanSettings(
    low=1, high=5, margin=0.2, sound_margin=0.4, higher_is_worse=False, noise=INDEPENDENT, stale_s=600
)
TIME = MeanSettings(low=0, high=600, margin=5, sound_margin=10, noise=INDEPENDENT, stale_s=600)
STARS = (1.0, 2.0, 3.0, 4.0, 5.0)
Draw = Callable[[random.Random], float]


def stars(mean: float) -> Draw:
    """Ratings as people give them, mostly the best one; another mean comes of more ones or fives."""
    weights, usual_mean = [0.06, 0.05, 0.10, 0.29, 0.50], 4.12
    extreme = 0 if mean < usual_mean else 4
    share = (mean - usual_mean) / (STARS[extreme] - usual_mean)
    weights = [(1.0 - share) * weight for weight in weights]
    weights[extreme] += share

    return lambda rng: rng.choices(STARS, weights)[0]


def seconds(mean: float) -> Draw:
    """Times on task: log-normal with sigma 0.8, clipped at the bound."""
    return lambda rng: min(TIME.high, mean * rng.lognormvariate(-0.32, 0.8))


def sums(values: Sequence[float]) -> tuple[float, float, float]:
    return float(len(values)), sum(values), sum(value * value for value in values)


def interval(stable: Sequence[float], new: Sequence[float], length_s: float = 60.0) -> MeanInterval:
    return MeanInterval(*sums(stable), *sums(new), length_s)


def drawn(
    rng: random.Random, stable: Draw, new: Draw, n0: float, n1: float, *, length_s: float = 60.0
) -> MeanInterval:
    """About `n0` and `n1` values, each by itself."""
    return interval(
        [stable(rng) for _ in range(poisson(rng, n0))], [new(rng) for _ in range(poisson(rng, n1))], length_s
    )


def fed_means(
    settings: MeanSettings, rows: Iterable[MeanInterval], state: MeanEvidence | None = None
) -> MeanEvidence:
    now = start_means() if state is None else state
    for row in rows:
        now = update_means(now, row, settings)
    return now


def swapped(row: MeanInterval) -> MeanInterval:
    """The same with the versions' roles exchanged."""
    return replace(
        row,
        n0=row.n1,
        total0=row.total1,
        squares0=row.squares1,
        n1=row.n0,
        total1=row.total0,
        squares1=row.squares0,
    )


def shifted(row: MeanInterval, factor: float, offset: float) -> MeanInterval:
    """The same in another unit: every value `factor` times itself and `offset` more."""

    def of(n: float, total: float, squares: float) -> tuple[float, float]:
        scaled = factor * factor * squares + 2.0 * factor * offset * total + offset * offset * n
        return factor * total + offset * n, scaled

    total0, squares0 = of(row.n0, row.total0, row.squares0)
    total1, squares1 = of(row.n1, row.total1, row.squares1)
    return replace(row, total0=total0, squares0=squares0, total1=total1, squares1=squares1)
