"""The always-valid range of a difference of means: which differences the bets have not refuted at any look.

For every possible difference the bets of both directions are an e-process; those that it has not refuted
form a confidence sequence. Bets are linear in the margin, so their scores serve all differences at once. A
disturbance that wanders is followed by a filter that is linear in the margin too, with the difference taken
as constant over the window. One window holds the whole rollout, another the last minutes, which shows what
began late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sluiceway.domain.analysis.drift import Level, Wandering, pass_time
from sluiceway.domain.analysis.mean_bets import STAKES, Bet

RECENT_S, RECENT_WEIGHT = 600.0, 100.0  # a recent window is one to two of these long, and has as many values
_MAX_LOG = 600.0
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Course:
    """What bets in one direction came to so far: at margin `m`, stake `k` has won `scores[k] - m pull
    STAKES[k]`, a logarithm."""

    scores: tuple[float, ...] = (0.0,) * len(STAKES)
    pull: float = 0.0


NO_BETS = Course()


@dataclass(frozen=True, slots=True)
class Window:
    """The bets of a stretch of time: that the new version is `worse`, that it is `better`.

    `gap` is the sum of differences by their `weight`. `level` is the disturbance if the difference is 0; with
    one of `m` it is `m lean` lower.
    """

    worse: Course = NO_BETS
    better: Course = NO_BETS
    gap: float = 0.0
    weight: float = 0.0
    level: Level | None = None  # None: as unknown as it ever is
    lean: float = 0.0


EMPTY = Window()


@dataclass(frozen=True, slots=True)
class Windows:
    """The window of all time, and two that take turns."""

    overall: Window = EMPTY
    older: Window = EMPTY
    younger: Window = EMPTY
    younger_since_s: float = 0.0


NOTHING_SEEN = Windows()


@dataclass(frozen=True, slots=True)
class Batch:
    """One comparison as the windows see it: bets of both directions, the difference and its variance, and how
    the disturbance wandered since the one before; `unknown` is it when nothing is known."""

    worse: Bet
    better: Bet
    gap: float
    weight: float
    error_var: float
    step: Wandering
    unknown: Level


def follow_windows(windows: Windows, batch: Batch, elapsed_s: float) -> Windows:
    """Return the windows after one more batch, `elapsed_s` seconds after the start."""
    older, younger, since_s = windows.older, windows.younger, windows.younger_since_s
    if elapsed_s - since_s >= RECENT_S and younger.weight >= RECENT_WEIGHT:
        older, younger, since_s = younger, EMPTY, elapsed_s
    return Windows(
        _follow(windows.overall, batch),
        _follow(older, batch),
        _follow(younger, batch),
        since_s,
    )


def learn_level(level: Level, seen: float, error_var: float) -> Level:
    """Return what is known of the disturbance after it was `seen` with this error (Kalman's filter)."""
    if level.var <= 0.0:
        return level
    gain = level.var / (level.var + error_var)
    return Level(level.mean + gain * (seen - level.mean), (1.0 - gain) * level.var)


def range_of(window: Window, alpha: float) -> tuple[float, float, float]:
    """Return the difference new - stable (-1 to 1, higher is worse): its estimate, and the low and high end
    that hold it at all looks with chance 1 - `alpha`."""
    needed = 2.0 / alpha
    low, high = largest_refuted(window.worse, needed), -largest_refuted(window.better, needed)
    middle = window.gap / window.weight if window.weight > 0 else 0.0
    return min(max(middle, low), max(low, high)), low, high


def largest_refuted(course: Course, needed: float) -> float:
    """Return the largest difference that the evidence refutes at `needed`; -1 when it refutes none."""
    low, high = -1.0, 1.0
    if course.pull <= 0.0 or _evidence(course, low) < needed:
        return low
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if _evidence(course, middle) >= needed:
            low = middle
        else:
            high = middle
    return low


def _follow(window: Window, batch: Batch) -> Window:
    level = batch.unknown if window.level is None else pass_time(window.level, batch.step)
    lean = batch.step.keep * window.lean
    learned = learn_level(level, batch.gap, batch.error_var)
    gain = 1.0 - learned.var / level.var if level.var > 0.0 else 0.0
    return Window(
        _course(window.worse, batch.worse, level, lean),
        _course(window.better, batch.better, Level(-level.mean, level.var), lean),
        window.gap + batch.weight * batch.gap,
        window.weight + batch.weight,
        learned,
        lean + gain * (1.0 - lean),
    )


def _course(course: Course, bet: Bet, level: Level, lean: float) -> Course:
    """The bets at margin 0, and by how much less they win for each unit of margin."""
    won = bet.against(0.0, level)
    scores = tuple(one + more for one, more in zip(course.scores, won, strict=True))
    return Course(scores, course.pull + bet.pull * (1.0 - lean))


def _evidence(course: Course, margin: float) -> float:
    """Falls as the margin grows: what is refuted is an interval from below."""
    at = margin * course.pull
    total = sum(
        math.exp(min(score - stake * at, _MAX_LOG))
        for score, stake in zip(course.scores, STAKES, strict=True)
    )
    return total / len(STAKES)
