"""Who a draft of a flag would reach: counted over made-up users, before anybody gets it.

Counts what `compiling` decides, so that what people are shown is what would happen. Whether a draft makes
sense is the business of `checking`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import TARGETING_KEY, Evaluation, Flag, FlagSet

KEYS: Final = 1_000  # made-up users for every sample


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a sample's made-up users get a variant; "" is the caller's own default."""

    variant: str
    count: int


@dataclass(frozen=True, slots=True)
class SampleReach:
    """What users with one sample's attributes get: `keys` of them with keys of their own, and this very one.

    `evaluation` is None where the sample names no targeting key. `on` counts those for whom the flag is on.
    """

    keys: int
    on: int
    shares: tuple[Share, ...]
    evaluation: Evaluation | None = None


def reach_of(
    flags: FlagSet,
    draft: Flag,
    samples: Sequence[Mapping[str, object]],
    *,
    now: Callable[[], float],
    chance: Callable[[], float],
    keys: int = KEYS,
) -> tuple[SampleReach, ...]:
    """Return who would be reached if `draft` took its place in the set, for each sample context.

    Every sample stands for `keys` users that differ in their targeting key only, `user-1` and so on.
    """
    evaluator = compile_set(_around(flags, draft), now=now, chance=chance)
    return tuple(_counted(evaluator, draft.id, sample, keys) for sample in samples)


def _around(flags: FlagSet, draft: Flag) -> FlagSet:
    """Return the draft with all that it depends on, so that a set of thousands is not compiled for it."""
    by_id = {one.id: one for one in flags.flags} | {draft.id: draft}
    wanted: dict[str, Flag] = {}
    waiting = [draft.id]
    while waiting:
        found = by_id.get(waiting.pop())
        if found is not None and found.id not in wanted:
            wanted[found.id] = found
            waiting += [need.flag for need in found.dependencies]
    return replace(flags, flags=tuple(wanted.values()))


def _counted(evaluator: Evaluator, flag: str, sample: Mapping[str, object], keys: int) -> SampleReach:
    variants: Counter[str] = Counter()
    on = 0
    context = dict(sample)
    for number in range(1, keys + 1):
        context[TARGETING_KEY] = f"user-{number}"
        found = evaluator.evaluate(flag, context)
        variants[found.variant if found.has_value else ""] += 1
        on += found.is_on
    named = evaluator.evaluate(flag, sample) if sample.get(TARGETING_KEY) else None
    return SampleReach(keys, on, tuple(Share(name, count) for name, count in variants.most_common()), named)
