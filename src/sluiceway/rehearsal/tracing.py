"""Keeps what a rehearsal shows afterwards: points of the plot and the harm done, look by look."""

from __future__ import annotations

import math

from sluiceway.adapters.simulated.served import Served, minus
from sluiceway.adapters.simulated.world import Simulation
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Version
from sluiceway.domain.rollouts.analysing import figures_of, find, is_compared
from sluiceway.domain.rollouts.model import RolloutState
from sluiceway.rehearsal.result import Harm, Point, RatioRange

_ENOUGH = 1_000.0  # of stable's requests, for a rate of its own
_CHANCE, _BURST = 3.0, 2.0  # standard deviations; variance of a count of failures over its mean
_WANDERS = 0.25  # by so much two versions that are alike may differ all day


class Trace:
    """Follows one rehearsal. A point is made every `every_s` seconds and whenever something was decided."""

    def __init__(self, simulation: Simulation, state: RolloutState, every_s: float) -> None:
        self.points: list[Point] = []
        self._simulation = simulation
        self._new, self._stable = state.new, state.stable
        self._every_s = every_s
        self._before: dict[Version, Served] = {}
        self._counted_s = 0.0
        self._expected = 0.0  # failures that stable would have had in place of the new version

    def look(self, state: RolloutState, now_s: float, *, is_decided: bool) -> None:
        """Note how it stands after a tick."""
        if not is_decided and self.points and now_s - self.points[-1].at_s < self._every_s:
            return
        rates: tuple[float | None, float | None] = (None, None)
        if now_s - self._counted_s >= self._every_s / 2:  # shorter stretches have rates of chance
            rates = self._count()
            self._counted_s = now_s
        split = self._simulation.split
        weight_bp = 0
        if split is not None:
            weight_bp = FULL_WEIGHT_BP if split.stable == self._new else split.new_weight_bp
        self.points.append(Point(now_s, weight_bp / 100, *rates, _ranges(state)))

    def harm(self, requests_per_user: float) -> Harm:
        """Return what the new version did to people so far; nothing where chance alone explains it."""
        self._count()
        total = self._simulation.books[self._new].total
        excess = total.errors - self._expected
        chance = math.sqrt(_BURST * max(self._expected, 0.5))
        if excess < max(_CHANCE * chance, _WANDERS * self._expected):
            excess = 0.0
        users = total.requests / requests_per_user
        share = excess / total.requests if total.requests > 0 else 0.0
        hurt = users * (1 - (1 - min(share, 1.0)) ** requests_per_user)
        return Harm(round(total.requests), round(total.errors), round(excess), round(hurt), requests_per_user)

    def _count(self) -> tuple[float | None, float | None]:
        """Take in what was served since the last time; return both versions' rates in it."""
        new, stable = self._since(self._new), self._since(self._stable)
        self._expected += new.requests * (self._rate_then(stable) or 0.0)
        return _rate(new), _rate(stable)

    def _rate_then(self, stable: Served) -> float | None:
        """Return stable's rate in the same stretch; where it has hardly any requests, its rate so far."""
        if stable.requests >= _ENOUGH:
            return stable.errors / stable.requests
        return _rate(self._simulation.books[self._stable].total)

    def _since(self, version: Version) -> Served:
        total = self._simulation.books[version].total
        served = minus(total, self._before[version]) if version in self._before else total
        self._before[version] = total
        return served


def _rate(served: Served) -> float | None:
    return served.errors / served.requests if served.requests > 0 else None


def _ranges(state: RolloutState) -> tuple[RatioRange, ...]:
    if not is_compared(state):
        return ()
    ranges: list[RatioRange] = []
    for each in find(state):
        name = each.metric.name
        figures = dict(figures_of((each,)))
        low, middle, high, margin = (
            value if isinstance(value := figures.get(f"{name}.{part}"), int | float) else None
            for part in ("low", "ratio", "high", "margin")
        )
        ranges.append(RatioRange(name, low, middle, high, margin))
    return tuple(ranges)
