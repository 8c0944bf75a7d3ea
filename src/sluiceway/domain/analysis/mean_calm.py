"""Shared incidents of means: is stable itself far worse than it was a while ago, and the new version too?

The comparison needs no such knowledge; people do, as in `incidents`. Values are from 0 to 1, higher is worse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sluiceway.domain.analysis.incidents import LONG_S, MIN_CALM_S, SHORT_S
from sluiceway.domain.analysis.mean_bets import NO_VALUES, Sums, together_here

MIN_VALUES = 5.0
_SIGMAS = 4.0
_SLOWER = 10.0  # how much slower "usual" is learned while it is not: a lasting change becomes usual in hours


@dataclass(frozen=True, slots=True)
class MeanCalm:
    """Exponentially forgotten sums: of the last half minute on both sides, of the last half hour on stable.

    `seen_s` is how long stable was watched; `is_incident` what the last batch left, `rise` by how much
    stable's mean is worse than usual then.
    """

    short0: Sums = NO_VALUES
    short1: Sums = NO_VALUES
    long0: Sums = NO_VALUES
    seen_s: float = 0.0
    is_incident: bool = False
    rise: float = 0.0


UNWATCHED = MeanCalm()


def follow_calm(
    calm: MeanCalm, stable: Sums, new: Sums, *, seconds: float, size: float, together: float
) -> MeanCalm:
    """Return the state after one more batch. A rise of stable's mean by `size` is an incident if it is more
    than chance, and the new version is at least half as far from stable's usual mean."""
    keep = math.exp(-seconds / SHORT_S)
    short0, short1 = calm.short0.times(keep).plus(stable), calm.short1.times(keep).plus(new)
    rise, is_incident = 0.0, False
    if calm.seen_s >= MIN_CALM_S and calm.long0.n > 0:
        usual = calm.long0.mean
        rise = short0.mean - usual
        is_sure = rise > _SIGMAS * _error(short0, calm.long0, together)
        is_shared = short1.mean - usual >= size / 2.0
        is_incident = short0.n >= MIN_VALUES and rise >= size and is_sure and is_shared
    slower = _SLOWER if is_incident else 1.0
    keep = math.exp(-seconds / (slower * LONG_S))
    long0 = calm.long0.times(keep).plus(stable.times(1.0 / slower))
    return MeanCalm(short0, short1, long0, calm.seen_s + seconds, is_incident, rise if is_incident else 0.0)


def _error(short: Sums, long: Sums, together: float) -> float:
    """The standard error of the difference of both means, by the spread of each around its own."""
    parts = (
        each.spread_around(each.mean) / each.n**2 * together_here(together, each.n) for each in (short, long)
    )
    return math.sqrt(sum(parts))
