"""What happens in a simulated world: requests, failures, times, crashes of both versions, stretch by stretch.

A `World` tells it; `Simulation` keeps the running totals, so that every provider sees the same past.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sluiceway.adapters.simulated.served import NOTHING, Served, minus, plus
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Version
from sluiceway.domain.rollouts.model import SplitSeen

AUDIENCE_SHARE = 0.005  # of all requests, taken to come from a stage's audience
_KEEP_S = 1_800.0  # of the past, for windows
_MANY = 4_000  # looks before old ones are dropped


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a stretch of time brought; None for a version of which nothing was measured. `crashes` are the
    new version's."""

    new: Served | None
    stable: Served | None
    crashes: int = 0
    stable_crashes: int = 0


class World(Protocol):
    @property
    def bounds_ms(self) -> tuple[float, ...]:
        """Return the upper bounds of the latency buckets, the last one infinite; empty without times."""
        ...

    def between(self, begin_s: float, end_s: float, share: float) -> Stretch:
        """Return what happened after `begin_s` up to `end_s`, with this share of users on the new version.

        Asked for one stretch after the other, never for the same twice.
        """
        ...

    def next_moment_s(self, after_s: float) -> float | None:
        """Return when the next thing happens that is worth a closer look; None when nothing does."""
        ...

    @property
    def ends_s(self) -> float | None:
        """Return when nothing more is known, None for a world that goes on."""
        ...

    @property
    def resolution_s(self) -> float | None:
        """Return how far apart its moments are, None when it can be looked at as often as one likes."""
        ...


@dataclass(slots=True)
class Book:
    """The running totals of one version: `sums[i]` is what they were at `times_s[i]`."""

    times_s: list[float] = field(default_factory=list[float])
    sums: list[Served] = field(default_factory=list[Served])
    crashes: int = 0
    crashed_s: float | None = None

    @property
    def total(self) -> Served:
        return self.sums[-1] if self.sums else NOTHING

    def add(self, now_s: float, served: Served) -> None:
        self.times_s.append(now_s)
        self.sums.append(plus(self.total, served))
        if len(self.times_s) > _MANY:
            old = max(0, bisect_right(self.times_s, now_s - _KEEP_S) - 1)
            del self.times_s[:old], self.sums[:old]

    def note_crashes(self, now_s: float, count: int) -> None:
        if count:
            self.crashes += count
            self.crashed_s = now_s

    def window(self, since_s: float) -> tuple[Served, float]:
        """Return what was counted from the last look at or before `since_s` on, and how long that was."""
        if not self.times_s:
            return NOTHING, 0.0
        begin = bisect_right(self.times_s, since_s) - 1
        if begin < 0:
            return self.sums[-1], self.times_s[-1]
        return minus(self.sums[-1], self.sums[begin]), self.times_s[-1] - self.times_s[begin]


class Simulation:
    """The past of one world, moved on by whoever looks. `split` is what the simulated proxy has in force.

    `windows_s` are the windows that will be read: however seldom anybody looks, they hold what happened in
    them and no more, unless the world itself is coarser.
    """

    def __init__(self, world: World, stable: Version, new: Version, windows_s: Iterable[float] = ()) -> None:
        self.world = world
        self.new = new
        self.split: SplitSeen | None = None
        self.books: Mapping[Version, Book] = {stable: Book(), new: Book()}
        self._stable = stable
        self._windows_s = sorted(set(windows_s), reverse=True) if world.resolution_s is None else []
        self._now_s = 0.0

    @property
    def share(self) -> float:
        """Return the share of users on the new version now, 0 to 1."""
        split = self.split
        if split is None:
            return 0.0
        if split.stable == self.new:
            return 1.0
        if split.new is None:
            return 0.0
        reached = split.new_weight_bp / FULL_WEIGHT_BP
        return max(reached, AUDIENCE_SHARE) if split.audience else reached

    def advance(self, now_s: float) -> None:
        """Let the world go on until `now_s`; nothing happens when it is there already."""
        for window_s in self._windows_s:
            self._go_on(now_s - window_s)
        self._go_on(now_s)

    def _go_on(self, now_s: float) -> None:
        if now_s <= self._now_s:
            return
        stretch = self.world.between(self._now_s, now_s, self.share)
        self._now_s = now_s
        for version, served, crashes in (
            (self.new, stretch.new, stretch.crashes),
            (self._stable, stretch.stable, stretch.stable_crashes),
        ):
            if served is not None:
                self.books[version].add(now_s, served)
            self.books[version].note_crashes(now_s, crashes)
