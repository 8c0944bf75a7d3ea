"""Random draws of a generated world, all from one seed: the same seed is the same world, byte by byte."""

from __future__ import annotations

import math
import random

_LARGE = 60.0  # from this mean on a count is drawn as a normal one; the error is far below its own spread


class Chance:
    """One stream of draws."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def normal(self) -> float:
        """Return a standard normal number."""
        return self._random.gauss(0.0, 1.0)

    def poisson(self, mean: float) -> int:
        """Return a Poisson count (Knuth's product method; normal from a mean of 60 on)."""
        if mean <= 0:
            return 0
        if mean >= _LARGE:
            return max(0, round(mean + math.sqrt(mean) * self.normal()))
        limit, product, count = math.exp(-mean), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count

    def binomial(self, count: int, share: float) -> int:
        """Return how many of `count` are kept when each is with chance `share`."""
        if share >= 1 or count <= 0:
            return max(count, 0)
        variance = count * share * (1 - share)
        if variance >= _LARGE:
            return min(count, max(0, round(count * share + math.sqrt(variance) * self.normal())))
        return sum(self._random.random() < share for _ in range(count))

    def in_bursts(self, mean: float, size: float) -> int:
        """Return a count of this mean that comes in bursts: their sizes are geometric with mean `size`."""
        if size <= 1:
            return self.poisson(mean)
        total = 0
        for _ in range(self.poisson(mean / size)):
            # Inverse of the geometric distribution on 1, 2, ...
            total += 1 + int(math.log(1 - self._random.random()) / math.log(1 - 1 / size))
        return total


class Wandering:
    """A factor around 1 that drifts: its log is an Ornstein-Uhlenbeck process of memory `memory_s`."""

    def __init__(self, chance: Chance, sd: float, memory_s: float) -> None:
        self._chance = chance
        self._sd = sd
        self._memory_s = memory_s
        self._level = sd * chance.normal() if sd > 0 else 0.0

    def after(self, seconds: float) -> float:
        """Return the factor after so much more time; its mean is 1."""
        if self._sd <= 0:
            return 1.0
        keep = math.exp(-seconds / self._memory_s)
        self._level = keep * self._level + self._sd * math.sqrt(1 - keep * keep) * self._chance.normal()
        return math.exp(self._level - self._sd * self._sd / 2)
