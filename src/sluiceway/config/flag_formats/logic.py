"""And, or and not over claims about a context, as the rules that say the same.

A rule's constraints and segments all have to fit, and rules are tried in order: any expression becomes a few
rules that serve the same, its disjunctive normal form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Final, TypeAlias, assert_never

from sluiceway.domain.flags.model import TARGETING_KEY, Constraint, Operator
from sluiceway.errors import InvalidInputError

MAX_ALTERNATIVES: Final = 64


@dataclass(frozen=True, slots=True)
class InSegment:
    id: str


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Expression, ...] = ()  # () is always true


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Expression, ...] = ()  # () is never true


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


Expression: TypeAlias = Constraint | InSegment | All | Some | Not

ALWAYS: Final = All()
NEVER: Final = Some()


@dataclass(frozen=True, slots=True)
class Fits:
    """What one rule asks for."""

    constraints: tuple[Constraint, ...] = ()
    segments: tuple[str, ...] = ()


def alternatives(expression: Expression) -> tuple[Fits, ...]:
    """Return what rules ask for, of which one fits exactly when the expression is true; () when it never is.

    Raises InvalidInputError when that takes more than 64 rules, or for a segment that must not fit.
    """
    match expression:
        case Constraint():
            return (Fits(constraints=(expression,)),)
        case InSegment(id_):
            return (Fits(segments=(id_,)),)
        case Some(parts):
            return _bounded(tuple(one for part in parts for one in alternatives(part)))
        case All(parts):
            found: tuple[Fits, ...] = (Fits(),)
            for part in parts:
                pairs = product(found, alternatives(part))
                found = _bounded(tuple(_both(one, other) for one, other in pairs))
            return found
        case Not(part):
            return alternatives(_negated(part))
        case _:
            assert_never(expression)


def key_in(keys: tuple[str, ...]) -> Constraint:
    """Return the claim that the targeting key is one of these."""
    return Constraint(TARGETING_KEY, Operator.IN, keys)


def is_present(attribute: str) -> Constraint:
    """Return the claim that the context has an attribute."""
    return Constraint(attribute, Operator.IS_PRESENT)


def _negated(expression: Expression) -> Expression:
    match expression:
        case Constraint():
            return replace(expression, is_inverted=not expression.is_inverted)
        case InSegment(id_):
            raise InvalidInputError(f'the segment "{id_}" can\'t be turned round; write out its constraints')
        case All(parts):
            return Some(tuple(Not(part) for part in parts))
        case Some(parts):
            return All(tuple(Not(part) for part in parts))
        case Not(part):
            return part
        case _:
            assert_never(expression)


def _both(one: Fits, other: Fits) -> Fits:
    more = tuple(claim for claim in other.constraints if claim not in one.constraints)
    segments = tuple(id_ for id_ in other.segments if id_ not in one.segments)
    return Fits((*one.constraints, *more), (*one.segments, *segments))


def _bounded(found: tuple[Fits, ...]) -> tuple[Fits, ...]:
    if len(found) > MAX_ALTERNATIVES:
        raise InvalidInputError(f"takes more than {MAX_ALTERNATIVES} rules; split the condition up")
    return tuple(dict.fromkeys(found))
