"""What an experiment has known over time: the evidence so far, and the curves that a page draws of it.

However long an experiment runs, the number of points stays bounded: when there are too many, every second one
goes and later ones are taken half as often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sluiceway.domain.flags.experiment_model import ExperimentPlan, Step
from sluiceway.domain.flags.experiment_sequences import Effect, Progress, effect_of, follow, start_progress

MOST_POINTS = 160


@dataclass(frozen=True, slots=True)
class Point:
    """What was known once everybody first exposed before `at` had counted, by variant and metric."""

    at: datetime
    effects: Mapping[tuple[str, str], Effect]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that the steps up to the one at `last_at` say, with a point after every `stride` steps."""

    progress: Progress
    last_at: datetime | None = None
    steps: int = 0
    stride: int = 1
    points: tuple[Point, ...] = field(default=())


def nothing_known(plan: ExperimentPlan) -> Known:
    """Return the state before the first step."""
    return Known(start_progress(plan))


def learn(known: Known, plan: ExperimentPlan, steps: Sequence[Step]) -> Known:
    """Return what is known after more steps, in order."""
    if not steps:
        return known
    progress, number, points = known.progress, known.steps, list(known.points)
    stride = max(known.stride, (number + len(steps)) // MOST_POINTS)
    for step in steps:
        progress = follow(progress, plan, step)
        number += 1
        if number % stride == 0:
            points.append(_point(plan, progress, step.at))
    if len(points) > MOST_POINTS:
        points, stride = points[1::2], 2 * stride
    return Known(progress, steps[-1].at, number, stride, tuple(points))


def curve(known: Known, plan: ExperimentPlan) -> tuple[Point, ...]:
    """Return the points in order, the last one of the last step: curves end where the figures do."""
    if known.last_at is None or (known.points and known.points[-1].at == known.last_at):
        return known.points
    return (*known.points, _point(plan, known.progress, known.last_at))


def _point(plan: ExperimentPlan, progress: Progress, at: datetime) -> Point:
    return Point(
        at,
        {
            (variant, metric.name): effect_of(
                progress.courses[(variant, metric.name)], metric, plan.alpha_each
            )
            for variant in plan.challengers
            for metric in plan.measured
        },
    )
