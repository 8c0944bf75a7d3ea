"""Any expression as a few rules that say the same."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.config.flag_formats.logic import (
    ALWAYS,
    NEVER,
    All,
    Expression,
    Fits,
    InSegment,
    Not,
    Some,
    alternatives,
)
from sluiceway.domain.flags.model import Constraint, Operator
from sluiceway.errors import InvalidInputError

A, B, C = (Constraint(name, Operator.IS_PRESENT) for name in "abc")
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    st.sampled_from((A, B, C)),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda parts: All(tuple(parts)))
        | st.lists(inner, max_size=2).map(lambda parts: Some(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=5,
)


def holds(expression: Expression, present: frozenset[str]) -> bool:
    match expression:
        case Constraint():
            return (expression.attribute in present) != expression.is_inverted
        case All(parts):
            return all(holds(part, present) for part in parts)
        case Some(parts):
            return any(holds(part, present) for part in parts)
        case Not(part):
            return not holds(part, present)
        case InSegment():
            raise AssertionError(expression)


@given(EXPRESSIONS)
def test_one_rule_fits_exactly_when_the_expression_holds(expression: Expression) -> None:
    found = alternatives(expression)
    for size in range(4):
        for present in map(frozenset, itertools.combinations("abc", size)):
            fits = any(all(holds(one, present) for one in rule.constraints) for rule in found)
            assert fits is holds(expression, present)


def test_always_is_one_rule_without_a_claim_and_never_is_none() -> None:
    assert alternatives(ALWAYS) == (Fits(),)
    assert alternatives(NEVER) == ()
    assert alternatives(All((InSegment("us"), A))) == (Fits((A,), ("us",)),)


def test_what_takes_too_many_rules_is_refused() -> None:
    names = [Constraint(str(number), Operator.IS_PRESENT) for number in range(14)]
    pairs = tuple(Some((names[at], names[at + 1])) for at in range(0, 14, 2))
    with pytest.raises(InvalidInputError, match="more than 64 rules"):
        alternatives(All(pairs))


def test_a_segment_can_not_be_turned_round() -> None:
    with pytest.raises(InvalidInputError, match='the segment "us" can\'t be turned round'):
        alternatives(Not(InSegment("us")))
