"""Bets on the difference of two bounded means, from counts, sums and sums of squares alone.

A bet that one side's mean is above the other's by more than a margin is multiplied, value by value, by
1 + lambda (y - c) on the one side and 1 - lambda' (x - c') on the other. Its logarithm is bounded from below
by the first two powers, so that the sums of a batch suffice; both stakes are sized so that what raises both
means alike cancels. Proof and sources: docs/analysis.md, "Ratings and means".

Everything here lies between 0 and 1, and higher is worse: `means` brings a metric's own unit to that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sluiceway.domain.analysis.drift import Level

# As shares of the largest stake that can't lose all: large ones see large differences soon, small ones small.
STAKES = (0.8, 0.4, 0.2, 0.1, 0.05, 0.025, 0.0125)
_PRICES = tuple(-math.log1p(-stake) - stake for stake in STAKES)
_MEMORY = 200.0  # independent values that are remembered of each side


@dataclass(frozen=True, slots=True)
class Sums:
    """Values of one side: how many, their sum, the sum of their squares."""

    n: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        return self.total / self.n

    def plus(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)

    def times(self, factor: float) -> Sums:
        return Sums(factor * self.n, factor * self.total, factor * self.squares)

    def spread_around(self, centre: float) -> float:
        """Return the sum of squared distances from `centre`."""
        return max(0.0, self.squares - 2.0 * centre * self.total + centre * centre * self.n)


NO_VALUES = Sums()


@dataclass(frozen=True, slots=True)
class Side:
    """One side in one batch: its values, those known from before, and how many of them hang together."""

    sums: Sums
    known: Sums
    together: float

    @property
    def independent(self) -> float:
        """Return how many independent values these are worth at least."""
        return self.sums.n / together_here(self.together, self.sums.n)

    @property
    def centre(self) -> float:
        """Return where the values were expected, never 0 or 1: a half value at each bound is always there."""
        return (self.known.total + 0.5) / (self.known.n + 1.0)

    @property
    def error_var(self) -> float:
        """Return the variance that the mean of these values was expected to have."""
        return variance(self.known) / self.independent


@dataclass(frozen=True, slots=True)
class Bet:
    """One batch's bets in one direction: at margin `m` stake `k` wins `scores[k] - m pull STAKES[k]`, a
    logarithm, if nothing but chance moves the difference."""

    scores: tuple[float, ...]
    pull: float

    def against(self, margin: float, level: Level) -> tuple[float, ...]:
        """Return what was won against "at most `margin`, and a normal disturbance of this `level`"."""
        at = self.pull * (margin + level.mean)
        doubt = 0.5 * self.pull * self.pull * level.var
        return tuple(
            score - stake * at - stake * stake * doubt
            for score, stake in zip(self.scores, STAKES, strict=True)
        )


def together_here(together: float, n: float) -> float:
    """Return how many of `n` values hang together when at most `together` do: at worst all of them."""
    return max(1.0, min(together, n))


def variance(known: Sums) -> float:
    """Return the variance of values known by these sums, with half a value at each bound added."""
    n, mean = known.n + 1.0, (known.total + 0.5) / (known.n + 1.0)
    return max(0.0, (known.squares + 0.5) / n - mean * mean)


def learn_values(side: Side) -> Sums:
    """Return the known values after these; older ones are forgotten by number, not by time."""
    fresh = side.sums.times(1.0 / together_here(side.together, side.sums.n))
    keep = max(0.0, min(1.0, (_MEMORY - fresh.n) / max(side.known.n, 1.0)))
    after = side.known.times(keep).plus(fresh)
    return after.times(min(1.0, _MEMORY / after.n))


def bet(higher: Side, lower: Side) -> Bet:
    """Return the outcome of one batch for bets that `higher`'s mean is above `lower`'s.

    Whatever the margin: it enters in `Bet.against`. Both sides need values, and what is known of them must be
    from before. The largest stake is a little less than what a single value at the far bound could lose.
    """
    up, down = higher.centre, 1.0 - lower.centre  # how far a value can move against the bet
    pull = 1.0 / max(up / higher.independent, down / lower.independent)
    gap = higher.sums.mean - lower.sums.mean
    costs = zip(_costs(higher, up, pull), _costs(lower, down, pull), strict=True)
    scores = tuple(
        stake * pull * gap - first - second for stake, (first, second) in zip(STAKES, costs, strict=True)
    )
    return Bet(scores, pull)


def _costs(side: Side, bound: float, pull: float) -> tuple[float, ...]:
    """The price of each stake for the squares seen on one side: psi(lambda b) / b^2 of their sum, where
    psi(z) is -log(1 - z) - z, tempered by how many values hang together."""
    share = min(1.0, pull * bound / side.independent)  # 1 on the side that limits the stakes
    priced = side.sums.spread_around(side.centre) / (bound * bound)
    priced /= together_here(side.together, side.sums.n)
    if share == 1.0:
        return tuple(price * priced for price in _PRICES)
    return tuple((-math.log1p(-share * stake) - share * stake) * priced for stake in STAKES)
