"""Flags and sets that the tests of flags share, with a clock that stands and dice that don't roll."""

from __future__ import annotations

from collections.abc import Callable

from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import Constraint, Flag, FlagSet, Operator, Rule, Segment

NOW_S = 1_700_000_000.0


def evaluator(
    *flags: Flag,
    segments: tuple[Segment, ...] = (),
    now: Callable[[], float] = lambda: NOW_S,
    chance: Callable[[], float] = lambda: 0.5,
) -> Evaluator:
    return compile_set(FlagSet("shop", "production", 1, flags, segments), now=now, chance=chance)


def one_of(attribute: str, *values: str) -> Constraint:
    return Constraint(attribute, Operator.IN, values)


def for_pro(reach: int = 100_000) -> Rule:
    return Rule("pro", constraints=(one_of("plan", "pro"),), reach=reach)
