"""What a flag's thresholds do, reading by reading: act after a while, clear after a while, fail safe.

A pure state machine over answers of CEL expressions (`domain.process.expressions`). How figures are read, and
how a flag is turned off or its rollout paused, is the business of the engine. Durations of a threshold count
on the process clock, as a trigger's window does; silence counts in real time, as everywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from sluiceway.domain.flags.model import NoData, Threshold, ThresholdAction
from sluiceway.domain.process import expressions
from sluiceway.domain.process.expressions import Verdict
from sluiceway.domain.rollouts.model import Reading
from sluiceway.errors import InvalidInputError

MIN_READINGS: Final = 2  # different ones in breach before anything is done, however fast the clock runs

Figures = tuple[tuple[str, float | None], ...]


class Standing(StrEnum):
    """How a threshold stands, for people."""

    CLEAR = "clear"
    BREACHED = "breached"  # not for long enough yet
    NO_DATA = "no-data"
    PAUSED = "paused"  # it acted, and has not cleared


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found: the answer, in words, and the number of the reading that it rests on."""

    verdict: Verdict
    words: str
    number: int
    figures: Figures = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """What is remembered of one threshold between looks; all of it fits in a line of JSON."""

    since: datetime | None = None  # process time; in breach without a gap
    readings: int = 0  # different ones in this breach
    number: int = -1  # the last reading
    silent_since: datetime | None = None  # real time; no data
    acted: bool = False  # it paused, and has not cleared
    clear_since: datetime | None = None  # process time; fine again, after it paused


NEW: Final = Guard()


@dataclass(frozen=True, slots=True)
class Act:
    """What a threshold wants done now. `action` None: what it paused may go on."""

    threshold: str
    action: ThresholdAction | None
    why: str
    figures: Figures = ()


def look(threshold: Threshold, new: Mapping[str, Reading], number: int) -> Seen:
    """Return what a threshold says to these readings. An expression that can't be answered is no data."""
    try:
        found = expressions.evaluate(threshold.when, new, {})
        words = expressions.describe(found, threshold.when, breach=True)
    except InvalidInputError as problem:
        return Seen(Verdict.NO_DATA, str(problem), number)
    return Seen(found.verdict, words, number, found.figures)


def problems_of(threshold: Threshold, own_metrics: Collection[str] = ()) -> tuple[str, ...]:
    """Return what is wrong with a threshold's condition, in words; `own_metrics` are the process file's."""
    from sluiceway.domain.process import metrics

    found = expressions.check(threshold.when, metrics.known_names(own_metrics))
    return tuple(
        f'threshold "{threshold.id}": "{threshold.when}" at character {one.at + 1}: {one.message}'
        for one in found
    )


def follow(
    threshold: Threshold, guard: Guard, seen: Seen, *, now: datetime, wall: datetime
) -> tuple[Guard, Act | None]:
    """Return what is remembered after a look, and what is to be done, at most one thing.

    Missing data neither begins a breach nor ends one nor clears a pause; what it does after a while the
    threshold says itself. After TURN_OFF the caller forgets the guard: a flag that is off is not watched.
    """
    match seen.verdict:
        case Verdict.NO_DATA:
            return _silent(threshold, guard, seen, wall)
        case Verdict.MET:
            return _breached(threshold, replace(guard, silent_since=None), seen, now)
        case Verdict.NOT_MET:
            return _fine(threshold, replace(guard, silent_since=None), seen, now)
        case _:
            assert_never(seen.verdict)


def standing(guard: Guard) -> Standing:
    """Return how a threshold stands."""
    if guard.acted:
        return Standing.PAUSED
    if guard.silent_since is not None:
        return Standing.NO_DATA
    return Standing.BREACHED if guard.since is not None else Standing.CLEAR


def name_of(threshold: Threshold) -> str:
    """Return what people call a threshold: its metric, else its condition."""
    return threshold.metric or threshold.when


def _silent(threshold: Threshold, guard: Guard, seen: Seen, wall: datetime) -> tuple[Guard, Act | None]:
    since = guard.silent_since or wall
    silent = replace(guard, silent_since=since, clear_since=None)
    lasted_s = (wall - since).total_seconds()
    if guard.acted or lasted_s < threshold.no_data_after_s or threshold.on_no_data is NoData.KEEP:
        return silent, None
    why = f"{name_of(threshold)}: no data for {lasted_s:.0f} s ({seen.words})"
    match threshold.on_no_data:
        case NoData.PAUSE:
            return _paused(silent), Act(threshold.id, ThresholdAction.PAUSE, why)
        case NoData.TURN_OFF:
            return silent, Act(threshold.id, ThresholdAction.TURN_OFF, why)
        case _:
            assert_never(threshold.on_no_data)


def _breached(threshold: Threshold, guard: Guard, seen: Seen, now: datetime) -> tuple[Guard, Act | None]:
    is_new = seen.number != guard.number
    since = guard.since or now
    breached = replace(
        guard, since=since, readings=guard.readings + is_new, number=seen.number, clear_since=None
    )
    lasted = now - since
    is_enough = breached.readings >= MIN_READINGS and lasted >= timedelta(seconds=threshold.for_s)
    turns_off = threshold.action is ThresholdAction.TURN_OFF
    if not is_enough or (guard.acted and not turns_off):
        return breached, None
    why = f"{name_of(threshold)} held for {lasted.total_seconds():.0f} s: {seen.words}"
    act = Act(threshold.id, threshold.action, why, seen.figures)
    return (breached if turns_off else _paused(breached)), act


def _fine(threshold: Threshold, guard: Guard, seen: Seen, now: datetime) -> tuple[Guard, Act | None]:
    fine = replace(guard, since=None, readings=0, number=seen.number)
    if not guard.acted:
        return fine, None
    since = guard.clear_since or now
    if now - since < timedelta(seconds=threshold.clear_s):
        return replace(fine, clear_since=since), None
    return replace(NEW, number=seen.number), Act(
        threshold.id, None, f"{seen.words}: clear again", seen.figures
    )


def _paused(guard: Guard) -> Guard:
    return replace(guard, acted=True, clear_since=None)
