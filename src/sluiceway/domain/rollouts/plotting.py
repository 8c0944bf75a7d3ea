"""What one point of a rollout's plots holds: the figures of one moment, by name.

The names are part of what programs read; `services.views.SeriesView` documents them.
"""

from __future__ import annotations

import math

from sluiceway.domain.analysis.ranges import Range
from sluiceway.domain.rollouts.analysing import JOINT, find
from sluiceway.domain.rollouts.model import Observation, Phase, RolloutState


def point_of(state: RolloutState, seen: Observation) -> dict[str, float | None]:
    """Return the figures of this moment: weights in percent, readings of both versions, the comparison."""
    figures: dict[str, float | None] = {"weight_asked": state.weight_bp / 100}
    split = seen.traffic
    if split is not None:
        everyone = state.phase is Phase.FINISHING and split.stable == state.new
        figures["weight_observed"] = 100.0 if everyone else split.new_weight_bp / 100
    for side, readings in (("new", seen.new), ("stable", seen.stable)):
        for name, reading in readings.items():
            figures[f"{side}.{name}"] = reading.value
    return figures | _compared(state)


def known_range(shown: Range) -> tuple[float, float, float] | None:
    """Return the ratio with the range that holds it (ratio, low, high), None while nothing bounds it."""
    found = (shown.ratio, shown.low, shown.high)
    return found if all(map(math.isfinite, found)) else None


def _compared(state: RolloutState) -> dict[str, float | None]:
    figures: dict[str, float | None] = {}
    for each in find(state):
        compared = each.verdict.figures
        likely, low, high = known_range(compared.shown) or (None, None, None)
        figures |= {
            f"{JOINT}.{each.metric.name}.{compared.range_of}": likely,
            f"{JOINT}.{each.metric.name}.low": low,
            f"{JOINT}.{each.metric.name}.high": high,
            f"{JOINT}.{each.metric.name}.evidence": min(each.evidence_share, 1.0),
        }
    return figures
