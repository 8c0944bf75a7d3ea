"""A set that is compiled with what evaluated it before is worth the same as one compiled from nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import Constraint, Dependency, Flag, FlagSet, Operator, Rule, Segment

GERMANS = Segment("germans", constraints=(Constraint("country", Operator.IN, ("DE",)),))
PARENT = Flag("parent", is_enabled=True)
CHILD = Flag("child", is_enabled=True, dependencies=(Dependency("parent"),))
GRANDCHILD = Flag("grandchild", is_enabled=True, dependencies=(Dependency("child"),))
LOCAL = Flag("local", is_enabled=True, rules=(Rule("few", segments=("germans",)),))
BEFORE = FlagSet("checkout", "production", 1, (PARENT, CHILD, GRANDCHILD, LOCAL), (GERMANS,))
CONTEXTS: tuple[dict[str, str], ...] = (
    {},
    {"targetingKey": "ann", "country": "DE"},
    {"targetingKey": "bob", "country": "FR"},
)


def now() -> float:
    return 0.0


def compiled(flags: FlagSet, previous: Evaluator | None = None) -> Evaluator:
    return compile_set(flags, now=now, chance=now, previous=previous)


@pytest.mark.parametrize(
    "after",
    [
        replace(BEFORE, flags=(replace(PARENT, is_enabled=False), CHILD, GRANDCHILD, LOCAL)),
        replace(BEFORE, flags=(PARENT, replace(CHILD, dependencies=()), GRANDCHILD, LOCAL)),
        replace(BEFORE, flags=(CHILD, GRANDCHILD, LOCAL)),
        replace(
            BEFORE, flags=(replace(PARENT, dependencies=(Dependency("child"),)), CHILD, GRANDCHILD, LOCAL)
        ),
        replace(BEFORE, flags=(LOCAL,), segments=()),
        replace(BEFORE, segments=(replace(GERMANS, included=("bob",)),)),
        replace(BEFORE, flags=(*BEFORE.flags, Flag("more", is_enabled=True))),
        FlagSet("checkout", "production"),
    ],
    ids=["off", "freed", "gone", "circle", "no-segment", "segment", "more", "empty"],
)
def test_what_has_changed_and_what_depends_on_it_is_compiled_anew(after: FlagSet) -> None:
    again, fresh = compiled(after, compiled(BEFORE)), compiled(after)

    for context in CONTEXTS:
        assert again.evaluate_all(context) == fresh.evaluate_all(context)
        assert [again.evaluate(key, context) for key in again.keys] == fresh.evaluate_all(context)


def test_the_way_back_is_worth_what_it_was() -> None:
    first = compiled(BEFORE)
    off = compiled(replace(BEFORE, flags=(replace(PARENT, is_enabled=False), *BEFORE.flags[1:])), first)

    back = compiled(BEFORE, off)

    for context in CONTEXTS:
        assert back.evaluate_all(context) == first.evaluate_all(context)


def test_an_unchanged_flag_gives_the_very_evaluations_that_it_gave() -> None:
    first = compiled(BEFORE)
    again = compiled(replace(BEFORE, version=2, flags=(*BEFORE.flags, Flag("more"))), first)

    assert again.evaluate("grandchild", {}) is first.evaluate("grandchild", {})
