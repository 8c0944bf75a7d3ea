"""A recording as a world: what was recorded is what happens, whatever the plan does."""

from __future__ import annotations

from bisect import bisect_right

from sluiceway.adapters.simulated.chance import Chance
from sluiceway.adapters.simulated.recording import NEW, STABLE, Recording, Row
from sluiceway.adapters.simulated.served import Served, plus
from sluiceway.adapters.simulated.world import Stretch


class RecordedWorld:
    """Fits `World`: what was recorded, whatever the plan's weights are, row by row.

    With `thin_to_plan` no version has more requests than the plan's weights give it of all that were recorded
    together: requests are left out by chance, never added.
    """

    def __init__(
        self, recording: Recording, seed: int, *, thin_to_plan: bool = False, least_s: float = 0.0
    ) -> None:
        self.bounds_ms = recording.bounds_ms
        self.ends_s: float | None = recording.ends_s
        self.resolution_s: float | None = max(recording.spacing_s, least_s)
        self._rows = recording.rows
        self._times = [row.at_s for row in recording.rows]
        self._least_s = least_s
        self._chance = Chance(f"{seed}:recorded") if thin_to_plan else None

    def between(self, begin_s: float, end_s: float, share: float) -> Stretch:
        """See `World.between`. The new version has no users before the plan gives it some."""
        rows = self._rows[bisect_right(self._times, begin_s) : bisect_right(self._times, end_s)]
        new = _sum([row for row in rows if row.version == NEW])
        stable = _sum([row for row in rows if row.version == STABLE])
        if new is not None and share <= 0:
            new = Served()
        if stable is not None and share >= 1:
            stable = Served()
        if self._chance is not None and new is not None and stable is not None:
            every = new.requests + stable.requests
            new = self._thinned(new, every * share)
            stable = self._thinned(stable, every * (1 - share))
        crashes = sum(row.crashes for row in rows if row.version == NEW)
        return Stretch(new, stable, crashes, sum(row.crashes for row in rows if row.version == STABLE))

    def next_moment_s(self, after_s: float) -> float | None:
        """See `World.next_moment_s`: the next row, no sooner than rows are looked at."""
        index = bisect_right(self._times, after_s + max(0.0, self._least_s - 1e-6))
        if index < len(self._times):
            return self._times[index]
        return self._times[-1] if self._times[-1] > after_s else None

    def _thinned(self, served: Served, most: float) -> Served:
        assert self._chance is not None
        if served.requests <= most:
            return served
        share = most / served.requests
        errors = self._chance.binomial(round(served.errors), share)
        fine = self._chance.binomial(round(served.requests - served.errors), share)
        answers = tuple(float(self._chance.binomial(round(count), share)) for count in served.answers)
        return Served(float(fine + errors), float(errors), answers, served.own)


def _sum(rows: list[Row]) -> Served | None:
    if not rows:
        return None
    total = rows[0].served
    for row in rows[1:]:
        total = plus(total, row.served)
    return total
