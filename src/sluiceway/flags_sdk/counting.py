"""Evaluations, counted as they happen: what was served how often, and to whom where an experiment asks.

Counting must cost next to nothing and never wait, so it has no lock: `next` on an `itertools.count` is one
step for the interpreter. Turning counts into batches is the business of `exposures`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias

from sluiceway.domain.flags.compiling import Evaluator
from sluiceway.domain.flags.model import Evaluation, Reason
from sluiceway.domain.flags.targeting import key_of

Decide: TypeAlias = "Callable[[str, Mapping[str, object]], Evaluation]"

MAX_OUTCOMES: Final = 50_000
MAX_SAMPLES: Final = 10_000  # users of experiments between two collections
_MAX_KEY_CHARS: Final = 1_000
_RESTS: Final = 3


@dataclass(frozen=True, slots=True)
class Exposure:
    """Somebody saw a variant of a flag that has an experiment."""

    flag: str
    variant: str
    targeting_key: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How often an outcome was served: to the user `key`, or to all who were not counted by themselves."""

    flag: str
    variant: str
    key: str
    times: int


class _Tally:
    __slots__ = ("_counted", "_steps", "found", "is_sampled", "rests", "tick")

    def __init__(self, found: Evaluation, *, is_sampled: bool) -> None:
        self.found = found  # kept alive, so that no other outcome gets its id
        self.is_sampled = is_sampled
        self.rests = 0  # collections in a row that found nothing
        self._steps = count()
        self._counted = 0
        self.tick = self._steps.__next__

    def taken(self) -> int:
        """Return how often it was ticked since the last time. For one thread."""
        steps = self.tick()
        times = steps - self._counted
        self._counted = steps + 1  # this look was a step too
        self.rests = 0 if times else self.rests + 1
        return times


class Counter:
    """Counts what evaluators decide, however many threads ask them. Collecting is for one thread."""

    def __init__(self, on_exposure: Callable[[Exposure], None] | None = None) -> None:
        self._on_exposure = on_exposure
        self._tallies: dict[int, _Tally] = {}  # by the id of the outcome, which its evaluator made once
        self._samples: dict[tuple[str, str, str], _Tally] = {}
        self._older: dict[tuple[str, str, str], _Tally] = {}
        self._lost = _Tally(Evaluation("", None, "", Reason.STATIC), is_sampled=False)

    @property
    def outcomes(self) -> int:
        """How many outcomes are counted at this moment."""
        return len(self._tallies)

    def counted(self, evaluator: Evaluator) -> Decide:
        """Return the evaluator's `evaluate` as a function that counts what it returns."""
        evaluate = evaluator.evaluate
        experiments = frozenset(one.id for one in evaluator.flag_set.flags if one.experiment is not None)
        known = self._tallies.get

        def decide(flag: str, context: Mapping[str, object]) -> Evaluation:
            found = evaluate(flag, context)
            tally = known(id(found))
            if tally is None:
                if found.error is not None:
                    return found  # nothing was served
                tally = self._begin(found, is_sampled=found.flag in experiments)
            if not tally.is_sampled or not self._sample(found, context):
                tally.tick()
            return found

        return decide

    def taken(self) -> tuple[list[Counted], int]:
        """Return what was counted since the last time, and how many could not be.

        Samples come one call later than they could: a thread may still be adding to the newest.
        """
        done, self._older, self._samples = self._older, self._samples, {}
        found = [
            Counted(tally.found.flag, tally.found.variant, "", times)
            for tally in list(self._tallies.values())
            if (times := tally.taken()) > 0
        ]
        found += [Counted(*place, times) for place, tally in done.items() if (times := tally.taken()) > 0]
        for outcome, tally in list(self._tallies.items()):
            if tally.rests > _RESTS:  # of a set that is gone; or it begins anew
                del self._tallies[outcome]
        return found, self._lost.taken()

    def _begin(self, found: Evaluation, *, is_sampled: bool) -> _Tally:
        if len(self._tallies) >= MAX_OUTCOMES:
            return self._lost
        fresh = _Tally(found, is_sampled=is_sampled and bool(found.variant))
        return self._tallies.setdefault(id(found), fresh)

    def _sample(self, found: Evaluation, context: Mapping[str, object]) -> bool:
        """Count for one user; return whether that was possible, else it counts without one."""
        key = key_of(context)
        if key is None or len(key) > _MAX_KEY_CHARS:
            return False
        samples = self._samples
        place = found.flag, found.variant, key
        sample = samples.get(place)
        if sample is None:
            if len(samples) >= MAX_SAMPLES:
                self._lost.tick()
                return False
            sample = samples.setdefault(place, _Tally(found, is_sampled=False))
            if self._on_exposure is not None:
                self._on_exposure(Exposure(*place))
        sample.tick()
        return True
