"""A generated world: requests, failures and times of both versions, drawn as a scenario says.

Requests come one by one; failures in bursts and with rates that wander, each version's own and both together;
times to answer are log-normal. Everything follows from one seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sluiceway.adapters.simulated.chance import Chance, Wandering
from sluiceway.adapters.simulated.scenarios import Moment, Scenario
from sluiceway.adapters.simulated.served import Own, Served
from sluiceway.adapters.simulated.world import Stretch
from sluiceway.adapters.traffic.envoy_bootstrap import LATENCY_BOUNDS_MS

_SPREAD = 0.5  # standard deviation of the log of the time to answer
_LOOK_S = 5.0  # a stretch is looked at this often inside
_MOST = 0.95  # of requests can fail at most
_OWN_SD = 0.02  # relative, of a value of an own metric in one stretch


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual of the service: requests a second, the share that fails, the median time to answer, and
    own metrics by name (a share of requests, or a value)."""

    rps: float = 200.0
    error_rate: float = 0.0005
    latency_ms: float = 60.0
    own: Mapping[str, float] = field(default_factory=dict[str, float])


class GeneratedWorld:
    """Fits `World`. `bounds_ms` may add exact bounds, for what the plan calls slow."""

    ends_s: float | None = None
    resolution_s: float | None = None

    def __init__(
        self,
        scenario: Scenario,
        usual: Usual,
        bake_s: float,
        seed: int,
        bounds_ms: tuple[float, ...] = (),
    ) -> None:
        self.bounds_ms = (*sorted({*map(float, LATENCY_BOUNDS_MS), *bounds_ms}), math.inf)
        self._scenario = scenario
        self._usual = usual
        self._bake_s = max(bake_s, 60.0)
        self._chance = Chance(f"{seed}:{scenario.name}")
        habits = scenario.habits
        self._new = Wandering(self._chance, habits.own_sd, habits.memory_s)
        self._stable = Wandering(self._chance, habits.own_sd, habits.memory_s)
        self._both = Wandering(self._chance, habits.common_sd, habits.memory_s)
        self._shares: dict[float, tuple[tuple[int, float], ...]] = {}
        self._met_s: float | None = None  # when the first user met the new version

    def between(self, begin_s: float, end_s: float, share: float) -> Stretch:
        """See `World.between`."""
        if share > 0 and self._met_s is None:
            self._met_s = begin_s
        seconds = end_s - begin_s
        now = self._mean_moment(begin_s, end_s)
        both = self._both.after(seconds)
        rate = self._usual.error_rate * now.errors * both
        new_rate = rate * self._new.after(seconds) + now.failing + now.new_failing
        stable_rate = rate * self._stable.after(seconds) + now.failing
        requests = self._usual.rps * now.requests * seconds
        new = self._served(requests * share, new_rate, now.new_slower)
        stable = self._served(requests * (1 - share), stable_rate, 1.0)
        return Stretch(None if now.is_silent else new, stable, self._crashes(begin_s, end_s))

    def next_moment_s(self, after_s: float) -> float | None:
        """See `World.next_moment_s`."""
        if self._met_s is None:
            return None
        turns = (self._met_s + turn_s for turn_s in self._scenario.turns_s(self._bake_s))
        return min((turn for turn in turns if turn > after_s), default=None)

    def _mean_moment(self, begin_s: float, end_s: float) -> Moment:
        """Return what is usual of the whole stretch, which may be longer than what happens in it."""
        if self._met_s is None:
            return Moment(requests=self._scenario.at(0.0, self._bake_s).requests)
        looks = max(1, math.ceil((end_s - begin_s) / _LOOK_S))
        step_s = (end_s - begin_s) / looks
        seen = [
            self._scenario.at(begin_s - self._met_s + (look + 0.5) * step_s, self._bake_s)
            for look in range(looks)
        ]
        last = seen[-1]
        if looks == 1:
            return last
        return replace(
            last,
            requests=sum(each.requests for each in seen) / looks,
            errors=sum(each.errors for each in seen) / looks,
            failing=sum(each.failing for each in seen) / looks,
            new_failing=sum(each.new_failing for each in seen) / looks,
        )

    def _crashes(self, begin_s: float, end_s: float) -> int:
        every_s = self._scenario.crash_every_s
        if every_s <= 0 or self._met_s is None:
            return 0
        first_s = self._met_s + self._scenario.crashes_from_s

        def so_far(at_s: float) -> int:
            return max(0, math.floor((at_s - first_s) / every_s) + 1)

        return so_far(end_s) - so_far(begin_s)

    def _served(self, expected: float, bad_rate: float, slower: float) -> Served:
        if expected <= 0:
            return Served(answers=(0.0,) * len(self.bounds_ms))
        answers = [0.0] * len(self.bounds_ms)
        for index, share in self._shares_of(slower):
            answers[index] = float(self._chance.poisson(expected * share))
        requests = sum(answers)
        bad = self._chance.in_bursts(expected * min(bad_rate, _MOST), self._scenario.habits.burst)
        own = (
            {name: self._own(usual, requests) for name, usual in self._usual.own.items()} if requests else {}
        )
        return Served(requests, min(float(bad), requests), tuple(answers), own)

    def _own(self, usual: float, requests: float) -> Own:
        """A share of requests is drawn request by request; any other value has a small spread."""
        if 0 <= usual <= 1:
            counted = min(float(self._chance.poisson(requests * usual)), requests)
            return Own(requests, counted, counted)
        value = usual * (1 + _OWN_SD * self._chance.normal())
        return Own(requests, requests * value, requests * value * value * (1 + _OWN_SD**2))

    def _shares_of(self, slower: float) -> tuple[tuple[int, float], ...]:
        """Return the share of answers in each latency bucket that has any."""
        key = round(slower, 2)
        if key not in self._shares:
            median = self._usual.latency_ms * key
            below = [_normal_cdf(math.log(bound / median) / _SPREAD) for bound in self.bounds_ms[:-1]]
            below.append(1.0)
            shares = zip(below, [0.0, *below[:-1]], strict=True)
            self._shares[key] = tuple((i, a - b) for i, (a, b) in enumerate(shares) if a - b > 1e-5)
        return self._shares[key]


def _normal_cdf(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
